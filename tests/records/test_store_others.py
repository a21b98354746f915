"""What may become a store, and what holds something else and stays as it is."""

from __future__ import annotations

import json

import msgspec
import pytest

from lightbench.errors import StoreError
from lightbench.records import store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.jsonl"


@pytest.mark.parametrize(
    "held", [b"hello\n", b'{"a":1}\n', b'{"schema":7}\n', b"[]\n", b"\n1\n", b'{"id":7}\n', b"\xff"]
)
def test_a_file_that_holds_something_else_is_not_added_to(path, make_record, held):
    path.write_bytes(held)
    with pytest.raises(StoreError, match=r"run\.jsonl: .*holds something else"):
        store.append(path, [make_record()])
    assert path.read_bytes() == held


@pytest.mark.parametrize("held", [b"", b"\n \n"], ids=["empty", "blank"])
def test_a_file_that_holds_nothing_becomes_a_store(path, make_record, held):
    path.write_bytes(held)
    store.append(path, [make_record()])
    assert store.read(path) == [make_record()]


def test_records_are_added_to_those_that_another_tool_has_written(path, make_record):
    first = json.dumps(msgspec.to_builtins(make_record("a")))
    path.write_text(first)
    store.append(path, [make_record("b")])
    assert [record.case.model for record in store.read(path)] == ["a", "b"]


@pytest.mark.parametrize("size", [1, 2, 6, 7, 15, 23, 24])
def test_a_store_whose_only_writer_was_killed_is_added_to(path, make_record, size):
    path.write_bytes(b'{"id":"0123456789abcdef","case":'[:size])
    store.append(path, [make_record()])
    with pytest.warns(UserWarning, match=r"run\.jsonl:1: skipped .* cut short"):
        assert store.read(path) == [make_record()]


def test_a_line_as_long_as_a_line_may_be_is_written_and_read(path, make_record, monkeypatch):
    store.append(path, [make_record()])
    size = path.stat().st_size
    monkeypatch.setattr(store, "MAX_LINE", size)
    store.append(path, [make_record()])
    assert store.read(path) == [make_record()] * 2
    monkeypatch.setattr(store, "MAX_LINE", size - 1)
    with pytest.raises(StoreError, match=f"a record of {size:,} bytes is too long"):
        store.append(path.with_name("new.jsonl"), [make_record()])
    with pytest.raises(StoreError, match=r"run\.jsonl:1: the line is too long"):
        store.read(path)


def test_what_a_scan_cannot_read_is_skipped_or_named_as_a_reader_does(path, make_record):
    store.append(path, [make_record()] * 2)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.warns(UserWarning, match=r"run\.jsonl:2: skipped .* cut short"):
        assert len(list(store.scan(path, msgspec.json.decode))) == 1
    path.write_bytes(whole + b"hello\n")
    with pytest.raises(StoreError, match=r"run\.jsonl:3: not a record: JSON is malformed"):
        list(store.scan(path, msgspec.json.decode))


def test_lines_that_are_right_are_counted_without_those_that_are_not(path, make_record):
    store.append(path, [make_record()] * 3)
    path.write_bytes(path.read_bytes() + b"{}\n")
    found = store.verified(path)
    assert (found.records, len(found.problems)) == (3, 1)


def test_a_line_may_have_32_mib(path):
    path.write_bytes(b"1" * 32 * 2**20)
    with pytest.raises(StoreError, match="not a record"):
        store.read(path)
    path.write_bytes(b"1" * (32 * 2**20 + 1))
    with pytest.raises(StoreError, match="the line is too long"):
        store.read(path)


def test_a_schema_and_a_case_are_what_tells_records_of_another_tool(path):
    path.write_text('{"schema": 7, "case": {}}')
    store.check_records(path)
