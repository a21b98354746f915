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


@pytest.mark.parametrize("schema", range(1, SCHEMA))
def test_a_record_is_lifted_one_schema_at_a_time(schema):
    old = {"schema": schema, "case": {"inputs": []}, "environment": {"noted": {}}}
    assert store.MIGRATIONS[schema](old)["schema"] == schema + 1


@pytest.mark.parametrize("schema", [0, -1])
def test_a_schema_that_never_was_is_named(path, make_record, schema):
    path.parent.mkdir(parents=True)
    path.write_bytes(line_with(make_record, schema=schema))
    with pytest.raises(StoreError, match=f"there never was a schema {schema}"):
        store.read(path)


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
    "case": {"options": [], "calibration": None},
    "costs": {"calls": [], "stored_params": None},
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
        new = ("found", "energy_j", "identity", "outputs", "conversion", "vendor", "resident")
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


# What each study found was in a field of its own, two of them bare.
OPINION = {"tool": "thop", "ours": 1, "theirs": 1}
FINDING = {"guideline": "G1", "path": "a", "cause": "b", "remedy": "c", "mem_bytes": 1.0}
BEFORE_7 = {
    "sweep": {"run": "a", "experiment": "groups", "point": "2"},
    "findings": [FINDING],
    "opinions": [OPINION],
    "check": {"against": "main", "metrics": []},
}


def line_of_schema_6(make_record, **fields):
    line = json.loads(line_with(make_record, schema=6))
    del line["found"]
    return json.dumps(line | dict.fromkeys(("layers", *BEFORE_7)) | fields).encode()


@pytest.mark.parametrize("field", BEFORE_7)
def test_what_a_study_found_was_a_field_of_its_own_before_schema_7(path, make_record, field):
    path.parent.mkdir(parents=True)
    path.write_bytes(line_of_schema_6(make_record, **{field: BEFORE_7[field]}))
    (record,) = store.read(path)
    kept = json.loads(msgspec.json.encode(getattr(record, field)))
    if field in ("findings", "opinions"):
        assert len(kept) == 1
        kept, said = kept[0], BEFORE_7[field][0]
        new = {"path": "layer", "remedy": "advice"} if field == "findings" else {}
        said = {new.get(key, key): value for key, value in said.items()}
    else:
        said = BEFORE_7[field]
    assert {key: kept[key] for key in said} == said
    assert record.study == {"findings": "lint", "opinions": "crosscheck"}.get(field, field)


def test_a_record_that_found_nothing_before_schema_7_is_a_profile(path, make_record):
    path.parent.mkdir(parents=True)
    path.write_bytes(line_of_schema_6(make_record))
    (record,) = store.read(path)
    assert (record.found, record.study) == (None, "profile")


def test_a_record_of_two_studies_is_refused(path, make_record):
    path.parent.mkdir(parents=True)
    two = {field: BEFORE_7[field] for field in ("sweep", "check")}
    path.write_bytes(line_of_schema_6(make_record, **two))
    with pytest.raises(StoreError, match=r"run\.jsonl:1: not a record: it is of two studies"):
        store.read(path)


def test_what_no_study_finds_is_refused(path, make_record):
    path.parent.mkdir(parents=True)
    path.write_bytes(line_with(make_record, found={"study": "magic", "power": 3}))
    with pytest.raises(StoreError, match=r"not a record: Invalid value 'magic'"):
        store.read(path)


@pytest.mark.parametrize(
    "sweep",
    [{}, {"run": "a"}, {"run": "a", "experiment": "g1", "point": "1:1", "width": 0},
     {"run": "a", "experiment": "g1", "point": "1:1", "settings": {"c": None}},
     {"run": "a", "experiment": "g1", "point": "1:1", "more": 1}, "a", 1],
    ids=str,
)  # fmt: skip
def test_a_place_in_a_sweep_that_cannot_be_is_refused(path, make_record, sweep):
    path.parent.mkdir(parents=True)
    path.write_bytes(line_of_schema_6(make_record, sweep=sweep))
    with pytest.raises(StoreError, match=r"run\.jsonl:1: not a record"):
        store.read(path)


@pytest.mark.parametrize(
    ("sweep", "noted", "run"),
    [
        ({"run": "a1"}, {"time": "t"}, {"id": "a1"}),
        (None, {"time": "t"}, {"id": "t"}),
        (None, {}, None),
        (None, {"time": 5}, None),
    ],
)
def test_before_schema_5_a_run_is_known_by_its_sweep_or_by_when_it_began(sweep, noted, run):
    record = {"schema": 4, "sweep": sweep, "environment": {"noted": noted}}
    assert store.MIGRATIONS[4](record) == {**record, "schema": 5, "run": run}
