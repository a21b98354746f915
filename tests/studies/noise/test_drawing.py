"""The noise of a machine, drawn."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from drawings import texts

from lightbench.errors import UsageError
from lightbench.stats.bootstrap import Odds
from lightbench.studies.noise.drawing import draw_noise


def odds(seconds, smallest, alarms=5, same=0.9):
    return Odds(
        seconds=seconds, runs=1000, alarms=alarms, same=same, unclear=1 - same - alarms / 1000, found=0.5,
        smallest=smallest, clear_at=None, extrapolated=False,
    )  # fmt: skip


def noise(wall, cpu=(), device_s=None):
    return SimpleNamespace(
        wall=wall, cpu=cpu, tolerance=0.02, samples={"a": SimpleNamespace(device_s=device_s)}
    )


GATES = (odds(5.0, 0.08), odds(20.0, 0.04), odds(60.0, None))


def test_the_smallest_slowdown_is_drawn_by_seconds_beside_the_tolerance():
    left, _ = draw_noise(noise(GATES), "Noise").axes
    found, tolerance = left.lines
    assert [tuple(point) for point in found.get_xydata()] == [(5, 8), (20, 4)]
    assert tolerance.get_ydata() == [2, 2]
    assert {"8.0 %", "4.0 %", "tolerance 2.0 %", "wall clock"} <= set(texts(left))


def test_shares_of_identical_sides_make_a_hundred_and_alarms_have_their_bound():
    _, right = draw_noise(noise(GATES), "Noise").axes
    tops = [bar.get_y() + bar.get_height() for bar in right.patches[-3:]]
    assert tops == pytest.approx([100] * 3)
    # Clopper and Pearson's bound of 5 of 1000
    assert any(text.startswith("0.5 % false,\nat most 1.0") for text in texts(right))


def test_a_clock_of_its_own_is_a_line_of_its_own():
    left, _ = draw_noise(noise(GATES, cpu=(odds(5.0, 0.03),), device_s=(1.0,)), "Noise").axes
    assert left.get_legend_handles_labels()[1] == ["device clock", "CPU clock"]


def test_gates_that_find_nothing_say_so():
    left, _ = draw_noise(noise((replace(GATES[0], smallest=None),)), "Noise").axes
    assert "none is found" in texts(left)


def test_without_a_gate_there_is_nothing_to_draw():
    with pytest.raises(UsageError, match="nothing to draw"):
        draw_noise(noise((None, None)), "Noise")
