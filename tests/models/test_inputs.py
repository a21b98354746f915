"""Inputs of every form: what the network gets, and what is stored of it."""

from __future__ import annotations

import msgspec
import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.models.inputs import make_arguments, settle_norms, specs_of
from lightbench.records import Case, store
from lightbench.records.input_grammar import parse_input, parse_inputs
from lightbench.records.inputs import InputSpec, Other, inputs_text

QUICK = {"seconds": 0.02, "rel": 1.0, "threads": 1}

# What is typed.

SHAPES = [
    ("3x4", (2, 3, 4)),
    (":int64", (2,)),
    ("B", (2,)),
    ("=3x4", (3, 4)),
    ("=", ()),
    ("5xBx4", (5, 2, 4)),
    ("3xB", (3, 2)),
]


@pytest.mark.parametrize(("text", "shape"), SHAPES)
def test_the_batch_stands_where_the_text_says(text, shape):
    (made,) = make_arguments([parse_input(text)], batch=2).args
    assert tuple(made.shape) == shape


def test_containers_values_and_names_become_what_python_calls_so():
    texts = ["{x: 3, 'a b': [4, +7, -0.5]}", "(5,)", "mode='fast'", "mask=null", "on=true"]
    args, kwargs = make_arguments(parse_inputs(texts), batch=2)
    assert [*args[0]] == ["x", "a b"]
    assert (tuple(args[0]["x"].shape), args[0]["a b"][1:]) == ((2, 3), [7, -0.5])
    assert (type(args[1]), tuple(args[1][0].shape)) == (tuple, (2, 5))
    assert kwargs == {"mode": "fast", "mask": None, "on": True}


def test_three_dots_are_one_for_each_of_the_batch_without_a_batch():
    (made,) = make_arguments([parse_input("[{boxes: 5x4, size: =2}, ...]")], batch=3).args
    assert [(tuple(one["boxes"].shape), tuple(one["size"].shape)) for one in made] == [
        ((5, 4), (2,))
    ] * 3


def test_none_alone_is_no_input_and_beside_others_the_value():
    assert parse_inputs(["none"]) == specs_of("none") == specs_of(()) == ()
    assert [str(one) for one in parse_inputs(["3", "none"])] == ["3", "null"]
    assert inputs_text(()) == "none"


def test_numbers_are_of_their_dtype_and_below_their_end():
    texts = ["99:int64<5", "99:uint8", "99:bool", "4:complex64", "4:float8_e4m3fn"]
    ids, small, flags, waves, eighth = make_arguments(parse_inputs(texts), batch=50).args
    assert set(ids.flatten().tolist()) == set(range(5))
    assert (small.dtype, flags.dtype, waves.dtype) == (torch.uint8, torch.bool, torch.complex64)
    assert eighth.dtype == torch.float8_e4m3fn
    assert waves.imag.abs().sum() > 0


@pytest.mark.parametrize("given_as", ["3x8x8", (3, 8, 8), [3, 8, 8], torch.Size((3, 8, 8)),
                                      InputSpec(shape=(3, 8, 8)), ["3x8x8"], [(3, 8, 8)]])  # fmt: skip
def test_a_shape_may_be_given_in_python_as_people_write_it(given_as):
    assert specs_of(given_as) == (InputSpec(shape=(3, 8, 8)),)


@pytest.mark.parametrize(
    "given_as", [3, 3.5, {"x": (3,)}, [3.5], [(3, "4")], torch.ones(3), [None], b"3x4"]
)
def test_what_is_no_shape_is_refused(given_as):
    with pytest.raises(UsageError, match=r"an? input is a shape|input is a shape"):
        specs_of(given_as)


def test_records_of_schema_5_are_read_with_tensors_as_inputs():
    old = {"case": {"model": "net", "inputs": [{"shape": [3, 8], "dtype": "int64"}]}, "schema": 5}
    new = store.MIGRATIONS[5](old)
    assert new["schema"] == 6
    assert msgspec.convert(new["case"], Case).inputs == (InputSpec(shape=(3, 8), dtype="int64"),)


def test_an_object_that_only_python_has_is_not_made():
    with pytest.raises(UsageError, match="cannot be made from its description"):
        make_arguments([Other(type="Cache")], batch=1)


# Networks that want them.


class Takes(nn.Module):
    """64 in, 32 out, without bias: 2,048 multiply-adds an image."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 32, bias=False)


class NoBatch(Takes):
    def forward(self, x):
        return self.linear.weight @ torch.flatten(x, 0)


class Mapped(Takes):
    def forward(self, parts):
        return self.linear(parts["x"]) * parts["scale"]


class Keyword(Takes):
    def forward(self, *, x, mask=None):
        assert mask is None or mask.dtype == torch.bool
        return self.linear(x)


class NoInput(Takes):
    def forward(self):
        return self.linear(self.linear.weight)


class Listed(Takes):
    def forward(self, images):
        assert isinstance(images, list)
        return [self.linear(one) for one in images]


class Sequence(nn.Module):
    """The batch comes second: LSTM of 8 -> 16 has 4 (8 16 + 16 16) MAdds a step and an image."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 16, bias=False)

    def forward(self, x):
        return self.lstm(x)[0]


@pytest.mark.parametrize(
    ("network", "texts", "batch", "madds"),
    [
        (NoBatch, ["=64"], None, 32 * 64),
        (Mapped, ["{x: 64, scale: 0.5}"], 4, 4 * 32 * 64),
        (Keyword, ["x=64", "mask=64:bool"], 4, 4 * 32 * 64),
        (NoInput, ["none"], None, 32 * 64 * 32),
        (Listed, ["[64, ...]"], 4, 4 * 32 * 64),
        (Listed, ["[64, 64]"], 4, 2 * 4 * 32 * 64),
        (Sequence, ["5xBx8"], 2, 2 * 5 * 4 * (8 * 16 + 16 * 16)),
    ],
    ids=lambda value: str(value) if isinstance(value, list) else None,
)
def test_a_network_of_any_signature_is_counted_and_timed(network, texts, batch, madds):
    counted = lb.count(network().eval(), input=texts, batch=batch)
    assert counted.costs.madds == madds
    record = lb.profile(network(), input=texts, batch=batch, **QUICK).record
    assert (record.status, record.costs.madds) == ("ok", madds)
    assert record.case.inputs == counted.case.inputs == parse_inputs(texts)
    assert record.case.batch == counted.case.batch == (batch or 1)


def test_a_network_is_trained_with_inputs_by_name():
    record = lb.profile(Keyword(), input="x=64", mode="train", **QUICK).record
    assert record.status == "ok"


def test_ids_are_rows_of_the_smallest_embedding_and_the_case_is_as_typed():
    network = nn.Sequential(nn.Embedding(3, 8), nn.Flatten())
    record = lb.profile(network, input="70:int64", batch=4, **QUICK).record
    assert (record.status, inputs_text(record.case.inputs)) == ("ok", "70:int64")


@pytest.mark.parametrize(
    ("network", "text", "hint"),
    [
        (Keyword, "64", "forward takes (*, x, mask=None): --input x=SHAPE."),
        (NoInput, "64", "forward takes (): --input none."),
        (Mapped, "64", "'{x: 64}'"),
        (Listed, "64", "'[3x224x224, ...]' for a list of images"),
        (NoBatch, "2x64", "'=64' without a batch"),
        (Mapped, "none", "forward takes (parts): --input SHAPE."),
    ],
)
def test_a_network_that_wants_another_form_is_answered_with_how_it_is_typed(network, text, hint):
    with pytest.raises(lb.errors.ModelError) as caught:
        lb.count(network(), input=text)
    assert hint in caught.value.hint


def test_ids_beyond_a_table_that_cannot_be_seen_are_answered_with_how_to_bound_them():
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.rows = nn.Parameter(torch.ones(2, 4))

        def forward(self, ids):
            return nn.functional.embedding(ids, self.rows)

    failed = lb.profile(Table(), input="90:int64", **QUICK).record
    assert "--input '7:int64<5'" in failed.failure.hint
    assert lb.profile(Table(), input="90:int64<2", **QUICK).record.status == "ok"


def test_norms_are_settled_with_a_list_of_images_too():
    class Images(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm2d(3)

        def forward(self, images):
            return [self.norm(one[None]) for one in images]

    network = Images()
    settle_norms(network, *make_arguments([parse_input("[3x8x8, ...]")], batch=1))
    assert network.norm.running_mean.abs().sum() > 0
