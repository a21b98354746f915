"""The command line: which commands and options there are, and what help and lists say of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lightbench import registry
from lightbench.records import store

ROOT = Path(__file__).parents[2]


# What there is.

SHOWN = " --columns --sort --all-columns --names --notes"
OPTIONS = {
    "baseline": "",  # a group, of `save` and `show`
    "check": (
        "models --against --baseline --config --tolerance --seconds --strict --no-latency --isolate"
        " --old-python --pytest-benchmark --batch --mode --seed --timeout --store --trust-code -q/--quiet"
        " --input --device --engine --threads --dtype --channels-last --figure --format -o/--output"
        + SHOWN
    ),
    "compare": (
        "a b --a --b --tolerance --seconds --batch --mode --seed --timeout -q/--quiet --input --device"
        " --engine --threads --dtype --channels-last --figure --format -o/--output" + SHOWN
    ),
    "completion": "shell",
    "devices": "--format -o/--output" + SHOWN,
    "doctor": "--device --selftest -q/--quiet --format -o/--output" + SHOWN,
    "evaluate": (
        "model --weights --data --engine --dtype --calibration --device --threads --channels-last --batch --input"
        " --classes --figure --samples --store --from --timeout -q/--quiet --format -o/--output"
        + SHOWN
    ),
    "help": "named",
    "export": "model --to -o/--output --weights --batch --threads --timeout --force -q/--quiet --input",
    "converter": "engine --remove -q/--quiet",
    "count": "models --convention --crosscheck --batch --timeout --strict --store -q/--quiet --input --figure --format -o/--output"
    + SHOWN,
    "fit": "model --madds --params --timeout -q/--quiet --input --format -o/--output" + SHOWN,
    "layers": (
        "model --measure --by --depth --formula --sort --top --seconds --seed --timeout --figure --filters --weights --image --trace"
        " --store --roofline -q/--quiet"
        " --batch --device --engine --threads --dtype --channels-last --input --format -o/--output"
        " --columns --all-columns --names --notes"
    ),
    "device-card": (
        "--device --engine --threads --dtype --channels-last --seed --card --from -q/--quiet"
        " --figure --format -o/--output" + SHOWN
    ),
    "guidelines": (
        "names --scale --channels --widths --geometry --seconds --batch --device --engine --threads"
        " --dtype --channels-last --seed --force --store --from -q/--quiet --figures --format -o/--output"
        + SHOWN
    ),
    "history": "stores --model --metric --device --figure -q/--quiet --format -o/--output" + SHOWN,
    "lint": (
        "model --card --verify --try --seconds --top --batch --device --engine --threads --dtype"
        " --channels-last --timeout --store -q/--quiet --input --figure --format -o/--output"
        + SHOWN
    ),
    "noise": (
        "model --tolerance --seconds --seed --timeout -q/--quiet --batch --device --engine --threads --dtype"
        " --channels-last --figure --format -o/--output" + SHOWN
    ),
    "predict": (
        "model images --weights --top --batch --input --device --timeout --figure -q/--quiet --format -o/--output"
        + SHOWN
    ),
    "list": "what --from --cost --near --format -o/--output" + SHOWN,
    "profile": (
        "models --suite --device --engine --threads --batch --dtype --calibration --mode --channels-last"
        " --graph --cold-cache --h2d --energy --flush-denormal --crosscheck --memory --npu-jit --defaults --rel"
        " --seconds --seed --timeout --store --force --roofline --trust-code -q/--quiet --input --figure"
        " --format -o/--output" + SHOWN
    ),
    "report": (
        "files --suite --store --device --reference --accuracy --title --force --timeout --trust-code -q/--quiet"
        " --format -o/--output"
    ),
    "roofline": (
        "models --layers --rel --seconds --batch --device --engine --threads --dtype --channels-last --timeout"
        " --seed --force --store --from -q/--quiet --figure --input --format -o/--output" + SHOWN
    ),
    "scaling": (
        "models --batch --threads --resolution --width --rel --seconds --device --engine --dtype --calibration"
        " --mode --channels-last --input --timeout --seed --force --store --from -q/--quiet --figure --format -o/--output"
        + SHOWN
    ),
    "store": "",
    "sweep": (
        "axis --channels --input --constant --seconds --batch --device --engine --threads --dtype"
        " --channels-last --seed --force --store --from -q/--quiet --figure --format -o/--output"
        + SHOWN
    ),
    "tradeoff": (
        "models --models --data --seeds --epochs --batch --optimizer --lr --schedule --label-smoothing --amp --ema --clip --resize"
        " --workers --rel --seconds --device --engine --threads --folder --store --figure --input --timeout -q/--quiet"
        " --format -o/--output" + SHOWN
    ),
    "train": (
        "model --data --epochs --batch --optimizer --lr --schedule --label-smoothing --amp --ema --clip --resize --seed"
        " --workers --patience --compile --device --threads --input --weights --folder --resume --force --tensorboard"
        " --figure --timeout -q/--quiet --format -o/--output" + SHOWN
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
    "what", ["models", "devices", "engines", "data", "conventions", "guidelines", "axes", "formats"]
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
        "whats = 'models devices engines data conventions guidelines axes formats'\n"
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
