"""Run-time decomposition of hostile networks: it is an error that says why, or it is measured."""

from __future__ import annotations

from itertools import count

import pytest
import torch
from shuffling import Net
from torch import nn

from lightbench.errors import ModelError
from lightbench.studies.layers.api import layers as measure_layers

# Hostile networks.


class Late(Net):
    """Works until its n-th call."""

    def __init__(self, fails_at):
        super().__init__()
        self.calls = Counter(fails_at)

    def forward(self, x):
        self.calls()
        return self.fc(self.features(x).mean((2, 3)).repeat(1, 16))


class Counter(nn.Module):
    def __init__(self, fails_at):
        super().__init__()
        self.left = fails_at

    def forward(self):
        Counted.calls += 1
        if Counted.calls == self.left:
            raise IndexError("no such layer")


class Counted:  # what a class counts is nobody's state, and is not given back
    calls = 0


@pytest.mark.parametrize("fails_at", [3, 6, 12, 20])
def test_a_network_that_fails_midway_is_an_error_that_names_the_module(fails_at):
    Counted.calls = 0
    with pytest.raises(ModelError, match=r"Counter `calls`.*IndexError: no such layer"):
        measure_layers(Late(fails_at), input="4x8x8", threads=1, seconds=0.05)


def test_a_network_that_runs_other_operators_from_call_to_call_has_no_median():
    class Fickle(Net):
        def forward(self, x):
            return x.relu() if next(TOSS) else x.sigmoid()

    with pytest.raises(ModelError, match="other operators from call to call"):
        measure_layers(Fickle(), input="4x8x8", threads=1, seconds=0.05)


TOSS = (n % 3 == 0 for n in count())


def test_a_network_without_operators_has_nothing_to_take_apart():
    with pytest.raises(ModelError, match="Identity has no operator"):
        measure_layers(nn.Identity(), input="4x8x8", seconds=0.05)


def test_a_network_that_looks_at_values_is_taken_apart():
    class Looks(Net):
        def forward(self, x):
            return super().forward(x) if x.sum() < 1e9 else x

    found = measure_layers(Looks(), input="4x8x8", seconds=0.05)
    assert "linear" in [op.op for op in found.breakdown.ops]


def test_an_output_of_nan_is_said():
    class NaN(Net):
        def forward(self, x):
            return super().forward(x) * float("nan")

    found = measure_layers(NaN(), input="4x8x8", seconds=0.05)
    assert any("NaN" in warning for warning in found.breakdown.record.warnings)
    assert "warning: the output has NaN" in " ".join(repr(found).split())


def test_a_compiled_network_is_measured_as_it_was_written():
    compiled = []

    def backend(graph, _inputs):
        compiled.append(graph)
        return graph.forward

    found = measure_layers(torch.compile(Net(), backend=backend), input="4x8x8", seconds=0.05)
    assert compiled == []  # neither the operators nor the whole call
    assert found.breakdown.record.case.model == "Net"
    assert [op.path for op in found.breakdown.ops][:2] == ["features.0", "features.1"]
