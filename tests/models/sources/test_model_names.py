"""Names of models in every form: methods, names among arguments, modules, and what is proposed instead."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lightbench as lb
from lightbench.errors import NotThere, UntrustedCode, UsageError
from lightbench.models import sources
from lightbench.models.sources.libraries import LIBRARIES
from lightbench.models.sources.offer import offers
from lightbench.models.sources.source import LIBRARY_PREFIXES

NET = """
import os
import dataclasses
import torch
from torch import nn

@dataclasses.dataclass
class Config:
    width: int = 4

class Net(nn.Sequential):
    def __init__(self, config, act=nn.ReLU, bits=torch.float32):
        width = config.width if isinstance(config, Config) else config
        super().__init__(nn.Conv2d(3, width, 1, bias=False), act() if isinstance(act, type) else act)

    @classmethod
    def from_name(cls, name, *, scale=1):
        return cls({"b0": 6, "a.py:b": 7}[name] * scale)

    @staticmethod
    def sized(n=-1, none=None, pair=(1, 2)):
        return Net(abs(n) + sum(pair))

def remove(path): raise AssertionError("it was run")
"""


@pytest.fixture
def net(tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return "net.py"


@pytest.mark.parametrize(
    ("call", "width"),
    [
        ("Net(8)", 8),
        ('Net.from_name("b0")', 6),
        ('Net.from_name("a.py:b", scale=2)', 14),
        ("Net.sized(-5, None, (1, -2))", 4),
        ("Net.sized", 4),
        ("Net(Config(width=9))", 9),
        ("Net(config=Config())", 4),
        ("Net(3, act=nn.SiLU)", 3),
        ("Net(3, nn.Hardtanh(-1, max_val=2.5))", 3),
        ("Net(3, bits=torch.int8)", 3),
        ("nn.Conv2d(3, 5, 1, bias=False)", 5),
    ],
)
def test_a_name_is_what_python_would_make_of_it(net, call, width):
    assert lb.count(f"{net}:{call}", input="3x4x4").costs.params == 3 * width


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("Net(b0)", "argument b0: 'net.py' has no such name"),
        ("Net(width(3))", "argument width: 'net.py' has no such name"),
        ("Net(torch.int9)", "argument torch.int9"),
        ('os.remove("x")', "os.remove is nothing that 'net.py' defines"),
        ('Net(os.remove("x"))', "os.remove is nothing that 'net.py' defines"),
        ('Net(torch.load("x"))', "torch.load is nothing that 'net.py' defines"),
        ("Net(3 + 4)", "a function there that builds it"),
        ("Net(lambda: 3)", "a function there that builds it"),
        ("Net(*[3])", "a function there that builds it"),
        ("Net.__init__", "cannot read the model"),
        ("Net.__class__.mro()", "cannot read the model"),
        ("Net(Net.__bases__)", "cannot read the model"),
        ("Net(3)(4)", "cannot read the model"),
        ("Net(3).eval()", "cannot read the model"),
    ],
)
def test_what_is_no_name_with_arguments_is_refused_and_not_run(net, call, words):
    with pytest.raises(UsageError) as caught:
        lb.count(f"{net}:{call}")
    assert words in str(caught.value)


def test_a_module_that_python_does_not_find_is_told_with_where_it_looks():
    with pytest.raises(NotThere, match="no module 'nowhere_7.deep'") as caught:
        lb.count("nowhere_7.deep:Net")
    assert "PYTHONPATH" in caught.value.hint


def test_a_method_that_is_not_there_has_a_neighbour(net):
    with pytest.raises(NotThere, match="'Net' has no 'from_nam'") as caught:
        lb.count(f'{net}:Net.from_nam("b0")')
    assert caught.value.hint == "Did you mean from_name?"


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "names_of_models_package" / "deep"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("WIDTH = 5\n")
    (folder / "__init__.py").write_text("")
    (folder / "net.py").write_text(
        "from torch import nn\nfrom .. import WIDTH\n"
        "class Net(nn.Conv2d):\n"
        "    def __init__(self, width=WIDTH): super().__init__(3, width, 1, bias=False)\n"
        "def make(width): return Net(width)\n"
    )
    return folder.parent.name


@pytest.mark.parametrize("by", ["path", "folder"])
def test_a_module_is_found_where_python_finds_it_and_in_the_current_folder(
    by, package, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path) if by == "path" else monkeypatch.chdir(tmp_path)
    for call, width in (("Net", 5), ("make(width=7)", 7)):
        counted = lb.count(f"{package}.deep.net:{call}", input="3x4x4")
        assert counted.costs.params == 3 * width
        assert counted.model == f"{package}.deep.net:{call}"
    with pytest.raises(NotThere, match=f"'{package}.deep.net' has no 'Nets'"):
        lb.count(f"{package}.deep.net:Nets")


def test_a_module_that_was_not_typed_is_not_imported(package, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (Path(package) / "__init__.py").write_text("raise AssertionError('it was run')")
    name = f"{package}.deep.net:Net"
    with pytest.raises(UntrustedCode, match="runs code from a file"):
        sources.find(name, trusted=False)
    assert sources.file_of(name) == tmp_path / package / "deep" / "net.py"


@pytest.mark.parametrize("name", ["no_such_module:Net", "os:remove('x')", "math:sqrt", "a-b:Net"])
def test_what_is_no_module_with_a_file_is_no_model(name):
    with pytest.raises(UsageError, match="Known sources: .* package.module:Class"):
        sources.find(name)


def test_a_library_is_asked_before_a_module_of_its_name():
    assert set(LIBRARY_PREFIXES) == set(LIBRARIES)
    assert not any(sources.is_file(f"{library}:resnet18") for library in LIBRARIES)


# What is proposed.


@pytest.mark.parametrize(
    ("source", "best"),
    [
        ("class A: pass\nclass Net(nn.Module): pass", "Net"),
        ("class Block(nn.Module): pass\nclass Net(nn.Module):\n  def f(self): return Block()", "Net"),
        ("class Net(nn.Module):\n  def f(self): return Block()\nclass Block(nn.Module): pass", "Net"),
        (
            "class Net(nn.Module):\n  def __init__(self, width): pass\ndef small(): return Net(3)",
            "small",
        ),
        ("class Base(torch.nn.Module):\n  def __init__(self, w): pass\nclass Net(Base): pass", "Net(w=...)"),
        ("class A(nn.Module): pass\nclass B(A): pass\nclass C(nn.Module): pass", "B"),
        ("class Net(pl.LightningModule):\n  def __init__(self, a, *, b, c=1): pass", "Net(a=..., b=...)"),
        ("class _A(nn.Module): pass\nclass Net(nn.Module): pass", "Net"),
        ("def make(n=3) -> nn.Module:\n  return something(n)", "make"),
        ("class A(nn.Module):\n  def forward(self, x): return x\ndef make():\n  net = A()\n  return net", "A"),
        # one that cannot be called is not the one
        ("class A(nn.Module): pass\nclass Net(nn.Module):\n  def forward(self, x): return x", "Net"),
        ("class A(nn.Module): pass\nclass B(A):\n  def forward(self, x): return x\nclass C(B): pass", "C"),
        (
            ("class A(nn.Module, ABC):\n  @abstractmethod\n  def forward(self, x): ...\n"
            "class Net(A):\n  def __init__(self, n): pass\n  def forward(self, x): return x"),
            "Net(n=...)",
        ),
        (
            ("class A(nn.Module):\n  def forward(self, x):\n    'Not here.'\n    raise NotImplementedError\n"
            "class Net(nn.Sequential):\n  def __init__(self): pass"),
            "Net",
        ),
    ],
)  # fmt: skip
def test_what_builds_is_proposed_first(source, best):
    assert offers(source)[0].call == best


def test_helpers_are_not_proposed():
    source = "import x\nclass Config: pass\ndef train(): pass\nclass Mode(enum.Enum): pass\nX = 3"
    assert offers(source) == []


def test_a_class_that_extends_itself_ends():
    assert offers("class A(B): pass\nclass B(A): pass") == []
    assert ast.parse("class A(A): pass")


# Of torchvision.


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("lraspp_mobilenet_v3_large", ["3x520x520"]),
        ("fasterrcnn_resnet50_fpn", ["[3x800x800, ...]"]),
        ("fasterrcnn_mobilenet_v3_large_320_fpn", ["[3x320x320, ...]"]),
        ("ssd300_vgg16", ["[3x300x300, ...]"]),
        ("r3d_18", ["3x16x112x112"]),
        ("mvit_v2_s", ["3x16x224x224"]),
        ("raft_small", ["3x520x960", "3x520x960"]),
        ("quantized_resnet18", ["3x224x224"]),
    ],
)
def test_networks_of_torchvision_for_other_tasks_bring_their_inputs(name, inputs):
    assert [str(one) for one in sources.find(f"torchvision:{name}").inputs] == inputs


# Parameters and GFLOPS of torchvision's tables of weights, 0.28.
@pytest.mark.parametrize(
    ("name", "params", "gmadds"),
    [("lraspp_mobilenet_v3_large", 3_221_538, 2.086), ("r3d_18", 33_371_472, 40.697)],
)
def test_they_cost_what_torchvision_says(name, params, gmadds):
    costs = lb.count(f"torchvision:{name}").costs
    assert costs.params == params
    assert costs.madds / 1e9 == pytest.approx(gmadds, abs=0.001)
