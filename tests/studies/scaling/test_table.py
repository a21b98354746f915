"""The table of a scaling: what stands in its rows and below."""

from __future__ import annotations

import pytest
from rendering import told

from lightbench.formats import csv, table
from lightbench.studies.scaling.table import scaling_view


def rows(view):
    return [view.table.named(row) for row in view.table.rows]


def said(records):
    return " ".join(told(scaling_view(records).table))


def test_a_row_is_a_point_with_its_throughput_and_efficiency(scaled):
    first, second = rows(scaling_view(scaled({1: 0.010, 2: 0.016})))
    assert (first["batch"], second["batch"]) == (1, 2)
    assert second["throughput_img_s"] == pytest.approx(2 / 0.0176)  # median of the drift: 1.1
    assert second["efficiency"] == pytest.approx(1.25)
    assert second["interval"] == "1.25 to 1.25"
    assert (first["knee"], second["knee"]) == ("knee", "")
    assert first["speed_up"] is None


def test_the_speed_up_is_shown_of_threads_alone(scaled):
    records = [*scaled({1: 0.010}, by="threads"), *scaled({2: 0.008}, by="threads", run="b")]
    assert [row["speed_up"] for row in rows(scaling_view(records))] == pytest.approx([1.0, 1.25])
    assert any("not in the same rounds" in note for note in scaling_view(records).table.notes)


def test_the_knee_is_a_sentence_with_its_source(scaled):
    records = scaled({1: 0.010, 2: 0.020, 4: 0.040})
    text = said(records)
    assert "Kleinrock 1979" in text
    assert "Knee here: batch 1." in text
    assert "Knee here: batch 1." in scaling_view(records).table.sentences


def test_a_knee_that_is_not_known_is_marked_on_each_that_may_be_it(scaled):
    records = scaled({1: [0.010] * 12, 2: [0.020] * 6 + [0.010] * 6, 4: [0.1] * 12})
    assert [row["knee"] for row in rows(scaling_view(records))] == ["knee?", "knee?", ""]
    assert "batch 1 or batch 2: the intervals do not tell" in said(records)


def test_where_it_still_pays_there_is_none(scaled):
    records = scaled({1: 0.010, 2: 0.010})
    assert [row["knee"] for row in rows(scaling_view(records))] == ["", ""]
    assert "none up to batch 2: twice the batch still pays" in said(records)


def test_several_series_are_named_by_what_tells_them_apart(scaled):
    times = {1: 0.010, 2: 0.020}
    text = said([*scaled(times), *scaled(times, engine="onnxruntime")])
    assert "Knee of resnet18, eager: batch 1." in text
    assert "Knee of resnet18, onnxruntime: batch 1." in text


def test_a_point_without_a_result_is_a_row_of_dashes_and_says_why_once(scaled):
    records = scaled({1: 0.010, 2: None, 4: None})
    assert [row["latency_s"] is None for row in rows(scaling_view(records))] == [False, True, True]
    assert said(records).count("out of memory.") == 1
    assert "resnet18, batch 2; resnet18, batch 4: out of memory." in said(records)
    assert "2  x        -" in table.render(scaling_view(records))


def test_nothing_that_grows_is_an_empty_table(make_record):
    view = scaling_view([make_record()])
    assert (view.table.rows, view.table.title) == ((), "Scaling: nothing grows")
    assert table.render(view)
    assert view.data == {"series": []}


def test_programs_get_the_knee_and_every_record(scaled):
    (series,) = scaling_view(scaled({1: 0.010, 2: 0.020})).data["series"]
    assert (series["axis"], series["knee"], series["knee_among"]) == ("batch", 1, [1])
    assert [point["record"]["case"]["batch"] for point in series["points"]] == [1, 2]


def test_names_of_any_origin_are_made_inert(scaled):
    records = scaled({1: 0.010, 2: 0.020}, model="=cmd|'/C calc'!A0\x1b[31m")
    assert "\x1b" not in table.render(scaling_view(records))
    assert "\n=cmd" not in csv.render(scaling_view(records))
