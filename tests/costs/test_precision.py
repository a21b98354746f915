"""A network is run in the precision that it is in: only its main one follows what is asked."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.costs.precision import cast, own_dtype

QUICK = {"seconds": 0.02, "rel": 1.0, "threads": 1}
HEAD = "import torch\nfrom torch import nn\n"


@pytest.fixture
def named(tmp_path):
    """Writes a file with a class Net; gives its name."""

    def write(body):
        path = tmp_path / "net.py"
        path.write_text(HEAD + body)
        return f"{path}:Net"

    return write


class Mixed(nn.Module):
    """A float32 body with an island of each kind that a cast would break."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(64, 64)
        self.island = nn.Linear(4, 4, dtype=torch.bfloat16)
        self.spectrum = nn.Parameter(torch.randn(4, dtype=torch.cfloat))
        self.register_buffer("eight", torch.randn(4).to(torch.float8_e4m3fn))
        self.register_buffer("table", torch.arange(4, dtype=torch.float64))
        self.register_buffer("index", torch.arange(4))


def test_only_the_main_precision_is_cast():
    network = cast(Mixed(), "float16")
    kinds = {name: t.dtype for name, t in network.state_dict().items() if not name.endswith("bias")}
    assert kinds == {
        "body.weight": torch.float16,
        "island.weight": torch.bfloat16,
        "spectrum": torch.complex64,
        "eight": torch.float8_e4m3fn,
        "table": torch.float64,
        "index": torch.int64,
    }


def test_a_network_of_whole_numbers_has_nothing_to_cast():
    network = nn.Module()
    network.register_buffer("index", torch.arange(4))
    assert cast(network, "float16").index.dtype == torch.int64
    assert own_dtype(network) == "float32"


COMPLEX = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4, 6, dtype=torch.cfloat))
        self.o = nn.Linear(6, 2)
    def forward(self, x):
        assert self.w.is_complex()
        return self.o((x.to(torch.cfloat) @ self.w).abs())
"""
ISLAND = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 64).bfloat16()
        self.b = nn.Linear(64, 2)
    def forward(self, x):
        return self.b(self.a(x.bfloat16()).float())
"""
WHOLE = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 64, dtype=torch.{kind})
    def forward(self, x):
        return self.a(x.to(torch.{kind})).float()
"""
PLAIN = """
class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 2, dtype=torch.float64))
"""


@pytest.mark.parametrize(
    ("body", "madds"),
    [
        (COMPLEX, 4 * 6 + 6 * 2),
        (ISLAND, 4 * 64 + 64 * 2),
        (WHOLE.format(kind="bfloat16"), 4 * 64),
        (WHOLE.format(kind="float64"), 4 * 64),
        (PLAIN, 4 * 2),
    ],
)
def test_a_network_by_name_is_counted_and_timed_as_it_was_built(named, body, madds):
    model = named(body)
    assert lb.count(model, input="4").costs.madds == madds
    record = lb.profile(model, input="4", **QUICK).record
    assert record.status == "ok", record.failure
    assert record.costs.madds == madds


def test_another_precision_that_is_asked_for_leaves_the_islands(named):
    model = named(ISLAND.replace(".bfloat16()\n        self.b = nn.Linear(64, 2)", ".half()\n        self.b = nn.Linear(64, 200)").replace("x.bfloat16()", "x.half()").replace(".float()", ".to(self.b.weight.dtype)"))  # fmt: skip
    record = lb.profile(model, input="4", dtype="bfloat16", **QUICK).record
    assert record.status == "ok", record.failure
    assert record.costs.param_bytes == 2 * (4 * 64 + 64) + 2 * (64 * 200 + 200)


def test_a_module_keeps_its_own_and_the_callers_is_not_touched():
    network = Mixed()
    network.forward = network.body.forward
    before = {name: t.dtype for name, t in network.state_dict().items()}
    lb.profile(network, input="64", dtype="float64", **QUICK)
    assert {name: t.dtype for name, t in network.state_dict().items()} == before
