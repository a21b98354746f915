"""Commands under "How to reproduce": what they say, and that lightbench takes them."""

from __future__ import annotations

import shlex

import click
import msgspec
import pytest

from lightbench.cli import lightbench as group
from lightbench.nouns import Finding, Opinion
from lightbench.reports._commands import commands


def as_lint(record):
    finding = Finding(guideline="G1", path="a", cause="b", remedy="c", mem_bytes=1.0)
    return msgspec.structs.replace(record, samples=None, latency=None, findings=(finding,))


def as_crosscheck(record):
    opinions = (Opinion(tool="thop", ours=1, theirs=1),)
    return msgspec.structs.replace(record, samples=None, latency=None, opinions=opinions)


def parsed(line):
    """The options as the command line itself reads them. Raises what it would refuse."""
    name, *words = shlex.split(line)[1:]
    command = group.get_command(click.Context(group), name)
    with command.make_context(name, words) as context:
        return {key: value for key, value in context.params.items() if value}


def test_networks_of_one_setup_are_one_command(make_record):
    records = [make_record(name, threads=1) for name in ("a", "b", "a")]
    line, last = commands(records)
    assert last == "lightbench report runs.jsonl -o report.html"
    assert line == (
        "lightbench profile a b --device cpu --threads 1 --batch 1 --input 3x224x224"
        " --store runs.jsonl"
    )


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"batch": 8}, "--batch 8"),
        ({"dtype": "bfloat16"}, "--dtype bfloat16"),
        ({"layout": "channels_last"}, "--channels-last"),
        ({"engine": "compile"}, "--engine compile"),
        ({"mode": "train"}, "--mode train"),
        ({"device": "cuda:1", "options": ("graph", "cold-cache")}, "--graph --cold-cache"),
        ({"shape": (1, 28, 28)}, "--input 1x28x28"),
    ],
)
def test_what_makes_a_case_is_in_its_command_and_the_command_line_takes_it(
    case, words, make_record
):
    line, _ = commands([make_record("net", **case)])
    assert words in line
    assert parsed(line)["models"] == ("net",)


def test_every_study_has_a_command_that_the_command_line_takes(make_record, sweep_records):
    records = [
        *sweep_records(width=1, run="a", threads=1),
        *sweep_records(width=2, run="b", threads=1),
        *sweep_records(experiment="device_card", run="c"),
        *sweep_records(experiment="kernel", run="d"),
        as_lint(make_record("a")),
        as_lint(make_record("b")),
        as_crosscheck(make_record("a")),
    ]
    lines = commands(records)
    assert [line.partition(" --")[0] for line in lines] == [
        "lightbench device-card",
        "lightbench guidelines g1",
        "lightbench sweep kernel",
        'for model in a b; do lightbench lint "$model"',
        "lightbench count a",
        "lightbench report runs.jsonl -o report.html",
    ]
    assert parsed(lines[1])["widths"] == [1, 2]
    for line in (lines[0], lines[2], *lines[4:]):
        parsed(line)
    parsed(lines[3].partition("do ")[2].removesuffix("; done").replace('"$model"', "a"))


@pytest.mark.parametrize("name", ["a b", "$(reboot)", "`id`", "x; rm -rf /", "'", "-o evil", "\n"])
def test_a_name_stays_one_word_for_the_shell(name, make_record):
    line, _ = commands([make_record(name)])
    assert name in shlex.split(line)
    loop, _ = commands([as_lint(make_record(name)), as_lint(make_record("b"))])
    assert shlex.split(loop.partition(" in ")[2].partition("; do")[0]) == [name, "b"] or ";" in name


def test_lint_takes_the_card_of_its_setup_and_so_does_the_report(make_record, card_records):
    """The card is measured first, though it stands last."""
    lint = [as_lint(make_record("a", threads=n)) for n in (1, 2)]
    first, with_card, without, last = commands([*lint, *card_records(threads=1)])
    assert first == "lightbench device-card --device cpu --threads 1 --card card.jsonl"
    assert with_card.endswith(
        "--threads 1 --batch 1 --input 3x224x224 --card card.jsonl --store runs.jsonl"
    )
    assert "--card" not in without
    assert last == "lightbench report runs.jsonl card.jsonl -o report.html"
