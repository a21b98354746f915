"""Everything that is stored is frozen, is built by names, and knows all its keys."""

from __future__ import annotations

import msgspec
import pytest

from lightbench.records import Call, InputSpec, Op, Record, SweepPoint
from lightbench.records.inputs import Entries, Items, Named, Other, Value
from lightbench.records.noun import Noun


def nouns(of: type[Noun] = Noun) -> list[type[Noun]]:
    """All kinds of them."""
    every = [noun for kind in of.__subclasses__() for noun in (kind, *nouns(kind))]
    return [noun for noun in every if noun.__module__.startswith("lightbench.records")]


def test_a_record_consists_of_nouns():
    assert {Record, Op, Call, InputSpec, SweepPoint, Named} < {*nouns()}
    assert len(nouns()) > 25


@pytest.mark.parametrize("noun", [Noun, *nouns()], ids=lambda noun: noun.__name__)
def test_a_noun_is_built_by_names_refuses_other_keys_and_has_a_hash(noun):
    config = noun.__struct_config__
    assert config.frozen
    assert config.forbid_unknown_fields
    if noun.__struct_fields__:
        with pytest.raises(TypeError, match="positional"):
            noun("net")


def test_a_noun_does_not_change(make_record):
    record = make_record()
    for one, name in ((record, "time"), (record.case, "model"), (record.costs.ops[0], "path")):
        with pytest.raises(AttributeError, match="immutable"):
            setattr(one, name, "other")


@pytest.mark.parametrize("kind", [Op, Call])
def test_of_what_there_are_hundreds_of_in_a_record_only_what_is_unusual_is_stored(kind):
    needed = {"path": "0", "module": "Flatten"} | (
        {"op": "view", "kind": "data movement"} if kind is Op else {}
    )
    assert msgspec.to_builtins(kind(**needed)) == needed


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (InputSpec, "tensor"),
        (Value, "value"),
        (Items, "items"),
        (Named, "named"),
        (Entries, "entries"),
        (Other, "other"),
    ],
)
def test_an_input_says_its_form_where_it_is_stored(kind, name):
    assert kind.__struct_config__.tag_field == "form"
    assert kind.__struct_config__.tag == name
