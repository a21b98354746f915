"""What a history reads of a record is what the store says; what is no record is named by file and line."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import msgspec
import pytest
from histories import commit_of, series
from hypothesis import given
from hypothesis import strategies as st

from lightbench.errors import StoreError
from lightbench.records import SCHEMA, store
from lightbench.studies.history.entries import entries, read_entries
from lightbench.studies.history.table import history_view

ROOT = Path(__file__).parents[3]


def line_with(record, **changes):
    return json.dumps(msgspec.to_builtins(record) | changes).encode() + b"\n"


# What is read of a record.


@pytest.mark.parametrize("said", ["contended: others.", "suspect: it remembers."])
def test_a_time_that_is_not_believed_has_no_place_in_a_series(keep, make_record, said):
    records = [make_record("a"), make_record("a", warnings=(said,))]
    assert [entry.latency is None for entry in read_entries(str(keep(records)))] == [False, True]


def test_a_store_in_short_says_what_its_records_say(keep, profile, sweep_records, at):
    records = [*profile, *sweep_records(), at(1), at(2, failure="out of memory.")]
    found = list(read_entries(str(keep(records))))
    assert found == entries(records)
    assert [entry.case for entry in found] == [record.case for record in records]
    assert [entry.time for entry in found] == [record.time for record in records]
    first = profile[0]
    assert found[0].values == {
        "latency": first.latency.median_s,
        "params": first.costs.params,
        "madds": first.costs.madds,
        "mem_access": first.costs.mem_access,
        "mem_bytes": first.costs.mem_bytes,
        "fused_bytes": first.costs.fused_bytes,
        "param_bytes": first.costs.param_bytes,
        "activations": first.costs.activations,
    }


def test_records_of_schema_1_are_read_as_the_store_migrates_them():
    old = ROOT / "results" / "amd-epyc-2-cores" / "quick.jsonl"
    assert b'"schema":1,' in old.read_bytes()
    assert list(read_entries(str(old))) == entries(store.read(old))


@pytest.mark.parametrize("changes", [{}, {"time": 7}], ids=["same fields", "other fields"])
def test_a_newer_schema_is_refused_in_the_words_of_the_store(changes, keep, at):
    path = keep([at(1)])
    path.write_bytes(path.read_bytes() + line_with(at(2), schema=SCHEMA + 1, **changes))
    with pytest.raises(StoreError, match="newer lightbench") as ours:
        list(read_entries(str(path)))
    with pytest.raises(StoreError) as theirs:
        store.read(path)
    assert str(ours.value) == str(theirs.value)


def test_wherever_a_line_is_cut_the_records_around_it_are_read(keep, at):
    path = keep([at(1)])
    line = path.read_bytes()
    for end in range(1, len(line) - 1, 7):
        path.write_bytes(line + line[:end] + b"\n" + line)
        with pytest.warns(UserWarning, match=r"r\.jsonl:2: skipped a record that was cut short"):
            assert len(list(read_entries(str(path)))) == 2


@pytest.mark.parametrize(
    "line",
    [b"hello", b"[]", b"{}", b'{"schema":true}', b'{"schema":0}', b'{"schema":1}', b"[" * 200_000,
     b"\0" * 100, b'{"schema":1,"time":"\xe9"}'],
)  # fmt: skip
def test_garbage_is_named_by_file_and_line(line, keep, at):
    path = keep([at(1)])
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(StoreError, match=r"r\.jsonl:2: not a record"):
        list(read_entries(str(path)))


@pytest.mark.parametrize(
    "changes",
    [
        {"time": 5},
        {"case": {"model": "net", "inputs": [], "batch": 0}},
        {"case": {"model": "net"}},
        {"case": 1},
        {"environment": {"comparable": {"cpu": []}, "noted": {}}},
        {"environment": {"comparable": [], "noted": {}}},
        {"environment": {"comparable": {}, "noted": {"commit": {}}}},
        {"costs": {"params": "many"}},
        {"latency": {"median_s": 0}},
        {"latency": {"median_s": -1.0}},
        {"latency": {"median_s": None}},
        {"peak_memory_bytes": -5},
        {"peak_memory_bytes": 10**30},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_named_by_file_and_line(changes, keep, at):
    path = keep([at(1)])
    path.write_bytes(path.read_bytes() + line_with(at(2), **changes))
    with pytest.raises(StoreError, match=r"r\.jsonl:2: not a record"):
        list(read_entries(str(path)))


@given(st.text(), st.none() | st.text() | st.integers(-5, 5), st.text())
def test_any_text_may_stand_for_a_model_a_commit_or_a_time(at, model, commit, time):
    record = msgspec.structs.replace(at(1, model, commit=commit), time=time)
    (one,) = series([record])
    assert one.case.model == model
    assert one.points[0].commit == (time[:10] if commit in {None, ""} else str(commit))
    assert history_view([one], commits=True).table.rows


def test_a_number_too_large_for_a_time_is_no_record(keep, at):
    path = keep([at(1)])
    text = path.read_text().replace('"median_s":0.01', '"median_s":1e999')
    path.write_text(text)
    with pytest.raises(StoreError, match=r"r\.jsonl:1: not a record"):
        list(read_entries(str(path)))


def test_reading_goes_line_by_line_and_warns_of_nothing(keep, at):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_entries(str(keep([at(1), at(2)])))
        assert next(found).commit == commit_of(1)
