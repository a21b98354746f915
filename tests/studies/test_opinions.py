"""What other tools count is stored beside ours: opinions, with each tool's version and both counts."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError

import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.costs import crosscheck
from lightbench.records import InputSpec

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of thop and fvcore


# Opinions.


def test_opinions_name_the_tool_with_its_version_and_both_counts():
    """ResNet-18: thop adds 4 for each of 2,483,712 batch-normalised elements (x4 = 9,934,848) and
    25,600 for the pooling to 1,814,073,344 MAdds; it and fvcore are pinned."""
    record = lb.count("resnet18").checked()
    thop, fvcore = record.opinions
    assert (thop.tool, fvcore.tool) == ("thop", "fvcore")
    assert thop.version.startswith("0.1.1")
    assert fvcore.version.startswith("0.1.5")
    assert thop.theirs == thop.ours == 1_814_073_344 + 9_934_848 + 25_600
    assert record.study == "crosscheck"
    assert record.costs == lb.count("resnet18").costs


def test_the_tools_run_once_however_often_they_are_asked(monkeypatch):
    asked = []
    tools = {"fvcore": lambda _net, _args: asked.append(1) or 7}
    monkeypatch.setattr(crosscheck, "TOOLS", tools)
    counted = lb.count("example_conv_g4")
    (opinion,) = counted.crosscheck()
    assert counted.checked().opinions == (opinion,)
    rows = counted.conventions(["paper", "fvcore"], check=True)
    assert [row.check for row in rows] == ["", opinion.verdict]
    assert asked == [1]


def test_a_tool_that_is_not_installed_has_no_version_and_says_so(monkeypatch):
    def missing(_name):
        raise PackageNotFoundError

    monkeypatch.setattr(crosscheck, "version", missing)
    monkeypatch.setitem(sys.modules, "thop", None)  # importing it fails
    monkeypatch.setitem(crosscheck.TOOLS, "fvcore", lambda _net, _args: 1 / 0)
    thop, fvcore = lb.count("example_conv_g4").crosscheck()
    assert (thop.version, thop.theirs) == (None, None)
    assert thop.verdict.startswith("thop does not load: ")
    assert fvcore.verdict == "fvcore failed: ZeroDivisionError: division by zero"
    assert thop.ours > 0


def test_a_counted_case_says_its_inputs_batch_and_precision():
    case = lb.count("resnet18", input="3x32x32", batch=4, dtype="bfloat16").case
    assert (case.model, case.batch, case.dtype) == ("resnet18", 4, "bfloat16")
    assert case.inputs == (InputSpec(shape=(3, 32, 32)),)
    args = (torch.zeros(5, 3, 8, 8, dtype=torch.float64),)
    case = lb.count(nn.Conv2d(3, 4, 1).double(), args=args).case
    assert (case.model, case.batch, case.dtype) == ("Conv2d", 5, "float64")
    assert case.inputs == (InputSpec(shape=(3, 8, 8)),)
