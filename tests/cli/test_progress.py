"""The line of progress: as much as there is room for."""

from __future__ import annotations

import pytest

from lightbench.cli.progress import line

PARTS = ("epoch 1/8, step 3/45", "2 min left", "loss 2.3", "lr 0.05")


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (53, "epoch 1/8, step 3/45, 2 min left, loss 2.3, lr 0.05"),
        (50, "epoch 1/8, step 3/45, 2 min left, loss 2.3"),
        (40, "epoch 1/8, step 3/45, 2 min left"),
        (31, "epoch 1/8, step 3/45"),
        (20, "epoch 1/8, step 3/45"),
    ],
)
def test_parts_are_left_out_from_the_end_where_there_is_no_room(width, said):
    assert line(PARTS, width) == said


def test_what_is_behind_a_part_without_room_is_left_out_too():
    """Else what is shown would jump from one to the other."""
    assert line(("a", "b" * 30, "c"), 20) == "a"


def test_the_first_part_is_cut_where_it_has_no_room():
    cut = line(("mobilenet_v1_cifar: digits is read", "more"), 20)
    assert len(cut) <= 20
    assert cut.startswith("mobile")
