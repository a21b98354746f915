"""Totals are sums of rows, and a total that is not cannot be built."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from lightbench.records import CONV_KINDS, PAPER_KINDS, Call, Costs, Kind, Op
from lightbench.records.costs import check_count

# A convolution with a bias, and the activation behind it, which fuses into it.
CONV = Op(
    path="0", module="Conv2d", op="conv2d", kind="dense conv",
    madds=1000, reads=10, writes=20, weights=36, weight=(4, 8), bias=True,
    read_bytes=40, write_bytes=80, weight_bytes=144, fused_bytes=264,
)  # fmt: skip
RELU = Op(
    path="1", module="ReLU", op="relu", kind="activation",
    reads=20, writes=20, read_bytes=80, write_bytes=80, fused_bytes=0,
)  # fmt: skip
TOTALS = {
    "madds": 1000,
    "mem_access": 10 + 20 + 4 * 8,  # of the convolution alone, without its bias
    "mem_bytes": 40 + 80 + 144 + 80 + 80,
    "fused_bytes": 264 + 0,
}


def costs(**changes):
    known = {"params": 36, "param_bytes": 144, "activations": 20, "ops": (CONV, RELU), **TOTALS}
    return Costs(**(known | changes))


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("off", [-1, 1])
def test_a_total_is_the_sum_of_its_rows_or_it_is_refused(total, off):
    assert getattr(costs(), total) == TOTALS[total]
    with pytest.raises(ValueError, match=f"^{total} is not the sum of its rows"):
        costs(**{total: TOTALS[total] + off})


def test_of_no_operator_nothing_is_the_sum():
    none = costs(ops=(), **dict.fromkeys(TOTALS, 0))
    assert none.intensity is None  # nothing is moved
    assert costs().intensity == 1000 / 424


def test_what_moves_nothing_has_no_intensity():
    view = Op(path="", module="Flatten", op="view", kind="data movement")
    assert view.intensity is None
    assert CONV.intensity == 1000 / (40 + 80 + 144)
    assert RELU.intensity == 0


@pytest.mark.parametrize("count", ["params", "param_bytes", "activations"])
def test_a_count_lies_between_nothing_and_what_a_file_can_hold(count):
    for most in (0, 2**63 - 1):
        assert getattr(costs(**{count: most}), count) == most
    for beyond in (-1, 2**63):
        with pytest.raises(ValueError, match=f"^{count} is a count of at most"):
            costs(**{count: beyond})


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("beyond", [-1, 2**63])
def test_a_total_that_no_file_can_hold_is_refused_although_it_is_the_sum(total, beyond):
    row = {
        "madds": {"madds": beyond},
        "mem_access": {"writes": beyond},
        "mem_bytes": {"write_bytes": beyond},
        "fused_bytes": {"fused_bytes": beyond},
    }[total]
    op = msgspec.structs.replace(
        Op(path="", module="Conv2d", op="conv2d", kind="dense conv"), **row
    )
    with pytest.raises(ValueError, match=f"^{total} is a count of at most"):
        costs(ops=(op,), **(dict.fromkeys(TOTALS, 0) | {total: beyond}))


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_paper_counts_convolutions_and_products_and_nothing_else(kind):
    """ShuffleNet V2, section 2: c_in h w + c_out h w + k k c_in c_out / g elements."""
    op = msgspec.structs.replace(CONV, kind=kind)
    counted = {
        *("dense conv", "grouped conv", "depthwise conv", "pointwise conv"),
        *("linear", "matmul", "attention", "recurrent"),
    }
    assert op.mem_access == (10 + 20 + 4 * 8 if kind in counted else 0)
    assert (kind in PAPER_KINDS) == (kind in counted)
    assert (kind in CONV_KINDS) == kind.endswith(" conv")


def test_of_a_weight_of_which_the_shape_is_not_known_all_elements_count():
    assert msgspec.structs.replace(CONV, weight=None).mem_access == 10 + 20 + 36
    assert msgspec.structs.replace(CONV, weight=()).mem_access == 10 + 20 + 1


def test_what_is_not_said_of_an_operator_is_nothing():
    op = Op(path="", module="Net", op="relu", kind="activation")
    assert (op.call, op.groups) == (0, 1)
    assert (op.bias, op.affine, op.batch_statistics) == (False, False, False)
    assert {
        *(op.madds, op.reads, op.writes, op.weights),
        *(op.read_bytes, op.write_bytes, op.weight_bytes, op.fused_bytes),
    } == {0}


def test_a_call_is_of_a_module_without_children_that_stands_in_one_place_unless_it_is_said():
    call = Call(path="", module="Net")
    assert (call.leaf, call.places, call.fused) == (True, 1, False)


def test_a_peak_that_is_not_known_is_no_count_to_check():
    check_count(None, "peak_memory_bytes")
