"""Networks held against peaks that were measured before: what is handed over, and what is refused."""

from __future__ import annotations

import csv
from dataclasses import replace

import msgspec
import pytest
from quick_profile import NET, QUICK
from rooflines import peak_records
from torch import nn

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.records import store
from lightbench.runner.anchors import NETWORKS
from lightbench.studies.roofline.ceilings import is_peak

NULL = {"device": "null", "seconds": 0.05}


@pytest.fixture(scope="module")
def peaks(make_record):
    """As if the null device had any, on this machine."""
    where = lb.profile(NET, **NULL).record.environment
    records = peak_records(make_record, device="null")
    return [msgspec.structs.replace(record, environment=where) for record in records]


@pytest.fixture
def file(peaks, tmp_path):
    store.append(tmp_path / "peaks.jsonl", peaks)
    return tmp_path / "peaks.jsonl"


def row(found):
    table = found.view.table
    return table.named(table.rows[0])


@pytest.mark.parametrize("given", ["file", "records", "stored"])
def test_peaks_are_a_file_records_or_what_is_stored(given, peaks, file):
    how = {"file": {"roofline": file}, "records": {"roofline": peaks}, "stored": {"stored": peaks}}
    found = lb.profile(NET, **NULL, **how[given])
    assert row(found)["efficiency"] == row(found)["roofline_s"] / 0.001
    assert [record.case.model for record in found.records] == [NET]


def test_beside_a_roofline_what_links_its_run_with_this_one_is_timed_too(peaks):
    kept = []
    lb.profile(NET, **NULL, roofline=peaks, keep=kept.append)
    assert {r.case.model for r in kept if r.run.anchor} == {model for model, _ in NETWORKS}


def test_networks_of_the_roofline_are_not_taken_for_what_is_stored(peaks, make_record):
    before = lb.profile(NET, **NULL).record
    found = lb.profile(NET, **NULL, roofline=[*peaks, before])
    assert found.record is not before
    assert lb.profile(NET, **NULL, stored=[*peaks, before]).record is before


def test_threads_that_nobody_asks_for_are_those_of_the_peaks(make_record):
    """And not as many as are free."""
    quick = {"input": "16x8x8", "seconds": 0.02}
    one = lb.profile(NET, **quick, threads=1).record.environment
    peaks = [msgspec.structs.replace(r, environment=one) for r in peak_records(make_record)]
    found = lb.profile(NET, **quick, roofline=peaks)
    assert found.record.environment.comparable["threads"] == 1
    assert row(found)["roofline_s"] is not None


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"dtype": "bfloat16"}, "the roofline is of float32, and asked for is bfloat16."),
        ({"layout": "channels_last"}, "is of contiguous, and asked for is channels_last."),
        ({"mode": "train"}, "a roofline is of a forward pass"),
    ],
)
def test_a_roofline_of_no_case_is_refused_before_anything_is_measured(
    how, words, peaks, monkeypatch
):
    monkeypatch.setattr("lightbench.runner.run.run", lambda *_, **__: pytest.fail("measured"))
    with pytest.raises(UsageError) as caught:
        lb.profile(NET, **NULL, roofline=peaks, **how)
    assert words in str(caught.value)
    assert "lightbench roofline" in caught.value.hint


def test_a_roofline_of_another_machine_is_refused(make_record):
    with pytest.raises(UsageError, match="the roofline is of .*cpu Example CPU"):
        lb.profile(NET, **NULL, roofline=peak_records(make_record, device="null"))


def test_a_roofline_of_some_cases_is_a_dash_in_the_others(peaks):
    found = lb.profile(NET, **NULL, roofline=peaks, dtype=["float32", "bfloat16"])
    assert [*found.to_pandas()["roofline_s"].notna()] == [True, False]
    assert "no roofline of example_conv_g4, bfloat16" in " ".join(found.view.table.sentences)


@pytest.mark.parametrize("given", [[], ()])
def test_what_holds_no_peaks_is_refused(given):
    with pytest.raises(UsageError, match="holds no roofline"):
        lb.profile(NET, **NULL, roofline=given)


# On the command line.


def test_the_command_takes_a_file(lightbench, file):
    answer = lightbench("profile", NET, *QUICK, "--roofline", file, "--notes")
    assert (answer.code, answer.err) == (0, "")
    assert "efficiency: roofline / time." in " ".join(answer.out.split())


def test_peaks_in_the_store_are_found_by_themselves(lightbench, file):
    command = ("profile", NET, *QUICK, "--store", file, "--format", "csv")
    (first,), (again,) = (csv.DictReader(lightbench(*command).out.splitlines()) for _ in range(2))
    assert float(first["efficiency"]) > 0
    assert again == first


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--roofline {records}", "profile.jsonl' holds no roofline."),
        ("--roofline missing.jsonl", "missing.jsonl"),
        ("--roofline {peaks} --dtype bfloat16", "the roofline is of float32, and asked for is"),
        ("--roofline {peaks} -o {peaks} --format json", "would write over"),
    ],
)
def test_what_cannot_be_is_refused(words, said, lightbench, file, tmp_path, profile, monkeypatch):
    monkeypatch.setattr("lightbench.runner.run.run", lambda *_, **__: pytest.fail("measured"))
    store.append(tmp_path / "profile.jsonl", profile)
    places = {"records": tmp_path / "profile.jsonl", "peaks": file}
    answer = lightbench("profile", NET, *QUICK, *words.format(**places).split())
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert "Traceback" not in answer.err


# What `lightbench roofline` gives.


@pytest.mark.slow
def test_peaks_that_were_measured_here_hold_for_a_network_of_the_next_run(monkeypatch):
    from lightbench.studies.roofline import plan

    def small(point):
        c = point.settings["c"] if point.label == "anchor" else max(point.settings["c"] // 16, 1)
        side = point.size and tuple(max(size // 8, 1) for size in point.size)
        settings = {**point.settings, "c": c}
        return replace(point, settings=settings, size=side, batch=point.batch and 8)

    monkeypatch.setattr(plan, "POINTS", {k: small(point) for k, point in plan.POINTS.items()})
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
    peaks = lb.roofline(threads=1, seconds=0.02)
    assert all(map(is_peak, peaks.records))
    found = lb.profile(net, input="3x16x16", threads=1, seconds=0.05, roofline=peaks)
    assert row(found)["efficiency"] == row(found)["roofline_s"] / row(found)["latency_s"] > 0
