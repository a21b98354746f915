"""`lightbench store verify`: which lines are not what was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lightbench.records import store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path, make_record):
    path = tmp_path / "runs.jsonl"
    store.append(path, [make_record("a"), make_record("b"), make_record("c")])
    return path


def test_all_is_right(lightbench, file):
    answer = lightbench("store", "verify", file, "--format", "json")
    assert (answer.code, answer.err) == (0, "")
    said = json.loads(answer.out)
    assert said == {
        "files": [{"file": str(file), "records": 3, "problems": 0, "level": ""}],
        "problems": [],
    }


def test_a_changed_line_is_named_and_the_code_is_2(lightbench, file):
    file.write_bytes(file.read_bytes().replace(b'"model":"b"', b'"model":"d"'))
    answer = lightbench("store", "verify", file, "--format", "json")
    assert answer.code == 2
    assert "runs.jsonl:2: the content does not match the id" in answer.out
    assert "measure again" in answer.err
    assert lightbench("store", "verify", "-q", file).err == ""


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_looked_at(lightbench, file):
    answer = lightbench("store", "verify", "none.jsonl", file, "--format", "csv")
    assert answer.code == 2
    assert answer.err == "lightbench: none.jsonl: No such file or directory.\n"
    assert answer.out.splitlines()[2] == f'"{file}",3,0,""'


def test_records_of_older_schemas_hold(lightbench):
    old = ROOT / "results" / "amd-epyc-2-cores" / "quick.jsonl"
    assert lightbench("store", "verify", old, "-o", "/dev/null", "--format", "json").code == 0


def test_without_a_file_it_says_what_to_do(lightbench):
    assert lightbench("store", "verify").code == 2
