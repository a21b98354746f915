"""The command line: what it offers, where its output goes, what it keeps, how it ends."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt

from lightbench import cli as commands
from lightbench import registry
from lightbench.cli.output import exit_code
from lightbench.records import store
from lightbench.runner.run import Interrupted

ROOT = Path(__file__).parents[2]
QUICK = ("--device", "null", "--max-seconds", "0.05")
NET = "example_conv_g4"


@pytest.fixture
def nets(tmp_path):
    """A file with networks of which some work."""
    path = tmp_path / "nets.py"
    path.write_text(
        "import torch\n"
        "from torch import nn\n"
        "print('a file of the user says hello')\n"
        "class Good(nn.Conv2d):\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 4, 3)\n"
        "class Bad(Good):\n"
        "    def forward(self, x):\n"
        "        raise IndexError('no such layer')\n"
        "class NaN(Good):\n"
        "    def forward(self, x):\n"
        "        print('forward')\n"
        "        return super().forward(x) * float('nan')\n"
    )
    return path


def process(*arguments, **settings):
    code = "from lightbench.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen(command, **{**pipes, **settings})


# What there is.

OPTIONS = {
    "baseline": "",  # a group, of `save` and `show`
    "check": (
        "models --against --baseline --config --tolerance --seconds --strict --no-latency --isolate"
        " --old-python --pytest-benchmark --batch --seed --store --trust-code -q/--quiet --input"
        " --device --engine --threads --dtype --channels-last --format -o/--output"
    ),
    "compare": (
        "a b --a --b --tolerance --seconds --batch --mode --seed -q/--quiet --input --device --engine"
        " --threads --dtype --channels-last --format -o/--output"
    ),
    "completion": "shell",
    "devices": "--format -o/--output",
    "doctor": "--device --selftest -q/--quiet --format -o/--output",
    "count": "models --convention --crosscheck --batch --strict --store -q/--quiet --input --format -o/--output",
    "layers": (
        "model --measure --by --sort --top --seconds --seed --figure --trace --store -q/--quiet --batch"
        " --device --engine --threads --dtype --channels-last --input --format -o/--output"
    ),
    "device-card": (
        "--device --engine --threads --dtype --channels-last --seed --card --from -q/--quiet"
        " --figure --format -o/--output"
    ),
    "guidelines": (
        "names --scale --channels --widths --geometry --seconds --batch --device --engine --threads"
        " --dtype --channels-last --seed --force --store --from -q/--quiet --figures --format -o/--output"
    ),
    "history": "stores --model --metric --device --figure -q/--quiet --format -o/--output",
    "lint": (
        "model --card --verify --seconds --top --batch --device --engine --threads --dtype"
        " --channels-last --store -q/--quiet --input --format -o/--output"
    ),
    "noise": (
        "model --tolerance --seconds --seed -q/--quiet --batch --device --engine --threads --dtype"
        " --channels-last --format -o/--output"
    ),
    "list": "what --from --format -o/--output",
    "profile": (
        "models --suite --device --engine --threads --batch --dtype --mode --channels-last"
        " --graph --cold-cache --h2d --energy --flush-denormal --npu-jit --rel"
        " --max-seconds --seed --store --force --trust-code -q/--quiet --input --format -o/--output"
    ),
    "report": (
        "files --suite --store --device --reference --accuracy --title --force --trust-code -q/--quiet"
        " --format -o/--output"
    ),
    "store": "",
    "sweep": (
        "axis --channels --input --constant --seconds --batch --device --engine --threads --dtype"
        " --channels-last --seed --force --store --from -q/--quiet --figure --format -o/--output"
    ),
}


def command_of(name):
    """``device-card`` is the file device_card.py."""
    return registry.load("command", name.replace("-", "_")).command


def test_commands_and_their_options_are_these():
    found = {
        name: " ".join("/".join(p.opts) for p in command_of(name).params)
        for name in (name.replace("_", "-") for name in registry.names("command"))
    }
    assert found == OPTIONS


@pytest.mark.parametrize("name", OPTIONS)
def test_every_command_and_option_has_help(name, lightbench):
    command = command_of(name)
    assert all(p.help for p in command.params if isinstance(p, click.Option))
    answer = lightbench(name, "--help")
    assert (answer.code, answer.err) == (0, "")
    for parameter in command.params:
        assert parameter.opts[-1] in answer.out or isinstance(parameter, click.Argument)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_line_in_the_overview_is_how_the_commands_own_help_begins(name):
    command = command_of(name)
    overview = registry.summary("command", name.replace("-", "_"))
    assert command.help.split("\n")[0][:30] == overview[:30]


def test_help_lists_every_command_and_version_is_the_packages(lightbench):
    answer = lightbench("--help")
    assert (answer.code, answer.err) == (0, "")
    assert all(f"\n  {name} " in answer.out for name in OPTIONS)
    assert lightbench("--version").out == "lightbench, version 0.1.0\n"


@pytest.mark.parametrize(
    "what", ["models", "devices", "engines", "conventions", "guidelines", "axes", "formats"]
)
def test_every_name_in_a_list_says_what_it_is(what, lightbench):
    rows = json.loads(lightbench("list", what, "--format", "json").out)
    assert rows
    assert all(row["name"] and row["about"] for row in rows)


def test_a_list_of_a_librarys_models_has_names_that_can_be_typed(lightbench):
    rows = json.loads(lightbench("list", "models", "--from", "torchvision", "--format", "json").out)
    assert {"name": "torchvision:resnet50", "about": ""} in rows


def test_help_lists_and_reports_of_stored_records_import_no_torch(tmp_path, make_record):
    store.append(tmp_path / "r.jsonl", [make_record("a"), make_record("evil.py:Net")])
    code = (
        "import sys; from lightbench.cli import run\n"
        "whats = 'models devices engines conventions guidelines axes formats'\n"
        "lists = [['list', w] for w in whats.split()]\n"
        f"helps = [['--help']] + [[c, '--help'] for c in {list(OPTIONS)}]\n"
        "for argv in [*helps, *lists, ['report', sys.argv[1]]]:\n"
        "    assert run(argv) == 0, argv\n"
        "    slow = {'torch', 'torchvision', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "    assert not slow, (argv, slow)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "r.jsonl")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


# Where output goes.


def test_json_is_one_document_also_with_warnings_and_failures_and_networks_that_print(
    lightbench, nets
):
    answer = lightbench(
        "profile", f"{nets}:Bad", f"{nets}:NaN", "nope", "--input", "3x8x8",
        "--max-seconds", "0.05", "--threads", "1", "--format", "json",
    )  # fmt: skip
    bad, nan, unknown = json.loads(answer.out)
    assert answer.code == 3
    assert "IndexError: no such layer" in bad["failure"]["message"]
    assert any("NaN" in warning for warning in nan["warnings"])
    assert unknown["failure"]["error"] == "UnknownName"
    assert "a file of the user says hello" in answer.err


@pytest.mark.parametrize("command", [["count"], ["layers"], ["count", "--convention", "all"]])
def test_what_a_network_prints_is_not_in_the_answer(command, lightbench, nets):
    answer = lightbench(*command, f"{nets}:Good", "--format", "json")
    assert answer.code == 0
    assert json.loads(answer.out)
    assert "hello" in answer.err


def test_json_is_one_document_if_nothing_worked(lightbench):
    answer = lightbench("profile", "nope", "--format", "json")
    assert answer.code == 2
    assert [record["status"] for record in json.loads(answer.out)] == ["failed"]
    assert answer.err.startswith("lightbench: no model is called 'nope'.")


def asked(path):
    """The records of a store, without the networks by which runs are compared."""
    return [record for record in store.read(path) if not (record.run and record.run.anchor)]


def test_json_lines_are_the_lines_of_the_store(lightbench, tmp_path):
    path = tmp_path / "s.jsonl"
    lines = lightbench(
        "profile", NET, "--batch", "1,2", *QUICK, "--store", path, "--format", "jsonl"
    )
    found = [json.loads(line) for line in lines.out.splitlines()]
    stored = [json.loads(line) for line in path.read_text().splitlines()]
    assert found == [record for record in stored if not record["run"]["anchor"]]
    assert len(lines.out.splitlines()) == 2


def test_csv_re_reads_as_one_row_a_case_with_seconds(lightbench):
    rows = list(csv.DictReader(io.StringIO(lightbench(
        "profile", NET, "--batch", "1,4", *QUICK, "--format", "csv").out)))  # fmt: skip
    assert [(row["model"], row["batch"]) for row in rows] == [(NET, "1"), (NET, "4")]
    assert {float(row["latency_s"]) for row in rows} == {0.001}
    assert [float(row["throughput_img_s"]) for row in rows] == [1000, 4000]


def test_markdown_is_a_table(lightbench):
    answer = lightbench("profile", NET, *QUICK, "--format", "markdown")
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(answer.out)
    assert [token.type for token in tokens].count("table_open") == 1


@pytest.mark.parametrize(
    ("suffix", "form"),
    [
        (".json", "json"),
        (".jsonl", "jsonl"),
        (".csv", "csv"),
        (".md", "markdown"),
        (".txt", "table"),
    ],
)
def test_the_file_name_chooses_the_format_and_stdout_stays_empty(
    suffix, form, lightbench, tmp_path
):
    file = tmp_path / "new" / f"out{suffix}"
    answer = lightbench("count", NET, "-o", file)
    assert answer == (0, "", "")
    assert file.read_text() == lightbench("count", NET, "--format", form).out


def test_format_wins_over_the_file_name(lightbench, tmp_path):
    lightbench("count", NET, "-o", tmp_path / "out.txt", "--format", "json")
    assert json.loads((tmp_path / "out.txt").read_text())[0]["model"] == NET


def test_a_file_of_a_run_that_was_refused_stays_as_it_was(lightbench, tmp_path):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text("precious")
    for file in (old, new):
        assert lightbench("profile", NET, "--batch", "0", "-o", file).code == 2
    assert old.read_text() == "precious"
    assert not new.exists()


def test_there_is_no_progress_in_a_pipe_even_if_colour_is_forced(lightbench, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert lightbench("profile", NET, *QUICK).err == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("quiet", "expected"), [([], True), (["--quiet"], False)])
def test_progress_goes_to_stderr_on_a_terminal_unless_quiet(
    quiet, expected, lightbench, monkeypatch
):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    answer = lightbench("profile", NET, *QUICK, "--format", "json", *quiet)
    assert json.loads(answer.out)
    assert bool(terminal.getvalue()) is expected  # which frame is painted is a matter of timing


def test_the_progress_line_says_how_far_the_rounds_are():
    from lightbench.cli.progress import _line
    from lightbench.timing.stopping import Progress

    assert _line(Progress(1.0, 0.05, 1, None), 80) == "round 1, 50.0 ms left"
    said = _line(Progress(1.0, 4.0, 40, 0.02), 80)
    assert said == "round 40, 4.00 s left, widest interval +-2.0 %"
    assert _line(Progress(1.0, 4.0, 40, 0.02), len(said)) == said
    assert _line(Progress(1.0, 4.0, 40, 0.02), len(said) - 1) == "round 40, 4.00 s left"


def test_count_shows_the_known_numbers_and_layers_add_up_to_them(lightbench):
    # 3x3, 16 -> 32 channels in 4 groups at 224x224: 224^2 * 32 * 9 * 16 / 4, and a bias each
    (costs,) = json.loads(lightbench("count", NET, "--format", "json").out)
    assert costs["madds"] == 224**2 * 32 * 9 * 4
    assert costs["params"] == 32 * 9 * 4 + 32
    layers = json.loads(lightbench("layers", "mobilenet_v1", "--format", "json").out)
    (costs,) = json.loads(lightbench("count", "mobilenet_v1", "--format", "json").out)
    assert sum(layer.get("madds", 0) for layer in layers) == costs["madds"]


def test_layers_can_be_sorted_and_cut(lightbench):
    arguments = ("layers", "mobilenet_v1", "--sort", "madds", "--top", "3", "--format", "json")
    madds = [row["madds"] for row in json.loads(lightbench(*arguments).out)]
    assert len(madds) == 3
    assert madds == sorted(madds, reverse=True)


# What is kept.


def ids(answer):
    return [record["id"] for record in json.loads(answer.out)]


def test_the_same_again_measures_nothing_and_another_batch_is_measured(lightbench, tmp_path):
    path = tmp_path / "deep" / "s.jsonl"
    command = ("profile", NET, *QUICK, "--store", path, "--format", "json")
    first = ids(lightbench(*command))
    assert ids(lightbench(*command)) == first
    assert len(asked(path)) == 1
    more = ids(lightbench(*command, "--batch", "1,2"))
    assert more[0] == first[0]
    assert [record.case.batch for record in asked(path)] == [1, 2]
    assert store.verify(path) == []


def test_a_case_that_failed_is_tried_again(lightbench, tmp_path, nets):
    path = tmp_path / "s.jsonl"
    for _ in range(2):
        lightbench("profile", f"{nets}:Bad", "--input", "3x8x8", "--store", path)
    assert [record.status for record in store.read(path)] == ["failed", "failed"]


def test_a_store_whose_last_record_was_cut_short_is_named_in_one_line_and_used(
    lightbench, tmp_path
):
    path = tmp_path / "s.jsonl"
    command = ("profile", NET, *QUICK, "--store", path, "--format", "json")
    first = ids(lightbench(*command))
    with path.open("a") as file:
        file.write('{"id":"0123456789abcdef","schema"')
    line = len(path.read_text().splitlines())
    answer = lightbench(*command)
    assert ids(answer) == first
    assert answer.err == (
        f"lightbench: {path}:{line}: skipped a record that was cut short.\n"
        "lightbench: stored: 1 of 1.\n"
    )


def test_an_output_or_store_that_cannot_be_written_is_said_before_anything_is_measured(
    lightbench, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "lightbench.runner.run.run", lambda *_, **__: pytest.fail("it was measured")
    )
    (tmp_path / "file").touch()
    for option in (("-o", "file/x.json"), ("--store", "file/x.jsonl"), ("--store", ".")):
        answer = lightbench("profile", NET, option[0], tmp_path / option[1])
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.count("\n") == 2, answer.err
        assert str(tmp_path) in answer.err


# Reports.


def test_a_report_of_stored_records_shows_them_and_the_machine(lightbench, tmp_path, make_record):
    path = tmp_path / "s.jsonl"
    store.append(path, [make_record("net_a"), make_record("net_b", failure="no memory.")])
    answer = lightbench("report", path)
    assert answer.code == 0
    assert all(text in answer.out for text in ("net_a", "net_b", "no memory.", "Example CPU"))


def test_a_report_in_a_file_has_its_figure_beside_it(lightbench, tmp_path, make_record):
    store.append(tmp_path / "s.jsonl", [make_record("net_a"), make_record("net_b")])
    answer = lightbench("report", tmp_path / "s.jsonl", "-o", tmp_path / "new" / "r.md")
    assert (answer.code, answer.out) == (0, "")
    assert "](r-latency.svg)" in (tmp_path / "new" / "r.md").read_text()
    assert (tmp_path / "new" / "r-latency.svg").read_text().lstrip().startswith("<?xml")


def test_a_report_of_a_suite_measures_it_once(lightbench, tmp_path):
    suite = tmp_path / "s.toml"
    suite.write_text(f'models = ["{NET}"]\nbatch = [1, 2]\nmax_seconds = 0.05\n')
    command = ("report", "--suite", suite, "--device", "null", "--store", tmp_path / "r.jsonl")
    assert lightbench(*command).code == 0
    assert lightbench(*command).code == 0
    assert len(asked(tmp_path / "r.jsonl")) == 2


# How it ends.


@pytest.mark.parametrize(
    ("failures", "cases", "code"),
    [([], 2, 0), ([2], 2, 3), ([2, 2], 2, 2), ([2, 3], 2, 3), ([4, 4], 2, 4), ([3], 1, 3)],
)
def test_the_exit_code_is_the_failures_own_only_if_all_failed_alike(failures, cases, code):
    assert exit_code(failures, cases) == code


def test_with_several_models_one_that_fails_is_a_row_and_the_rest_go_on(lightbench):
    answer = lightbench("profile", "resnet5", NET, *QUICK)
    assert answer.code == 3
    assert answer.err == ""
    assert "no model is called 'resnet5'. Did you mean resnet50" in " ".join(answer.out.split())
    assert " 1.00 " in answer.out
    assert lightbench("count", "resnet5", NET).code == 3


@pytest.mark.parametrize("command", [["profile"], ["count"], ["count", "--convention", "all"]])
def test_models_that_all_fail_alike_give_their_code_and_no_empty_table(command, lightbench):
    answer = lightbench(*command, "nope", "nada")
    assert (answer.code, answer.out) == (2, "")
    assert all(f"no model is called '{name}'" in answer.err for name in ("nope", "nada"))
    document = lightbench(*command, "nope", "nada", "--format", "json")
    assert document.code == 2
    assert len(json.loads(document.out)) in (0, 2)


def test_one_median_of_the_null_device_is_exactly_a_millisecond(lightbench):
    (record,) = json.loads(lightbench("profile", NET, *QUICK, "--format", "json").out)
    latency = record["latency"]
    assert latency["median_s"] == latency["low_s"] == latency["high_s"] == 0.001
    assert record["samples"]["stop"] == "converged"


def test_a_fault_of_our_own_shows_its_traceback_and_asks_for_a_report(lightbench, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("lightbench.formats.table.render", broken)
    answer = lightbench("count", NET)
    assert (answer.code, answer.out) == (70, "")
    assert "Traceback" in answer.err
    assert "ZeroDivisionError: a bug" in answer.err
    assert "Please report it" in answer.err.splitlines()[-1]


def test_main_exits_with_the_code(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["lightbench", "count", "nope"])
    with pytest.raises(SystemExit) as end:
        commands.main()
    assert end.value.code == 2


def test_a_network_that_reads_arguments_while_it_runs_gets_none_of_ours(monkeypatch, tmp_path):
    net = tmp_path / "net.py"
    net.write_text(
        "import argparse\nfrom torch import nn\nclass Net(nn.Linear):\n"
        "    def __init__(self):\n        super().__init__(8, 8)\n"
        "    def forward(self, x):\n        argparse.ArgumentParser().parse_args()\n"
        "        return super().forward(x)\n"
    )
    typed = ["lightbench", "count", f"{net}:Net", "--input", "8", "-q"]
    monkeypatch.setattr(sys, "argv", typed)
    with pytest.raises(SystemExit) as end:
        commands.main()
    assert end.value.code == 0


def test_ctrl_c_anywhere_is_130_and_no_traceback(lightbench, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("lightbench.studies.count.api.count", interrupted)
    assert lightbench("count", NET) == (130, "", "\nlightbench: interrupted\n")


def test_ctrl_c_prints_what_was_finished(lightbench, monkeypatch, make_record):
    def interrupted(*_, **__):
        raise Interrupted([make_record("finished")])

    monkeypatch.setattr("lightbench.runner.run.run", interrupted)
    answer = lightbench("profile", NET, "--format", "json")
    assert answer.code == 130
    assert [record["case"]["model"] for record in json.loads(answer.out)] == ["finished"]
    assert "interrupted" in answer.err


@pytest.mark.parametrize("arguments", [["--help"], ["list", "models", "--format", "json"]])
def test_a_reader_that_leaves_ends_it_quietly(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    child = process(*arguments, stdout=writing)
    os.close(writing)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")


@pytest.mark.alone
def test_sigint_in_the_rounds_ends_within_two_seconds_and_keeps_the_cases(tmp_path):
    started, path = tmp_path / "started", tmp_path / "s.jsonl"
    (tmp_path / "net.py").write_text(
        "from pathlib import Path\n"
        "from torch import nn\n"
        "class Net(nn.Conv2d):\n"
        "    calls = 0\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 4, 3)\n"
        "    def forward(self, x):\n"
        "        Net.calls += 1\n"
        f"        if Net.calls == 20_000: Path({str(started)!r}).touch()\n"
        "        return super().forward(x)\n"
    )
    child = process(
        "profile", f"{tmp_path}/net.py:Net", "nope", "--input", "3x8x8", "--threads", "1",
        "--rel", "1e-9", "--max-seconds", "100", "--store", path, "--format", "json",
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not started.exists():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=2)
    assert child.returncode == 130
    assert "Traceback" not in err
    kept = [record.case.model for record in asked(path)]
    assert sorted(kept) == sorted(record["case"]["model"] for record in json.loads(out))
    stops = {record.samples.stop for record in store.read(path) if record.samples}
    assert stops == {"interrupted"}
