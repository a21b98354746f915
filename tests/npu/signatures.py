"""torch_npu's Python API, read from the files of its wheel without importing it.

    .venv-npu/bin/python tests/npu/signatures.py     writes torch_npu-<version>.json

An entry is a dotted name and its parameters, ``{"npu.set_compile_mode": "jit_compile=..."}``, where
... stands for any default; None where the name is there but is no function of Python's.
"""

from __future__ import annotations

import ast
import copy
import inspect
import json
from functools import cache
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
MODULES = ("npu", "npu.utils")  # whose public names are listed
DISTRIBUTION, PACKAGE = "torch-npu", "torch_npu"

Api = dict[str, str | None]


def installed() -> tuple[str, Path] | None:
    """Version and folder of torch_npu; None where it is not installed."""
    try:
        found = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None
    return found.version, Path(str(found.locate_file(PACKAGE)))


def stored(version: str = "*") -> Path:
    """The file of a version; without one, of the newest."""
    return max(HERE.glob(f"{PACKAGE}-{version}.json"))


def api() -> Api:
    """Of the wheel that is installed, or else what is stored."""
    here = installed()
    return read(here[1]) if here else json.loads(stored().read_text())


def read(package: Path) -> Api:
    """The API of a wheel in a folder."""
    found: Api = {}
    for module in MODULES:
        for name in _public(package, module):
            found |= _entry(package, module, name)
    return dict(sorted(found.items()))


def signature(parameters: str) -> inspect.Signature:
    """Of an entry."""
    return inspect.signature(eval(f"lambda {parameters}: None"))


def members(node: ast.ClassDef) -> Api:
    """What can be called on an object of a class, by name; "" is the class itself."""
    found: Api = {"": ""}
    for method in node.body:
        if not isinstance(method, ast.FunctionDef):
            continue
        parameters = _parameters(method.args, drop_first=True)
        if method.name in ("__init__", "__new__"):
            found[""] = max(found[""], parameters, key=len)  # the other one takes nothing
        elif method.name in ("__getattr__", "__setattr__"):
            found |= dict.fromkeys(_compared_names(method))
        elif not method.name.startswith("_"):
            found[method.name] = parameters
    return found


def _entry(package: Path, module: str, name: str) -> Api:
    where, node = _definition(package, module, name)
    full = f"{module}.{name}"
    if isinstance(node, ast.FunctionDef):
        return {full: _parameters(node.args)}
    if isinstance(node, ast.ClassDef):
        return {f"{full}.{k}".rstrip("."): v for k, v in members(node).items()}
    if isinstance(node, ast.Assign) and isinstance(
        node.value, ast.Call
    ):  # config = module._Class()
        kind = ast.unparse(node.value.func).rpartition(".")
        submodule = f"{where}.{kind[0]}" if kind[0] else where
        _, made = _definition(package, submodule, kind[2])
        if isinstance(made, ast.ClassDef):
            return {full: None} | {f"{full}.{k}": v for k, v in members(made).items() if k}
    return {full: None}


def _parameters(arguments: ast.arguments, *, drop_first: bool = False) -> str:
    """Without annotations, and with ... for every default."""
    arguments = copy.deepcopy(arguments)
    for one in ast.walk(arguments):
        if isinstance(one, ast.arg):
            one.annotation = None
    arguments.defaults = [ast.Constant(...) for _ in arguments.defaults]
    arguments.kw_defaults = [x and ast.Constant(...) for x in arguments.kw_defaults]
    if drop_first and (first := arguments.posonlyargs or arguments.args):
        first.pop(0)
    return ast.unparse(arguments)


def _assigns(statement: ast.Assign, name: str) -> bool:
    target = statement.targets[0]
    return isinstance(target, ast.Name) and target.id == name


def _compared_names(method: ast.FunctionDef) -> list[str]:
    """The names that ``if name == "allow_hf32"`` knows."""
    return [
        constant.value
        for comparison in ast.walk(method)
        if isinstance(comparison, ast.Compare)
        for constant in comparison.comparators
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    ]


def _file(package: Path, module: str) -> Path:
    path = package.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _statements(file: Path) -> tuple[ast.stmt, ...]:
    """Those of a module, in branches too."""

    def flat(body):
        for statement in body:
            yield statement
            for branch in ("body", "orelse", "finalbody"):
                if isinstance(statement, (ast.If, ast.Try)):
                    yield from flat(getattr(statement, branch, []))

    return tuple(flat(ast.parse(file.read_text(encoding="utf-8")).body)) if file.exists() else ()


def _public(package: Path, module: str) -> list[str]:
    statements = _statements(_file(package, module))
    for statement in statements:
        if isinstance(statement, ast.Assign) and _assigns(statement, "__all__"):
            listed = ast.literal_eval(statement.value)
            break
    else:
        listed = []
    functions = [s.name for s in statements if isinstance(s, (ast.FunctionDef, ast.ClassDef))]
    return sorted({*listed, *(name for name in functions if not name.startswith("_"))})


def _definition(package: Path, module: str, name: str) -> tuple[str, ast.stmt | None]:
    """The module and the statement that defines a name which a module has; None: not in Python."""
    file = _file(package, module)
    parent = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for statement in reversed(_statements(file)):
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) and statement.name == name:
            return module, statement
        if isinstance(statement, ast.Assign) and _assigns(statement, name):
            return module, statement
        if not isinstance(statement, ast.ImportFrom) or statement.module is None:
            continue
        source = statement.module
        if statement.level == 1:
            source = f"{parent}.{source}"
        elif source.startswith(f"{PACKAGE}."):
            source = source.removeprefix(f"{PACKAGE}.")
        else:
            continue
        for alias in statement.names:
            if alias.name == "*" or (alias.asname or alias.name) == name:
                original = name if alias.name == "*" else alias.name
                where, found = _definition(package, source, original)
                if found is not None:
                    return where, found
    return module, None


if __name__ == "__main__":
    here = installed()
    if here is None:
        raise SystemExit("torch_npu is not installed in this Python.")
    target = HERE / f"{PACKAGE}-{here[0]}.json"
    target.write_text(json.dumps(read(here[1]), indent=1) + "\n")
