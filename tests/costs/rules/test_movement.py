"""What moves data without a product: as many elements as are looked up, written, or added to."""

from __future__ import annotations

import pytest
import torch
from schemas import operators

from lightbench.costs.rules import rule_of

ROWS, WIDTH = 10, 8
TARGET = torch.empty(ROWS, WIDTH, device="meta")
INDEX = torch.empty(3, dtype=torch.int64, device="meta")
PLACES = torch.empty(2, 5, dtype=torch.int64, device="meta")


def rule(name):
    (operator,) = operators(name)
    return rule_of(operator)


def empty(*shape, dtype=torch.float32):
    return torch.empty(shape, dtype=dtype, device="meta")


# Written in place: operator, what follows its target -> elements that are written.
OVER = {
    "index_copy_.default": ((0, INDEX, empty(3, WIDTH)), 3 * WIDTH),
    "index_fill_.int_Scalar": ((1, INDEX, 0.0), 3 * ROWS),
    "scatter_.src": ((0, PLACES, empty(2, 5)), 10),
    "scatter_.value": ((0, PLACES, 0.0), 10),
    "put_.default": ((PLACES, empty(2, 5), False), 10),
    "index_put_.default": (([INDEX], empty(3, WIDTH)), 3 * WIDTH),
    "_index_put_impl_.default": (([INDEX], empty(3, WIDTH)), 3 * WIDTH),
}
ONTO = {
    "index_add_.default": ((0, INDEX, empty(3, WIDTH)), 3 * WIDTH),
    "index_reduce_.default": ((1, INDEX, empty(ROWS, 3), "amax"), 3 * ROWS),
    "scatter_add_.default": ((0, PLACES, empty(2, 5)), 10),
    "scatter_reduce_.two": ((0, PLACES, empty(2, 5), "sum"), 10),
    "scatter_.reduce": ((0, PLACES, empty(2, 5)), 10),
    "scatter_.value_reduce": ((0, PLACES, 1.0), 10),
    "put_.default": ((PLACES, empty(2, 5), True), 10),
    "index_put_.default": (([INDEX], empty(3, WIDTH), True), 3 * WIDTH),
}


@pytest.mark.parametrize("name", OVER)
def test_what_is_written_over_is_not_read_before(name):
    following, written = OVER[name]
    work = rule(name)((TARGET, *following), TARGET)
    assert (work.kind, work.reads, work.writes) == ("data movement", {0: 0}, written)


@pytest.mark.parametrize("name", ONTO)
def test_what_is_added_to_is_read_before(name):
    following, written = ONTO[name]
    work = rule(name)((TARGET, *following), TARGET)
    assert (work.kind, work.reads, work.writes) == ("other", {0: written}, written)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("index_copy.default", "data movement"), ("index_add.default", "other")],
)
def test_a_copy_that_is_written_into_is_read_and_written_whole(name, kind):
    work = rule(name)((TARGET, 0, INDEX, empty(3, WIDTH)), empty(ROWS, WIDTH))
    assert (work.kind, work.reads, work.writes) == (kind, {}, None)


def test_no_more_is_written_than_there_is():
    """Places that are named twice are the same memory."""
    many = empty(5 * ROWS, dtype=torch.int64)
    work = rule("index_add_.default")((TARGET, 0, many, empty(5 * ROWS, WIDTH)), TARGET)
    assert work.writes == ROWS * WIDTH


@pytest.mark.parametrize(
    ("shape", "index", "written"), [((), 1, 1), ((0, WIDTH), 0, 0), ((ROWS, 0), 3, 0)]
)
def test_a_number_has_one_element_and_an_empty_tensor_none(shape, index, written):
    target = empty(*shape)
    given = (target, 0, empty(index, dtype=torch.int64), target)
    assert rule("index_copy_.default")(given, target).writes == written


BOOL, BYTE = torch.bool, torch.uint8
CUBE = empty(4, 5, 6)


@pytest.mark.parametrize(
    ("indices", "written"),
    [
        ([INDEX], 3 * 5 * 6),
        ([None, INDEX], 4 * 3 * 6),
        ([None, None, INDEX], 4 * 5 * 3),
        ([INDEX, INDEX], 3 * 6),  # pairs
        ([empty(2, 1, dtype=torch.int64), INDEX], 2 * 3 * 6),  # every one with every other
        ([INDEX, empty(2, 1, dtype=torch.int64)], 2 * 3 * 6),
        ([INDEX, None, INDEX], 3 * 5),
        ([empty(1, dtype=torch.int64), empty(dtype=torch.int64)], 6),
        ([empty(1, dtype=torch.int64), empty(0, dtype=torch.int64)], 0),
        ([INDEX, empty(dtype=torch.int64)], 3 * 6),
        ([empty(4, dtype=BOOL)], 4 * 5 * 6),  # a mask looks at all of it
        ([empty(4, dtype=BYTE)], 4 * 5 * 6),
        ([INDEX, empty(5, dtype=BOOL)], 4 * 5 * 6),
        ([], 4 * 5 * 6),
    ],
)
def test_indices_that_stand_side_by_side_name_places_together(indices, written):
    """What ``x[indices]`` has, by PyTorch's rules of broadcasting."""
    work = rule("index_put_.default")((CUBE, indices, empty()), CUBE)
    assert work.writes == written


def test_a_masked_sum_looks_at_all_of_its_target():
    work = rule("_unsafe_masked_index_put_accumulate")((TARGET, None, [INDEX], empty(3)), TARGET)
    assert (work.kind, work.reads, work.writes) == ("other", {0: ROWS * WIDTH}, ROWS * WIDTH)


@pytest.mark.parametrize("name", ["embedding", "index_select", "gather", "take_along_dim", "take"])
def test_what_is_looked_up_is_read_once(name):
    work = rule(f"{name}.default")((TARGET, None, INDEX), empty(3, WIDTH))
    assert (work.kind, work.reads, work.writes) == ("data movement", {0: 3 * WIDTH}, None)


@pytest.mark.parametrize("name", ["_embedding_bag", "_embedding_bag_forward_only"])
def test_a_bag_reads_the_rows_that_it_adds_and_where_bags_begin_is_bookkeeping(name):
    work = rule(name)((TARGET, PLACES, INDEX), (empty(2, WIDTH), INDEX, INDEX, INDEX))
    assert (work.kind, work.outputs) == ("data movement", 1)
    assert work.reads == {0: 2 * 5 * WIDTH, 2: 0}


@pytest.mark.parametrize("name", ["copy_", "copy", "_foreach_copy_", "prims::copy_to"])
def test_what_is_copied_over_is_not_read(name):
    for operator in operators(name):
        work = rule_of(operator)((TARGET, TARGET), TARGET)
        assert (work.kind, work.reads, work.madds) == ("data movement", {0: 0}, 0)


@pytest.mark.parametrize("name", ["cat", "clone", "roll", "flip", "pixel_shuffle"])
def test_what_only_copies_reads_and_writes_all(name):
    for operator in operators(name):
        work = rule_of(operator)((TARGET,), TARGET)
        assert (work.kind, work.madds) == ("data movement", 0)
        assert (work.reads, work.writes, work.outputs) == ({}, None, None)
