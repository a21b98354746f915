"""`lb.check`, `lb.noise` and `lb.history`: from Python the same words, and the same answers, as on the
command line."""

from __future__ import annotations

import json
import warnings

import msgspec
import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.cli import run
from lightbench.errors import EXIT_CODES, StoreError, UnknownName, UntrustedCode, UsageError
from lightbench.records import Environment, store
from lightbench.studies.noise import measure

NET = """
from torch import nn

print("hello from the network")

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 3))
"""
WEIGHTS = 8 * (3 * 3 * 3 + 1)
SETTINGS = {"input": "3x16x16", "threads": 1}
pytestmark = pytest.mark.usefixtures("forked")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a network, in which we stand."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / ".git").mkdir()  # no configuration is looked for above it
    return tmp_path


def budget(folder, params, more=""):
    file = folder / "lightbench.toml"
    file.write_text(f'{more}\n[budgets."*"]\nparams = {params}\n')
    return file


# check


def test_a_check_gives_rows_and_the_exit_code_of_the_command(project):
    budget(project, WEIGHTS)
    kept = lb.check("net.py:Net", **SETTINGS)
    assert (kept.exit_code, [row.verdict for row in kept.rows][:1]) == (0, ["in budget"])
    budget(project, WEIGHTS - 1)
    broken = lb.check("net.py:Net", **SETTINGS)
    row = next(row for row in broken.rows if row.metric == "params")
    assert (broken.exit_code, row.verdict, row.state) == (1, "over budget", "regression")
    assert row.now == WEIGHTS
    assert {kept.exit_code, broken.exit_code} < EXIT_CODES.keys()


def test_a_check_prints_nothing_and_shows_itself_as_the_command_does(project, capfd):
    file = budget(project, WEIGHTS - 1)
    found = lb.check(["net.py:Net"], config=file, **SETTINGS)
    assert capfd.readouterr().out == ""
    code = run(["check", "net.py:Net", "--threads", "1", "--input", "3x16x16", "-q"])
    assert code == found.exit_code == 1
    assert capfd.readouterr().out.rstrip("\n") == repr(found)
    assert list(found.to_pandas()["now"]) == [row.now for row in found.rows]


def test_what_a_check_found_goes_into_a_report_as_it_does_from_the_command(project):
    budget(project, WEIGHTS)
    found = lb.check("net.py:Net", **SETTINGS)
    run(["check", "net.py:Net", "--threads", "1", "--input", "3x16x16", "-q", "--store", "c.jsonl"])
    (stored,), (record,) = store.read("c.jsonl"), found.records
    assert (record.case, record.check) == (stored.case, stored.check)
    assert "Checks" in [section.title for section in lb.report(found).document.sections]


def test_the_project_says_what_the_caller_does_not(project):
    budget(project, WEIGHTS, 'models = ["net.py:Net"]\ninput = "3x16x16"\nbatch = 2\nthreads = 1')
    (case,) = lb.check().cases
    assert (case.model, case.batch, case.dtype) == ("net.py:Net", 2, "float32")
    (case,) = lb.check(batch=4, dtype=torch.float64).cases
    assert (case.batch, case.dtype, case.threads) == (4, "float64", 1)


def test_a_baseline_is_a_file_or_records_and_both_say_the_same(project):
    old = lb.profile("net.py:Net", seconds=0.02, rel=1.0, **SETTINGS)
    store.append("old.jsonl", old.records)
    (project / "net.py").write_text(NET.replace("8, 3)", "9, 3)"))
    held = [
        lb.check("net.py:Net", baseline=baseline, latency=False, **SETTINGS)
        for baseline in ("old.jsonl", project / "old.jsonl", old, old.record)
    ]
    assert [one.exit_code for one in held] == [1] * 4  # of a baseline every count is a limit
    assert held[0].rows == held[1].rows == held[2].rows == held[3].rows
    assert [one.against for one in held][::2] == ["old.jsonl", "a baseline"]


def test_code_that_only_a_baseline_names_is_not_run_unless_told(project):
    old = lb.profile("net.py:Net", seconds=0.02, rel=1.0, **SETTINGS)
    (project / "net.py").write_text("open('was-run', 'w')\n" + NET)
    with pytest.raises(UntrustedCode, match="whose code would run"):
        lb.check(baseline=old, latency=False)
    assert not (project / "was-run").exists()
    assert lb.check(baseline=old, latency=False, trusted=True).exit_code == 0
    assert (project / "was-run").exists()


def test_strict_is_said_once_and_holds_for_the_code_and_the_table(project):
    (project / "lightbench.toml").write_text('[budgets."*"]\nlatency_s = 1\n')
    easy, strict = (
        lb.check("net.py:Net", latency=False, strict=strict, **SETTINGS) for strict in (False, True)
    )
    assert (easy.exit_code, strict.exit_code) == (0, 3)
    assert [one.view.data["exit_code"] for one in (easy, strict)] == [0, 3]


@pytest.mark.parametrize(
    ("models", "settings", "words"),
    [
        ((), {}, "no model is named"),
        ("net.py:Net", {}, "nothing to check against"),
        ("net.py:Net", {"against": "HEAD", "baseline": "old.jsonl"}, "two questions"),
        ("net.py:Net", {"baseline": "gone.jsonl"}, "no baseline 'gone.jsonl'"),
        ("net.py:Net", {"baseline": 3}, "int holds no records"),
        ("net.py:Net", {"config": "gone.toml"}, "cannot read gone.toml"),
        ("net.py:Net", {"old_python": "python3"}, "is for --isolate"),
        ("net.py:Net", {"tolerance": "two"}, "cannot read 'two'"),
        ("net.py:Net", {"tolerance": float("nan")}, "cannot read 'nan'"),
        (nn.Conv2d(3, 8, 3), {}, "by their names"),
        ([nn.Conv2d(3, 8, 3)], {}, "by their names"),
        (None, {}, "by their names"),
    ],
)
def test_a_check_that_cannot_be_meant_raises_one_sentence(project, models, settings, words):
    with pytest.raises(UsageError, match=words):
        lb.check(models, **settings)


# noise


@pytest.fixture
def short_looks(monkeypatch):
    monkeypatch.setattr(measure, "CALIBRATE_S", 0.05)
    monkeypatch.setattr(measure, "WARM_UP_S", 0.05)


def test_noise_gives_what_the_command_shows(short_looks, capfd):
    told = []
    found = lb.noise(device="null", seconds=0.05, seed=1, dtype=torch.float32, say=told.append)
    assert capfd.readouterr().out == ""
    assert told[-1] == "draw gates"
    assert len(found.gates) == len(found.to_pandas()) == 3  # of 5, 20 and 60 s
    assert not found.interrupted
    assert repr(found).startswith("Noise of this machine: shufflenet_v2_x0_5, batch 1, null")
    assert run(["noise", "--device", "null", "--seconds", "0.05", "-q", "--format", "csv"]) == 0
    header = capfd.readouterr().out.splitlines()[0].replace(chr(34), "").split(",")
    assert header == list(found.to_pandas().columns)


@pytest.mark.parametrize(
    ("model", "settings", "error", "words"),
    [
        (nn.Conv2d(3, 8, 3), {}, UsageError, "by its name, got Conv2d"),
        ("shufflenet_v2_x0_6", {}, UnknownName, "no model is called"),
        ("shufflenet_v2_x0_5", {"seconds": -1}, UsageError, "-1"),
        ("shufflenet_v2_x0_5", {"tolerance": -1}, UsageError, "tolerance"),
        ("shufflenet_v2_x0_5", {"device": "cpuu"}, UnknownName, "no device"),
    ],
)
def test_noise_that_cannot_be_measured_raises_one_sentence(model, settings, error, words):
    with pytest.raises(error, match=words):
        lb.noise(model, **settings)


# history


@pytest.fixture
def records(make_record):
    """Of two commits, the second of which has more parameters; and a network beside it."""

    def made(day, model):
        record = make_record(model, latency_s=0.01, params=1000 + day)
        where = Environment(
            comparable={"cpu": "Example CPU", "threads": 1}, noted={"commit": str(day) * 40}
        )
        return msgspec.structs.replace(
            record, environment=where, time=f"2026-01-0{day}T03:00:00+00:00"
        )

    return [made(day, model) for model in ("net", "other") for day in (1, 2)]


def test_history_is_of_files_and_of_records_alike(records, tmp_path):
    store.append(tmp_path / "a.jsonl", records[:1])
    there = lb.history(records, metric="params")
    assert [one.case.model for one in there.series] == ["net", "other"]
    for sources in (
        [tmp_path / "a.jsonl", *records[1:]],
        [str(tmp_path / "a.jsonl"), records[1:]],
        [iter(records)],
    ):
        assert lb.history(*sources, metric="params").series == there.series


def test_history_says_where_a_count_changed_and_of_one_model_each_commit(records):
    found = lb.history(records, models="net", metric="params")
    (series,) = found.series
    (change,) = series.changes
    assert (change.at, change.difference) == (1, 1)
    assert list(found.to_pandas()["commit"]) == ["1" * 40, "2" * 40]
    assert len(lb.history(records, metric="params").to_pandas()) == 2  # a row for each series


def test_history_is_what_the_command_shows(records, tmp_path, capsys):
    file = tmp_path / "a.jsonl"
    store.append(file, records)
    assert run(["history", str(file), "--metric", "params", "--model", "net"]) == 0
    found = lb.history(file, models=["net"], metric="params")
    assert capsys.readouterr().out.rstrip("\n") == repr(found)
    assert run(["history", str(file), "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [one["case"]["model"] for one in data["series"]] == ["net", "other"]


def test_a_record_that_was_cut_short_is_said_also_where_there_is_an_error(
    records, tmp_path, capsys
):
    file = tmp_path / "a.jsonl"
    store.append(file, records)
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.warns(UserWarning, match="cut short"):
        lb.history(file)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(["history", str(file), "--model", "nett"]) == 2
    said = capsys.readouterr().err
    assert "cut short" in said
    assert "no model is called 'nett'" in said


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"metric": "latncy"}, UnknownName, "no metric is called 'latncy'"),
        ({"models": "nett"}, UnknownName, "no model is called 'nett'"),
        ({"device": "npu"}, UnknownName, "no device is called 'npu'"),
        ({"metric": "peak_memory_bytes"}, UsageError, "no record of 4 has a peak_memory_bytes"),
    ],
)
def test_a_history_that_nothing_has_raises_one_sentence(records, settings, error, words):
    with pytest.raises(error, match=words):
        lb.history(records, **settings)


def test_a_history_of_nothing_and_of_what_is_no_record(tmp_path):
    with pytest.raises(UsageError, match="no record of 0"):
        lb.history()
    with pytest.raises(UsageError, match="int holds no records"):
        lb.history(3)
    (tmp_path / "a.jsonl").write_text("no record\n" * 3)
    with pytest.raises(StoreError, match=r"a\.jsonl"):
        lb.history(tmp_path / "a.jsonl")
