"""Findings measured: what is called again, what stands in for it, and what is saved, exactly."""

from __future__ import annotations

import random
from functools import partial
from itertools import cycle

import pytest
import torch
from breaking import Block, conv
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from lightbench import count, devices
from lightbench.errors import LightbenchError, ModelError
from lightbench.studies.lint import savings
from lightbench.studies.lint.api import lint as lint_model
from lightbench.studies.lint.find import find_all
from lightbench.studies.lint.linted import Finding, linted
from lightbench.studies.lint.verify import capture, measure
from lightbench.timing import warmup
from lightbench.timing.clock import Reading

MS = 1e-3


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    """No card of this machine is found; and scripted times need no time to become steady."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(warmup, "MIN_WARMUP_S", 0.0)


class Operators(TorchDispatchMode):
    """Sees every operator that really runs: its name, and the shape of its filter if it has one."""

    def __init__(self):
        super().__init__()
        self.names, self.calls = [], []

    @classmethod
    def _should_skip_dynamo(cls):
        return False  # or PyTorch imports its compiler

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func._opname)
        self.calls.append(args)
        return func(*args, **(kwargs or {}))


class Scripted:
    """A device on which a call takes 1 ms, and 1 ms more for each operator that it runs.

    ``runs`` are the operators of each thing that was timed, in the order in which they were made.
    """

    def __init__(self):
        self.runs = []

    def step(self, call, context, _inputs=()):
        seen = Operators()
        self.runs.append(seen)

        def timed(_n):
            if not seen.calls:
                with context(), seen:
                    call()
            return Reading(MS * (1 + len(seen.names)), None)

        return timed

    @property
    def names(self):
        return [run.names for run in self.runs]


def found_in(network, *shape):
    """Its findings and operators, and a function that captures the calls of one finding."""
    x = torch.randn(1, *shape)
    counted = count(network, input="x".join(map(str, shape)))
    found = find_all(linted(network, counted.costs))
    return found, counted.layers, partial(capture, network.eval(), partial(network, x))


def verified(network, *shape, guideline=None, cause="", device=None):
    """The saving of the only finding of this kind, and what was timed for it."""
    found, ops, captured = found_in(network, *shape)
    (finding,) = (f for f in found if f.guideline == guideline and cause in f.cause)
    device = device or Scripted()
    saving = measure(
        finding,
        ops,
        captured(finding.block),
        device.step,
        seconds=1.0,
        clock=lambda: 0.0,
        rng=random.Random(0),
    )
    return saving, device


# Where the cause is that operators are there.


@pytest.mark.parametrize(("cause", "left"), [("norm", "relu"), ("activation", "batch_norm")])
def test_without_the_cause_its_operators_are_not_called(cause, left):
    """Three operators take 4 ms, two of them 3 ms."""
    network = nn.Sequential(Block(conv(8, 8, 1), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 8, 1)))
    saving, device = verified(network, 8, 5, 5, guideline="G4", cause=cause)
    with_, without = device.names
    assert with_ == ["conv2d", "batch_norm", "relu", "conv2d"]
    assert without == ["conv2d", left, "conv2d"]
    assert saving.seconds == pytest.approx(1 * MS)
    assert saving.low_s == pytest.approx(1 * MS)
    assert saving.high_s == pytest.approx(1 * MS)
    assert saving.block_s == pytest.approx(5 * MS)


def test_all_of_a_cause_are_left_out_together():
    network = nn.Sequential(Block(conv(8, 8, 1), nn.ReLU(), conv(8, 8, 1), nn.ReLU()))
    saving, _ = verified(network, 8, 5, 5, guideline="G4")
    assert saving.seconds == pytest.approx(2 * MS)


def test_where_nothing_is_left_the_whole_block_is_saved():
    saving, device = verified(nn.Sequential(conv(8, 8, 1), nn.ReLU()), 8, 5, 5, guideline="G4")
    assert device.names == [["relu"], []]
    assert saving.seconds == pytest.approx(1 * MS)


def test_operators_are_timed_as_the_network_runs_them_not_in_training():
    """Batch norm called again must not change its statistics, and dropout is none."""
    norm = nn.BatchNorm2d(8)
    network = nn.Sequential(Block(conv(8, 8, 1), norm, nn.Dropout(), nn.ReLU(), conv(8, 8, 1)))
    verified(network, 8, 5, 5, guideline="G4", cause="norm")
    assert norm.num_batches_tracked == 0
    assert torch.equal(norm.running_mean, torch.zeros(8))


# Where the cause is their shape: one convolution of equal MAdds stands in.


def stand_in(device):
    """The last convolution of what was timed without the cause: its input, filter, padding."""
    x, weight, _bias, _stride, padding = (*device.runs[1].calls[-1], None, None, None)[:5]
    return tuple(x.shape), tuple(weight.shape), list(padding or (0, 0))


def test_g1_is_compared_with_equal_channels_at_equal_madds():
    """32 -> 256 has the MAdds of 90.5 -> 90.5; of the nearest 8 it has 88^2, for which 2 ms are
    2 ms * 32 * 256 / 88^2 at equal MAdds: here, where time does not depend on work, a loss."""
    saving, device = verified(nn.Sequential(conv(32, 256, 1)), 32, 6, 5, guideline="G1")
    assert stand_in(device) == ((1, 88, 6, 5), (88, 88, 1, 1), [0, 0])
    assert saving.seconds == pytest.approx(2 * MS - 2 * MS * 32 * 256 / 88**2)
    assert saving.seconds < 0
    assert saving.block_s == pytest.approx(2 * MS)


@pytest.mark.parametrize("kernel", [1, 3])
def test_g2_is_compared_with_one_group_at_equal_madds(kernel):
    """64 channels in 4 groups have the MAdds of 32 in one, exactly: nothing to scale."""
    network = nn.Sequential(conv(64, 64, kernel, padding=kernel // 2, groups=4))
    saving, device = verified(network, 64, 6, 5, guideline="G2")
    assert stand_in(device) == ((1, 32, 6, 5), (32, 32, kernel, kernel), [kernel // 2] * 2)
    assert saving.seconds == pytest.approx(0.0, abs=1e-12)


def test_g3_is_compared_with_one_convolution_at_equal_madds():
    """Six 3x3 of 16 channels: 6 * 16^2 = 39.2^2, of which the nearest 8 are 40. 7 ms with, 2 ms
    without, times 6 * 16^2 / 40^2."""
    block = Block(*(conv(16, 16, 3, padding=1) for _ in range(6)))
    saving, device = verified(nn.Sequential(block), 16, 6, 5, guideline="G3")
    assert device.names == [["conv2d"] * 6, ["conv2d"]]
    assert stand_in(device) == ((1, 40, 6, 5), (40, 40, 3, 3), [1, 1])
    assert saving.seconds == pytest.approx(7 * MS - 2 * MS * 6 * 16**2 / 40**2)


def test_what_else_is_in_the_block_is_called_with_and_without():
    """A finding may be about some operators of a block only."""
    network = nn.Sequential(Block(conv(64, 64, 1, groups=4), nn.ReLU()))
    found, ops, captured = found_in(network, 64, 6, 5)
    (finding,) = (f for f in found if f.guideline == "G2")
    whole = Finding(**{**vars(finding), "block": (0, 1)})
    device = Scripted()
    measure(whole, ops, captured((0, 1)), device.step, seconds=1.0, clock=lambda: 0.0,
            rng=random.Random(0))  # fmt: skip
    assert device.names == [["conv2d", "relu"], ["relu", "conv2d"]]


@pytest.mark.parametrize("c", [1, 2, 3, 5])
def test_a_stand_in_has_at_least_eight_channels(c):
    """sqrt(c * 16 c) = 4 c."""
    _, device = verified(nn.Sequential(conv(c, 16 * c, 1)), c, 40, 40, guideline="G1")
    _, (c_out, c_in, *_), _ = stand_in(device)
    assert c_out == c_in
    assert c_in % 8 == 0
    assert c_in >= 8
    assert abs(c_in - 4 * c) <= max(4, 8 - 4 * c)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_stand_in_has_the_precision_and_layout_of_what_it_stands_for(dtype, layout):
    network = nn.Sequential(conv(32, 256, 1)).to(dtype, memory_format=layout)
    x = torch.randn(1, 32, 6, 5).to(dtype, memory_format=layout)
    counted = count(network, input="32x6x5")
    (finding,) = find_all(linted(network, counted.costs))
    device = Scripted()
    measure(finding, counted.layers, capture(network, partial(network, x), (0,)), device.step,
            seconds=1.0, clock=lambda: 0.0, rng=random.Random(0))  # fmt: skip
    for tensor in device.runs[1].calls[-1][:2]:
        assert tensor.dtype == dtype
        assert tensor.is_contiguous(memory_format=layout)


# Numbers.


@pytest.mark.slow
def test_the_interval_is_that_of_the_rounds():
    """With the cause always 5 ms; without it 1 ms and 2 ms in turn, twice each, since a visit begins
    with a call that is not timed: 3 to 4 ms are saved."""
    times = iter([cycle([5 * MS]), cycle([1 * MS] * 2 + [2 * MS] * 2)])

    class Changing:
        @staticmethod
        def step(_call, _context, _inputs=()):
            mine = next(times)
            return lambda _n: Reading(next(mine), None)

    saving, _ = verified(
        nn.Sequential(conv(8, 8, 1), nn.ReLU()), 8, 5, 5, guideline="G4", device=Changing
    )
    assert saving.block_s == pytest.approx(5 * MS)
    assert saving.low_s == pytest.approx(3 * MS)
    assert saving.low_s <= saving.seconds <= saving.high_s
    assert saving.high_s == pytest.approx(4 * MS)


def test_what_an_operator_raises_is_raised():
    class Broken:
        @staticmethod
        def step(_call, _context, _inputs=()):
            def timed(_n):
                raise ZeroDivisionError("no time")

            return timed

    with pytest.raises(ZeroDivisionError):
        verified(nn.Sequential(conv(8, 8, 1), nn.ReLU()), 8, 5, 5, guideline="G4", device=Broken)


def test_a_finding_whose_operators_were_not_seen_has_no_saving():
    found, ops, captured = found_in(nn.Sequential(conv(8, 8, 1), nn.ReLU()), 8, 5, 5)
    (finding,) = found
    seen = captured((0,))  # another row
    assert measure(finding, ops, seen, Scripted().step, seconds=1.0, clock=lambda: 0.0,
                   rng=random.Random(0)) is None  # fmt: skip


# What is captured.


class Everything(nn.Module):
    """Operators in place, with keyword arguments, of several inputs, by function and by method."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)), inplace=True)
        x = F.conv2d(input=x, weight=self.conv.weight, bias=None, padding=1)
        x = torch.cat([x, x], dim=1).chunk(2, dim=1)[0]
        x = torch.add(x, x, alpha=2).clamp_(min=0, max=6)
        x += torch.softmax(x, dim=1)
        x = F.gelu(x, approximate="tanh")
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        x = F.avg_pool2d(x, kernel_size=2, stride=2, ceil_mode=False)
        x = x.transpose(1, 2).contiguous().transpose(1, 2).mul(0.5)
        self.calls.add_(1)
        return x.sum(dim=(2, 3), keepdim=True).flatten(1) / x.shape[1]


def test_every_operator_is_captured_as_it_was_called_and_can_be_called_again():
    """In place, with keywords, on views: each call runs the operator that was counted, again."""
    network = Everything().eval()
    ops = count(network, input="4x6x6").layers
    captured = capture(network, partial(network, torch.randn(1, 4, 6, 6)), range(len(ops)))
    assert list(captured) == list(range(len(ops)))
    for i, op in enumerate(ops):
        for _ in range(2):
            with torch.inference_mode(), Operators() as seen:
                captured[i].call()
            assert seen.names[0] == op.op, (i, op.op, seen.names)


def test_a_captured_call_has_the_tensors_that_the_network_had():
    """What the second convolution got was the first one's output, not the input."""
    network = nn.Sequential(conv(2, 3, 1), conv(3, 5, 1)).eval()
    x = torch.randn(1, 2, 4, 4)
    captured = capture(network, partial(network, x), (1,))
    with torch.inference_mode():
        torch.testing.assert_close(captured[1].call(), network(x))


def test_a_captured_call_has_its_keyword_arguments():
    class Thrice(nn.Module):
        def forward(self, x):
            return torch.add(x, x, alpha=2)

    x = torch.randn(1, 2, 4, 4)
    captured = capture(Thrice(), partial(Thrice(), x), (0,))
    with torch.inference_mode():
        torch.testing.assert_close(captured[0].call(), 3 * x)


def test_only_what_was_asked_for_is_kept():
    network = nn.Sequential(*(conv(2, 2, 1) for _ in range(5))).eval()
    assert set(capture(network, partial(network, torch.randn(1, 2, 4, 4)), (1, 3))) == {1, 3}


def test_a_network_that_raises_is_named_with_its_module():
    class Raises(nn.Module):
        def forward(self, x):
            raise KeyError("stage5")

    network = nn.Sequential(conv(2, 2, 1), nn.Sequential(nn.ReLU(), Raises())).eval()
    with pytest.raises(
        ModelError, match=r"failed in Raises `1\.1` with 1x2x4x4: KeyError: 'stage5'"
    ):
        capture(network, partial(network, torch.randn(1, 2, 4, 4)), (0,))


def test_buffers_and_training_flags_are_given_back_after_a_capture_and_after_a_failure():
    network = Everything()
    network.norm.train()
    network.conv.eval()
    x = torch.randn(1, 4, 6, 6)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    capture(network, partial(network, x), (0,))
    with pytest.raises(ModelError):
        capture(network, partial(network, x[:, :1]), (0,))
    assert (network.norm.training, network.conv.training) == (True, False)
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())


# On a device.


@pytest.fixture
def scripted(monkeypatch):
    """The processor, on which every operator takes 1 ms."""
    device = Scripted()
    monkeypatch.setattr(devices.find("cpu"), "step", device.step)
    return device


NETWORKS = {
    "G1": (lambda: nn.Sequential(conv(16, 64, 1)), "16x12x12"),
    "G2": (lambda: nn.Sequential(conv(16, 16, 3, padding=1, groups=4)), "16x12x12"),
    "G3": (lambda: nn.Sequential(Block(*(conv(8, 8, 1) for _ in range(6)))), "8x12x12"),
    "G4": (lambda: nn.Sequential(conv(8, 8, 1), nn.BatchNorm2d(8), nn.ReLU()), "8x12x12"),
    "all": (
        lambda: nn.Sequential(
            Block(conv(8, 64, 1), conv(64, 64, 1, groups=4), *(conv(64, 64, 1) for _ in range(3)),
                  nn.BatchNorm2d(64), nn.ReLU(inplace=True))
        ),
        "8x12x12",
    ),
    "functions": (Everything, "4x6x6"),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_every_finding_of_a_small_network_is_measured_on_the_processor(name):
    """How long anything takes is not the claim; that it was timed is."""
    make, shape = NETWORKS[name]
    lint = lint_model(make(), input=shape, verify=99, seconds=0.05, threads=1)
    assert lint.findings
    assert set(lint.linting.savings) == set(range(len(lint.findings)))
    for saving in lint.linting.savings.values():
        assert saving.block_s > 0
        assert saving.low_s is None or saving.low_s <= saving.seconds <= saving.high_s
    assert "measured (ms)" in lint._repr_markdown_()


@pytest.mark.parametrize(
    "settings",
    [{"batch": 3}, {"dtype": "bfloat16"}, {"channels_last": True}],
    ids=["batch", "bfloat16", "channels last"],
)
def test_other_settings_are_measured_too(settings):
    make, shape = NETWORKS["all"]
    lint = lint_model(make(), input=shape, verify=99, seconds=0.05, threads=1, **settings)
    assert set(lint.linting.savings) == set(range(len(lint.findings)))


def test_only_as_many_as_were_asked_for_are_measured_the_dearest_first(scripted):
    said = []
    lint = lint_model("mobilenet_v2_x0_35", input="3x64x64", verify=2, say=said.append)
    assert set(lint.linting.savings) == {0, 1}
    first = lint.findings[0]
    assert said == [
        f"verify 1 of 2: {first.guideline} {first.path}",
        f"verify 2 of 2: {lint.findings[1].guideline} {lint.findings[1].path}",
    ]


def test_without_verify_nothing_is_run(monkeypatch):
    monkeypatch.setattr(savings.prepare, "prepare", lambda *_, **__: pytest.fail("it was loaded"))
    assert lint_model("mobilenet_v2").linting.savings == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "shape"),
    [
        ("shufflenet_v1_x0_5_g3", "3x64x64"),
        ("shufflenet_v2_x0_5", "3x64x64"),
        ("mobilenet_v3_small", "3x64x64"),
        ("squeezenet1_1", "3x64x64"),
    ],
)
def test_what_is_timed_is_what_was_found(model, shape, scripted):
    """The operators that run are those of the finding's block, by name, in their order."""
    lint = lint_model(model, input=shape, verify=99, threads=1)
    assert lint.linting.savings
    check_names(lint, scripted)


def check_names(lint, device):
    """What ran are the operators of each measured finding: all of its block, then without the cause."""
    ran = [run for run in device.runs if run.names or run.calls]
    expected = []
    ops = lint.linting.network.ops
    for finding in (lint.findings[i] for i in sorted(lint.linting.savings)):
        expected.append([ops[i].op for i in finding.block])
        rest = [ops[i].op for i in finding.block if i not in finding.ops]
        if without := [*rest, *(["conv2d"] if finding.instead else [])]:
            expected.append(without)
    assert [run.names for run in ran] == expected


class Flattens(nn.Module):
    """In NHWC a flatten copies, in NCHW it is a view."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 16, 5)
        self.act = nn.ReLU()
        self.head = nn.Sequential(nn.Linear(5, 5), nn.ReLU())

    def forward(self, x):
        return self.head(self.act(self.fc(self.conv(x).flatten(1))))


@pytest.mark.parametrize(
    "layout",
    [
        False,
        pytest.param(
            True,
        ),
    ],
    ids=["contiguous", "channels last"],
)
def test_in_another_layout_the_same_operators_are_timed(layout, scripted):
    lint = lint_model(Flattens(), input="3x4x4", verify=9, channels_last=layout, threads=1)
    check_names(lint, scripted)


@pytest.mark.parametrize("dimensions", [1, 3])
def test_signals_and_volumes_are_measured_or_left_out_but_do_not_end_the_run(dimensions):
    kind = {1: nn.Conv1d, 3: nn.Conv3d}[dimensions]
    network = nn.Sequential(kind(16, 64, 1, bias=False), nn.ReLU())
    shape = "16x" + "x".join(["12"] * dimensions)
    lint = lint_model(network, input=shape, verify=9, seconds=0.05, threads=1)
    assert lint.linting.savings


def test_a_finding_that_cannot_be_timed_on_its_own_leaves_the_others_measured(monkeypatch):
    """`savings`: "one whose operators cannot be called again has none"."""
    real = savings.measure

    def refuses(finding, *args, **settings):
        if "norm" in finding.cause:
            raise RuntimeError("cannot be called again")
        return real(finding, *args, **settings)

    monkeypatch.setattr(savings, "measure", refuses)
    make, shape = NETWORKS["G4"]
    lint = lint_model(make(), input=shape, verify=9, seconds=0.05, threads=1)
    assert [lint.findings[i].cause for i in lint.linting.savings] == ["1 x activation"]


def test_whatever_goes_wrong_with_one_is_ours_to_explain(monkeypatch):
    def refuses(*_, **__):
        raise RuntimeError("cannot be called again")

    monkeypatch.setattr(savings, "measure", refuses)
    make, shape = NETWORKS["G4"]
    try:
        lint = lint_model(make(), input=shape, verify=9, seconds=0.05, threads=1)
    except LightbenchError as error:
        assert "cannot be timed on its own: RuntimeError: cannot be called again." in error.message
    else:
        assert lint.linting.savings == {}


def test_a_network_that_fails_on_data_alone_is_explained():
    class Raises(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = conv(3, 3, 1)

        def forward(self, x):
            if not x.is_meta:
                raise KeyError("stage5")
            return F.relu(self.conv(x))

    with pytest.raises(ModelError, match=r"failed in Raises .*KeyError: 'stage5'"):
        lint_model(Raises(), input="3x4x4", verify=1, seconds=0.05)


def test_the_callers_network_random_numbers_and_threads_stay_as_they_were():
    # G1, for which a random stand-in is made, and whatever changes what it works on
    network = nn.Sequential(conv(4, 64, 1), conv(64, 4, 1), Everything(), nn.Dropout())
    network.train()
    network[2].norm.eval()
    modes = {name: module.training for name, module in network.named_modules()}
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    ids = [id(parameter) for parameter in network.parameters()]
    threads = torch.get_num_threads()
    random.seed(3)
    torch.manual_seed(3)
    states = random.getstate(), torch.get_rng_state()
    lint = lint_model(network, input="4x12x12", verify=99, seconds=0.05, threads=2)
    assert any(lint.findings[i].guideline == "G1" for i in lint.linting.savings)
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    assert torch.get_num_threads() == threads
    assert {name: module.training for name, module in network.named_modules()} == modes
    assert [id(parameter) for parameter in network.parameters()] == ids
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())


def test_on_the_device_that_takes_a_millisecond_for_everything_the_numbers_are_exact():
    """With and without are 1 ms; 16 -> 64 has the MAdds of 32 -> 32, which are a multiple of 8."""
    make, shape = NETWORKS["G1"]
    lint = lint_model(make(), input=shape, verify=1, seconds=0.05, device="null")
    (saving,) = lint.linting.savings.values()
    assert saving.block_s == 0.001
    assert saving.seconds == saving.low_s == saving.high_s == 0.0
