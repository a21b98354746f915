"""Softmax exactly once, whatever a network ends with."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lightbench.studies.predict.answers import answers, ending, probabilities

LN = math.log


def of(rows, top=3, dtype=torch.float32):
    output = torch.tensor(rows, dtype=dtype)
    found = answers(output, len(rows), top, "Net")
    ends = ending(found)
    return ends, [(a.classes, [round(p, 6) for p in probabilities(a, ends)]) for a in found]


ROWS = [[LN(6), LN(3), LN(1)], [LN(1), LN(1), LN(8)]]
SHARES = [((0, 1, 2), [0.6, 0.3, 0.1]), ((2, 0, 1), [0.8, 0.1, 0.1])]


def test_scores_become_probabilities_by_softmax():
    assert of(ROWS) == ("scores", SHARES)


def test_what_softmax_has_made_stays():
    assert of([[0.6, 0.3, 0.1], [0.1, 0.1, 0.8]]) == ("softmax", SHARES)


def test_of_what_log_softmax_has_made_exp_is_taken():
    assert of([[LN(0.6), LN(0.3), LN(0.1)], [LN(0.1), LN(0.1), LN(0.8)]]) == ("log_softmax", SHARES)


@given(st.lists(st.lists(st.floats(-30, 30), min_size=4, max_size=4), min_size=1, max_size=5))
@example([[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 2.0]])
def test_all_three_endings_say_the_same(rows):
    """Nobody can tell scores that add up to 1 in every row, none below zero, from shares."""
    assume(any(min(row) < 0 or abs(sum(row) - 1) > 0.01 for row in rows))
    scores = torch.tensor(rows, dtype=torch.float64)
    want = scores.softmax(1)
    for output in (scores, want, scores.log_softmax(1)):
        found = answers(output, len(rows), 4, "Net")
        ends = ending(found)
        for answer, row in zip(found, want, strict=True):
            got = dict(zip(answer.classes, probabilities(answer, ends), strict=True))
            assert [got[i] for i in range(4)] == pytest.approx(row.tolist(), abs=2e-4)


def test_scores_that_happen_to_add_up_to_1_are_scores_if_others_do_not():
    """All images decide."""
    ends, found = of([[0.5, 0.3, 0.2], ROWS[0]])
    assert ends == "scores"
    total = math.exp(0.5) + math.exp(0.3) + math.exp(0.2)
    assert found[0][1] == pytest.approx([math.exp(x) / total for x in (0.5, 0.3, 0.2)], abs=1e-6)


def test_scores_below_zero_that_add_up_to_1_are_no_probabilities():
    assert of([[1.5, -0.3, -0.2]])[0] == "scores"


def test_a_class_that_is_ruled_out_has_none():
    assert of([[0.0, -math.inf, 0.0]]) == ("scores", [((0, 2, 1), [0.5, 0.5, 0.0])])


def test_of_equal_classes_the_first_is_first():
    assert of([[1.0] * 4], top=4)[1][0][0] == (0, 1, 2, 3)


def test_only_the_best_are_kept_and_their_probabilities_are_of_all():
    _, found = of(ROWS, top=1)
    assert found == [((0,), [0.6]), ((2,), [0.8])]
    assert of(ROWS, top=9)[1] == SHARES


def test_scores_however_large_are_no_infinity():
    assert of([[1e30, 0.0, -1e30]]) == ("scores", [((0, 1, 2), [1.0, 0.0, 0.0])])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_adds_up_to_1_as_well_as_it_can(dtype):
    scores = torch.randn(8, 1000, generator=torch.Generator().manual_seed(0))
    found = answers(scores.softmax(1).to(dtype), 8, 1, "Net")
    assert ending(found) == "softmax"
    assert ending(answers(scores.to(dtype), 8, 1, "Net")) == "scores"


@pytest.mark.parametrize("row", [[math.nan, 1, 2], [math.inf, 1, 2], [-math.inf] * 3])
def test_of_what_is_no_number_no_probability_is_made(row):
    bad, good = answers(torch.tensor([row, ROWS[0]]), 2, 1, "Net")
    assert (bad.finite, good.finite) == (False, True)
    assert ending([bad, good]) == ending([good])


def test_nothing_but_nan_is_scores():
    assert ending(answers(torch.full((2, 3), math.nan), 2, 1, "Net")) == "scores"
