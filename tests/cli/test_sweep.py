"""`lightbench sweep`: what is swept, shown and kept."""

from __future__ import annotations

import json

import msgspec
import pytest
from study_commands import NULL, SWEEP, ids, nothing_may_be_measured, refused

from lightbench.records import store


def test_a_sweep_of_the_device_that_takes_a_millisecond_is_exact(lightbench):
    """34 channels: 34^2 MAdds a position for 1x1, 11^2 * 9 for 3x3, 7^2 * 25 and 5^2 * 49."""
    (sweep,) = json.loads(lightbench(*SWEEP, "--format", "json").out)["sweeps"]
    assert sweep["sweep"] == "kernel"
    assert sweep["channels"] == "c=34, constant MAdds"
    assert sweep["per_madd"] is True
    points = {point["point"]: point for point in sweep["points"]}
    madds = {"1x1": 1156, "3x3": 1089, "5x5": 1225, "7x7": 1225}
    assert {label: p["madds"] for label, p in points.items()} == {
        label: 10 * 30 * m for label, m in madds.items()
    }
    for label, point in points.items():
        assert point["latency_s"] == 0.001
        assert point["time_ratio"] == point["time_low"] == point["time_high"] == 1.0
        assert point["time_per_madd_ratio"] == pytest.approx(1156 / madds[label])
        assert point["launch_share"] == 1.0  # a map of one pixel takes as long
    assert sweep["crossover"] == "3x3"


@pytest.mark.alone
def test_what_is_said_of_a_sweep_is_the_crossover(lightbench):
    text = " ".join(lightbench(*SWEEP).out.split())
    assert "3x3 is the first point slower per MAdd than 1x1: 1.06" in text
    text = " ".join(lightbench(*SWEEP, "--constant", "width").out.split())
    assert "no point is slower than 1x1 by more than its interval" in text


def test_options_of_a_sweep_reach_it(lightbench):
    answer = lightbench(
        "sweep", "groups", "--channels", "6", "--input", "3x4", "--constant", "width",
        "--seconds", "0.05", "--batch", "2", "--dtype", "bfloat16", "--channels-last",
        "--threads", "3", "--engine", "eager", *NULL, "--format", "json",
    )  # fmt: skip
    records = json.loads(answer.out)["records"]
    cases = [record["case"] for record in records if not record["found"]["launch"]]
    assert [case["model"] for case in cases] == [
        f"stack:grouped(c=6, groups={g})" for g in (1, 2, 3, 6)
    ]
    for case in cases:
        assert case["inputs"][0]["shape"] == [6, 3, 4]
        settings = ("batch", "dtype", "layout", "threads", "device", "engine")
        assert [case[key] for key in settings] == [
            2, "bfloat16", "channels_last", 3, "null", "eager",
        ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("axis", ["ratio", "kind", "batch", "activation", "excite", "shuffle",
                                  "loop", "branches", "resolution"])  # fmt: skip
def test_every_axis_can_be_swept(axis, lightbench):
    answer = lightbench(
        "sweep", axis, "--channels", "32", "--seconds", "0.02", *NULL, "--format", "json",
        *(() if axis == "resolution" else ("--input", "3x4")),
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, "")
    (sweep,) = json.loads(answer.out)["sweeps"]
    assert len(sweep["points"]) >= 2


def test_a_sweep_in_a_store_is_not_measured_again(lightbench, tmp_path, monkeypatch):
    path = tmp_path / "deep" / "s.jsonl"
    command = (*SWEEP, "--store", path, "--format", "json")
    first = ids(lightbench(*command))
    assert len(store.read(path)) == len(first) == 8
    with monkeypatch.context() as patch:
        nothing_may_be_measured(patch)
        assert ids(lightbench(*command)) == first
        shown = lightbench("sweep", "kernel", "--from", path, "--format", "json")
        assert ids(shown) == first
    assert len(store.read(path)) == 8
    other = lightbench(*SWEEP, "--store", path, "--batch", "2", "--format", "json")
    assert set(ids(other)).isdisjoint(first)
    assert len(store.read(path)) == 16


def test_from_shows_one_axis_of_a_file_with_several(lightbench, tmp_path, sweep_records, profile):
    path = tmp_path / "s.jsonl"
    store.append(path, profile)
    store.append(path, sweep_records({"g=1": 1.0, "g=2": 2.0}, experiment="groups", run="a"))
    store.append(path, sweep_records({"1:1": 1.0, "1:4": 2.0}, experiment="ratio", run="b"))
    answer = lightbench("sweep", "groups", "--from", path)
    assert answer.code == 0
    assert "g=2 is the first point slower than g=1" in " ".join(answer.out.split())
    assert "1:4" not in answer.out


@pytest.mark.parametrize("command", [("sweep", "groups"), ("device-card",), ("guidelines", "g1")])
@pytest.mark.parametrize("option", ["--threads", "--device", "--store", "--seconds", "--channels"])
def test_from_measures_nothing_and_takes_no_option_of_a_measurement(
    command, option, lightbench, tmp_path
):
    value = {"--device": "null", "--store": tmp_path / "new.jsonl", "--channels": "aligned"}
    given = value.get(option, "8")
    if option == "--channels" and command[0] == "sweep":
        given = "8"
    if command[0] == "device-card":
        option, given = ("--card", "x") if option in ("--store", "--seconds", "--channels") else (
            option, given,
        )  # fmt: skip
    answer = lightbench(*command, "--from", tmp_path / "s.jsonl", option, given)
    sentence, _ = refused(answer)
    assert f"--from measures nothing, so {option} has no meaning" in sentence
    assert list(tmp_path.iterdir()) == []


def test_a_file_put_together_twice_is_the_same_sweep(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    for _ in range(2):
        store.append(path, sweep_records({"g=1": 1.0, "g=2": 2.0}, experiment="groups"))
    text = " ".join(lightbench("sweep", "groups", "--from", path).out.split())
    assert "g=2 is the first point slower than g=1" in text


def test_what_was_noticed_while_it_was_measured_is_said_once(lightbench, tmp_path, sweep_records):
    busy = "Other programs keep 3 of 4 CPUs busy."
    path = tmp_path / "s.jsonl"
    for experiment, times in (
        ("groups", {"a": 1.0, "b": 2.0}),
        ("g1_channel_ratio", {"1:1": 1.0, "1:9": 2.0}),
    ):
        first, second = sweep_records(times, experiment=experiment, run=experiment)
        store.append(path, [
            msgspec.structs.replace(first, warnings=(busy,)),
            msgspec.structs.replace(second, warnings=(busy, "contended: others.")),
        ])  # fmt: skip
    for command, point in ((("sweep", "groups"), "b"), (("guidelines", "g1"), "1:9")):
        text = " ".join(lightbench(*command, "--from", path, "--format", "markdown").out.split())
        assert text.count(f"warning: {busy}") == 1
        assert text.count(f"warning: contended: others. ({point})") == 1


def test_too_few_rounds_for_an_interval_are_said(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    for experiment, times in (
        ("groups", {"a": 1.0, "b": 2.0}),
        ("g1_channel_ratio", {"1:1": 1.0, "1:9": 2.0}),
    ):
        store.append(path, sweep_records(times, experiment=experiment, run=experiment, rounds=3))
    for command in (("sweep", "groups"), ("guidelines", "g1")):
        text = " ".join(lightbench(*command, "--from", path).out.split())
        assert "too few rounds for an interval: measure longer (--seconds)." in text
        assert "no point is slower" not in text


def test_from_a_file_without_the_sweep_says_so(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    store.append(path, sweep_records({"g=1": 1.0}, experiment="groups"))
    sentence, step = refused(lightbench("sweep", "ratio", "--from", path))
    assert "holds no sweep 'ratio'." in sentence
    assert "Try without --from." in step


def test_a_point_that_failed_is_said_and_the_others_are_shown(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    store.append(path, sweep_records({"a": 1.0, "b": None, "c": 2.0}, experiment="groups"))
    answer = lightbench("sweep", "groups", "--from", path, "--format", "json")
    assert answer.code == 3
    assert answer.err == "lightbench: stack:b: out of memory.\n  Try --batch 1.\n"
    (sweep,) = json.loads(answer.out)["sweeps"]
    assert [point["point"] for point in sweep["points"]] == ["a", "c"]
