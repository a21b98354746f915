"""The figures of engines: multiples of eager's time, and one Pareto front for each engine."""

from __future__ import annotations

import pytest
from engine_records import EAGER, FAR, ORT, OV, TIMES, table, timed

from lightbench.errors import UsageError
from lightbench.models.accuracy import Accuracy
from lightbench.reports.figures.engines import draw
from lightbench.reports.figures.fronts import draw as draw_fronts

OWN = {
    name: Accuracy(top1, "mine", measured=True)
    for name, top1 in zip("abcde", (60, 65, 70, 55, 50), strict=True)
}


def marks(axes, kinds):
    """Where points stand, by their mark."""
    return [
        (line.get_marker(), *line.get_xydata()[0])
        for line in axes.get_lines()
        if line.get_marker() in kinds
    ]


# Multiples of eager's time.


def test_each_network_is_a_row_and_what_gains_most_is_at_the_top(make_record):
    (axes,) = draw(table(make_record, TIMES)).axes
    rows = [text.get_text() for text in axes.get_yticklabels()]
    assert rows == ["e", "b", "d", "a", "c"]  # 0.24 0.23, 0.26 0.28, 0.27 0.29, 0.36 0.42, 0.5 0.5
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first is at the top


def test_engines_have_marks_of_their_own_at_their_ratio_on_a_logarithmic_scale(make_record):
    figure = draw(table(make_record, TIMES))
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    ort = [x for _, x, _ in marks(axes, {"o"})]
    assert sorted(ort) == pytest.approx(sorted(row[ORT] / row[EAGER] for row in TIMES.values()))
    assert len(marks(axes, {"s"})) == 5
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [ORT, OV]
    assert axes.get_xlim()[1] > 1


def test_what_is_in_no_ranking_is_not_drawn(make_record):
    found = table(make_record, TIMES, outputs={("a", ORT): FAR})
    assert len(marks(draw(found).axes[0], {"o"})) == 4


def test_without_anything_beside_eager_there_is_nothing_to_draw(make_record):
    apart = [timed(make_record, "a", EAGER, 2.0), timed(make_record, "a", ORT, 1.0, run="two")]
    with pytest.raises(UsageError, match="nothing to draw"):
        draw(apart)


def test_many_engines_stay_within_their_row(make_record):
    row = {EAGER: 10.0, **{f"engine{i}": 3.0 + i for i in range(9)}}
    (axes,) = draw(table(make_record, {"a": row, "b": row})).axes
    places = [
        line.get_ydata()[0] for line in axes.get_lines() if line.get_label().startswith("engine")
    ]
    assert len(places) == 9
    assert all(abs(place) < 0.5 for place in places)


# Fronts.


def test_every_engine_has_a_front_of_its_own_and_none_mixes_them(make_record):
    """By eager a is on the front, by ONNX Runtime b beats it in both."""
    figure = draw_fronts(table(make_record, TIMES), OWN)
    eager, ort, ov, madds = figure.axes[:4]
    assert [axes.get_title(loc="left") for axes in (eager, ort, ov)] == [EAGER, ORT, OV]

    def on(axes):
        return {
            line.get_ydata()[0]
            for line in axes.get_lines()
            if line.get_marker() in "oD" and line.get_color() == "black"
        }

    assert on(eager) == {55, 60, 65, 70}
    assert on(ort) == {55, 65, 70}
    assert madds.get_title(loc="left") == "Accuracy against multiply-adds"
    assert eager.get_xlim() == ort.get_xlim() == ov.get_xlim()


def test_a_number_is_the_same_network_in_every_panel(make_record):
    figure = draw_fronts(table(make_record, TIMES), OWN)
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert key == ["1  d", "2  e", "3  a", "4  b", "5  c"]  # fastest first, by eager
    assert all({t.get_text() for t in axes.texts} == set("12345") for axes in figure.axes[:4])


def test_a_network_that_one_engine_cannot_run_is_in_the_panels_of_the_others(make_record):
    times = {**TIMES, "c": {EAGER: 57.4, ORT: None, OV: 28.7}}
    figure = draw_fronts(table(make_record, times), OWN)
    assert [len(axes.texts) for axes in figure.axes[:4]] == [5, 4, 5, 5]
    said = " ".join(figure._suptitle.get_text().split())
    assert "1 of 15 cases have no known accuracy, or no time to compare" in said


def test_two_engines_stand_beside_the_multiply_adds_in_one_row(make_record):
    times = {name: {e: row[e] for e in (EAGER, ORT)} for name, row in TIMES.items()}
    figure = draw_fronts(table(make_record, times), OWN)
    assert figure.axes[0].get_subplotspec().get_gridspec().get_geometry() == (1, 3)


def test_without_accuracies_there_is_no_front(make_record):
    with pytest.raises(UsageError, match="nothing to draw"):
        draw_fronts(table(make_record, TIMES), {})


def test_of_a_single_engine_there_is_nothing_to_draw(make_record):
    alone = [timed(make_record, "a", EAGER, 2.0)]
    for figure in (draw, draw_fronts):
        with pytest.raises(UsageError, match="no case ran by several engines"):
            figure(alone)
