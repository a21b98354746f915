"""What a run of guidelines plans: which sweeps there are, at which channels, widths and seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_sweep import NULL, QUICK, SMALL

from lightbench.errors import UnknownName, UsageError
from lightbench.studies.guidelines.plan import plan, seconds_of
from lightbench.studies.sweep.equal import check_equal_madds, input_of
from lightbench.studies.sweep.plan import Point, Sweep
from lightbench.studies.sweep.run import measure

# What is planned.


def test_a_run_is_four_guidelines_at_three_widths_unless_told_otherwise():
    assert [(s.experiment, s.channels, s.width) for s in plan()] == [
        (name, "aligned", width)
        for name in ("g1_channel_ratio", "g2_group_count", "g3_fragmentation", "g4_elementwise")
        for width in (1, 2, 4)
    ]


@pytest.mark.parametrize("name", ["g2", "g2_group_count"])
def test_a_guideline_has_a_short_and_a_long_name(name):
    assert [s.experiment for s in plan([name], widths=[1])] == ["g2_group_count"]


def test_a_guideline_named_twice_is_measured_once():
    assert len(plan(["g1", "g1_channel_ratio"], widths=[2, 2])) == 1


def test_a_guideline_comes_in_its_own_channels_where_it_has_none_of_those_asked_for():
    channels = {(s.experiment, s.channels) for s in plan(["units", "operators"], widths=[1])}
    assert channels == {("units", "paper"), ("operators", "aligned")}
    three = plan(["units"], channels=["aligned", "paper-gpu", "paper-arm"], widths=[1])
    assert len(three) == 1


def test_wider_networks_get_more_seconds_and_those_at_width_1_what_is_asked_for():
    seconds = [seconds_of(replace(SMALL, width=width), 10.0) for width in (1, 2, 4)]
    assert seconds[0] == 10.0
    assert seconds[0] < seconds[1] < seconds[2] < 160.0  # less than the work grows


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["g5"], {}, "no guideline is called 'g5'"),
        (["unit"], {}, "Did you mean units"),
        (["g2_group_cuont"], {}, "Did you mean g2_group_count"),
        ([], {"channels": ["alligned"]}, "Did you mean aligned"),
        ([], {"channels": [""]}, "Known: aligned, paper-gpu, paper-arm"),
        ([], {"widths": [0]}, "1 to 16, got 0"),
        ([], {"widths": [1, -1]}, "got -1"),
        ([], {"widths": [65]}, "got 65"),
        (["g4"], {"geometry": "quater"}, "Did you mean quarter"),
        (["g4"], {"geometry": ""}, "Known: quarter, uniform, wide"),
    ],
)
def test_a_plan_that_cannot_be_says_what_can(names, options, words):
    with pytest.raises(UsageError) as refused:
        plan(names, **options)
    assert words in f"{refused.value.message} {refused.value.hint}"
    assert refused.value.hint


def test_a_geometry_that_is_unknown_is_refused_whatever_is_measured():
    with pytest.raises(UnknownName):
        plan(["g1"], geometry="nonsense")


@pytest.mark.parametrize(
    "name",
    [
        "g1",
        "g2",
        "g3",
        "g4",
        "units",
        "operators",
    ],
)
def test_a_width_that_is_allowed_can_be_measured(name):
    """The widest, 16: each network is planned, has an input, and the MAdds of the others."""
    (sweep,) = plan([name], widths=[16])
    check_equal_madds(sweep)
    assert all(min(input_of(p, p.size).shape) >= 1 for p in sweep.points)


def test_fewer_multiply_adds_are_not_called_more():
    fewer = replace(SMALL.points[1], settings={"c": 6, "layers": 1})
    sweep = replace(SMALL, points=(SMALL.points[0], fewer), equal_madds=0.1)
    with pytest.raises(UsageError) as refused:
        measure(sweep, NULL, **QUICK)
    assert " has 43.8 % fewer multiply-adds" in refused.value.message  # 6 * 6 of 8 * 8


@pytest.mark.parametrize(
    ("name", "set_"),
    [
        ("g1", "paper-gpu"),
        ("g1", "paper-arm"),
        ("g2", "paper-gpu"),
        ("g2", "paper-arm"),  # x2 is paper-gpu x1
        ("g3", "paper-gpu"),
        ("g3", "paper-arm"),  # x2 is paper-gpu x1
        ("g4", "paper-gpu"),  # x2 is aligned x1
    ],
)
def test_the_papers_own_channels_come_at_every_width(name, set_):
    """Its table cannot be laid out without them."""
    sets = ["aligned", "paper-gpu", "paper-arm"]
    found = [s.width for s in plan([name], channels=sets) if s.channels == set_]
    assert found == [1, 2, 4]


def test_the_same_networks_are_planned_once_whatever_they_are_called():
    """G4's two sets of the paper are one."""
    assert len(plan(["g4"], channels=["paper-gpu", "paper-arm"])) == 3


@pytest.mark.parametrize(
    ("points", "reference"),
    [((), "a"), (("a", "a"), "a"), (("a", "b"), "c"), (("a", "a", "b"), "b")],
)
def test_a_sweep_has_distinct_points_of_which_one_is_the_reference(points, reference):
    with pytest.raises(ValueError, match="distinct points"):
        Sweep("e", tuple(Point(p, "grouped", {"c": 8}) for p in points), reference)
