"""Arguments of any form: their tensors are found and replaced, and the rest stays what it is."""

from __future__ import annotations

import collections
import dataclasses
from types import MappingProxyType
from typing import NamedTuple

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from lightbench.records.arguments import batch_of, bytes_of, described, map_tensors, tensors_in
from lightbench.records.inputs import InputSpec, Items, Other, Value, inputs_text


class Pair(NamedTuple):
    left: object
    right: object


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: object
    n: int = 3


@dataclasses.dataclass
class Lazy:
    """A field of it is not set before it is used."""

    later: object = dataclasses.field(init=False)


def filled(value, *shape):
    return torch.full(shape, float(value))


def nested(*parts):
    return torch.nested.nested_tensor(list(parts), layout=torch.jagged)


def numbers(arguments):
    return [int(x.flatten()[0]) for x in tensors_in(arguments)]


def doubled(arguments):
    return map_tensors(lambda x: x * 2, arguments)


def text(*args, batch=None, dtype="float32", **kwargs):
    return inputs_text(described(args, kwargs, batch, dtype))


# Tensors inside.


def test_tensors_are_found_in_the_order_in_which_they_are_handed_over():
    one, two, three, four = (filled(i, 2) for i in (1, 2, 3, 4))
    assert numbers(([one, (two,)], {"z": three, "a": four})) == [1, 2, 3, 4]
    assert numbers(Pair(two, Frozen([one, three]))) == [2, 1, 3]
    assert numbers((3, "text", None, object(), torch.nn.Linear)) == []


@pytest.mark.parametrize(
    "form", [list, tuple, Frozen, lambda x: {"x": x[0]}, lambda x: Pair(*x, 7)]
)
def test_other_tensors_are_in_the_same_form_and_what_was_handed_over_keeps_its_own(form):
    given = form([filled(3, 2)])
    made = doubled(given)
    assert type(made) is type(given)
    assert (numbers(made), numbers(given)) == ([6], [3])


def test_what_is_no_tensor_is_the_very_same():
    thing, kind = object(), Frozen
    made = doubled(Pair(thing, [kind, 7, "text", Frozen(filled(1, 2), n=5)]))
    assert made.left is thing
    assert made.right[:3] == [kind, 7, "text"]
    assert made.right[3].n == 5


def test_a_packed_sequence_keeps_its_sizes_and_gets_other_data():
    packed = pack_sequence([filled(1, 3, 4), filled(1, 2, 4)])
    made = doubled({"x": packed})["x"]
    assert isinstance(made, PackedSequence)
    assert torch.equal(made.data, packed.data * 2)
    assert made.batch_sizes is packed.batch_sizes
    assert [x is packed.data for x in tensors_in(packed)] == [True]


def test_a_field_that_is_not_set_yet_is_nothing():
    assert numbers(Lazy()) == []
    assert doubled(Lazy()).later is None


# What they say of the batch, and what they take.


def test_the_first_tensor_of_any_size_says_the_batch():
    images = filled(0, 5, 3, 8, 8)
    assert batch_of((images, filled(0, 2))) == 5
    assert batch_of((torch.tensor(7.0), filled(0, 0, 9), filled(0, 9, 0), images)) == 5
    assert batch_of(([3, "text"], torch.tensor(7.0))) == 1
    assert batch_of((nested(filled(0, 2, 4), filled(0, 3, 4)), images)) == 2


def test_what_arguments_take_is_that_of_their_arrays():
    """6 floats of 4 bytes and 5 numbers of 8; a sparse one is no array."""
    sparse = torch.eye(10).to_sparse()
    assert bytes_of((filled(0, 2, 3), {"ids": torch.ones(5, dtype=torch.int64)}, sparse)) == 64
    assert bytes_of(3) == 0


# How a case stores them.


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (torch.ones(4, 3, 8), "3x8"),
        (torch.ones(4), "B"),
        (torch.ones(3, 4), "=3x4"),
        (torch.ones(()), "="),
        (torch.ones(4, 0), "=4x0"),
        (torch.ones(4, 3, dtype=torch.float64), "3:float64"),
        (torch.ones(4, dtype=torch.int64), "B:int64"),
    ],
)
def test_a_tensor_has_the_batch_where_its_first_size_is_the_batch(x, expected):
    assert text(x, batch=4) == expected
    (alone,) = described((x,), {}, None, "float32")
    assert (alone.shape, alone.batch_at) == (tuple(x.shape), None)


def test_a_single_number_is_a_batch_of_one():
    assert text(torch.ones(1), batch=1) == "B"


def test_a_dtype_is_said_unless_it_is_that_of_the_case():
    x = torch.ones(2, 3, dtype=torch.float16)
    assert text(x, batch=2, dtype="float16") == "3"
    assert text(x, batch=2) == "3:float16"


def test_lists_tuples_dictionaries_and_values_are_stored_as_they_are_typed():
    x = torch.ones(2, 3)
    assert text([x, (x, 7)], mask={"a b": x, "y": None}, batch=2) == (
        '[3, (3, +7)], mask={"a b": 3, y: null}'
    )
    assert described(((x,),), {}, 2, "float32") == (
        Items(items=(InputSpec(shape=(3,)),), kind="tuple"),
    )
    assert text([], (), {}) == "[], (), {}"
    assert described((0.5,), {}, None, "float32") == (Value(literal="0.5"),)


def test_an_object_is_stored_by_its_name_and_what_can_be_seen_in_it():
    x = torch.ones(2, 3)
    things = {
        "<Frozen(3, +3)>": Frozen(x),
        "<Pair(3, true)>": Pair(x, True),
        "<OrderedDict(3)>": collections.OrderedDict(x=x),
        "<mappingproxy(3)>": MappingProxyType({"x": x}),
        "<dict(3)>": {1: x},
        "<dict(3, +2)>": {"a": x, 1: 2},
        "<Size(+2, +3)>": x.shape,
        "<NestedTensor>": nested(x, x),
        "<object>": object(),
        "<type>": Frozen,
        "<Lazy(null)>": Lazy(),
    }
    for expected, thing in things.items():
        assert text(thing, batch=2) == expected
    (stored,) = described((Frozen(x),), {}, 2, "float32")
    assert stored == Other(type="Frozen", holds=(InputSpec(shape=(3,)), Value(literal="+3")))
