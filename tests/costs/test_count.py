"""A network is counted as ``eval()`` makes it, and as scripts, exports and lazy parts really run."""

from __future__ import annotations

import types
from pathlib import Path

import pytest
import torch
from lent import MADDS, layer, row
from torch import nn

import lightbench as lb
from lightbench.costs.count import count_costs
from lightbench.errors import ModelError, UsageError


def state_of(network):
    tensors = {name: value.tolist() for name, value in network.state_dict().items()}
    return tensors, [(type(m), m.training, list(vars(m))) for m in network.modules()]


class Tabulates(nn.Module):
    """LeViT and its kin: a table that only evaluation has."""

    def __init__(self):
        super().__init__()
        self.f = layer()
        self.bias = nn.Parameter(torch.zeros(4))
        self.register_buffer("index", torch.arange(8) % 4)

    def train(self, mode=True):  # noqa: FBT002  as PyTorch has it
        super().train(mode)
        if mode:
            self.__dict__.pop("table", None)
        else:
            self.table = self.bias[self.index]
        return self

    def forward(self, x):
        return self.f(x) + (self.bias[self.index] if self.training else self.table)


class Merges(nn.Module):
    """RepVGG and its kin: two branches become one module."""

    def __init__(self):
        super().__init__()
        self.a, self.b = layer(), layer()

    def train(self, mode=True):  # noqa: FBT002  as PyTorch has it
        if not mode and hasattr(self, "a"):
            self.merged = layer()
            self.merged.weight.data = self.a.weight + self.b.weight
            del self.a, self.b
        return super().train(mode)

    def forward(self, x):
        return self.merged(x) if hasattr(self, "merged") else self.a(x) + self.b(x)


class MergesInPlace(nn.Module):
    """LoRA and its kin: what was learnt is added to the weights."""

    def __init__(self):
        super().__init__()
        self.f, self.learnt = layer(), nn.Parameter(torch.ones(8, 8))
        self.register_buffer("merged", torch.zeros(1))

    def train(self, mode=True):  # noqa: FBT002  as PyTorch has it
        if not mode and not self.merged:
            self.f.weight.data += self.learnt
            self.merged.fill_(1)
        return super().train(mode)

    def forward(self, x):
        return self.f(x) if self.merged else self.f(x) + x @ self.learnt


class DropsItsHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.f, self.auxiliary = layer(), layer()

    def eval(self):
        self.auxiliary = nn.Identity()
        return super().eval()

    def forward(self, x):
        return self.auxiliary(self.f(x))


class HasNoMode(nn.Linear):
    training = property(lambda self: False, lambda self, mode: None)


PARAMS = {Tabulates: 64 + 4, Merges: 64, MergesInPlace: 64 + 64, DropsItsHead: 64}


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        *((kind, lambda network: network) for kind in PARAMS),
        *((kind, nn.Sequential) for kind in PARAMS if "train" in vars(kind)),  # of parts, only that
    ],
)
def test_what_eval_makes_is_counted_and_what_was_before_comes_back(kind, where):
    network = where(kind())
    before = state_of(network)
    costs = [lb.count(network, args=(row(),)).costs for _ in range(2)]
    assert costs[0] == costs[1]
    assert (costs[0].madds, costs[0].params) == (MADDS, PARAMS[kind])
    assert state_of(network) == before


def test_without_weights_eval_makes_its_tables_too():
    with torch.device("meta"):
        network = Tabulates()
    costs = count_costs(network, lambda device: ((row().to(device),), {}))
    assert (costs.madds, costs.traced) == (MADDS, "meta")


def test_a_part_that_refuses_eval_runs_in_the_mode_that_it_keeps():
    network = nn.Sequential(layer(), layer())
    network[0].train = types.MethodType(lambda part, _mode: part, network[0])
    kept = network[1]
    network[0].forward = lambda x: x if network[0].training else kept(x)
    assert lb.count(network, args=(row(),)).costs.madds == MADDS


def test_a_class_whose_mode_is_a_property_is_counted():
    assert lb.count(nn.Sequential(HasNoMode(8, 8)), args=(row(),)).costs.madds == MADDS


def test_an_eval_that_fails_is_told_as_such():
    class Fails(nn.Linear):
        def train(self, _mode):
            raise ValueError("no table")

    with pytest.raises(ModelError, match=r"Fails.eval\(\) failed: ValueError: no table"):
        lb.count(Fails(8, 8), args=(row(),))


# TorchScript and exported programs.


def small():
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU()).eval()


@pytest.mark.filterwarnings("ignore")  # TorchScript is deprecated
@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.jit.script(small()),
        lambda: torch.jit.trace(small(), row()),
        lambda: torch.jit.freeze(torch.jit.script(small())),
        lambda: torch.jit.freeze(torch.jit.trace(small(), row())),
        lambda: nn.Sequential(torch.jit.freeze(torch.jit.script(small()))),
        lambda: torch.export.export(small(), (row(),)).module(),
        lambda: torch.fx.symbolic_trace(small()),
    ],
    ids=["script", "trace", "frozen", "frozen trace", "inside", "exported", "fx"],
)
def test_a_compiled_form_counts_as_the_network_does(make):
    costs = lb.count(make(), args=(row(),)).costs
    assert (costs.madds, costs.params) == (MADDS, 64 + 8)
    assert [op.kind for op in costs.ops][-1] == "activation"
    assert "equal" not in [op.op for op in costs.ops]  # of the passes that optimise a script


@pytest.mark.filterwarnings("ignore")
def test_a_script_whose_convolutions_cannot_be_seen_is_refused():
    script = torch.jit.script(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()).eval())
    with pytest.raises(ModelError, match="cannot be seen"):
        lb.count(torch.jit.optimize_for_inference(script), input="3x8x8")


# Modules that are made in forward.


class Makes(nn.Module):
    def __init__(self, *, real=False):
        super().__init__()
        self.f, self.real, self.head = layer(), real, None

    def forward(self, x):
        if self.real and x.sum() < -1e9:
            return x
        return nn.Linear(8, 4)(self.f(x))


class MakesOnce(Makes):
    def forward(self, x):
        if self.head is None:
            self.head = nn.Sequential(nn.Linear(8, 4), nn.LayerNorm(4, elementwise_affine=False))
        return self.head(self.f(x))


@pytest.mark.parametrize("make", [Makes, MakesOnce, lambda: Makes(real=True)])
def test_what_is_made_in_forward_has_parameters_too(make):
    costs = lb.count(make(), args=(row(),)).costs
    assert (costs.madds, costs.params) == (64 + 32, 64 + 36)
    assert costs.param_bytes == 4 * costs.params


def test_a_parameter_that_takes_anothers_place_is_none_more():
    class Prunes(nn.Linear):
        def forward(self, x):
            self.weight = nn.Parameter(self.weight * 1)
            return super().forward(x)

    assert lb.count(Prunes(8, 8, bias=False), args=(row(),)).costs.params == 64


# What is no network.


class Trainer:
    def __init__(self):
        self.model = layer()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: torch.export.export(layer(), (row(),)),
            r"ExportedProgram.*\n.*program\.module\(\)",
        ),
        (lambda: nn.Linear, r"the class Linear.*\n.*Linear\(\)"),
        (lambda: layer().state_dict(), r"dictionary of 1 tensors.*\n.*load_state_dict"),
        (row, r"a tensor of shape \(1, 8\).*\n.*args="),
        (lambda: Path("net.pt"), r"the path 'net.pt'.*\n.*as text"),
        (lambda: torch.relu, r"the function relu.*\n.*forward"),
        (lambda: [layer(), layer()], r"list of 2 modules.*\n.*Sequential"),
        (Trainer, r"a Trainer.*\n.*\.model"),
        (lambda: {"a": 1}, r"got \{'a': 1\}\.$"),
    ],
)
def test_what_is_no_network_is_told_with_the_next_step(make, says):
    with pytest.raises(UsageError, match=says):
        lb.count(make())
