"""Ready arguments in Python: any form of them, by place or by name, and what is refused."""

from __future__ import annotations

import collections
import dataclasses

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.pytest_plugin import Checks
from lightbench.records.inputs import inputs_text

QUICK = {"seconds": 0.02, "rel": 1.0, "threads": 1}
IMAGE = torch.ones(2, 3, 8, 8)
MADDS = 2 * 4 * 3 * 8 * 8  # of a 1x1 convolution 3 -> 4 on two images of 8x8


def conv():
    return nn.Conv2d(3, 4, 1, bias=False)


def test_a_bare_tensor_is_the_only_argument():
    for found in (lb.count(conv(), args=IMAGE), lb.profile(conv(), args=IMAGE, **QUICK).record):
        assert found.costs.madds == MADDS
        assert (found.case.batch, inputs_text(found.case.inputs)) == (2, "3x8x8")


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        ({"input": IMAGE}, "as inputs by name kwargs=it"),
        ([IMAGE], "as several args=tuple(it)"),
        (3, "A single argument is args=(it,)"),
        ("3x8x8", "A single argument is args=(it,)"),
    ],
    ids=["dictionary", "list", "number", "text"],
)
def test_args_are_a_tuple_and_what_else_was_meant_is_said(args, hint):
    for function in (lb.count, lb.profile, lambda net, args: lb.compare(net, conv(), args=args)):
        with pytest.raises(UsageError, match="args is a tuple") as caught:
            function(conv(), args=args)
        assert hint in caught.value.hint


@pytest.mark.parametrize("said", [{"batch": 4}, {"input": "3x8x8"}, {"input": ()}])
def test_args_and_what_says_the_same_are_refused_by_every_function(said):
    checks = Checks()
    for function in (
        lambda **how: lb.count(conv(), **how),
        lambda **how: lb.profile(conv(), **how),
        lambda **how: lb.compare(conv(), conv(), **how),
        lambda **how: checks.assert_budget(conv(), params=1, **how),
        lambda **how: checks.assert_not_slower(conv(), conv(), **how),
    ):
        with pytest.raises(UsageError, match=f"args say the {next(iter(said))} themselves"):
            function(args=(IMAGE,), **said)
    with pytest.raises(UsageError, match="args say the batch themselves"):
        lb.compare(conv(), args=(IMAGE,), b_settings={"batch": 2})


def test_a_count_is_in_the_precision_of_its_args():
    with pytest.raises(UsageError, match="args say the batch, dtype themselves"):
        lb.count(conv(), args=(IMAGE,), batch=2, dtype="bfloat16")


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 32, bias=False)

    def forward(self, x, *, mask, scale=1.0):
        return self.linear(x * mask) * scale


def test_inputs_by_name_are_handed_over_beside_args_input_or_alone():
    mask = torch.ones(1, 64)
    x = torch.ones(5, 64)
    shown = {
        "64, mask==1x64, scale=0.5": {"args": (x,), "kwargs": {"mask": mask, "scale": 0.5}},
        "64, mask==1x64": {"input": "64", "batch": 5, "kwargs": {"mask": mask}},
        "x=64, mask=64": {"kwargs": {"x": x, "mask": x}},
    }
    for text, how in shown.items():
        counted = lb.count(Masked(), **how)
        record = lb.profile(Masked(), **how, **QUICK).record
        assert record.status == "ok"
        assert counted.costs.madds == record.costs.madds == 5 * 64 * 32
        assert inputs_text(counted.case.inputs) == inputs_text(record.case.inputs) == text
        assert counted.case.batch == record.case.batch == 5


def test_inputs_by_name_are_compared_and_checked_by_other_tools_too():
    mask = {"mask": torch.ones(1, 64)}
    found = lb.compare(Masked(), Masked(), input="64", kwargs=mask, seconds=0.1, device="null")
    assert found.verdict
    opinions = lb.count(Masked(), input="64", kwargs=mask).crosscheck()
    assert {o.theirs for o in opinions if o.tool == "fvcore" and not o.problem} <= {64 * 32}
    Checks().assert_budget(Masked(), madds=64 * 32, input="64", kwargs=mask)


@pytest.mark.parametrize("kwargs", [[1], {1: 2}, "x"])
def test_inputs_by_name_are_a_dictionary(kwargs):
    with pytest.raises(UsageError, match="kwargs is a dictionary of inputs by name"):
        lb.count(conv(), kwargs=kwargs)


# Forms.

Pair = collections.namedtuple("Pair", "x more")  # noqa: PYI024


@dataclasses.dataclass(frozen=True)
class Sample:
    x: torch.Tensor
    name: str


class Reads(nn.Module):
    """Looks for x where it is."""

    def __init__(self, read):
        super().__init__()
        self.linear = nn.Linear(64, 32, bias=False)
        self.read = read

    def forward(self, one, *_others):
        return self.linear(self.read(one))


X = torch.ones(5, 64)


@pytest.mark.parametrize(
    ("argument", "read", "shown"),
    [
        ([[X], None, "a", True], lambda v: v[0][0], '[[64], null, "a", true]'),
        ({"x": (X, 3, 0.5)}, lambda v: v["x"][0], "{x: (64, +3, 0.5)}"),
        (Pair(X, [X]), lambda v: v.x, "<Pair(64, [64])>"),
        (Sample(X, "a"), lambda v: v.x, '<Sample(64, "a")>'),
        ({3: X}, lambda v: v[3], "<dict(64)>"),
    ],
    ids=["list", "dictionary", "named tuple", "data class", "keys"],
)
@pytest.mark.parametrize("dtype", [None, torch.float64])
def test_tensors_are_found_wherever_they_are(argument, read, shown, dtype):
    network = Reads(read)
    record = lb.profile(network, args=(argument,), dtype=dtype, **QUICK).record
    assert (record.status, record.case.batch) == ("ok", 5)
    assert inputs_text(record.case.inputs) == shown
    counted = lb.count(network, args=(argument,))
    assert counted.costs.madds == record.costs.madds == 5 * 64 * 32
    assert X.dtype == torch.float32


def test_a_packed_sequence_is_one_argument():
    packed = pack_sequence([torch.ones(3, 8), torch.ones(2, 8)])
    counted = lb.count(nn.LSTM(8, 16, bias=False), args=packed)
    assert counted.costs.madds == 5 * 4 * (8 * 16 + 16 * 16)
    record = lb.profile(nn.LSTM(8, 16, bias=False), args=(packed,), dtype="float64", **QUICK).record
    assert record.status == "ok"
    assert isinstance(packed, PackedSequence)
    assert inputs_text(record.case.inputs).startswith("<PackedSequence(8, =3:int64")


def test_tensors_of_no_batch_are_stored_as_they_are():
    class Adds(nn.Module):
        def forward(self, x, step, table, none):
            return x + step + table.sum() + none.sum()

    args = (torch.ones(4, 3), torch.tensor(7), torch.ones(9, 2), torch.ones(0, 5))
    case = lb.count(Adds(), args=args).case
    assert (case.batch, inputs_text(case.inputs)) == (4, "3, =:int64, =9x2, =0x5")


@pytest.mark.filterwarnings("ignore:.*nested tensors")
def test_a_list_that_holds_itself_is_refused_and_sparse_and_nested_tensors_are_not():
    class Ignores(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, *_args):
            return self.linear(self.linear.weight)

    endless = [X]
    endless.append(endless)
    sparse, nested = torch.eye(3).to_sparse(), torch.nested.nested_tensor([X[0], X[0, :3]])
    for function in (lb.count, lb.profile):
        with pytest.raises(UsageError, match="holds itself"):
            function(Ignores(), args=(endless,))
    assert lb.profile(Ignores(), args=(sparse,), **QUICK).record.status == "ok"
    case = lb.count(Ignores(), args=(sparse, nested)).case
    assert (case.batch, inputs_text(case.inputs)) == (3, "3, <NestedTensor>")
    case = lb.count(Ignores(), args=(nested,)).case
    assert (case.batch, inputs_text(case.inputs)) == (2, "<NestedTensor>")


# Words for what torch has names for.


def test_a_dtype_of_torch_is_its_name():
    for dtype in ("float16", torch.float16):
        assert lb.count("example_conv_g4", dtype=dtype).case.dtype == "float16"
        assert lb.lint("example_conv_g4", dtype=dtype).record.case.dtype == "float16"
    records = lb.profile(
        "example_conv_g4", dtype=[torch.float32, "float64"], device="null", **QUICK
    ).records
    assert [r.case.dtype for r in records] == ["float32", "float64"]


@pytest.mark.parametrize("dtype", [torch.int8, float, 16, "half"])
def test_what_is_no_precision_of_a_network_is_refused(dtype):
    for function in (lb.count, lb.profile, lb.lint, lb.layers):
        with pytest.raises(UsageError):
            function("example_conv_g4", dtype=dtype)
