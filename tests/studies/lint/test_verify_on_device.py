"""Findings measured on a device: which of them, in every setting, and what may go wrong."""

from __future__ import annotations

import random
import re

import pytest
import torch
from breaking import Block, conv
from timed_operators import Everything, Scripted
from torch import nn
from torch.nn import functional as F

from lightbench import devices
from lightbench.errors import LightbenchError, ModelError
from lightbench.studies.lint import savings
from lightbench.studies.lint.api import lint as lint_model

pytestmark = pytest.mark.usefixtures("quick")


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
    assert re.search(r"\bmeasured \((ns|us|ms)\)", lint._repr_markdown_())


@pytest.mark.parametrize(
    "settings",
    [{"batch": 3}, {"dtype": "bfloat16"}, {"layout": "channels_last"}],
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
        f"verify 1 of 2: {first.guideline} {first.layer}",
        f"verify 2 of 2: {lint.findings[1].guideline} {lint.findings[1].layer}",
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
        "contiguous",
        pytest.param(
            "channels_last",
        ),
    ],
    ids=["contiguous", "channels last"],
)
def test_in_another_layout_the_same_operators_are_timed(layout, scripted):
    lint = lint_model(Flattens(), input="3x4x4", verify=9, layout=layout, threads=1)
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
