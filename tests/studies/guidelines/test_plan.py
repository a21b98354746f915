"""Which sweeps are planned, also of guidelines that other people have written."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lightbench import registry
from lightbench.errors import UnknownName, UsageError
from lightbench.studies.guidelines.plan import plan
from lightbench.studies.sweep.plan import Point, Sweep

POINTS = (Point("1", "grouped", {"c": 8}), Point("2", "grouped", {"c": 8, "groups": 2}))


@pytest.fixture
def theirs(monkeypatch):
    """A guideline ``g5_theirs`` of another package, with one set of channels of its own."""

    def add(experiment):
        made = SimpleNamespace(
            CHANNELS={"few": (8,)},
            sweep=lambda _channels, _width: Sweep(experiment, POINTS, "1", channels="few"),
        )
        load, names = registry.load, registry.names
        ours = ("guideline", "g5_theirs")
        monkeypatch.setattr(
            registry, "load", lambda kind, name: made if (kind, name) == ours else load(kind, name)
        )
        monkeypatch.setattr(
            registry,
            "names",
            lambda kind: (*names(kind), *(["g5_theirs"] if kind == "guideline" else [])),
        )

    return add


def test_its_own_set_of_channels_can_be_asked_for(theirs):
    theirs("g5_theirs")
    (sweep,) = plan(["g5"], channels=["few"], widths=[1])
    assert (sweep.experiment, sweep.channels) == ("g5_theirs", "few")
    with pytest.raises(UnknownName, match=r"set of channels is called 'fewer'(.|\n)*few"):
        plan(["g5"], channels=["fewer"])


def test_a_set_of_one_guideline_is_none_of_the_others(theirs):
    theirs("g5_theirs")
    with pytest.raises(UnknownName, match="'few'"):
        plan(["g1"], channels=["few"])


def test_records_that_nobody_would_find_are_not_measured(theirs):
    theirs("kernel_size")
    with pytest.raises(UsageError, match=r"g5_theirs makes a sweep called 'kernel_size'"):
        plan(["g5"])
