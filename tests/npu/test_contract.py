"""What lightbench's devices call in torch_npu and in PyTorch's accelerator is there, and takes what it is
given. Nothing of torch_npu is imported; where it is not installed, its stored signatures are read."""

from __future__ import annotations

import ast
import inspect
import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import signatures
import torch

import lightbench.devices

SOURCES = sorted(Path(lightbench.devices.__file__).parent.rglob("*.py"))
CHECKED = ("torch_npu.", "torch.accelerator.", "torch.Event")


class Use(NamedTuple):
    """A name of somebody else's that we use; with the arguments if it is called."""

    where: str
    name: str  # "torch_npu.npu.set_compile_mode"
    call: tuple[int, tuple[str, ...]] | None = None  # how many by position, which by keyword

    def __str__(self) -> str:
        if self.call is None:
            return f"{self.where} {self.name}"
        given = [*["_"] * self.call[0], *(f"{keyword}=_" for keyword in self.call[1])]
        return f"{self.where} {self.name}({', '.join(given)})"


class Uses(ast.NodeVisitor):
    """Collects them, function by function: what a name means there, from imports, assignments and
    annotations. An object is known by the name of its class."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.means: dict[str, str] = {}
        self.found: list[Use] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.means[alias.asname or top] = alias.name if alias.asname else top

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            name = f"{node.module}.{alias.name}"
            self.means[alias.asname or alias.name] = name
            self._note(node, name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outside, self.means = self.means, dict(self.means)
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for argument in every:
            self.means.pop(argument.arg, None)
            for part in ast.walk(argument.annotation) if argument.annotation else ():
                if isinstance(part, ast.Attribute) and self._name(part) == "torch.Event":
                    self.means[argument.arg] = "torch.Event"
        for statement in node.body:
            self.visit(statement)
        self.means = outside

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        made = [self._name(c.func) for c in ast.walk(node.value) if isinstance(c, ast.Call)]
        classes = [name for name in made if name and name.rpartition(".")[2][:1].isupper()]
        for target in node.targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Name):
                    self.means.pop(part.id, None)
                    if classes:
                        self.means[part.id] = classes[-1]

    def visit_Call(self, node: ast.Call) -> None:
        name = self._name(node.func)
        if name is None:
            self.visit(node.func)
        else:
            keywords = tuple(k.arg or "**" for k in node.keywords)
            self._note(node, name, (len(node.args), keywords))
        for part in [*node.args, *node.keywords]:
            self.visit(part)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self._name(node)
        if name is None:
            self.generic_visit(node)
        else:
            self._note(node, name)

    def _name(self, node: ast.expr) -> str | None:
        """``npu.config`` -> torch_npu.npu.config; ``events[0].record`` -> torch.Event.record."""
        if isinstance(node, ast.Name):
            return self.means.get(node.id)
        if isinstance(node, ast.Subscript):
            return self._name(node.value)
        if isinstance(node, ast.Attribute) and (before := self._name(node.value)):
            return f"{before}.{node.attr}"
        return None

    def _note(self, node: ast.AST, name: str, call: tuple[int, tuple[str, ...]] | None = None):
        if name.startswith(CHECKED):
            self.found.append(Use(f"{self.file}:{node.lineno}", name, call))


def uses(text: str, file: str = "text") -> list[Use]:
    """All of a source text."""
    visitor = Uses(file)
    visitor.visit(ast.parse(text))
    return visitor.found


@cache
def torch_event() -> signatures.Api:
    """It is written in C and has no signatures: those of PyTorch's own stub."""
    stub = Path(torch.__file__).parent / "_C" / "__init__.pyi"
    classes = (c for c in ast.parse(stub.read_text()).body if isinstance(c, ast.ClassDef))
    return signatures.members(next(c for c in classes if c.name == "Event"))


def parameters(name: str, api: signatures.Api) -> inspect.Signature | None:
    """Of a name; None where they are not known. Raises KeyError and AttributeError without it."""
    package, _, rest = name.partition(".")
    if package == "torch_npu":
        is_module = any(known.startswith(f"{rest}.") for known in api)
        text = None if rest in signatures.MODULES and is_module else api[rest]
    elif rest.startswith("Event"):
        text = torch_event()[rest.removeprefix("Event").lstrip(".")]
    else:
        return inspect.signature(getattr(torch.accelerator, rest.partition(".")[2]))
    return None if text is None else signatures.signature(text)


def problem(use: Use, api: signatures.Api) -> str | None:
    """What is wrong with a use."""
    try:
        known = parameters(use.name, api)
    except (KeyError, AttributeError):
        return f"{use}: there is no such name"
    if known is None or use.call is None:
        return None
    number, keywords = use.call
    try:
        known.bind(*[None] * number, **dict.fromkeys(keywords))
    except TypeError as error:
        return f"{use}: {error}"
    return None


def problems(text: str, api: signatures.Api | None = None) -> list[str]:
    api = signatures.api() if api is None else api
    return [said for use in uses(text) if (said := problem(use, api))]


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_what_a_device_calls_is_there_and_takes_what_it_is_given(file):
    api = signatures.api()
    wrong = [problem(use, api) for use in uses(file.read_text(encoding="utf-8"), file.name)]
    assert [said for said in wrong if said] == []


def test_the_check_sees_what_the_devices_call():
    seen = {use.name for file in SOURCES for use in uses(file.read_text(encoding="utf-8"))}
    assert seen >= {
        "torch_npu.npu.set_compile_mode",
        "torch_npu.npu.config.allow_internal_format",
        "torch_npu.npu.conv.allow_hf32",
        "torch_npu.npu.NPUGraph.replay",
        "torch_npu.npu.graph",
        "torch_npu.npu.utils.get_cann_version",
        "torch.accelerator.synchronize",
        "torch.Event",
        "torch.Event.record",
        "torch.Event.synchronize",
        "torch.Event.elapsed_time",
    }


RIGHT = {
    "from torch_npu import npu\nnpu.synchronize(1)": "npu.synchronize",
    "from torch_npu import npu\nnpu.set_compile_mode(jit_compile=True)": "npu.set_compile_mode",
    "from torch_npu import npu\nnpu.config.allow_internal_format = False": "npu.config.allow_internal_format",
    "from torch_npu.npu.utils import get_cann_version\nget_cann_version('DRIVER')": "npu.utils.get_cann_version",
    "from torch_npu import npu\ngraph = npu.NPUGraph()\ngraph.replay()": "npu.NPUGraph.replay",
}
WRONG = {
    "no such function": "from torch_npu import npu\nnpu.devicecount()",
    "not imported from there": "from torch_npu.npu import get_cann_version",
    "too many arguments": "from torch_npu import npu\nnpu.synchronize(0, 1)",
    "too few arguments": "from torch_npu import npu\nnpu.set_device()",
    "an argument by another name": "from torch_npu import npu\nnpu.get_device_name(device=0)",
    "no such setting": "from torch_npu import npu\nnpu.config.internal_format = False",
    "no such method": "from torch_npu import npu\ngraph = npu.NPUGraph()\ngraph.play()",
    "no such function of torch": "import torch\ntorch.accelerator.devices()",
    "an argument that torch has not": "import torch\ntorch.accelerator.synchronize(device=0)",
    "no such argument of an event": "import torch\ntorch.Event('npu', timing=True)",
    "no such method of an event": "import torch\na, b = (torch.Event() for _ in 'ab')\na.elapsed(b)",
    "an event without the other": "import torch\ndef f(x: tuple[torch.Event]): x[0].elapsed_time()",
}


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_passes(text):
    assert problems(text) == []


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_found(text):
    assert len(problems(text)) == 1


@pytest.mark.parametrize(("text", "name"), RIGHT.items())
def test_what_a_later_torch_npu_has_no_more_is_found(text, name):
    without = {known: how for known, how in signatures.api().items() if known != name}
    assert problems(text, without)


@pytest.mark.skipif(signatures.installed() is None, reason="torch_npu is not installed")
def test_the_stored_signatures_are_those_of_the_wheel():
    version, package = signatures.installed()
    assert signatures.read(package) == json.loads(signatures.stored(version).read_text())
