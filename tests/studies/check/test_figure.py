"""A check, drawn."""

from __future__ import annotations

import msgspec
import pytest
from drawings import UGLY, texts

from lightbench.errors import UsageError
from lightbench.records.findings import Check, CheckedMetric
from lightbench.studies.check.figure import LOOKS, allowed, draw
from lightbench.studies.compare.rows import Row


def latency(change, low=None, high=None, limit="+2.0 %", state="ok", verdict="same"):
    return CheckedMetric(
        metric="latency_s", before=0.010, now=0.010 * (1 + change), verdict=verdict, state=state,
        change=change, low=low, high=high, limit=limit,
    )  # fmt: skip


def count(before, now):
    change = (now - before) / before
    verdict = "equal" if now == before else "more"
    return CheckedMetric(
        metric="madds", before=before, now=now, verdict=verdict, state="ok", change=change
    )


@pytest.fixture
def checked(make_record):
    def made(*metrics, model="net", against="origin/main"):
        return msgspec.structs.replace(
            make_record(model), found=Check(against=against, metrics=metrics)
        )

    return made


def test_a_change_stands_at_its_per_cent_with_its_interval_in_the_look_of_its_state(checked):
    (axes,) = draw([checked(latency(0.05, 0.04, 0.07, state="regression", verdict="slower"))]).axes
    bounds, dot = axes.lines[:2]
    assert bounds.get_xdata() == pytest.approx([4, 7])
    assert dot.get_xdata() == pytest.approx([5])
    assert (dot.get_color(), dot.get_marker()) == LOOKS["regression"]
    assert "+5.0 % slower" in texts(axes)


def test_the_band_is_what_is_allowed_on_both_sides(checked):
    """Faster by as much is 1/1.25: -20 %."""
    (axes,) = draw([checked(latency(0.01, -0.01, 0.02, limit="20.0 ms, +25.0 %"))]).axes
    (band,) = axes.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((-20, 25))


@pytest.mark.parametrize(
    ("limit", "fraction"),
    [("+2.0 %", 0.02), ("20.0 ms, +25 %", 0.25), ("20.0 ms", None), ("", None)],
)
def test_what_is_allowed_is_read_from_the_limit(limit, fraction):
    row = Row("net", "latency_s", 0.01, 0.01, "same", "ok", limit=limit)
    assert allowed(row) == fraction


def test_counts_that_are_equal_have_no_row_and_are_told(checked):
    figure = draw([checked(latency(0.0, -0.01, 0.01), count(100, 100), count(100, 104))])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["latency", "MAdds"]
    assert any("1 of 3 rows are equal" in text for text in texts(figure))


def test_of_several_models_each_row_has_its_name_which_stays_text(checked):
    figure = draw([checked(latency(0.0, -0.01, 0.01), model=name) for name in UGLY])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert f"{UGLY[1]}: latency" in names
    assert "change against origin/main" in texts(figure)


def test_budgets_alone_have_no_change_to_draw(checked):
    alone = CheckedMetric(metric="params", before=None, now=5, verdict="within", state="ok")
    for record in (checked(), checked(alone), checked(count(5, 5))):
        with pytest.raises(UsageError, match="nothing to draw"):
            draw([record])
