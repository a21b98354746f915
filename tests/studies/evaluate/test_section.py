"""Evaluations in a report."""

from __future__ import annotations

import msgspec
from evaluations import evaluated, evaluation, of
from made_reports import sections


def test_all_evaluations_are_a_table_and_each_network_has_its_classes_and_figure(make_record):
    records = [evaluated(make_record, n, found=of(90 + i)) for i, n in enumerate("ab")]
    part = sections([*records, make_record("a")])["Accuracy, measured"]
    (view,) = part.views
    assert [view.table.named(row)["top1"] for row in view.table.rows] == [0.9, 0.91]
    assert [inner.title for inner in part.inner] == ["a on digits", "b on digits"]
    assert [inner.model for inner in part.inner] == ["a", "b"]
    assert [inner.drawings[0].name for inner in part.inner] == ["evaluate-1", "evaluate-2"]
    assert len(part.inner[0].drawings[0].draw().axes) == 2
    assert len(part.inner[0].views[0].table.rows) == 2


def test_of_several_evaluations_of_a_network_the_latest_is_drawn(make_record):
    old = evaluated(make_record, found=of(80, run="1"))
    new = msgspec.structs.replace(
        evaluated(make_record, engine="onnxruntime", found=of(90, run="2")),
        time="2026-02-01T00:00:00Z",
    )
    for records in ([old, new], [new, old]):
        (inner,) = sections(records)["Accuracy, measured"].inner
        table = inner.views[0].table
        assert table.named(table.rows[0])["right"] == 90


def test_of_very_many_classes_there_is_no_table_of_them(make_record):
    confusion = tuple(tuple(int(i == j) for j in range(101)) for i in range(101))
    (inner,) = sections([evaluated(make_record, found=evaluation(confusion))])[
        "Accuracy, measured"
    ].inner
    assert inner.views == ()
    assert inner.drawings


def test_without_evaluations_there_is_no_such_part(make_record):
    assert "Accuracy, measured" not in sections([make_record("a")])
