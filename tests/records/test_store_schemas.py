"""Records of older and of newer schemas in a store."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from lightbench.errors import StoreError
from lightbench.records import SCHEMA, store
from lightbench.records import record as of_schema

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results" / "new" / "run.jsonl"


def line_with(make_record, **changes):
    return json.dumps(msgspec.to_builtins(make_record()) | changes).encode()


def test_a_newer_schema_says_to_update(path, make_record):
    path.parent.mkdir(parents=True)
    path.write_bytes(line_with(make_record, schema=SCHEMA + 1, something="new"))
    with pytest.raises(StoreError, match=r"run\.jsonl:1: .*newer(.|\n)*[Uu]pdate lightbench"):
        store.read(path)


def test_an_older_schema_is_migrated_and_still_matches_its_id(path, make_record, monkeypatch):
    """In a schema 0 that never was, a record had its batch outside the case."""
    monkeypatch.setitem(
        store.MIGRATIONS,
        0,
        lambda old: {
            **{key: old[key] for key in old if key != "batch"},
            "schema": 1,
            "case": old["case"] | {"batch": old["batch"]},
        },
    )
    content = line_with(make_record, schema=0, batch=4)
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"id":"%s",%s' % (store._hash(content).encode(), content[1:]))
    assert store.read(path) == [make_record(batch=4)]
    assert store.verify(path) == []


def test_an_old_line_that_does_not_migrate_is_named(path, make_record, monkeypatch):
    monkeypatch.setitem(store.MIGRATIONS, 0, lambda old: {"schema": old["missing"]})
    path.parent.mkdir(parents=True)
    path.write_bytes(line_with(make_record, schema=0))
    with pytest.raises(StoreError, match=r"run\.jsonl:1: not a record"):
        store.read(path)


def test_every_schema_before_this_one_has_a_migration_and_a_line_in_the_history():
    assert sorted(store.MIGRATIONS) == list(range(1, SCHEMA))
    assert all(f"\n{schema}. " in of_schema.__doc__ for schema in range(1, SCHEMA + 1))


# What later schemas added to the nouns of a record.
ADDED = {
    "case": {"options": []},
    "costs": {"calls": []},
    "samples": {
        **{key: [] for key in ("device_s", "launch_s", "to_device_s", "to_host_s")},
        "throttled_rounds": 0,
    },
}


INPUT = {"form": "tensor", "batch_at": 0, "below": None}  # and to each of its inputs


def test_records_of_schema_1_are_read_as_they_are_and_belong_to_no_sweep():
    """A file that version 0.1.0 wrote."""
    old = ROOT / "results" / "amd-epyc-2-cores" / "quick.jsonl"
    lines = [json.loads(line) for line in old.read_text().splitlines()]
    assert {line["schema"] for line in lines} == {1}
    found = store.read(old)
    assert [record.case.model for record in found] == [line["case"]["model"] for line in lines]
    assert all(record.schema == SCHEMA and record.sweep is None for record in found)
    for record, line in zip(found, lines, strict=True):
        again = json.loads(msgspec.json.encode(record))
        new = ("sweep", "energy_j", "layers", "findings", "opinions", "check", "identity")
        since = dict.fromkeys(new)
        assert again.pop("run")["id"] == line["environment"]["noted"]["time"]
        for noun, added in ADDED.items():
            assert {key: again[noun].pop(key) for key in added} == added
        for one in again["case"]["inputs"]:
            assert {key: one.pop(key) for key in INPUT} == INPUT
        assert {**again, "schema": 1, "id": line["id"]} == {**line, **since}
    assert store.verify(old) == []


def test_a_record_of_schema_1_that_is_appended_again_is_one_of_today(path):
    old = store.read(ROOT / "results" / "amd-epyc-2-cores" / "quick.jsonl")
    store.append(path, old)
    assert store.read(path) == old
    assert f'"schema":{SCHEMA},' in path.read_text()


@pytest.mark.parametrize(
    "sweep",
    [{}, {"run": "a"}, {"run": "a", "experiment": "g1", "point": "1:1", "width": 0},
     {"run": "a", "experiment": "g1", "point": "1:1", "settings": {"c": None}},
     {"run": "a", "experiment": "g1", "point": "1:1", "more": 1}, "a", 1],
    ids=str,
)  # fmt: skip
def test_a_place_in_a_sweep_that_cannot_be_is_refused(path, make_record, sweep):
    path.parent.mkdir(parents=True)
    path.write_bytes(line_with(make_record, sweep=sweep))
    with pytest.raises(StoreError, match=r"run\.jsonl:1: not a record"):
        store.read(path)
