"""What answers come to: numbers that are known by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lightbench.records.findings import Evaluation
from lightbench.studies.evaluate.answers import (
    BINS,
    NO_NUMBER,
    answers_of,
    counted,
    joined,
)

NAN, INF = float("nan"), float("inf")


def found_in(rows, labels, *, probabilities=False):
    rows = torch.as_tensor(rows, dtype=torch.float64)
    answers = answers_of(rows, torch.tensor(labels), probabilities=probabilities)
    return answers, Evaluation(
        run="r", data="d", weights=None, digest="0", classes=tuple(map(str, range(rows.shape[1]))),
        **counted(answers, rows.shape[1]),
    )  # fmt: skip


def logits_of(*shares):
    return [math.log(share) for share in shares]


# By hand.


def test_confusion_loss_and_accuracy_are_those_of_two_classes():
    """Image 0 (class 0) 0.8 right, 1 (class 0) 0.6 wrong, 2 (class 1) 0.9 right."""
    rows = [logits_of(0.8, 0.2), logits_of(0.4, 0.6), logits_of(0.1, 0.9)]
    _, found = found_in(rows, [0, 0, 1])
    assert found.confusion == ((1, 1), (0, 1))
    assert found.top1 == pytest.approx(2 / 3)
    assert found.loss == pytest.approx(-(math.log(0.8) + math.log(0.4) + math.log(0.9)) / 3)


def test_the_loss_is_that_of_pytorch():
    rows = torch.randn(50, 7, generator=torch.Generator().manual_seed(0))
    labels = [i % 7 for i in range(50)]
    _, found = found_in(rows, labels)
    theirs = torch.nn.functional.cross_entropy(rows, torch.tensor(labels))
    assert found.loss == pytest.approx(float(theirs), rel=1e-6)


def test_the_calibration_error_of_four_answers():
    """Confidence 0.8 and 0.82 in one bin (12/15 to 13/15), one of them right: |0.5 - 0.81|; 0.6 (8/15 to 9/15] and 0.95,
    both right: 0.4 and 0.05. Weighted: (2 * 0.31 + 0.4 + 0.05) / 4."""
    rows = [logits_of(p, 1 - p) for p in (0.81, 0.82, 0.6, 0.95)]
    _, found = found_in(rows, [0, 1, 0, 0])
    error = (2 * abs(0.5 - 0.815) + 0.4 + 0.05) / 4
    assert found.ece == pytest.approx(error)
    assert [b.images for b in found.bins if b.images] == [1, 2, 1]


@pytest.mark.parametrize(
    ("confidence", "place"), [(10 / 15, 9), (10.01 / 15, 10), (1.0, 14), (1 / 15, 0)]
)
def test_a_confidence_on_a_border_is_in_the_bin_below(confidence, place):
    """Bins are from above one border up to the next (Guo et al. 2017, section 2)."""
    answers, _ = found_in([[1.0, 0.0]], [0])
    exact = answers._replace(confidence=torch.tensor([confidence], dtype=torch.float64))
    bins = counted(exact, 2)["bins"]
    assert len(bins) == BINS
    assert [i for i, each in enumerate(bins) if each.images] == [place]


def test_top_5_has_the_fifth_and_not_the_sixth():
    rows = [[float(-i) for i in range(8)]] * 8
    answers, found = found_in(rows, list(range(8)))
    assert answers.rank.tolist() == list(range(8))
    assert (found.right, found.right5, found.images) == (1, 5, 8)


def test_a_network_that_is_surely_wrong_has_no_finite_loss():
    _, found = found_in([[0.0, -INF], [0.0, -INF]], [0, 1])
    assert (found.right, found.loss) == (1, None)
    assert found.bins[-1].confidence == 1.0


# Ties.


def test_of_equal_classes_the_first_is_answered():
    answers, found = found_in([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [0, 1, 2])
    assert answers.predicted.tolist() == [0, 0, 0]
    assert answers.rank.tolist() == [0, 1, 2]
    assert answers.tied.tolist() == [True, True, True]
    assert found.right == 1


def test_a_network_that_always_answers_the_same_is_right_as_often_as_chance():
    _, found = found_in(torch.zeros(100, 10), [i % 10 for i in range(100)])
    assert (found.top1, found.top5) == (0.1, 0.5)
    assert found.loss == pytest.approx(math.log(10))
    assert found.ece == pytest.approx(0.0)


def test_where_one_class_is_the_most_probable_nothing_is_tied():
    answers, _ = found_in([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [0, 0])
    assert answers.tied.tolist() == [False, False]


def test_of_five_classes_all_are_among_five():
    _, found = found_in(torch.eye(5), list(range(5)))
    assert found.right5 is None


# What is no number.


@pytest.mark.parametrize(
    "row", [[NAN, 0.0, 0.0], [NAN] * 3, [INF, 0.0, 0.0], [-INF] * 3, [0.0, 0.0, NAN]], ids=str
)
def test_an_answer_that_is_no_number_is_wrong_whatever_stands_beside_it(row):
    answers, found = found_in([row, [0.0, 5.0, 0.0]], [0, 1])
    assert answers.predicted.tolist() == [NO_NUMBER, 1]
    assert (found.images, found.right, found.unanswered) == (2, 1, (1, 0, 0))
    assert found.loss is None
    assert sum(b.images for b in found.bins) == 1
    assert not answers.tied[0]


def test_it_is_among_no_five_either():
    _, found = found_in([[NAN] * 7] * 7, list(range(7)))
    assert (found.right, found.right5, found.ece) == (0, 0, None)


def test_classes_that_are_ruled_out_are_no_fault():
    """-inf is a probability of 0."""
    answers, found = found_in([[0.0, -INF, 0.0]], [2])
    assert found.unanswered == ()
    assert float(answers.confidence[0]) == pytest.approx(0.5)


# What a network ends with.


def test_softmax_is_taken_once():
    rows = torch.randn(6, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    labels = [0, 1, 2, 3, 0, 1]
    _, scores = found_in(rows, labels)
    _, logs = found_in(rows.log_softmax(1), labels)
    _, shares = found_in(rows.softmax(1), labels, probabilities=True)
    for other in (logs, shares):
        assert other.loss == pytest.approx(scores.loss)
        assert other.ece == pytest.approx(scores.ece)
        assert other.confusion == scores.confusion


def test_a_probability_that_float32_has_rounded_to_nothing_has_a_finite_loss():
    _, found = found_in([[1.0, 0.0]], [1], probabilities=True)
    assert found.loss == pytest.approx(-math.log(1e-38))


# Parts.


@given(st.integers(1, 30), st.integers(1, 12))
def test_it_does_not_matter_how_many_are_answered_at_once(images, size):
    """None is lost with a batch that is not full, and none counts twice."""
    rows = torch.randn(images, 6, generator=torch.Generator().manual_seed(images))
    labels = torch.arange(images) % 6
    parts = [
        answers_of(rows[i : i + size].double(), labels[i : i + size], probabilities=False)
        for i in range(0, images, size)
    ]
    whole = answers_of(rows.double(), labels, probabilities=False)
    assert counted(joined(parts), 6) == counted(whole, 6)
    assert counted(whole, 6)["images"] == images
