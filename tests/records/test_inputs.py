"""What a network may be called with, at the edges of what there is."""

from __future__ import annotations

import pytest

from lightbench.errors import UsageError
from lightbench.records import InputSpec
from lightbench.records.inputs import WHOLE, Items


def test_only_a_tensor_without_a_batch_may_be_empty_and_none_has_a_size_below_zero():
    assert InputSpec(shape=(0, 3), batch_at=None).shape == (0, 3)
    for shape, batch_at in (((0, 3), 0), ((3, -1), 0), ((-1, 3), None)):
        with pytest.raises(UsageError, match="needs sizes above zero"):
            InputSpec(shape=shape, batch_at=batch_at)


def test_a_batch_stands_before_between_or_behind_the_sizes():
    for place, text in enumerate(("3x4", "3xBx4", "3x4xB")):
        assert str(InputSpec(shape=(3, 4), batch_at=place)) == text
    for beyond in (-1, 3):
        with pytest.raises(UsageError, match=f"no place {beyond} for a batch"):
            InputSpec(shape=(3, 4), batch_at=beyond)


@pytest.mark.parametrize("dtype", WHOLE)
def test_ids_end_between_one_and_what_their_dtype_holds(dtype):
    for below in (1, WHOLE[dtype]):
        assert InputSpec(shape=(7,), dtype=dtype, below=below).below == below
    for below in (-1, 0, WHOLE[dtype] + 1):
        with pytest.raises(UsageError, match=f"{dtype} cannot be below {below}"):
            InputSpec(shape=(7,), dtype=dtype, below=below)


@pytest.mark.parametrize("n", [0, 2])
def test_what_is_repeated_for_each_of_the_batch_is_one(n):
    image = InputSpec(shape=(3, 8, 8), batch_at=None)
    assert Items(items=(image,), each=True).each
    with pytest.raises(UsageError, match="for each of the batch is one"):
        Items(items=(image,) * n, each=True)
