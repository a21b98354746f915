"""pytest-benchmark's JSON: its own statistics and its own reader are the oracle."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_benchmark.stats import Stats

from lightbench.environment.machine import Source
from lightbench.errors import StoreError
from lightbench.pytest_benchmark.file import Entry, read, stats, write

TIMES = (0.011, 0.010, 0.012, 0.030, 0.010, 0.0105)
SECONDS = st.floats(1e-9, 1e3)


class NoGit(Source):
    """A machine without git and without anything that names its processor."""

    def text(self, path):
        return None


def entry(name="test_net::old", times=TIMES, **more):
    return Entry(name=name, fullname=f"tests/test_net.py::{name}", times_s=times, **more)


def written(path, *entries):
    write(path, entries)
    return json.loads(path.read_text(encoding="utf-8"))


@settings(deadline=None)
@given(st.lists(SECONDS, min_size=1, max_size=40))
def test_statistics_are_those_of_pytest_benchmark(times):
    theirs = Stats()
    for time in times:
        theirs.update(time)
    known = theirs.as_dict()
    ours = stats(times)
    assert {key: ours[key] for key in known} == known


def test_tukeys_fences_leave_out_what_lies_beyond_them():
    # quartiles 2 and 4, so the fences are -1 and 7: by hand
    found = stats([1, 2, 3, 4, 100, 2, 4, 3])
    assert (found["q1"], found["q3"]) == (2, 4)
    assert (found["ld15iqr"], found["hd15iqr"], found["iqr_outliers"]) == (1, 4, 1)


def test_a_file_has_every_key_that_pytest_benchmark_writes(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(benchmark): benchmark(int)\n")
    ran = pytest_run(tmp_path, "--benchmark-json=theirs.json", "--benchmark-max-time=0.001")
    assert ran.returncode == 0, ran.stdout
    theirs = json.loads((tmp_path / "theirs.json").read_text())
    ours = written(tmp_path / "ours.json", entry())
    assert theirs.keys() == ours.keys()
    (their, our) = theirs["benchmarks"][0], ours["benchmarks"][0]
    assert their.keys() == our.keys()
    assert their["stats"].keys() == our["stats"].keys()
    for part in ("machine_info", "commit_info"):
        assert theirs[part].keys() <= ours[part].keys()


def test_a_run_of_pytest_benchmark_and_ours_here_are_of_the_same_machine(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(benchmark): benchmark(int)\n")
    pytest_run(tmp_path, "--benchmark-json=theirs.json", "--benchmark-max-time=0.001")
    write(tmp_path / "ours.json", [entry()], source=Source(torch=None))
    theirs, ours = read(tmp_path / "theirs.json"), read(tmp_path / "ours.json")
    assert theirs.facts == ours.facts
    assert [one.name for one in theirs.benchmarks] == ["test_it.py::test_it"]
    assert theirs.benchmarks[0].problem == ""


def pytest_run(folder, *options):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_pytest_benchmarks_own_compare_reads_the_file(tmp_path):
    group = "tests/test_net.py::test_net"
    entries = [entry("test_net::old", group=group), entry("test_net::new", group=group)]
    (tmp_path / "storage").mkdir()
    write(tmp_path / "storage" / "0001_ours.json", entries)
    command = [Path(sys.executable).parent / "pytest-benchmark", "--storage", "storage"]
    ran = subprocess.run(
        [*command, "compare", "0001", "--columns=min,median,rounds"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Failed to load" not in ran.stderr
    assert "test_net::old" in ran.stdout
    assert "test_net::new" in ran.stdout
    assert "10.7500" in ran.stdout  # ms: the median, half way between 10.5 and 11


def test_what_is_written_is_read_back(tmp_path):
    write(tmp_path / "run.json", [entry(iterations=3, extra_info={"threads": 2})])
    (one,) = read(tmp_path / "run.json").benchmarks
    assert one.name == "tests/test_net.py::test_net::old"
    assert (one.min_s, one.median_s) == (0.010, 0.01075)
    assert one.settings["threads"] == "2"
    assert one.problem == ""


def test_a_file_tells_neither_the_host_nor_a_folder(tmp_path):
    import platform

    content = written(tmp_path / "run.json", entry())
    assert content["machine_info"]["node"] == ""
    assert str(tmp_path) not in json.dumps(content)
    assert platform.node() not in content["machine_info"].values()


def test_a_machine_that_tells_nothing_still_gives_a_file(tmp_path):
    def no_output(_command):
        raise OSError("no such program")

    write(tmp_path / "run.json", [entry()], source=NoGit(output=no_output))
    assert json.loads((tmp_path / "run.json").read_text())["commit_info"]["id"] == "unversioned"


def test_names_with_escapes_and_halves_of_characters_are_kept(tmp_path):
    name = 'test[\x1b[31m"\ud800\u202e|\n]'
    write(tmp_path / "run.json", [entry(name)])
    assert (tmp_path / "run.json").read_bytes().isascii()
    assert read(tmp_path / "run.json").benchmarks[0].name.endswith(name)


@pytest.mark.parametrize("times", [(), (0.0,), (-1.0,), (float("nan"),), (1.0, float("inf"))])
def test_what_is_no_time_cannot_be_written(times):
    with pytest.raises(ValueError, match="finite and above zero"):
        entry(times=times)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StoreError, match="cannot write"):
        write(tmp_path / "none" / "run.json", [entry()])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"3",
        b'{"benchmarks": null}',
        b'{"benchmarks": {"a": 1}}',
        b'{"benchmarks": [1]}',
        b'{"benchmarks": ' + b"[" * 100_000,
        b'{"benchmarks": ' + b"9" * 10_000 + b"}",
        b'{"id":"0123456789abcdef","schema":3}\n{"id":"0123456789abcdef","schema":3}\n',
    ],
)
def test_another_file_is_refused_with_what_it_has_to_be(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"other\.json") as failure:
        read(path)
    assert "--benchmark-json" in failure.value.hint


def test_a_file_that_is_not_there_is_bad_input(tmp_path):
    with pytest.raises(StoreError, match="No such file"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_powershell_saves_is_read(tmp_path, encoding):
    content = '{"benchmarks": [{"name": "a", "stats": {"min": 1, "median": 2}}]}'
    (tmp_path / "run.json").write_text(content, encoding=encoding)
    assert read(tmp_path / "run.json").benchmarks[0].median_s == 2


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"stats": None},
        {"stats": []},
        {"stats": {"min": 0, "median": 0}},
        {"stats": {"min": 1, "median": None}},
        {"stats": {"min": True, "median": True}},
        {"stats": {"min": "1", "median": "1"}},
        {"stats": {"min": float("nan"), "median": 1}},
        {"stats": {"min": 1, "median": float("inf")}},
        {"stats": {"min": -1, "median": 1}},
        {"stats": {"min": 2, "median": 1}},
        {"stats": {"min": 1e-300, "median": 1}},
        {"stats": {"min": 1, "median": 10**400}},
    ],
)
def test_a_benchmark_without_usable_times_has_a_problem(tmp_path, found):
    (tmp_path / "run.json").write_text(json.dumps({"benchmarks": [{"name": "a", **found}]}))
    (one,) = read(tmp_path / "run.json").benchmarks
    assert "no times" in one.problem
    assert (one.min_s, one.median_s) == (None, None)


@pytest.mark.parametrize("iqr", [None, float("nan"), -1, "1", 10**400])
def test_a_spread_that_is_no_number_is_unknown(tmp_path, iqr):
    content = {"benchmarks": [{"name": "a", "stats": {"min": 1, "median": 1, "iqr": iqr}}]}
    (tmp_path / "run.json").write_text(json.dumps(content))
    assert read(tmp_path / "run.json").benchmarks[0].spread is None


def test_facts_of_a_strange_kind_are_named_not_read(tmp_path):
    content = {"machine_info": {"cpu": {"brand_raw": [1] * 10_000}, "machine": "x" * 10_000}}
    (tmp_path / "run.json").write_text(json.dumps({**content, "benchmarks": []}))
    facts = read(tmp_path / "run.json").facts
    assert facts["cpu"] == "list"
    assert len(facts["machine"]) == 80
