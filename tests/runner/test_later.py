"""What a first call needs, and what later calls do otherwise than it did."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.devices import find
from lightbench.devices.support import denormals
from lightbench.errors import UsageError
from lightbench.process.switches import flushes_denormals, held
from lightbench.records import Samples
from lightbench.runner import anew, later
from lightbench.timing.clock import Reading

QUICK = {"seconds": 0.02, "rel": 1.0, "threads": 1}


def record_of(network, shape="4", **settings):
    record = lb.profile(network, input=shape, **{**QUICK, **settings}).record
    assert record.status == "ok", record.failure
    return record


def said(record, word):
    return [warning for warning in record.warnings if word in warning]


class Forces(nn.Module):
    """The force is the gradient of an energy, which is taken in the forward pass."""

    def __init__(self):
        super().__init__()
        self.energy = nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Linear(8, 1))
        self.modes = []

    def forward(self, x):
        self.modes.append(torch.is_inference_mode_enabled())
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            return -torch.autograd.grad(self.energy(x).sum(), x)[0]

    def __deepcopy__(self, _memo):
        return self


class Modes(nn.Linear):
    """Notes in which mode it runs."""

    def __init__(self):
        super().__init__(4, 4)
        self.modes = []

    def forward(self, x):
        self.modes.append(torch.is_inference_mode_enabled())
        return super().forward(x)

    def __deepcopy__(self, _memo):
        return self


def test_a_network_that_takes_gradients_is_timed_under_no_grad():
    record = record_of(Forces())
    assert said(record, "takes gradients in its forward pass")
    assert record.environment.noted["autograd"] == "no_grad"


def test_its_operators_are_timed_too():
    found = lb.layers(Forces(), input="4", seconds=0.02, threads=1)
    assert found.record.layers


def test_other_networks_run_in_inference_mode():
    network = Modes()
    assert not said(record_of(network), "gradients")
    assert True in network.modes


def test_both_sides_of_a_comparison_run_in_one_context():
    network = Modes()
    found = lb.compare(network, Forces(), input="4", threads=1, seconds=0.05)
    assert {r.environment.noted["autograd"] for r in (found.comparison.a, found.comparison.b)} == {
        "no_grad"
    }
    assert network.modes.count(False) > 20 > network.modes.count(True)


def test_a_network_that_fails_in_any_context_tells_its_first_error():
    class Fails(nn.Linear):
        def forward(self, x):
            raise RuntimeError(f"inference {torch.is_inference_mode_enabled()} {x.is_meta}")

    failure = lb.profile(Fails(4, 4), input="4", **QUICK).record.failure
    assert "inference False False" in failure.message  # of the count, on real tensors


# Inputs that are overwritten.


class Scales(nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = []
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        if not x.is_meta:
            self.seen.append(float(x.abs().max()))
        x.div_(255)
        return self.layer(x)

    def __deepcopy__(self, _memo):
        return self


def test_an_input_that_is_overwritten_is_given_anew_and_that_is_said():
    network = Scales()
    record = record_of(network)
    assert said(record, "overwrites its input")
    assert len(network.seen) > 20
    assert len(set(network.seen)) == 1


def test_what_the_caller_has_handed_over_is_not_written_to():
    x = torch.ones(2, 4)
    lb.profile(Scales(), args=(x,), **QUICK)
    assert torch.equal(x, torch.ones(2, 4))


def test_calls_one_by_one_give_the_mean_of_each_clock():
    readings = iter([Reading(1.0, 2.0), Reading(3.0, 4.0, throttled="hot"), Reading(5.0, 6.0)])
    step = anew.one_by_one(lambda calls: next(readings) if calls == 1 else None)
    assert step(3) == Reading(3.0, 4.0, throttled="hot")


# What grows.


class Cache(nn.Module):
    """A decoder's cache: call n has n keys, so n times the multiply-adds of the first in attention."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.keys = None

    def forward(self, x):
        key = self.layer(x)
        self.keys = key if self.keys is None else torch.cat([self.keys, key], 1)
        return (x @ self.keys.transpose(1, 2)).softmax(-1) @ self.keys


class History(nn.Linear):
    """Keeps every output: no work more, but memory."""

    def __init__(self):
        super().__init__(4, 4)
        self.outputs = []

    def forward(self, x):
        y = super().forward(x)
        self.outputs.append(y)
        return y


class Table(nn.Linear):
    """Makes a table at its first call, and keeps it: nothing grows."""

    def __init__(self):
        super().__init__(4, 4)
        self.table = None

    def forward(self, x):
        if self.table is None:
            self.table = torch.ones(4, device=x.device)
        return super().forward(x) + self.table


class Blinks(nn.Linear):
    """Its weights grow from call to call until they are infinite."""

    def forward(self, x):
        with torch.no_grad():
            self.weight.mul_(1e3)
        return super().forward(x)


def test_work_that_grows_is_said_with_both_counts():
    (warning,) = said(record_of(Cache(), "2x8"), "work changes from call to call")
    assert "the first call does 192 multiply-adds" in warning  # 2*8*8 + 2 * 2*2*8


def test_work_that_grows_by_bytes_alone_is_said_with_both_sizes():
    class Sums(nn.Linear):
        def forward(self, x):
            self.rows = torch.cat([getattr(self, "rows", x), x])
            return super().forward(x) + self.rows.sum()

    (warning,) = said(record_of(Sums(4, 4), "2x4"), "work changes from call to call")
    assert "the first call moves " in warning
    assert "multiply-adds" not in warning


def test_memory_that_grows_is_said():
    record = record_of(History())
    assert said(record, "memory grows from call to call")
    assert not said(record, "work changes")


@pytest.mark.parametrize("network", [Table(), nn.Linear(4, 4), nn.LSTM(4, 4)])
def test_nothing_is_said_of_a_network_whose_calls_are_all_alike(network):
    shape = "2x4" if isinstance(network, nn.LSTM) else "4"
    record = record_of(network, shape)
    assert not [w for w in record.warnings if "call" in w or "denormal" in w]


def test_numbers_that_become_infinite_later_are_said():
    network = Blinks(4, 4)
    record = record_of(network)
    assert said(record, "NaN or infinite values after the timing")


def test_a_timing_that_slows_down_says_how_much():
    """Twenty calls, of which the last two take three times as long as the first two."""
    times = (1.0, 1.0, *[2.0] * 16, 3.0, 3.0)
    samples = Samples(wall_s=times, first_call_s=1.0, warmup_calls=1, stop="converged")
    assert later._slower(samples) == 3.0
    even = Samples(wall_s=(1.0,) * 20, first_call_s=1.0, warmup_calls=1, stop="converged")
    assert later._slower(even) is None


# Denormal numbers: below 2**-126 in float32.


def test_the_share_of_denormal_weights_is_of_all_weights():
    tensors = [
        torch.tensor([1e-39, 0.0, 1.0, -1e-40]),
        torch.ones(4),
        torch.ones(9, dtype=torch.int8),
    ]
    assert denormals.share(tensors) == 2 / 8
    assert denormals.share([torch.tensor([2.0**-126, math.inf, math.nan])]) == 0
    assert denormals.share([]) == 0


def scripted(with_s, without_s):
    """A step that is as fast as the switch says."""
    return lambda _calls: Reading(without_s if flushes_denormals() else with_s)


def test_calls_with_and_without_denormals_are_compared_and_the_switch_is_put_back():
    with held({"threads": 1}):
        cost = denormals.cost(scripted(1.9, 0.1))
        assert (cost.with_s, cost.without_s) == (1.9, 0.1)
        assert cost.slower == pytest.approx(19)
        assert not flushes_denormals()
        assert denormals.cost(scripted(1.0, 0.9)).slower is None


def test_what_waits_for_a_core_is_not_taken_for_denormals():
    """By the wall each call without them is twice as fast, and on the core it is not."""
    with held({"threads": 1}):
        cost = denormals.cost(lambda _calls: Reading(1.0 if flushes_denormals() else 2.0, 0.5))
    assert cost.slower is None


def test_denormal_weights_are_said():
    network = nn.Linear(4, 4)
    with torch.no_grad():
        network.weight.fill_(1e-39)
    (warning,) = said(record_of(network), "denormal")
    assert "its weights are to 80.0 % denormal numbers" in warning  # 16 of 20: the bias is not
    assert "--flush-denormal" in warning
    assert said(record_of(network, options=["flush-denormal"]), "denormal") == []


def test_flushing_is_an_option_of_the_processor_and_of_the_case():
    seen = []

    class Asks(nn.Linear):
        def forward(self, x):
            if not x.is_meta:
                seen.append(flushes_denormals())
            return super().forward(x)

        def __deepcopy__(self, _memo):
            return self

    record = record_of(Asks(4, 4), options=["flush-denormal"])
    assert record.case.options == ("flush-denormal",)
    assert record.environment.comparable["threads"] == 1
    assert seen.count(True) > 20  # all that were timed, and not only those that tell what it brings
    assert not flushes_denormals()


def test_flushing_with_several_threads_is_refused_as_pytorch_does_it_on_one():
    with pytest.raises(UsageError, match="one thread only"):
        find("cpu", ["flush-denormal"]).host_threads(2)
