"""An evaluation: what cannot be true cannot be built, and what follows from its counts."""

from __future__ import annotations

import math

import msgspec
import pytest
from evaluations import evaluated, evaluation

from lightbench.errors import StoreError
from lightbench.records import SCHEMA, store
from lightbench.records.collection import Evidence
from lightbench.records.findings import Bin, Evaluation

SIX = tuple(tuple(5 if i == j else 0 for j in range(6)) for i in range(6))


def test_shares_are_of_all_images():
    found = evaluation(SIX, right5=30, unanswered=(10, 0, 0, 0, 0, 0))
    assert (found.images, found.right, found.top1, found.top5) == (40, 30, 0.75, 0.75)
    assert found.of_class == (15, 5, 5, 5, 5, 5)


def test_the_interval_of_top_1_is_wilsons():
    """81 of 263: Newcombe 1998, Table I."""
    found = evaluation(((81, 182), (0, 0)))
    assert (round(found.interval.low, 4), round(found.interval.high, 4)) == (0.2553, 0.3662)


def test_with_fewer_than_six_classes_there_is_no_top_5():
    assert evaluation().top5 is None
    five = tuple(tuple(1 if i == j else 0 for j in range(5)) for i in range(5))
    assert evaluation(five).top5 is None
    assert evaluation(SIX).top5 == 1.0


def test_the_calibration_error_is_that_of_each_bin_weighted_by_its_images():
    """Guo et al. 2017, eq. 3: 60/100 |0.5 - 0.7| + 40/100 |1 - 0.9|."""
    bins = (
        Bin(images=0, right=0, confidence=None),
        Bin(images=60, right=30, confidence=0.7),
        Bin(images=40, right=40, confidence=0.9),
    )
    assert evaluation(((70, 30), (0, 0)), bins=bins).ece == pytest.approx(0.6 * 0.2 + 0.4 * 0.1)


def test_of_answers_that_are_all_no_numbers_there_is_no_calibration():
    found = evaluation(((0, 0), (0, 0)), unanswered=(3, 4), loss=None)
    assert (found.top1, found.ece, found.images) == (0.0, None, 7)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": 21}, "every image counts once"),
        ({"images": 0, "confusion": ((0, 0), (0, 0)), "right": 0, "bins": ()}, "every image"),
        ({"right": 16}, "diagonal"),
        ({"confusion": ((8, 2), (1, 9), (0, 0))}, "a count for each pair"),
        ({"confusion": ((8, 2, 0), (1, 9, 0))}, "a count for each pair"),
        ({"confusion": ((8, 2), (1, 9, 0))}, "a count for each pair"),
        ({"classes": ("a",), "confusion": ((20,),), "right": 20}, "two classes or more"),
        ({"confusion": ((8, -2), (5, 9))}, "counted from 0"),
        ({"unanswered": (1,)}, "counted from 0"),
        ({"unanswered": (1, 0)}, "every image counts once"),
        ({"right5": 17}, "five most probable"),
        ({"bins": ()}, "in one bin"),
        ({"bins": (Bin(images=20, right=16, confidence=0.9),)}, "in one bin"),
        ({"loss": -0.1}, "a loss is 0 or more"),
        ({"loss": math.inf}, "a loss is 0 or more"),
        ({"loss": math.nan}, "a loss is 0 or more"),
        ({"disagreed": 1}, "by another case"),
        ({"disagreed": 21, "against": "eager"}, "by another case"),
    ],
)
def test_what_cannot_be_is_refused(changes, words):
    known = msgspec.structs.asdict(evaluation())
    assert Evaluation(**known) == evaluation()
    with pytest.raises(ValueError, match=words):
        Evaluation(**{**known, **changes})


@pytest.mark.parametrize("right5", [None, 29, 31])
def test_top_5_has_what_top_1_has_and_no_more_than_all(right5):
    known = msgspec.structs.asdict(evaluation(SIX))
    with pytest.raises(ValueError, match="five most probable"):
        Evaluation(**{**known, "right5": right5})


@pytest.mark.parametrize(
    "values",
    [(5, 6, 0.5), (5, -1, 0.5), (0, 0, 0.5), (5, 4, None), (5, 4, 1.1), (5, 4, math.nan)],
)
def test_a_bin_that_cannot_be_is_refused(values):
    with pytest.raises(ValueError, match="bin|confidence"):
        Bin(**dict(zip(("images", "right", "confidence"), values, strict=True)))


def test_the_ends_of_what_can_be_are_possible():
    one = evaluation(((1, 0), (0, 0)), loss=0.0, confidence=1.0, against="eager", disagreed=1)
    assert (one.images, one.loss, one.ece, one.disagreed) == (1, 0.0, 0.0, 1)
    assert evaluation(against="eager", disagreed=0).disagreed == 0
    assert Bin(images=1, right=0, confidence=0.0).confidence == 0


def test_without_an_answer_that_is_no_number_rows_are_all_images():
    assert evaluation(((8, 2), (1, 9))).of_class == (10, 10)


# Stored.


def test_it_comes_back_as_it_was_stored(make_record, tmp_path):
    record = evaluated(make_record, found=evaluation(SIX, right5=30, seed=3))
    store.append(tmp_path / "e.jsonl", [record])
    (again,) = store.read(tmp_path / "e.jsonl")
    assert again == record
    assert (again.study, again.evaluation.seed) == ("evaluate", 3)
    assert store.verify(tmp_path / "e.jsonl") == []


def test_a_stored_one_whose_counts_were_changed_is_refused(make_record, tmp_path):
    store.append(tmp_path / "e.jsonl", [evaluated(make_record)])
    text = (tmp_path / "e.jsonl").read_text()
    (tmp_path / "f.jsonl").write_text(text.replace('"right":17', '"right":18'))
    with pytest.raises(StoreError, match="not a record"):
        store.read(tmp_path / "f.jsonl")


def test_records_from_before_there_were_any_are_read(make_record, tmp_path):
    line = msgspec.json.decode(msgspec.json.encode(make_record())) | {"schema": SCHEMA - 1}
    (tmp_path / "old.jsonl").write_bytes(msgspec.json.encode(line) + b"\n")
    assert store.read(tmp_path / "old.jsonl") == [make_record()]


def test_of_evaluations_the_latest_counts_of_each_case_weights_and_data(make_record):
    first = evaluated(make_record, found=evaluation())
    again = evaluated(make_record, found=evaluation(((10, 0), (0, 10))))
    others = [
        evaluated(make_record, found=evaluation(digest="00000000")),
        evaluated(make_record, found=evaluation(data="cifar10")),
        evaluated(make_record, engine="onnxruntime"),
    ]
    found = Evidence((first, *others, again, make_record())).evaluations
    assert found == (again, *others)
