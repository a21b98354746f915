"""`lightbench sweep`, `device-card` and `lint`: formats, files, what is kept, errors, how they end."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from study_commands import (
    CARD,
    COMMANDS,
    LINT,
    NULL,
    ROOT,
    SWEEP,
    card_records,
    each_command,
    ids,
    nothing_may_be_measured,
    refused,
)

from lightbench import devices
from lightbench.errors import DeviceUnavailable
from lightbench.records import store
from lightbench.runner import run
from lightbench.runner.run import Interrupted
from lightbench.studies.card.api import card_path

# Formats.


@each_command
def test_json_is_one_document(command, lightbench):
    answer = lightbench(*command, "--format", "json")
    assert answer.code == 0
    assert json.loads(answer.out)


@each_command
def test_csv_has_a_row_for_each_row_of_the_table_and_keys_as_headings(command, lightbench):
    text = lightbench(*command, "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == {"sweep": 4, "device-card": 15, "lint": 10}[command[0]]
    assert all(None not in row and None not in row.values() for row in rows)


@each_command
def test_markdown_is_a_table(command, lightbench):
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(
        lightbench(*command, "--format", "markdown").out
    )
    tables = [token.type for token in tokens].count("table_open")
    assert tables == (2 if command[0] == "lint" else 1)


@each_command
def test_github_annotations_are_a_notice_a_row(command, lightbench):
    lines = lightbench(*command, "--format", "github").out.splitlines()
    assert len(lines) == {"sweep": 4, "device-card": 15, "lint": 10}[command[0]]
    assert all(re.match(r"::notice title=[^:,]+::.+", line) for line in lines)


@pytest.mark.slow
@each_command
@pytest.mark.parametrize("suffix", [".json", ".csv", ".md", ".github", ".html", ".txt"])
def test_the_file_name_chooses_the_format_and_stdout_stays_empty(
    command, suffix, lightbench, tmp_path
):
    file = tmp_path / "new" / f"out{suffix}"
    answer = lightbench(*command, "-o", file)
    assert (answer.code, answer.out) == (0, "")
    form = {".md": "markdown", ".txt": "table"}.get(suffix, suffix[1:])
    assert file.read_text()
    if command[0] == "lint":  # nothing in it is random, or a time
        assert file.read_text() == lightbench(*command, "--format", form).out


@each_command
def test_there_is_no_progress_in_a_pipe(command, lightbench, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    answer = lightbench(*command)
    assert "\x1b" not in answer.out
    said = [line for line in answer.err.splitlines() if "kept in" not in line]
    assert said == []


# Figures.


@pytest.mark.slow
@pytest.mark.parametrize("command", ["sweep", "device-card"])
@pytest.mark.parametrize("suffix", [".svg", ".png", ".SVG"])
def test_a_figure_is_drawn_beside_the_answer(command, suffix, lightbench, tmp_path):
    file = tmp_path / "new" / f"figure{suffix}"
    answer = lightbench(*COMMANDS[command], "--figure", file, "--format", "json")
    assert answer.code == 0
    assert json.loads(answer.out)
    assert f"lightbench: wrote {file}\n" in answer.err
    if suffix == ".png":
        assert file.read_bytes().startswith(b"\x89PNG\r\n")
    else:
        assert ElementTree.fromstring(file.read_text()).tag.endswith("svg")


@pytest.mark.parametrize("command", ["sweep", "device-card"])
@pytest.mark.parametrize("name", ["figure.eps", "figure", "figure.jsonl"])
def test_another_kind_of_figure_lists_the_known_ones(command, name, lightbench, tmp_path):
    answer = lightbench(*COMMANDS[command], "--figure", tmp_path / name)
    assert answer.code == 2
    assert "Known: .svg, .png, .pdf." in answer.err
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("command", ["sweep", "device-card"])
def test_another_kind_of_figure_is_refused_before_anything_is_measured(
    command, lightbench, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "lightbench.runner.run.run", lambda *_, **__: pytest.fail("it was measured")
    )
    refused(lightbench(*COMMANDS[command], "--figure", tmp_path / "figure.bmp"))


def test_a_figure_of_a_sweep_without_times_is_a_sentence(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    store.append(path, sweep_records({"a": None, "b": None}, experiment="groups"))
    answer = lightbench("sweep", "groups", "--from", path, "--figure", tmp_path / "a.svg")
    assert answer.code == 3  # as without a figure: networks failed
    assert "no figure: no sweep has measured times" in answer.err
    assert not (tmp_path / "a.svg").exists()


@pytest.mark.parametrize("command", ["sweep", "device-card"])
def test_outputs_that_cannot_be_written_are_said_before_anything_is_measured(
    command, lightbench, tmp_path, monkeypatch
):
    nothing_may_be_measured(monkeypatch)
    (tmp_path / "file").touch()
    keep = "--store" if command == "sweep" else "--card"
    for option, name in (("-o", "x.json"), ("--figure", "x.svg"), (keep, "x.jsonl")):
        answer = lightbench(*COMMANDS[command], option, tmp_path / "file" / name)
        sentence, _ = refused(answer)
        assert str(tmp_path / "file") in sentence


# Errors.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sweep"], "Missing argument 'AXIS'"),
        (["sweep", "gruops", *NULL], "no axis is called 'gruops'. Did you mean groups?"),
        (["sweep", "groups", "--channels", "0", *NULL], "groups takes 1 to 2,048 channels, got 0."),
        (["sweep", "groups", "--channels", str(10**9), *NULL], "got 1000000000."),
        (["sweep", "groups", "--channels", "many", *NULL], "'many' is not a valid integer"),
        (["sweep", "loop", "--channels", "100", *NULL], "a multiple of 8 channels, got 100. Try"),
        (["sweep", "groups", "--constant", "time", *NULL], "'time' is not one of 'madds', 'width'"),
        (["sweep", "batch", "--constant", "madds", *NULL], "batch cannot be swept at constant madds"),
        (["sweep", "groups", "--input", "56", *NULL], "a map has a height and a width, got '56'"),
        (["sweep", "groups", "--input", "3x56x56", *NULL], "a height and a width, got '3x56x56'"),
        (["sweep", "groups", "--input", "x", *NULL], "cannot read the input shape 'x'"),
        (["sweep", "groups", "--seconds", "0", *NULL], "a number above zero, got 0.0. Try --seconds"),
        (["sweep", "groups", "--seconds", "-1", *NULL], "above zero, got -1.0"),
        (["sweep", "groups", "--seconds", "nan", *NULL], "above zero, got nan"),
        (["sweep", "groups", "--seconds", "inf", *NULL], "above zero, got inf"),
        (["sweep", "groups", "--batch", "0", *NULL], "got 0. Try --batch 1"),
        (["sweep", "groups", "--device", "nul"], "'nul'. Did you mean null"),
        (["sweep", "groups", "--engine", "eagre", *NULL], "'eagre'. Did you mean eager"),
        (["sweep", "groups", "--dtype", "float23", *NULL], "'float23'. Did you mean float32"),
        (["sweep", "groups", "--threads", "0", *NULL], "threads are 1 or more, got 0"),
        (["sweep", "groups", "--format", "jsn", *NULL], "'jsn'. Did you mean json"),
        (["sweep", "groups", "-o", "out.docx", *NULL], "'out.docx'. Known: "),
        (["device-card", "--device", "nul"], "'nul'. Did you mean null"),
        (["device-card", "--engine", "eagre", *NULL], "'eagre'. Did you mean eager"),
        (["device-card", "--dtype", "int4", *NULL], "no dtype is called 'int4'. Did you mean int8? Known: float32"),
        (["device-card", "--threads", "-1", *NULL], "got -1. Try --threads 1"),
        (["sweep", "resolution", "--input", "3x4", *NULL], "Leave --input out"),
        (["sweep", "batch", "--batch", "8", *NULL], "Leave --batch out"),
        (["device-card", "-o", "out.docx", *NULL], "'out.docx'. Known: "),
        (["lint"], "Missing argument 'MODEL'"),
        (["lint", "mobilenet_v22", *NULL], "'mobilenet_v22'. Did you mean mobilenet_v2"),
        (["lint", "huggingface:x", *NULL], "cannot read the model 'huggingface:x'"),
        (["lint", "missing.py:Net", *NULL], "there is no file 'missing.py'. Write path/file.py"),
        (["lint", "example_dense", "--verify", "--seconds", "0", *NULL], "above zero, got 0.0. Try --seconds"),
        (["lint", "example_dense", "--verify", "--seconds", "-1", *NULL], "above zero, got -1.0"),
        (["lint", "example_dense", "--verify", "--seconds", "nan", *NULL], "above zero, got nan"),
        (["lint", "example_dense", "--seconds", "3", *NULL], "--seconds is the time of --verify and --try."),
        (["sweep", "kernel", "--channels", "7", *NULL], "allowed. Try --channels 34, or --constant"),
        (["sweep", "resolution", "--channels", "1", *NULL], "allowed. Try --channels 2, or"),
        (["lint", "example_dense", "--top", "0", *NULL], "Invalid value for '--top'"),
        (["lint", "example_dense", "--top", "-3", *NULL], "Invalid value for '--top'"),
        (["lint", "example_dense", "--input", "3x", *NULL], "cannot read the input shape '3x'"),
        (["lint", "example_dense", "--batch", "0", *NULL], "got 0. Try --batch 1"),
        (["lint", "example_dense", "--device", "nul"], "'nul'. Did you mean null"),
        (["lint", "example_dense", "--dtype", "float23", *NULL], "'float23'. Did you mean float32"),
        (["lint", "example_dense", "--format", "jsn", *NULL], "'jsn'. Did you mean json"),
    ],
)  # fmt: skip
def test_it_says_what_was_wrong_and_the_next_step(
    arguments, words, lightbench, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    nothing_may_be_measured(monkeypatch)
    answer = lightbench(*arguments)
    refused(answer)
    assert words in " ".join(answer.err.split()), answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threads", ["0", "-1"])
@pytest.mark.parametrize(
    "command", [["sweep", "groups"], ["device-card"], ["lint", "example_dense"]], ids=lambda c: c[0]
)
def test_no_threads_on_the_processor_are_refused(command, threads, lightbench, monkeypatch):
    nothing_may_be_measured(monkeypatch)
    answer = lightbench(*command, "--threads", threads)
    refused(answer)
    assert f"threads are 1 or more, got {threads}" in answer.err


def test_lint_is_about_eager_and_says_so(lightbench):
    answer = lightbench("lint", "example_dense", "--engine", "compile", *NULL)
    assert (answer.code, answer.out) == (2, "")
    assert "lint looks at operators as eager runs them, not compile." in answer.err


@each_command
def test_a_device_that_is_not_there_is_4_and_says_why(command, lightbench, monkeypatch):
    nothing_may_be_measured(monkeypatch)
    device = devices.find("null")
    monkeypatch.setattr(device, "unavailable", lambda: DeviceUnavailable("it has left."))
    answer = lightbench(*command)
    assert (answer.code, answer.out, answer.err) == (4, "", "lightbench: it has left.\n")


def test_error_messages_are_inert_on_a_terminal(lightbench, tmp_path):
    file, name = "x\x1b[31m\u202e", "x\x1b[31m\u202e\nlightbench: all is well"
    for arguments in (
        ["sweep", name, *NULL],
        ["sweep", name, "--from", tmp_path / file],
        ["device-card", "--from", tmp_path / file],
        ["lint", name, *NULL],
        ["lint", "example_dense", *NULL, "--card", tmp_path / file],
    ):
        answer = lightbench(*arguments)
        assert answer.code == 2
        assert "\x1b" not in answer.err
        assert "\u202e" not in answer.err
        assert "\nlightbench: all" not in answer.err


def test_failures_in_a_file_are_inert_on_a_terminal(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    store.append(path, sweep_records({"a": 1.0, "b\x1b[31m\u202e": None}, experiment="groups"))
    answer = lightbench("sweep", "groups", "--from", path)
    assert answer.code == 3
    assert "\x1b" not in answer.err + answer.out
    assert "\u202e" not in answer.err + answer.out


# How it ends.


@each_command
def test_ctrl_c_anywhere_is_130_and_no_traceback(command, lightbench, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    places = ("lint.api.count", "sweep.api.measure_all", "card.api.measure_all")
    for name in (f"lightbench.studies.{place}" for place in places):
        monkeypatch.setattr(name, interrupted)
    answer = lightbench(*command)
    assert (answer.code, answer.out) == (130, "")
    assert answer.err.strip() == "lightbench: interrupted"


def test_ctrl_c_while_a_finding_is_measured_is_130(lightbench, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("lightbench.studies.lint.savings.measure", interrupted)
    assert lightbench(*LINT, "--verify", "--seconds", "0.05").code == 130


def test_ctrl_c_in_a_sweep_prints_what_was_finished(lightbench, monkeypatch, sweep_records):
    finished = sweep_records({"1x1": 1.0, "3x3": 2.0}, experiment="kernel")

    def interrupted(*_, **__):
        raise Interrupted(finished)

    monkeypatch.setattr("lightbench.runner.run.run", interrupted)
    answer = lightbench(*SWEEP, "--format", "json")
    assert answer.code == 130
    assert ids(answer) == [record.id for record in finished]
    assert answer.err == "lightbench: interrupted.\n"


def test_ctrl_c_in_a_card_keeps_none_and_leaves_the_old_one(lightbench, monkeypatch, sweep_records):
    old = card_path(device="null")
    store.append(old, card_records(sweep_records))
    before = old.read_bytes()
    for finished in ([], card_records(sweep_records)):

        def interrupted(*_, finished=finished, **__):
            raise Interrupted(finished)

        monkeypatch.setattr("lightbench.runner.run.run", interrupted)
        answer = lightbench(*CARD)
        assert answer.code == 130
        assert "kept in" not in answer.err
        assert old.read_bytes() == before


@pytest.mark.slow
def test_an_interrupted_card_goes_on_from_its_finished_sweeps(lightbench, monkeypatch):
    real, ran = run.run, []

    def once(cases, **settings):
        ran.append(settings["sweep"][0].experiment)
        if len(ran) == 2:
            raise Interrupted([])
        return real(cases, **settings)

    monkeypatch.setattr("lightbench.runner.run.run", once)
    answer = lightbench(*CARD)
    assert answer.code == 130
    assert "finished parts are kept: the same command goes on from there." in answer.err
    part = card_path(device="null").with_name(card_path(device="null").name + ".part")
    finished = store.read(part)
    assert lightbench(*CARD).code == 0
    assert ran == ["device_card", "groups", "groups", "ratio"]
    assert store.read(card_path(device="null"))[: len(finished)] == finished
    assert not part.exists()


# What is not imported.


def test_stored_sweeps_and_cards_are_shown_without_torch(tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    store.append(path, card_records(sweep_records))
    store.append(path, sweep_records({"g=1": 1.0, "g=2": 2.0}, experiment="groups", run="g"))
    code = (
        "import sys; from lightbench.cli import run\n"
        "for argv in (['sweep', 'groups'], ['device-card']):\n"
        "    assert run([*argv, '--from', sys.argv[1]]) == 0, argv\n"
        "    slow = {'torch', 'torchvision', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "    assert not slow, (argv, slow)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
