"""A file of records survives whatever happens to its writers, and says where it is broken."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import msgspec
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.errors import StoreError
from lightbench.records import SCHEMA, store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results" / "new" / "run.jsonl"


def run_python(code, *args, **kwargs):
    """Start a process that has ``record`` (built from its line on disk) and ``store``."""
    start = (
        "import sys\nfrom lightbench.records import store\n"
        "record = store.read(sys.argv[1])[0]\ntarget = sys.argv[2]\n"
    )
    command = [sys.executable, "-c", start + code, *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, **kwargs)


# What goes in comes out.


def test_records_come_back_as_they_were_in_the_order_they_were_added(path, make_record):
    first, second = make_record("a"), make_record("b", failure="no such layer")
    store.append(path, [first])
    store.append(path, [second, first])
    assert store.read(path) == [first, second, first]


@given(
    model=st.text(),
    times=st.lists(st.floats(1e-9, 1e6), max_size=5),
    noted=st.dictionaries(st.text(), st.none() | st.text() | st.floats(allow_nan=False, allow_infinity=False)),
)  # fmt: skip
def test_every_record_that_can_be_built_round_trips(
    tmp_path_factory, make_record, model, times, noted
):
    base = make_record()
    record = msgspec.structs.replace(
        base,
        case=msgspec.structs.replace(base.case, model=model),
        samples=msgspec.structs.replace(base.samples, wall_s=tuple(times)),
        environment=msgspec.structs.replace(base.environment, noted=noted),
    )
    path = tmp_path_factory.mktemp("round_trip") / "run.jsonl"
    store.append(path, [record])
    assert store.read(path) == [record]
    assert store.verify(path) == []


def test_a_record_of_a_sweep_comes_back_with_its_place_in_it(path, sweep_records):
    records = sweep_records(
        {"g=1": 0.010, "g=4 <b>\n": None},
        experiment="g2_group_count",
        channels="paper-arm",
        width=4,
        settings={"g=1": {"c": 64, "by": "index", "parallel": True}},
        per_madd=True,
        launch={"g=1": 0.001},
        notes={"g=1": "rounded"},
    )
    store.append(path, records)
    assert store.read(path) == records
    assert store.verify(path) == []
    first = json.loads(path.read_text().splitlines()[0])["found"]
    assert first["settings"] == {"c": 64, "by": "index", "parallel": True}
    assert first["settings"]["parallel"] is True  # not 1
    assert (first["point"], first["reference"], first["per_madd"]) == ("g=1", True, True)


def test_a_record_is_one_line_and_carries_its_id(path, make_record):
    record = make_record("two\nlines")
    store.append(path, [record, record])
    lines = path.read_bytes().split(b"\n")
    assert len(lines) == 3
    assert lines[2] == b""
    assert json.loads(lines[0])["id"] == record.id


def test_pandas_reads_the_file_as_it_is(path, make_record):
    store.append(path, [make_record("a"), make_record("b")])
    frame = pandas.read_json(path, lines=True)
    assert [case["model"] for case in frame["case"]] == ["a", "b"]
    assert list(frame["id"]) == [record.id for record in store.read(path)]


def test_a_generator_that_fails_keeps_what_it_has_produced(path, make_record):
    def measure():
        yield make_record("a")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.append(path, measure())
    assert len(store.read(path)) == 1


def test_a_dash_reads_standard_input_and_leaves_it_open(path, make_record, monkeypatch):
    store.append(path, [make_record()])
    pipe = io.TextIOWrapper(io.BytesIO(path.read_bytes() + b"broken\n"))
    monkeypatch.setattr(sys, "stdin", pipe)
    with pytest.raises(StoreError, match="standard input:2"):
        store.read("-")
    assert not pipe.closed


# Killed writers and full disks.


def test_wherever_a_line_is_cut_the_records_around_it_are_read(path, make_record):
    before, cut, after = make_record("a"), make_record("b"), make_record("c")
    store.append(path, [before])
    start = path.stat().st_size
    store.append(path, [cut])
    whole = path.read_bytes()
    for size in range(start + 1, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.warns(UserWarning, match=r"run\.jsonl:2: skipped .* cut short"):
            assert store.read(path) == [before]
        store.append(path, [after])
        with pytest.warns(UserWarning, match=r"run\.jsonl:2"):
            assert store.read(path) == [before, after]


def test_a_last_line_that_lacks_only_its_end_is_a_record(path, make_record):
    store.append(path, [make_record("a")])
    path.write_bytes(path.read_bytes()[:-1])
    store.append(path, [make_record("b")])
    assert [record.case.model for record in store.read(path)] == ["a", "b"]


def test_a_writer_killed_at_any_time_harms_at_most_its_last_record(path, tmp_path, make_record):
    seed = tmp_path / "seed.jsonl"
    store.append(seed, [make_record("n" * 100_000)])
    known = 0
    for kill in range(5):
        writer = run_python(
            "print(1, flush=True)\nwhile True: store.append(target, [record])",
            seed, path, stdout=subprocess.PIPE,
        )  # fmt: skip
        writer.stdout.readline()
        time.sleep(0.02 + 0.013 * kill)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        store.append(path, [make_record("after")])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            records = store.read(path)
        assert len(caught) <= kill + 1
        assert records[-1].case.model == "after"
        assert len(records) > known
        known = len(records)


def test_eight_writers_lose_nothing(path, tmp_path, make_record):
    seed = tmp_path / "seed.jsonl"
    store.append(seed, [make_record("n" * 30_000)])
    code = "for _ in range(50): store.append(target, [record])"
    writers = [run_python(code, seed, path) for _ in range(8)]
    assert [writer.wait(60) for writer in writers] == [0] * 8
    assert len(store.read(path)) == 400
    assert store.verify(path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits are set with the resource module")
def test_a_disk_that_fills_up_is_named_and_what_was_stored_stays(path, tmp_path, make_record):
    seed = tmp_path / "seed.jsonl"
    store.append(seed, [make_record()])
    size = seed.stat().st_size
    code = (
        f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({size * 3 // 2},) * 2)\n"
        "try: store.append(target, [record] * 3)\n"
        "except store.StoreError as error: sys.exit(str(error))"
    )
    writer = run_python(code, seed, path, stderr=subprocess.PIPE, text=True)
    _, message = writer.communicate(timeout=60)
    assert str(path) in message
    assert "full" in message
    with pytest.warns(UserWarning, match="cut short"):
        assert len(store.read(path)) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_keeps_nothing(make_record):
    with pytest.raises(StoreError, match=r"/dev/full cannot be a store"):
        store.append("/dev/full", [make_record()])


@pytest.mark.parametrize("act", [lambda path, record: store.append(path, [record]),
                                 lambda path, record: store.read(path)])  # fmt: skip
def test_a_folder_is_no_result_file(tmp_path, make_record, act):
    with pytest.raises(StoreError, match=f"{tmp_path}: Is a directory"):
        act(tmp_path, make_record())


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"none\.jsonl: No such file"):
        store.read(tmp_path / "none.jsonl")


def test_a_folder_that_cannot_be_made_is_named(tmp_path, make_record):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file/run.jsonl"):
        store.append(tmp_path / "file" / "run.jsonl", [make_record()])


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_a_read_only_folder_is_named(tmp_path, make_record):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied"):
        store.append(tmp_path / "run.jsonl", [make_record()])


# Lines that are not records.


def line_with(make_record, **changes):
    return json.dumps(msgspec.to_builtins(make_record()) | changes).encode()


MALFORMED = {
    "not JSON": b"hello",
    "a number": b"1",
    "a list": b"[]",
    "no schema": b"{}",
    "a schema that is true": b'{"schema":true}',
    "a schema that is text": b'{"schema":"1"}',
    "a schema that never was": b'{"schema":-1}',
    "fields missing": b'{"schema":1}',
    "NaN": b'{"schema":1,"time":NaN}',
    "an infinite number": b'{"schema":1,"time":1e999}',
    "a number of 5,000 digits": b'{"schema":1,"time":' + b"9" * 5000 + b"}",
    "200,000 brackets": b"[" * 200_000,
    "two documents": b'{"schema":1}{"schema":1}',
    "zero bytes": b"\0" * 100,
    "a byte order mark": b'\xef\xbb\xbf{"schema":1}',
    "UTF-16": '{"schema":1}'.encode("utf-16"),
    "Latin-1": b'{"schema":1,"time":"\xe9"}',
}


@pytest.mark.parametrize("line", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("end", [b"\n", b""], ids=["inside", "last"])
def test_a_malformed_line_is_named(path, make_record, line, end):
    store.append(path, [make_record()])
    path.write_bytes(path.read_bytes() + line + end)
    began = time.perf_counter()
    with pytest.raises(StoreError, match=r"run\.jsonl:2: not a record"):
        store.read(path)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "maybe"},
        {"latency": None},
        {"peak_memory_bytes": "much"},
        {"case": {"model": "net", "inputs": [], "batch": 0}},
        {"something": "new"},
    ],
    ids=str,
)
def test_a_record_that_cannot_be_true_is_refused(path, make_record, changes):
    path.parent.mkdir(parents=True)
    path.write_bytes(line_with(make_record, **changes))
    with pytest.raises(StoreError, match=r"run\.jsonl:1: not a record"):
        store.read(path)


def test_a_line_too_long_is_refused_without_reading_it_all(path, monkeypatch, make_record):
    monkeypatch.setattr(store, "MAX_LINE", 10_000)
    store.append(path, [make_record()])
    with pytest.raises(StoreError, match=r"run\.jsonl: .* too long"):
        store.append(path, [make_record("n" * 10_000)])
    path.write_bytes(path.read_bytes() + b"[" * 20_000 + b"\n")
    with pytest.raises(StoreError, match=r"run\.jsonl:2: .* too long"):
        store.read(path)


def test_blank_lines_and_windows_line_ends_do_no_harm(path, make_record):
    store.append(path, [make_record()])
    path.write_bytes(b"\n\r\n" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert store.read(path) == [make_record()]
    assert store.verify(path) == []


def test_text_that_is_not_unicode_is_not_stored(path, make_record):
    with pytest.raises(StoreError, match=r"run\.jsonl: .*surrogates"):
        store.append(path, [make_record("\ud800")])


# Integrity.


def test_verify_finds_the_line_that_was_changed(path, make_record):
    store.append(path, [make_record("a"), make_record("b"), make_record("c")])
    assert store.verify(path) == []
    path.write_bytes(path.read_bytes().replace(b'"model":"b"', b'"model":"d"') + b"{}\n")
    changed, foreign = store.verify(path)
    assert "run.jsonl:2" in changed
    assert "run.jsonl:4" in foreign


# Keys that are there twice, of which every parser keeps one, and not all the same one.


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"status":', b'"status":"failed","status":'),
        (b'"batch":', b'"batch":7,"batch":'),
        (b'"batch":', b'"b\\u0061tch":7,"batch":'),
        (b'"latency":', b'"latency":null, "latency":'),
    ],
)
def test_a_key_that_is_there_twice_at_any_depth_is_refused(path, make_record, old, new):
    store.append(path, [make_record(), make_record()])
    first, second = path.read_bytes().splitlines()
    path.write_bytes(first + b"\n" + second.replace(old, new, 1))
    with pytest.raises(StoreError, match=r"run\.jsonl:2: not a record: it has the key '\w+' twice"):
        store.read(path)
    (problem,) = store.verify(path)
    assert "run.jsonl:2" in problem


def test_a_line_written_by_another_tool_is_read_as_well(path, make_record):
    path.parent.mkdir(parents=True)
    path.write_bytes(json.dumps(msgspec.to_builtins(make_record("n\u00e9t"))).encode())
    assert store.read(path) == [make_record("n\u00e9t")]
    assert [line["status"] for line in store.scan(path, msgspec.json.decode)] == ["ok"]


@pytest.mark.parametrize("schema", [b"true", b"false", b"0", b"-1", b"4.0", b"1e0", b'"4"', b"null", b"9" * 30])  # fmt: skip
def test_a_schema_is_a_whole_number_that_there_is(path, make_record, schema):
    store.append(path, [make_record()])
    content = path.read_bytes().replace(f'"schema":{SCHEMA}'.encode(), b'"schema":' + schema)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"run\.jsonl:1: "):
        store.read(path)


def test_verify_holds_what_cannot_be_read_although_its_id_is_right(path):
    content = b'{"schema":4,"schema":4}'
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"id":"%s",%s\n' % (store._hash(content).encode(), content[1:]))
    (problem,) = store.verify(path)
    assert "run.jsonl:1: not a record" in problem
