"""What a network may be called with, at the edges of what there is."""

from __future__ import annotations

import math

import pytest
import torch

from lightbench.errors import UsageError
from lightbench.records import Case, InputSpec
from lightbench.records.input_grammar import parse_input, parse_inputs
from lightbench.records.inputs import (
    INPUT_DTYPES,
    WHOLE,
    Entries,
    Items,
    Named,
    Other,
    Value,
    batched,
    inputs_text,
    inside,
    without,
)

IMAGE = InputSpec(shape=(3, 8))
PAIR = InputSpec(shape=(2,), batch_at=None)
HALF = Value(literal="0.5")


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


def test_every_dtype_is_one_of_torch_and_whole_numbers_end_where_torch_says():
    assert all(isinstance(getattr(torch, name), torch.dtype) for name in INPUT_DTYPES)
    assert {name: torch.iinfo(getattr(torch, name)).max + 1 for name in WHOLE} == WHOLE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3x224x224", InputSpec(shape=(3, 224, 224), dtype=None, batch_at=0, below=None)),
        ("3X4*5", InputSpec(shape=(3, 4, 5))),
        (" 128 : int64 ", InputSpec(shape=(128,), dtype="int64")),
        ("7:int64 < 5 ", InputSpec(shape=(7,), dtype="int64", below=5)),
        ("1:int64<9223372036854775808", InputSpec(shape=(1,), dtype="int64", below=2**63)),
        (":bool", InputSpec(shape=(), dtype="bool")),
        ("=64", InputSpec(shape=(64,), batch_at=None)),
        ("=2x0", InputSpec(shape=(2, 0), batch_at=None)),
        ("=", InputSpec(shape=(), batch_at=None)),
        ("35xBx8", InputSpec(shape=(35, 8), batch_at=1)),
        ("35x8xB:int8<2", InputSpec(shape=(35, 8), dtype="int8", batch_at=2, below=2)),
        ("Bx8", InputSpec(shape=(8,))),
        ("B", InputSpec(shape=())),
    ],
)
def test_a_tensor_is_read_as_the_documentation_writes_it(text, expected):
    assert InputSpec.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot read the input shape ''"),
        ("3x", "cannot read the input shape '3x'"),
        ("0x2", "cannot read the input shape '0x2'"),
        ("=0x-1", "cannot read the input shape"),
        ("BxB", "cannot read the input shape 'B'"),
        ("3:", "cannot read the input dtype ''"),
        (":", "cannot read the input dtype ''"),
        ("3:int", "cannot read the input dtype 'int'"),
        ("7:int64<", "cannot read the upper end ''"),
        ("7:int64<-5", "cannot read the upper end '-5'"),
        ("7:int64<" + "1" * 20, "cannot read the upper end"),
        ("7:float32<5", "float32 cannot be below 5"),
        ("7:bool<1", "bool cannot be below 1"),
        ("7<5", "an input without a dtype cannot be below 5"),
    ],
)
def test_what_is_no_tensor_is_refused_for_what_is_wrong_with_it(text, said):
    with pytest.raises(UsageError) as caught:
        InputSpec.parse(text)
    assert caught.value.message.startswith(said)


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


# How they print, and what is in them.


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (InputSpec(shape=(7,), dtype="int64", below=5), "7:int64<5"),
        (InputSpec(shape=(), dtype="int64"), "B:int64"),
        (InputSpec(shape=()), "B"),
        (PAIR, "=2"),
        (InputSpec(shape=(), batch_at=None), "="),
        (Items(items=()), "[]"),
        (Items(items=(IMAGE, HALF)), "[3x8, 0.5]"),
        (Items(items=(IMAGE,), each=True), "[3x8, ...]"),
        (Items(items=(), kind="tuple"), "()"),
        (Items(items=(IMAGE,), kind="tuple"), "(3x8,)"),
        (Items(items=(IMAGE,), kind="tuple", each=True), "(3x8, ...)"),
        (Named(name="mask", of=PAIR), "mask==2"),
        (Entries(entries=(Named(name="x", of=IMAGE), Named(name="a b", of=HALF))), '{x: 3x8, "a b": 0.5}'),
        (Entries(entries=(Named(name="网", of=HALF),)), '{"网": 0.5}'),
        (Entries(entries=()), "{}"),
        (Other(type="Cache"), "<Cache>"),
        (Other(type="Cache", holds=(IMAGE, PAIR)), "<Cache(3x8, =2)>"),
    ],
)  # fmt: skip
def test_an_input_prints_as_it_is_typed(form, text):
    assert str(form) == text
    assert inputs_text((form, PAIR)) == f"{text}, =2"
    assert inputs_text(()) == "none"


def test_all_that_an_input_consists_of_is_in_it_itself_first():
    entries = Entries(entries=(Named(name="x", of=IMAGE),))
    other = Other(type="Cache", holds=(PAIR,))
    items = Items(items=(entries, HALF, other))
    whole = Named(name="parts", of=items)
    assert [*inside(whole)] == [
        whole, items, entries, entries.entries[0], IMAGE, HALF, other, PAIR,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "larger"),
    [
        ("3x8", True),
        ("3xBx8", True),
        ("=3x8", False),
        ("0.5", False),
        ("[=2, ...]", True),
        ("[=2, {x: (+1, 3)}]", True),
        ("x=[=2, {x: (+1, =3)}]", False),
    ],
)
def test_a_batch_makes_larger_what_has_its_place_somewhere(text, larger):
    assert batched([parse_input(text)]) is larger
    assert batched([HALF, parse_input(text)]) is larger


def test_an_object_of_which_not_all_can_be_seen_may_have_a_batch():
    assert batched([Other(type="Cache")])
    assert not batched([])


def test_inputs_are_left_out_by_their_names():
    first, mask, scale = inputs = parse_inputs(["3x8", "mask==2", "scale=0.5"])
    assert without(inputs, {"mask"}) == (first, scale)
    assert without(inputs, {"mask", "scale", "3x8"}) == (first,)
    assert without(inputs, ()) == inputs
    assert without((first, mask), {"x"}) == (first, mask)


def test_a_dictionary_has_each_key_once_and_the_key_that_is_twice_is_named():
    two = tuple(Named(name=name, of=HALF) for name in ("a", "b", "b"))
    assert len(Entries(entries=two[:2]).entries) == 2
    with pytest.raises(UsageError, match="has the key 'b' twice"):
        Entries(entries=two)


# Values.


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1, "+1"),
        (0, "+0"),
        (-7, "-7"),
        (1.0, "1.0"),
        (0.0, "0.0"),
        (-0.5, "-0.5"),
        (1e30, "1e+30"),
        (float("inf"), "+inf"),
        (float("-inf"), "-inf"),
        ("", '""'),
        ("fast", '"fast"'),
        ("1", '"1"'),
        ("null", '"null"'),
        ('a "b"\n', '"a \\"b\\"\\n"'),
        ("网", '"网"'),
    ],
)
def test_a_value_is_what_its_literal_says(value, literal):
    assert Value.literal_of(value) == str(Value(literal=literal)) == literal
    found = Value(literal=literal).value
    assert found == value
    assert type(found) is type(value)


def test_a_text_that_no_file_can_hold_is_no_value():
    with pytest.raises(ValueError, match="str is no value"):
        Value.literal_of("\ud800")


@pytest.mark.parametrize("literal", ["7", "1e5", "+07", "True", "'a'", '"\\u0041"', "", "x"])
def test_a_stored_value_that_is_not_written_as_values_are_is_refused(literal):
    with pytest.raises(ValueError, match="how a value is written|could not|Unterminated|Invalid"):
        Value(literal=literal)


def test_values_that_no_literal_has_are_told_apart():
    assert math.isnan(Value(literal="nan").value)
    for other in (object(), b"x", (1,), 1j):
        with pytest.raises(ValueError, match="no value"):
            Value.literal_of(other)


# Which cases are the same.


def test_two_inputs_are_one_case_only_if_they_are_the_same():
    texts = ["64", "=64", "B:int64", "64xB", "64:int64", "64:int64<5", "x=64", "[64]", "(64,)",
             "[64, ...]", "{x: 64}", "+64", "64.0", '"64"', "+1", "1.0", "true", "null"]  # fmt: skip
    cases = {Case(model="net", inputs=(parse_input(text),)) for text in texts}
    assert len(cases) == len({str(case.inputs[0]) for case in cases}) == len(texts)


@pytest.mark.parametrize("text", ["=64", "+7", "{x: =64, y: 0.5}", "x==3"])
def test_a_batch_that_applies_to_nothing_is_refused(text):
    assert Case(model="net", inputs=(parse_input(text),)).batch == 1
    with pytest.raises(UsageError, match="a batch of 2 does not apply"):
        Case(model="net", inputs=(parse_input(text),), batch=2)


def test_inputs_with_a_name_come_last_and_once():
    with pytest.raises(UsageError, match="come after those without"):
        Case(model="net", inputs=(parse_input("x=3"), parse_input("4")))
    with pytest.raises(UsageError, match="the inputs have the name 'x' twice"):
        Case(model="net", inputs=parse_inputs(["x=3", "x=4"]))
