"""Nothing of the user's is overwritten: each parameter says what it is to files, and commands heed it."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import click
import pytest
from overwritten import NET, contents

from lightbench import registry
from lightbench.cli import guarded
from lightbench.cli import lightbench as program
from lightbench.cli.guarded import WRITTEN, Guarded, Model, ReadFile, Use, refuse_overwriting
from lightbench.cli.options import Count, Fraction, Many
from lightbench.errors import UsageError

# Parameters whose values are words; that a new one is none of a file must be said here.
WORDS = {
    "a_settings", "against", "axis", "b_settings", "constant", "convention", "data", "device", "dtype", "engine",
    "filters", "form", "geometry", "input", "layout", "mode", "names", "optimizer", "shown_names",
    "reference", "schedule", "sort", "title",
}  # fmt: skip
WORDS_OF = {("history", "models"), ("help", "named")}  # names of records, and of commands
VALUES = (Many, Fraction, Count, click.Choice, click.IntRange, type(click.INT), type(click.FLOAT), type(click.BOOL))  # fmt: skip


def commands(command=program, name=()):
    """Every command that does something, by its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            yield from commands(command.get_command(context, word), (*name, word))
    else:
        yield " ".join(name), command


COMMANDS = dict(commands())


def roles(role_of):
    return [
        (name, parameter)
        for name, command in COMMANDS.items()
        for parameter in command.params
        if role_of(getattr(parameter.type, "role", None))
    ]


PAIRS = [  # a parameter that writes, and another of the same command
    (name, written, other)
    for (name, written), (of, other) in product(
        roles(lambda role: role in WRITTEN), roles(lambda role: role is not None)
    )
    if name == of and written is not other
    and not (isinstance(written.type, guarded.TrainingFolder) and isinstance(other.type, Model))  # writes no source
    and (written.type.role, other.type.role) not in guarded.SHARED
]  # fmt: skip


# Nothing can be forgotten.


def test_every_command_is_guarded():
    assert len(COMMANDS) > 15
    assert [name for name, command in COMMANDS.items() if not isinstance(command, Guarded)] == []


def test_every_parameter_says_whether_it_names_a_file():
    unsaid = [
        (name, parameter.name)
        for name, command in COMMANDS.items()
        for parameter in command.params
        if not isinstance(parameter.type, (ReadFile, Model, *VALUES))
        and parameter.name not in WORDS
        and (name, parameter.name) not in WORDS_OF
    ]
    assert unsaid == []


def test_a_parameter_that_names_files_and_does_not_say_so_would_be_found():
    for forgotten in (click.Option(["--weights"]), click.Option(["-o"], type=click.Path())):
        assert not isinstance(forgotten.type, (ReadFile, Model, *VALUES))
        assert forgotten.name not in WORDS


@pytest.mark.parametrize("name", COMMANDS)
def test_models_and_outputs_are_so_wherever_they_stand(name):
    """The same word means the same in every command."""
    for parameter in COMMANDS[name].params:
        flags = set(parameter.opts)
        role = getattr(parameter.type, "role", None)
        if flags & {"-o", "--output", "--figure", "--figures", "--trace"}:
            assert role in {"replaced", "kept"}, parameter.name
        if flags & {"--store"}:
            assert role == "store"
        if (
            flags & {"--suite", "--config", "--accuracy", "--from", "--baseline", "--card"}
            and name != "list"
        ):
            assert role is not None
        if isinstance(parameter, click.Argument) and parameter.name in {
            "model",
            "models",
            "a",
            "b",
        }:
            assert isinstance(parameter.type, Model)


def given(parameter, file):
    """A value of a parameter that has to do with that file."""
    if isinstance(parameter.type, Model):
        value = f"{file}:Net"
        value = [value] if isinstance(parameter.type, guarded.Models) else value
    elif isinstance(parameter.type, guarded.FigureFolder):
        value = Path(file).parent
    else:
        value = str(file) if parameter.type.as_typed else Path(file)
    if parameter.multiple or parameter.nargs == -1:
        return (value,)
    return (value,) * parameter.nargs if parameter.nargs > 1 else value


@pytest.mark.parametrize("spelled", ["plain", "absolute", "around", "symlink", "hardlink"])
@pytest.mark.parametrize(
    ("name", "written", "other"),
    PAIRS,
    ids=[f"{name} {w.opts[0]} {o.opts[0]}" for name, w, o in PAIRS],
)
def test_no_output_of_any_command_is_a_file_that_it_reads_or_writes_otherwise(
    name, written, other, spelled, here
):
    figures = isinstance(written.type, guarded.FigureFolder) or isinstance(
        other.type, guarded.FigureFolder
    )
    trained = any(isinstance(one.type, guarded.TrainingFolder) for one in (written, other))
    folder = ".pt" if trained else ".svg"
    suffix = ".py" if isinstance(other.type, Model) else folder if figures else ".txt"
    meant = here / f"meant{suffix}"
    meant.touch()  # nothing in it: what it holds must not be why
    as_written = {
        "plain": Path(meant.name),
        "absolute": meant,
        "around": Path("..") / here.name / meant.name,
        "symlink": Path(f"link{folder}"),
        "hardlink": Path(f"link{folder}"),
    }[spelled]
    if spelled == "symlink":
        as_written.symlink_to(meant)
    elif spelled == "hardlink":
        as_written.hardlink_to(meant)
    context = click.Context(COMMANDS[name])
    context.params = {
        str(other.name): given(other, meant.name),
        str(written.name): given(written, as_written),
    }
    with pytest.raises(UsageError, match=r"would (write over|add to) .*(link|meant)"):
        refuse_overwriting(context)
    assert meant.read_text() == ""


def test_registered_commands_are_those_that_were_looked_at():
    assert {name.split()[0] for name in COMMANDS} == {
        name.replace("_", "-") for name in registry.names("command")
    }


# What was lost once, and its like.


@pytest.mark.parametrize(
    "words",
    [
        "count net.py:Net --format json -o net.py",
        "count ./net.py:Net --format json -o {here}/net.py",
        "count net.py:Net --format json -o parts.py",
        "count {here}/net.py:Net --format json -o parts.py",
        "count mobilenet_v2 --format json -o net.py",
        "count net.py:Net -o parts.json",
        "count net.py:Net -o other.json",
        "profile --suite s.toml --trust-code --device null -o parts.json",
        "report r.jsonl --suite s.toml --trust-code --device null -o parts.json",
        "baseline save mobilenet_v2 -o parts.json",
        "check --no-latency -o parts.json",
        "check --no-latency --config s.toml -o parts.json",
        "check --baseline r.jsonl --trust-code --config empty.toml -o parts.json",
        "count net.py:Net --crosscheck --store parts.py",
        "count mobilenet_v2 --crosscheck --store notes",
        "profile net.py:Net --device null --store net.py",
        "profile --suite s.toml --trust-code --device null --format json -o parts.py",
        "profile --suite s.toml --trust-code --device null --store s.toml",
        "profile --suite s.toml --trust-code --device null -o s.toml --format csv",
        "layers net.py:Net --format json -o parts.py",
        "layers net.py:Net --device null --store notes",
        "lint net.py:Net --format json -o net.py",
        "evaluate net.py:Net --data digits --samples parts.py",
        "evaluate net.py:Net --data digits --weights r.jsonl --format json -o r.jsonl",
        "evaluate net.py:Net --data digits --weights acc.csv --weights r.jsonl --store acc.csv",
        "evaluate net.py:Net --data digits --figure new.svg --samples new.svg",
        "lint mobilenet_v2 --card r.jsonl -o r.jsonl",
        "lint mobilenet_v2 --card r.jsonl --format json -o link.json",
        "lint mobilenet_v2 --store acc.csv",
        "noise net.py:Net --device null --format json -o parts.py",
        "compare net.py:Net mobilenet_v2 --device null --format json -o parts.py",
        "compare mobilenet_v2 net.py:Net --device null --format json -o net.py",
        "baseline save net.py:Net -o net.py",
        "baseline save net.py:Net -o parts.py",
        "baseline save net.py:Net -o parts.py --add",
        "baseline save mobilenet_v2 -o net.py",
        "baseline save mobilenet_v2 -o notes",
        "baseline save mobilenet_v2 -o notes --add",
        "baseline save -o lightbench.toml",
        "baseline save -o parts.py",
        "check --no-latency --format json -o parts.py",
        "check --no-latency --format json -o lightbench.toml",
        "check --no-latency --store lightbench.toml",
        "check --no-latency --config s.toml --format json -o net.py",
        "check --baseline r.jsonl --trust-code --config s.toml --format json -o parts.py",
        "check --baseline r.jsonl --format json -o r.jsonl",
        "check --no-latency --isolate --old-python notes --format json -o notes",
        "device-card --device null --card net.py",
        "device-card --device null --card notes",
        "device-card --device null --card r.jsonl",
        "device-card --device null --card new.jsonl --format json -o new.jsonl",
        "device-card --device null --card new.jsonl --format json -o new.jsonl.part",
        "sweep groups --device null --store new.svg --figure new.svg",
        "sweep groups --device null --store notes",
        "guidelines g1 --device null --figures . --store g1.svg",
        "guidelines --from g1.svg --figures .",
        "report r.jsonl --accuracy acc.csv --format csv -o acc.csv",
        "report r.jsonl --suite s.toml --trust-code --device null --format json -o parts.py",
        "report r.jsonl --suite s.toml --trust-code --device null --store parts.py -o r.md",
        "report --suite s.toml --trust-code --device null --store new.jsonl -o New.jsonl --format csv",
    ],
)  # fmt: skip
def test_what_a_command_reads_is_never_written_to(words, here, lightbench):
    (here / "link.json").symlink_to("r.jsonl")
    (here / "g1.svg").hardlink_to(here / "r.jsonl")
    (here / "parts.json").hardlink_to(here / "parts.py")
    (here / "other.json").symlink_to("other.py")  # which is read by nothing
    before = contents(here)
    answer = lightbench(*words.format(here=here).split())
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("lightbench: ")
    assert "Name another file" in answer.err or "Give each a file of its own." in answer.err
    assert contents(here) == before


def test_the_message_says_what_the_file_is_and_what_to_do(here, lightbench):
    answer = lightbench("count", "net.py:Net", "--format", "json", "-o", "parts.py")
    assert answer.err == (
        "lightbench: -o would write over 'parts.py', which is source of 'net.py:Net'.\n"
        "  Give each a file of its own.\n"
    )


def test_a_summary_of_github_is_no_file_that_the_check_reads(here, lightbench, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for name in ("parts.py", "lightbench.toml", "new.jsonl"):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / name))
        before = contents(here)
        answer = lightbench("check", "--no-latency", "--store", "new.jsonl")
        assert (answer.code, answer.out) == (2, "")
        assert "GITHUB_STEP_SUMMARY" in answer.err
        assert contents(here) == before


def test_the_card_that_is_used_unnamed_is_no_output(here, lightbench):
    from lightbench.studies.card.api import card_path

    card = card_path()
    for words in (("lint", "mobilenet_v2"), ("device-card",)):
        answer = lightbench(*words, "--format", "json", "-o", card)
        assert (answer.code, answer.out) == (2, "")
        assert "is this device's card" in answer.err
        assert not card.exists()


# What is meant stays possible.


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "count net.py:Net --format json -o notes",  # a file that is not read: the user's wish
        "count net.py:Net --format json -o new.json",
        "baseline save example_dense --device null --sessions 1 --seconds 0.1 -o r.jsonl --add",
        "baseline save example_dense --device null --sessions 1 --seconds 0.1 -o empty",
        "profile example_dense --device null -q --store empty",
        "report r.jsonl -o /dev/null --format html",
    ],
)
def test_an_output_may_be_what_the_user_names(words, here, lightbench):
    (here / "empty").touch()
    assert lightbench(*words.split()).code == 0
    assert (here / "net.py").read_text() == NET


def test_a_pipe_that_is_read_is_not_looked_at_before(here):
    """It can be read once."""
    read, write = os.pipe()
    os.close(write)
    try:
        context = click.Context(COMMANDS["profile"])
        context.params = {"file": Path(f"/dev/fd/{read}"), "output": Path("new.json")}
        refuse_overwriting(context)
    finally:
        os.close(read)


def test_uses_that_no_parameter_tells_of_are_heeded_too(here):
    context = click.Context(COMMANDS["devices"])
    context.params = {"output": Path("notes")}
    refuse_overwriting(context)
    with pytest.raises(UsageError, match="-o would write over 'notes', which is a weight"):
        refuse_overwriting(context, [Use("read", here / "notes", "it", "is a weight")])
