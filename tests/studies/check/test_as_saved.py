"""A baseline brings its own settings: what nobody says is as it was when it was saved."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from lightbench.records import Case
from lightbench.records.inputs import InputSpec
from lightbench.studies.check.as_saved import as_saved, differs

INPUTS = (InputSpec.parse("3x224x224"),)
USUAL = Case(model="net.py:Net", inputs=INPUTS)


@pytest.fixture
def saved(make_record):
    """A baseline of these cases, each one record."""

    def of(*cases):
        return [replace(make_record(case.model), case=case) for case in cases]

    return of


def test_what_is_not_said_is_as_in_the_baseline(saved):
    case = replace(USUAL, batch=8, threads=1, inputs=(InputSpec.parse("3x64x64"),))
    assert as_saved(USUAL, (), saved(case)) == case


def test_the_same_network_may_be_written_otherwise_there(saved):
    case = replace(USUAL, model="./net.py:Net()", batch=8)
    assert as_saved(USUAL, (), saved(case)) == replace(case, model="net.py:Net")


def test_what_is_said_is_so_and_the_rest_as_in_a_case_that_agrees(saved):
    one, eight = replace(USUAL, batch=1, threads=2), replace(USUAL, batch=8, threads=1)
    asked = replace(USUAL, batch=8)
    assert as_saved(asked, {"batch"}, saved(eight, one)) == eight
    other = replace(USUAL, inputs=(InputSpec.parse("3x32x32"),))
    assert as_saved(other, {"input"}, saved(eight)) == replace(eight, inputs=other.inputs)
    four = replace(USUAL, batch=4)  # which it does not have: only that is not comparable then
    assert as_saved(four, {"batch"}, saved(eight, one)) == replace(one, batch=4)


def test_of_several_it_is_the_case_itself_or_else_the_latest(saved):
    one, two = replace(USUAL, batch=2), replace(USUAL, batch=3)
    assert as_saved(USUAL, (), saved(one, two)) == two
    assert as_saved(USUAL, (), saved(one, USUAL, two)) == USUAL


def test_a_baseline_of_other_networks_brings_nothing(saved):
    assert as_saved(USUAL, (), saved(replace(USUAL, model="other", batch=8))) == USUAL
    assert as_saved(USUAL, (), []) == USUAL


@pytest.mark.parametrize("device", ["cuda:7", "gone:0"])
def test_a_device_that_is_not_here_is_not_taken_along(saved, device):
    """What is counted can be compared without it."""
    there = replace(USUAL, device=device, options=("npu-jit",), batch=8)
    assert as_saved(USUAL, (), saved(there)) == replace(USUAL, batch=8)


def test_what_was_taken_is_told_as_it_is_typed():
    case = replace(
        USUAL, batch=8, threads=1, layout="channels_last", inputs=(InputSpec.parse("3x64x64"),)
    )
    assert differs(case, USUAL) == "--batch 8 --channels-last --threads 1 --input 3x64x64"
    assert differs(replace(USUAL, batch=1), replace(USUAL, batch=4)) == "--batch 1"
    assert differs(USUAL, USUAL) == ""
