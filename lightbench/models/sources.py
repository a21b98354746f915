"""Where a network comes from: our own families, torchvision, timm, or a Python file of the user's.

``mobilenet_v2`` - ``torchvision:resnet50`` - ``timm:mobilenetv3_small_100`` -
``stack:grouped(c=64, groups=4)`` - ``path/file.py:Class`` - ``path/file.py:factory(width=0.5)``
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lightbench import registry
from lightbench.errors import (
    MissingPackage,
    NotAvailable,
    NotThere,
    UnknownName,
    UntrustedCode,
    UsageError,
    how_to_install,
    nearest,
)
from lightbench.faults import explain_plainly
from lightbench.models._trees import placed
from lightbench.records import InputSpec

if TYPE_CHECKING:
    from torch import nn

T = TypeVar("T")

FAMILY = "model family"
DEFAULT_INPUT = "3x224x224"


class Source(NamedTuple):
    """A network that can be built, again and again: ``build()``, and the input it is made for."""

    build: Callable[[], nn.Module]
    inputs: tuple[InputSpec, ...]


def own_names() -> dict[str, str]:
    """Our own networks and the family each belongs to; nothing is imported."""
    return {
        name: family
        for family in registry.names(FAMILY)
        for name in registry.literal(FAMILY, family, "VARIANTS") or ()
    }


def is_file(model: str) -> bool:
    """Does this name code in a file, which runs when the network is built?"""
    return ".py:" in model or model.endswith(".py")


def file_of(model: str) -> Path | None:
    """The file that a name runs, as the user wrote it, whether there is one or not; None for a name
    that is of no file."""
    stem, colon, _call = model.rpartition(".py:")
    return Path(f"{stem}.py" if colon else model) if is_file(model) else None


def find(model: str, *, trusted: bool = True) -> Source:
    """Look ``model`` up; nothing is built yet. Raises UnknownName, UsageError, MissingPackage,
    UntrustedCode (a file that the user did not type, see ``--trust-code``)."""
    if is_file(model):
        if not trusted:
            raise UntrustedCode(
                f"{model!r} runs code from a file, and its name was not typed by you.",
                "Look at the file, then repeat with --trust-code.",
            )
        return _from_file(model)
    prefix, colon, name = model.partition(":")
    if colon:
        if prefix not in _LIBRARIES:
            raise UsageError(
                f"cannot read the model {model!r}.",
                f"Known sources: {', '.join(f'{p}:NAME' for p in _LIBRARIES)}, path/file.py:Class.",
            )
        return _LIBRARIES[prefix].find(name)
    families = own_names()
    if model not in families:
        raise UnknownName("model", model, families)
    family = families[model]
    settings = registry.literal(FAMILY, family, "VARIANTS")[model]
    text = (registry.literal(FAMILY, family, "INPUTS") or {}).get(model, DEFAULT_INPUT)
    return Source(lambda: registry.load(FAMILY, family).build(**settings), (InputSpec.parse(text),))


def library_names(library: str) -> list[str]:
    """Names of the classification networks of ``torchvision`` or ``timm``, which is imported, or of
    stacks, with their settings."""
    return _LIBRARIES[library].names()


class _Library(NamedTuple):
    find: Callable[[str], Source]
    names: Callable[[], list[str]]


def _torchvision() -> Any:
    from lightbench.models._torchvision import import_torchvision  # 1.3 s

    import_torchvision()
    return import_module("torchvision.models")


def _torchvision_names() -> list[str]:
    models = _torchvision()
    names: list[str] = models.list_models(module=models)
    return names


def _torchvision_source(name: str) -> Source:
    models = _torchvision()
    names = _torchvision_names()
    if name not in names:
        raise UnknownName(
            "torchvision model", name, names, "See `lightbench list models --from torchvision`."
        )
    # Inception and GoogLeNet would spend 20 s on an initialisation that does not matter here.
    quick = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    sizes = [weights.transforms().crop_size for weights in models.get_model_weights(name)][-1:]
    size = sizes[0][0] if sizes else 224
    return Source(
        lambda: _made(f"torchvision:{name} cannot be built", models.get_model, name, **quick),
        (InputSpec(shape=(3, size, size)),),
    )


def _timm() -> Any:
    from lightbench.models._torchvision import import_torchvision  # timm needs it

    import_torchvision()
    try:
        return import_module("timm")
    except ImportError as error:
        raise MissingPackage(
            f"timm is not installed, or does not load: {error}.", how_to_install("timm")
        ) from error


def _timm_source(name: str) -> Source:
    timm = _timm()
    if not timm.is_model(name):
        raise UnknownName(
            "timm model", name, timm.list_models(), "See `lightbench list models --from timm`."
        )
    settings = timm.get_pretrained_cfg(name)
    shape = tuple(settings.input_size) if settings else (3, 224, 224)
    return Source(
        lambda: _made(f"timm:{name} cannot be built", timm.create_model, name, pretrained=False),
        (InputSpec(shape=shape),),
    )


def _stacks() -> dict[str, Callable[..., Any]]:
    from lightbench.models._stacks import STACKS  # imports torch

    return STACKS


def _stack_source(call: str) -> Source:
    import torch

    name, args, kwargs = _parse_call(call) or ("", [], {})
    if name not in _stacks():
        raise UnknownName(
            "stack", name or call, _stacks(), "See `lightbench list models --from stack`."
        )
    make = _stacks()[name]
    try:
        inspect.signature(make).bind(*args, **kwargs)
    except TypeError as error:
        raise UsageError(
            f"stack:{name} cannot be built with these settings: {error}.",
            f"Write stack:{name}{_settings(make)}.",
        ) from error

    def build() -> Any:
        return _made(f"stack:{call} cannot be built", make, *args, **kwargs)

    with torch.device("meta"):  # only to see its input
        shape = build().shape
    return Source(lambda: build().network, (InputSpec(shape=shape),))


def _settings(make: Callable[..., Any]) -> str:
    parameters = inspect.signature(make).parameters.values()
    return f"({', '.join(p.name if p.default is p.empty else f'{p.name}={p.default!r}' for p in parameters)})"


_LIBRARIES = {
    "torchvision": _Library(_torchvision_source, _torchvision_names),
    "timm": _Library(_timm_source, lambda: list(_timm().list_models())),
    "stack": _Library(
        _stack_source, lambda: [f"{name}{_settings(make)}" for name, make in _stacks().items()]
    ),
}


def _made(fault: str, make: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run somebody else's code. Raises ModelError or OutOfMemory; the former begins with ``fault``."""
    try:
        return make(*args, **kwargs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise explain_plainly(fault, error) from error


def _from_file(model: str) -> Source:
    _, colon, call = model.rpartition(".py:")
    path = Path(file_of(model) or model)  # as the user wrote it, which messages repeat
    file = placed(path)
    if not file.is_file():
        raise NotThere(f"there is no file {str(path)!r}.", "Write path/file.py:Class.")
    parsed = _parse_call(call if colon else "")
    if parsed is None:
        raise UsageError(f"cannot read the model {model!r}.", _offer(path))
    name, args, kwargs = parsed

    def build() -> nn.Module:
        module = _import(file.resolve())
        factory = getattr(module, name, None)
        if factory is None:
            near = nearest(name, vars(module), most=2)
            raise NotThere(
                f"{str(path)!r} has no {name!r}.",
                f"Did you mean {' or '.join(near)}?" if near else _offer(path),
            )
        with _beside(file.resolve()):
            return _build(factory, name, args, kwargs, path)

    return Source(build, (InputSpec.parse(DEFAULT_INPUT),))


def _parse_call(call: str) -> tuple[str, list[Any], dict[str, Any]] | None:
    """``Net`` or ``Net(8, width=0.5)``: the arguments are literals, nothing is evaluated. None for
    anything else."""
    try:
        node = ast.parse(call.strip(), mode="eval").body
        if isinstance(node, ast.Name):
            return node.id, [], {}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            args = [ast.literal_eval(argument) for argument in node.args]
            named = {k.arg: ast.literal_eval(k.value) for k in node.keywords}
            if None not in named:  # Net(**settings)
                return node.func.id, args, {str(key): value for key, value in named.items()}
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass  # however Python puts it: this is not a name with literal arguments
    return None


def _offer(path: Path) -> str:
    """What the file defines, so that the next try can be right."""
    with contextlib.suppress(SyntaxError, ValueError, OSError, NotAvailable):
        nodes = ast.parse(placed(path).read_text(encoding="utf-8")).body
        classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
        if classes:
            return f"Write {path}:{classes[0]} (it defines {', '.join(classes[:8])})."
    return f"Write {path}:Class or {path}:factory(argument=1)."


_USER = "lightbench_user_"  # how modules that are a user's file begin


def _import(path: Path) -> ModuleType:
    """Run the file anew. One in a package is that package's module, so that it can import from ``.``;
    what was loaded under that name before, the user's own or an earlier one, stays under it."""
    own = f"{_USER}{path.stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
    with _beside(path):
        name = _name_in_package(path) or own
        before = sys.modules.get(name)
        package = name.rpartition(".")[0]
        if package:
            _made(f"the package {package} fails when it is imported", import_module, package)
        if before is None and name in sys.modules:  # its package has just done it
            sys.modules[own] = sys.modules[name]
            return sys.modules[own]
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise UsageError(f"{str(path)!r} cannot be imported as Python.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = sys.modules[own] = module
        try:
            _made(f"{path.name} fails when it is imported", spec.loader.exec_module, module)
        except BaseException:
            for key in {name, own}:
                sys.modules.pop(key, None)
            raise
        finally:
            if before is not None and name != own:
                sys.modules[name] = before
        if package and before is None:
            setattr(sys.modules[package], name.rpartition(".")[2], module)
        return module


def _name_in_package(path: Path) -> str:
    """``package.sub.net``; "" for a file that is in no package, or in one that is called like another
    package that is loaded."""
    top = _top(path)
    parts = path.with_suffix("").relative_to(top).parts
    if len(parts) == 1 or "." in path.stem:
        return ""
    loaded = sys.modules.get(parts[0])
    file = getattr(loaded, "__file__", None) if loaded else top / parts[0] / "__init__.py"
    if file is None or Path(file).resolve() != (top / parts[0] / "__init__.py").resolve():
        return ""
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _top(path: Path) -> Path:
    """The folder that holds the outermost package that ``path`` is in; its own folder without one."""
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        folder = folder.parent
    return folder


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[None]:
    """The file may import its neighbours, as when Python runs it, and the package it is in. What is
    compiled is not kept: a file that changes twice in a second would be taken for what it was."""
    folders = list(dict.fromkeys((path.parent, _top(path))))
    _step_aside(set(folders))
    sys.path[:0] = map(str, folders)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        for folder in folders:
            sys.path.remove(str(folder))


def _step_aside(folders: set[Path]) -> None:
    """Forget neighbours of other files that are called like a neighbour in ``folders``: two checkouts
    of one project can be compared, each with its own modules."""
    users = [module for name, module in sys.modules.items() if name.startswith(_USER)]
    files = [Path(str(module.__file__)) for module in users]
    here = {name for folder in folders for name in _packages(folder)}
    for other in {folder for file in files for folder in (file.parent, _top(file))} - folders:
        for name, file in _packages(other).items():
            if name in here and getattr(sys.modules.get(name), "__file__", None) == str(file):
                for inside in [n for n in sys.modules if n == name or n.startswith(f"{name}.")]:
                    del sys.modules[inside]


def _packages(folder: Path) -> dict[str, Path]:
    """What a file in ``folder`` can import from there: name -> file."""
    files = {file.stem: file for file in folder.glob("*.py")}
    return files | {file.parent.name: file for file in folder.glob("*/__init__.py")}


def _build(
    factory: Any, name: str, args: list[Any], kwargs: dict[str, Any], path: Path
) -> nn.Module:
    from torch import nn  # lists and help must not wait for it

    if isinstance(factory, nn.Module):
        return factory
    if not callable(factory):
        raise UsageError(
            f"{name!r} in {str(path)!r} is neither a class nor a function.", _offer(path)
        )
    try:
        inspect.signature(factory).bind(*args, **kwargs)
    except TypeError as error:
        parameters = inspect.signature(factory).parameters.values()
        needed = ", ".join(
            p.name
            for p in parameters
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        )
        raise UsageError(
            f"{name} cannot be built with these arguments: {error}.",
            f"Write {path}:{name}({needed and needed.replace(',', '=...,') + '=...'}).",
        ) from error
    except ValueError:  # no signature to be had
        pass
    network = _made(f"{name} cannot be built", factory, *args, **kwargs)
    if not isinstance(network, nn.Module):
        raise UsageError(
            f"{name} gives a {type(network).__name__}, not a torch.nn.Module.", _offer(path)
        )
    return network
