"""Answers of networks that classify, and of those that do not."""

from __future__ import annotations

import math

import pytest
import torch

from lightbench.errors import ModelError
from lightbench.studies.rows import are_probabilities, rows_in


@pytest.mark.parametrize(
    ("row", "so"),
    [([0.2, 0.8], True), ([1.0, 0.0], True), ([0.5, 0.6], False), ([-0.2, 1.2], False), ([3.0, 1.0], False),
     ([math.nan, 1.0], False)],
)  # fmt: skip
def test_softmax_gives_what_is_above_zero_and_adds_up_to_1(row, so):
    assert are_probabilities(torch.tensor([row])).tolist() == [so]


def test_it_may_be_less_close_to_1_in_less_precision():
    rows = torch.tensor([[0.2, 0.799]])
    assert not are_probabilities(rows).any()
    assert are_probabilities(rows, 2e-3).all()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (torch.zeros(4, 3, 1), "answers with 4x3x1 for 4 images of 3 classes"),
        (torch.zeros(3, 3), "answers with 3x3 for 4"),
        (torch.zeros(4, 2), "answers with 4x2 for 4"),
        ((torch.zeros(4, 3), torch.zeros(4, 3)), "answers with 4x3 and 4x3 for 4"),
        (torch.zeros(4, 3, dtype=torch.complex64), "answers with 4x3"),
        ("cat", "answers with str for 4"),
        (None, "answers with NoneType for 4"),
        (torch.zeros(4), "answers with 4 for 4"),
    ],
)
def test_an_answer_of_another_kind_is_refused(output, words):
    with pytest.raises(ModelError, match=words):
        rows_in(output, 4, 3, "net")


def test_the_next_answer_in_the_same_place_does_not_change_this_one():
    made = torch.ones(4, 3, dtype=torch.float64)
    rows = rows_in(made, 4, 3, "net")
    made.zero_()
    assert float(rows.sum()) == 12


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation functions")
def test_an_answer_in_eight_bits_is_what_it_stands_for():
    made = torch.quantize_per_tensor(torch.full((4, 3), 0.5), 0.25, 0, torch.quint8)
    assert rows_in(made, 4, 3, "net").tolist() == [[0.5] * 3] * 4


def test_an_answer_may_be_the_only_tensor_of_a_list_and_of_any_precision():
    made = torch.full((4, 3), 0.1, dtype=torch.bfloat16)
    rows = rows_in([made], 4, 3, "net")
    assert rows.dtype == torch.float64
    made.zero_()  # an engine writes its next answer there
    assert float(rows[0, 0]) == pytest.approx(0.1, rel=0.01)


def test_where_nobody_says_how_many_classes_there_are_it_is_two_at_least():
    assert rows_in({"out": torch.zeros(4, 2)}, 4, None, "net").shape == (4, 2)
    for output in (torch.zeros(4, 1), torch.zeros(3, 2), torch.zeros(4, 2, 1)):
        with pytest.raises(ModelError, match="net does not classify") as refused:
            rows_in(output, 4, None, "net")
        assert "4xCLASSES" in refused.value.hint
