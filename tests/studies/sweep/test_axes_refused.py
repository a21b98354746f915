"""What cannot be swept is refused, and what can be is told."""

from __future__ import annotations

import pytest

from lightbench import sweep as run_sweep
from lightbench.errors import UnknownName, UsageError
from lightbench.studies.sweep.axes import plan_axis
from lightbench.studies.sweep.plan import Point, Sweep

# Errors.


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("gruops",), "no axis is called 'gruops'. Did you mean groups?"),
        (("",), "no axis is called ''. Known: ratio, groups, kernel"),
        (("batch", 128, "madds"), "batch cannot be swept at constant madds. Known: --constant width"),
        (("activation", 128, "madds"), "Known: --constant width."),
        (("groups", 128, "time"), "cannot be swept at constant time. Known: --constant madds, width"),
        (("groups", 0), "groups takes 1 to 2,048 channels, got 0. Try --channels 128."),
        (("groups", -1), "got -1. Try --channels 128."),
        (("groups", 10**9), "groups takes 1 to 2,048 channels, got 1000000000."),
        (("groups", 2049), "got 2049."),
        (("ratio", 7), "ratio takes 8 to 2,048 channels, got 7."),
        (("shuffle", 7), "a multiple of 2 channels, got 7."),
        (("loop", 100), "loop takes a multiple of 8 channels, got 100. Try --channels 128."),
        (("loop", 4), "a multiple of 8 channels, got 4."),
    ],
)  # fmt: skip
def test_what_cannot_be_swept_is_told_what_can(asked, words):
    with pytest.raises((UnknownName, UsageError)) as error:
        plan_axis(*asked)
    assert words in " ".join(str(error.value).split())


@pytest.mark.parametrize(
    ("axis", "channels"),
    [("shuffle", 1), ("shuffle", 5), ("shuffle", 127), ("excite", 1), ("excite", 3)],
)
def test_channels_that_a_stack_cannot_have_are_refused_when_it_is_planned(axis, channels):
    """Two groups do not divide an odd number; a quarter of fewer than four channels is none."""
    with pytest.raises(UsageError, match="--channels"):
        plan_axis(axis, channels)


@pytest.mark.parametrize("text", ["56", "3x56x56", "0x5", "", "5xx5", "-1x5"])
def test_a_map_has_a_height_and_a_width(text):
    with pytest.raises(UsageError):
        run_sweep("groups", input=text, device="null")


def test_a_sweep_needs_distinct_points_and_its_reference():
    one, two = Point("a", "grouped", {"c": 1}), Point("b", "grouped", {"c": 2})
    assert Sweep("x", (one, two), reference="b").title == "x"
    for points_, reference in (((one, one), "a"), ((one, two), "c"), ((), "a")):
        with pytest.raises(ValueError, match="distinct points"):
            Sweep("x", points_, reference=reference)
