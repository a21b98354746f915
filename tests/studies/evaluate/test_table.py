"""Evaluations as tables and as data."""

from __future__ import annotations

import json

import pytest
from evaluations import evaluated, evaluation, of

from lightbench import registry
from lightbench.studies.evaluate.table import classes_view, evaluations_view


def text(view):
    return " ".join(registry.load("format", "table").render(view).split())


def row_of(view, i=0):
    return view.table.named(view.table.rows[i])


def test_a_row_has_the_share_with_its_interval(make_record):
    """81 of 263: 25.53 % to 36.62 % (Newcombe 1998, Table I)."""
    view = evaluations_view([evaluated(make_record, found=of(81, 263))])
    row = row_of(view)
    assert (row["top1"], row["images"], row["right"]) == (81 / 263, 263, 81)
    assert row["interval"] == "25.5 % to 36.6 %"
    assert view.table.title.startswith("Evaluation: net, digits, weights best.pt (3fa9c1d2), input")
    assert "top-5" not in text(view)


def test_what_tells_rows_apart_is_a_column(make_record):
    records = [
        evaluated(make_record, found=of(90)),
        evaluated(make_record, engine="onnxruntime", found=of(89, against="eager", disagreed=3)),
    ]
    view = evaluations_view(records)
    shown = [column.key for column in view.table.for_people().columns]
    assert "engine" in shown
    assert not {"model", "data", "weights", "digest", "dtype"} & set(shown)
    assert [row_of(view, i)["disagreed"] for i in (0, 1)] == [None, 3]
    assert "otherwise: images answered with another class than by the first row" in text(view)


def test_weights_of_one_name_are_told_by_their_digest(make_record):
    records = [evaluated(make_record, found=of(90, digest=d)) for d in ("aaaaaaaa", "bbbbbbbb")]
    shown = [column.key for column in evaluations_view(records).table.for_people().columns]
    assert "digest" in shown
    assert "weights" not in shown


def test_records_of_other_studies_are_no_rows(make_record):
    view = evaluations_view([make_record("net"), evaluated(make_record)])
    assert len(view.table.rows) == 1


def test_means_are_of_one_pass_and_of_different_weights(make_record):
    """Three weights in one pass, of which two are the same; and one in another."""
    found = [("a", "1", 80), ("b", "1", 90), ("b", "1", 90), ("c", "2", 10)]
    records = [evaluated(make_record, found=of(n, digest=d, run=r)) for d, r, n in found]
    (means,) = evaluations_view(records).above
    (row,) = (means.named(row) for row in means.rows)
    assert (row["weights"], row["top1"]) == (2, pytest.approx(0.85))
    assert (row["top1_lowest"], row["top1_highest"]) == (0.8, 0.9)


def test_a_mean_of_what_is_not_known_is_not_known(make_record):
    records = [
        evaluated(make_record, found=of(90, digest=d, loss=x)) for d, x in (("a", 0.5), ("b", None))
    ]
    (means,) = evaluations_view(records).above
    assert means.named(means.rows[0])["loss"] is None


def test_what_is_no_number_is_a_warning(make_record):
    found = evaluation(((0, 0), (0, 5)), unanswered=(3, 0), loss=None)
    view = evaluations_view([evaluated(make_record, found=found)])
    assert (row_of(view)["unanswered"], view.table.level(view.table.rows[0])) == (3, "warning")
    assert row_of(view)["loss"] is None


def test_the_data_are_plain_and_whole(make_record):
    view = evaluations_view([evaluated(make_record, found=of(90, digest=d)) for d in "ab"])
    data = json.loads(json.dumps(view.data))
    one = data["evaluations"][0]
    assert one["evaluation"]["top1"] == 0.9
    assert one["found"]["confusion"] == [[90, 10], [0, 0]]
    assert "ops" not in one["costs"]
    assert data["over_weights"][0]["top1"]["mean"] == 0.9
    assert data["over_weights"][0]["digests"] == ["a", "b"]


# Class by class.


def test_each_class_has_its_accuracy_and_what_it_is_taken_for(make_record):
    confusion = ((8, 2, 0), (0, 10, 0), (1, 3, 0))
    view = classes_view([evaluated(make_record, found=evaluation(confusion, unanswered=(0, 0, 1)))])
    rows = [row_of(view, i) for i in range(3)]
    assert [row["images"] for row in rows] == [10, 10, 5]
    assert [row["accuracy"] for row in rows] == [0.8, 1.0, 0.0]
    assert [(row["taken_for"], row["times"]) for row in rows] == [("1", 2), ("", None), ("1", 3)]
    assert rows[2]["unanswered"] == 1
    assert rows[1]["interval"] == "72.2 % to 100.0 %"  # Wilson: n / (n + 3.84)


def test_the_mean_of_classes_of_one_size_is_the_accuracy_of_all(make_record):
    """A tutorial's, of 1,000 images each: 74.12 89.19 58.43 74.20 61.20 49.75 57.70 73.70 90.09 92.18 %, mean 72.06 %."""
    shares = [741, 892, 584, 742, 612, 498, 577, 737, 901, 922]
    confusion = tuple(
        tuple(n if i == j else (1000 - n if j == (i + 1) % 10 else 0) for j in range(10))
        for i, n in enumerate(shares)
    )
    record = evaluated(make_record, found=evaluation(confusion))
    view = classes_view([record])
    accuracies = [row_of(view, i)["accuracy"] for i in range(10)]
    assert sum(accuracies) / 10 == pytest.approx(record.evaluation.top1)
    assert round(100 * record.evaluation.top1, 1) == 72.1


def test_a_class_without_images_has_no_accuracy(make_record):
    row = row_of(classes_view([evaluated(make_record, found=evaluation(((5, 0), (0, 0))))]), 1)
    assert (row["images"], row["accuracy"], row["interval"], row["taken_for"]) == (
        0,
        None,
        None,
        "",
    )
