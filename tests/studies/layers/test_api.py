"""Run-time decomposition from Python: what its answer shows, and what is refused."""

from __future__ import annotations

import pytest
from shuffling import Net

from lightbench.errors import UnknownName, UsageError
from lightbench.studies.layers.api import layers as measure_layers

# Python.


def test_an_answer_shows_itself_and_groups_that_are_not_there_are_refused():
    found = measure_layers(Net(), input="4x8x8", batch=2, threads=1, seconds=0.05)
    assert "features.0" in repr(found)
    assert "sum of operators / whole call" in " ".join(repr(found).split())
    assert list(found.to_pandas()["time_s"]) == [
        *(part.time_s for part in found.parts(None)),
        found.breakdown.total.median,
    ]
    assert found.breakdown.record.case.batch == 2
    with pytest.raises(UnknownName, match="Did you mean kind"):
        found.by("kinds")


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_seconds_are_a_number_above_zero(seconds):
    with pytest.raises(UsageError, match="above zero"):
        measure_layers(Net(), seconds=seconds)


def test_a_class_is_no_model():
    with pytest.raises(UsageError, match="a name or a torch.nn.Module"):
        measure_layers(Net)


def test_the_devices_own_clock_is_what_measures():
    # the null device takes 1 ms for anything: 5 operators, 4 views, 1 call
    found = measure_layers(Net(), input="4x8x8", device="null", seconds=0.01).breakdown
    assert {part.time_s for part in found.layers} == {0.001}
    assert found.views.time_s == pytest.approx(0.004)
    assert found.over_whole.ratio == pytest.approx(9)
