"""Run-time decomposition: every operator's time in its own row, exact shares, and a network left alone."""

from __future__ import annotations

import random
from contextlib import nullcontext
from itertools import count

import pytest
import torch
import torch.nn.functional as F
from shuffling import Net
from torch import nn

import lightbench as lb
from lightbench import devices
from lightbench.errors import ModelError
from lightbench.records import Case, Environment, InputSpec
from lightbench.runner import prepare
from lightbench.runner.given import Given
from lightbench.stats.interval import Interval
from lightbench.studies.count.groups import GROUPS
from lightbench.studies.layers.api import layers as measure_layers
from lightbench.studies.layers.shares import WARMUP
from lightbench.studies.layers.stopwatch import take_apart
from lightbench.timing.clock import Reading

OWN = ["shufflenet_v2_x0_5", "mobilenet_v2_x0_35", "shufflenet_v1_x0_5_g3"]
WHERE = Environment(comparable={"threads": 1}, noted={})
SMALL = InputSpec(shape=(4, 8, 8))

# Milliseconds of every operator of Net: together 10.
MS = {"conv2d": 4, "relu": 1, "reshape": 2, "max_pool2d": 1, "linear": 1,
      "view": 0.25, "transpose": 0.25, "flatten": 0.25, "unfold": 0.25}  # fmt: skip


class Device:
    """A device on which an operator takes what ``ms`` says, and the whole call 8 ms."""

    def __init__(self, ms):
        self.ms = ms if callable(ms) else ms.__getitem__
        self.ran = []

    def step(self, call, context):
        def timed(n):
            assert n == 1
            self.ran.append(call.func._opname)
            with context():
                call()
            return Reading(self.ms(call.func._opname) / 1000, None)

        return timed

    def whole(self, n):
        assert n == 1
        return Reading(0.008, None)


def ticking(seconds):
    """A clock that moves on by so many seconds whenever it is read."""
    return map(float, count(0, seconds)).__next__


def prepared(network=None, model="Net", **settings):
    given = None if network is None else Given(network)
    case = Case(model=model, **({"inputs": (SMALL,)} | settings))
    return prepare.prepare(case, devices.find(case.device), given)


def apart(network, device, *, seconds=6.0, tick=1.0, seed=0, **settings):
    ready = prepared(network, **settings)._replace(step=device.whole)
    rng = random.Random(seed)
    return take_apart(ready, WHERE, device.step, seconds=seconds, clock=ticking(tick), rng=rng)


@pytest.fixture(scope="module")
def net_apart():
    return apart(Net(), Device(MS))


# Shares, by hand.


def test_every_operator_has_its_own_time_and_share(net_apart):
    assert [(part.ops[0].op, part.time.median, part.share.median) for part in net_apart.layers] == [
        ("conv2d", 0.004, 0.4),
        ("relu", 0.001, 0.1),
        ("reshape", 0.002, 0.2),
        ("max_pool2d", 0.001, 0.1),
        ("linear", 0.001, 0.1),
    ]


def test_views_have_no_row_but_are_not_lost(net_apart):
    assert net_apart.views.ops == ()
    assert net_apart.views.time.median == pytest.approx(0.001)
    assert net_apart.views.share.median == pytest.approx(0.1)
    assert net_apart.total.median == pytest.approx(0.010)


def test_the_four_kinds_of_figure_2_hold_everything(net_apart):
    parts = net_apart.parts("group")
    assert [(p.name, len(p.ops)) for p in parts] == [
        ("convolution", 1), ("element-wise", 1), ("shuffle, data movement", 1), ("other", 2),
    ]  # fmt: skip
    assert [p.time_s for p in parts] == pytest.approx([0.004, 0.001, 0.002, 0.003])
    assert [p.share.median for p in parts] == pytest.approx([0.4, 0.1, 0.2, 0.3])
    # 8 outputs from 2 inputs each at 8x8; 128 -> 5
    assert [p.madds for p in parts] == [8 * 2 * 64, 0, 0, 128 * 5]


def test_a_group_without_operators_is_there_and_takes_no_time():
    parts = apart(nn.Conv2d(4, 4, 1), Device(MS)).parts("group")
    assert [p.name for p in parts] == list(GROUPS)
    assert [p.time_s for p in parts] == [0.004, 0, 0, 0]
    assert [p.share.median for p in parts] == [1, 0, 0, 0]


def test_operators_are_grouped_with_the_slowest_first_and_views_last(net_apart):
    parts = net_apart.parts("op")
    assert [p.name for p in parts][:2] == ["conv2d", "reshape"]
    assert parts[-1].name == "(views)"
    assert sum(p.time_s for p in parts) == pytest.approx(0.010)


def test_modules_are_grouped_as_they_run(net_apart):
    parts = net_apart.parts("module")
    assert [(p.name, round(p.time_s, 9)) for p in parts] == [
        ("features", 0.005), ("(network)", 0.003), ("fc", 0.001), ("(views)", 0.001),
    ]  # fmt: skip


def test_the_sum_is_held_against_the_whole_call_in_pairs_of_one_round(net_apart):
    # 10 ms of operators, 8 ms for the call
    ratio = net_apart.over_whole
    assert (ratio.ratio, ratio.low, ratio.high) == pytest.approx((1.25, 1.25, 1.25))
    assert net_apart.whole == Interval(0.008, 0.008, 0.008)


# Each time in its own row.


def own_ms(name):
    """A different time for every operator: which one a row has got shows."""
    return sum(ord(letter) * (i + 1) for i, letter in enumerate(name)) / 1000


class Zoo(nn.Module):
    """Operators that decompose, work in place, give several tensors, make some, or may be a view."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 8, batch_first=True)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        x = x + torch.rand_like(x)
        y = F.dropout(self.relu(self.norm(x)), training=self.training)
        y = y.contiguous() + torch.arange(8, dtype=x.dtype, device=x.device)
        y = y.transpose(2, 3).contiguous()
        y = torch.einsum("bchw,bdhw->bcd", y, y).softmax(-1).repeat(1, 1, 2)
        y = y[:, :, :8] + x.mean(dim=-1)
        y, _ = self.lstm(y)
        y, _ = self.attention(y, y, y, need_weights=False)
        values, _ = y.topk(2)
        return F.cosine_similarity(values, values, dim=-1), F.huber_loss(y, y)


@pytest.mark.slow
@pytest.mark.parametrize("model", [*OWN, "zoo"])
def test_every_row_has_the_time_of_its_own_operator(model):
    device = Device(own_ms)
    if model == "zoo":
        found = apart(Zoo(), device)
    else:
        found = apart(None, device, model=model, inputs=(InputSpec(shape=(3, 64, 64)),))
    assert len(found.ops) > 15
    for op, seconds in zip(found.ops, found.passes[0].operators_s, strict=True):
        assert seconds == own_ms(op.op) / 1000
    # and the rest of what ran went to the views
    passes = len(found.passes) + WARMUP
    assert found.passes[0].sum_s == pytest.approx(sum(map(own_ms, device.ran)) / 1000 / passes)


@pytest.mark.slow
@pytest.mark.parametrize("model", OWN)
def test_rows_are_those_of_count(model):
    found = apart(None, Device(own_ms), model=model, inputs=(InputSpec(shape=(3, 224, 224)),))
    counted = lb.count(model)
    assert found.ops == counted.layers
    assert found.record.costs.madds == counted.costs.madds
    assert found.record.costs.params == counted.costs.params


def test_what_is_returned_is_not_merged_into_what_comes_after_it():
    class Both(nn.Conv2d):
        def forward(self, x):
            x = super().forward(x)
            return x, x.relu()

    found = apart(Both(4, 4, 1), Device(MS))
    assert found.ops == prepared(Both(4, 4, 1)).costs.ops
    assert [op.fused_bytes > 0 for op in found.ops] == [True, True]


def test_rows_are_those_of_count_in_channels_last_too():
    network = nn.Sequential(nn.Conv2d(4, 8, 3), nn.ReLU(), nn.Flatten())
    found = apart(network, Device(own_ms), layout="channels_last")
    assert found.ops == prepared(network, layout="channels_last").costs.ops
    assert "flatten" in [op.op for op in found.ops]  # no view here: it copies


# The network is as it was.


def states(network):
    return [
        (
            name,
            module.training,
            sorted(module.__dict__),
            {key: len(value) for key, value in vars(module).items() if "hooks" in key},
        )
        for name, module in network.named_modules()
    ]


def values(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def test_a_network_that_is_handed_over_is_as_it_was_and_so_is_the_rest():
    network = Zoo().train()
    network.relu.eval()
    network.norm.register_forward_hook(lambda *_: None)
    before = states(network), values(network)
    draws, threads = torch.random.get_rng_state(), torch.get_num_threads()
    measure_layers(network, input="4x8x8", batch=2, threads=1, seconds=0.01)
    assert states(network) == before[0]
    assert same(values(network), before[1])
    assert torch.equal(torch.random.get_rng_state(), draws)
    assert torch.get_num_threads() == threads


def test_it_runs_with_the_threads_that_were_asked_for():
    seen = set()

    class Asks(Net):
        def forward(self, x):
            seen.add(torch.get_num_threads())
            return super().forward(x)

        def __deepcopy__(self, _memo):
            return self

    found = measure_layers(Asks(), input="4x8x8", threads=3, seconds=0.05)
    assert seen == {3}
    assert found.breakdown.record.environment.comparable["threads"] == 3


@pytest.mark.parametrize("fails", [False, True])
def test_a_pass_with_the_stopwatch_leaves_the_network_as_it_was(fails):
    device = Device(own_ms)
    ready = prepared(Zoo())
    before = states(ready.network), values(ready.network)

    def step(call, context):
        if fails and call.func._opname == "topk":
            raise IndexError
        return device.step(call, context)

    ready = ready._replace(step=device.whole, again=lambda _samples: ())
    settings = {"seconds": 1, "clock": ticking(1), "rng": random.Random(0)}
    with pytest.raises(ModelError) if fails else nullcontext():
        take_apart(ready, WHERE, step, **settings)
    assert "topk" in device.ran or fails
    assert states(ready.network) == before[0]
    assert same(values(ready.network), before[1])
