"""How `lightbench guidelines` ends: what it refuses, what does not run, and what Ctrl-C leaves."""

from __future__ import annotations

import json

import pytest
from guidelines_command import QUICK, ask

from lightbench import devices
from lightbench.errors import DeviceUnavailable, UsageError
from lightbench.runner.run import Interrupted
from lightbench.studies.guidelines.api import guidelines as run_guidelines

# How it ends.


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["g5"], 2, "no guideline is called 'g5'. `lightbench list guidelines`"),
        (["g1_chanel_ratio"], 2, "Did you mean g1_channel_ratio"),
        (["uints"], 2, "Did you mean units"),
        (["--widths", "0"], 2, "multiplies channels by 1 to 16, got 0. Try 1,2,4"),
        (["--widths", "1,-2"], 2, "got -2"),
        (["--widths", "65"], 2, "got 65"),
        (["--widths", "1,,2"], 2, "cannot read '1,,2' as whole numbers"),
        (["--widths", "two"], 2, "cannot read 'two' as whole numbers"),
        (["--widths", ""], 2, "cannot read ''"),
        (["--channels", "papergpu"], 2, "no set of channels is called 'papergpu'"),
        (["--channels", "papergpu"], 2, "Did you mean paper-gpu"),
        (["--channels", "aligned,"], 2, "Known: aligned, paper-gpu, paper-arm"),
        (["--scale", "tiny"], 2, "--scale"),
        (["g4", "--geometry", "wild"], 2, "Did you mean wide"),
        (["g1", "--geometry", "wide"], 2, "of G4's bottleneck. Name g4, or leave --geometry"),
        (["--seconds", "0"], 2, "above zero, got 0.0. Try --seconds"),
        (["--seconds", "-1"], 2, "above zero"),
        (["--seconds", "nan"], 2, "above zero"),
        (["--device", "nul"], 2, "Did you mean null"),
        (["--engine", "eagre"], 2, "Did you mean eager"),
        (["--dtype", "float23"], 2, "Did you mean float"),
        (["--batch", "0"], 2, "got 0. Try --batch 1"),
        (["--threads", "0"], 2, "threads are 1 or more"),
        (["--format", "jsn"], 2, "Did you mean json"),
        (["--channel", "aligned"], 2, "Did you mean one of: '--channels'"),
    ],
)
def test_what_cannot_be_is_said_with_what_can(arguments, code, words, lightbench, monkeypatch):
    monkeypatch.setattr(
        "lightbench.runner.run.run", lambda *_, **__: pytest.fail("it was measured")
    )
    answer = ask(lightbench, *QUICK, *arguments)
    assert (answer.code, answer.out) == (code, ""), answer
    assert words in " ".join(answer.err.split())
    assert "Traceback" not in answer.err


def test_a_device_that_is_not_there_is_code_4(lightbench, monkeypatch):

    monkeypatch.setattr(
        devices.find("null"), "unavailable", lambda: DeviceUnavailable("it is off.")
    )
    answer = ask(lightbench, "g1", *QUICK)
    assert (answer.code, answer.out) == (4, "")
    assert answer.err.startswith("lightbench: it is off.")


def broken(monkeypatch, *labels):
    """Networks whose name has one of these do not run."""
    from lightbench.errors import OutOfMemory
    from lightbench.runner import prepare as preparing

    prepare = preparing.prepare

    def failing(case, *arguments, **settings):
        if any(label in case.model for label in labels):
            raise OutOfMemory("out of memory.", "Try a smaller --batch.")
        return prepare(case, *arguments, **settings)

    monkeypatch.setattr(preparing, "prepare", failing)


def test_a_network_that_does_not_run_is_said_once_and_the_rest_is_shown(lightbench, monkeypatch):
    broken(monkeypatch, "c2=192")
    answer = ask(lightbench, "g1", *QUICK, "--format", "json")
    document = json.loads(answer.out)
    assert answer.code == 3
    assert answer.err.count("out of memory.") == 1
    assert [p["row"] for p in document["points"]] == ["1:1", "1:2.25", "1:9"]
    assert len([r for r in document["records"] if r["failure"]]) == 2


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_where_nothing_runs_the_answer_is_empty_and_the_code_is_3(form, lightbench, monkeypatch):
    broken(monkeypatch, "stack:")
    answer = ask(lightbench, "g1", *QUICK, "--format", form)
    assert answer.code == 3
    assert answer.err.count("out of memory.") == 1
    if form == "json":
        assert json.loads(answer.out)["findings"] == []


def test_where_nothing_runs_there_is_no_figure_and_the_code_is_3(lightbench, monkeypatch, tmp_path):
    broken(monkeypatch, "stack:")
    answer = ask(lightbench, "g1", *QUICK, "--figures", tmp_path / "figures")
    assert answer.code == 3


def test_ctrl_c_shows_and_keeps_what_was_finished(lightbench, monkeypatch, sweep_records):
    def interrupted(*_, **__):
        raise Interrupted(sweep_records({"1:1": 0.010, "1:9": 0.020}))

    monkeypatch.setattr("lightbench.runner.run.run", interrupted)
    answer = ask(lightbench, "g1", *QUICK, "--format", "json")
    assert answer.code == 130
    assert [f["finding"] for f in json.loads(answer.out)["findings"]] == ["supported"]
    assert answer.err == "lightbench: interrupted.\n"


def test_ctrl_c_in_the_second_sweep_leaves_a_store_that_the_next_run_goes_on_from(
    lightbench, monkeypatch, tmp_path
):
    from lightbench.runner import run as running

    run, calls = running.run, []

    def second_is_interrupted(*arguments, **settings):
        calls.append(arguments)
        if len(calls) == 2:
            raise Interrupted([])
        return run(*arguments, **settings)

    monkeypatch.setattr(running, "run", second_is_interrupted)
    command = ("g1", "g2", *QUICK, "--store", tmp_path / "s.jsonl", "--format", "json")
    answer = ask(lightbench, *command)
    assert answer.code == 130
    assert [f["guideline"] for f in json.loads(answer.out)["findings"]] == ["g1_channel_ratio"]
    answer = ask(lightbench, *command)
    assert answer.code == 0
    assert len(calls) == 3  # G1 came from the store
    assert len(json.loads(answer.out)["findings"]) == 2


def test_progress_is_silent_in_a_pipe(lightbench, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert ask(lightbench, "g1", *QUICK).err == ""
    assert "\x1b" not in ask(lightbench, "g1", *QUICK).out


def test_no_width_at_all_is_refused():
    with pytest.raises(UsageError, match="no width is named"):
        run_guidelines("g1", device="null", widths=())
