"""What a shell offers after Tab, asked as the shells ask, and once by bash itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lightbench import registry
from lightbench.models import sources

ROOT = Path(__file__).parents[2]
PROGRAM = (
    "import sys; from lightbench.cli import run; code = run(sys.argv[1:]);"
    " slow = {'torch', 'torchvision', 'pandas', 'matplotlib'} & set(sys.modules);"
    " assert not slow, slow; sys.exit(code)"
)


def asked(*words, shell="bash", **settings):
    """What is offered for the last of these words, as lines."""
    typed = ("lightbench", *words)
    line = "\n".join(typed) if shell == "bash" else " ".join(typed)
    last = words[-1] if shell == "fish" else len(words)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, **settings,
        env={**os.environ, "_LIGHTBENCH_COMPLETE": f"{shell}_complete", "COMP_WORDS": line,
             "COMP_CWORD": str(last), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split("\n")[:-1]


def offered(*words):
    """The words that bash is offered; a file is offered as no word."""
    return [line.removeprefix("plain,") for line in asked(*words) if line.startswith("plain,")]


def test_commands_are_offered_and_none_is_imported_for_it():
    assert offered("") == [name.replace("_", "-") for name in registry.names("command")]
    assert offered("dev") == ["device-card", "devices"]
    code = (
        "import sys; from lightbench.cli import run; run([]);"
        " print(sorted(m for m in sys.modules if m.startswith('lightbench.cli.')), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "_LIGHTBENCH_COMPLETE": "bash_complete", "COMP_WORDS": "lightbench ",
             "COMP_CWORD": "1"},
    )  # fmt: skip
    assert done.stderr == (
        "['lightbench.cli.complete', 'lightbench.cli.help', 'lightbench.cli.output']\n"
    )


def test_options_are_offered_to_whoever_begins_one():
    assert offered("profile", "--dev") == ["--device"]
    assert "--version" in offered("--")
    assert "--quiet" in offered("compare", "resnet18", "--")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [["profile"], ["count", "resnet18"], ["layers"], ["lint"], ["compare"], ["compare", "resnet18"],
              ["noise"], ["check"], ["baseline", "save"]], ids=" ".join)  # fmt: skip
def test_models_are_offered_wherever_one_is_asked_for(words):
    assert offered(*words, "resnet") == ["resnet18", "resnet34", "resnet50"]
    assert asked(*words, "resnet")[0] == "file,resnet"


def test_every_network_of_ours_is_offered_and_files_are_for_the_shell():
    assert offered("profile", "") == [*sources.own_names()]
    assert asked("profile", "nets/my") == ["file,nets/my"]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--device", [*registry.names("device"), "auto"]),
        ("--engine", [*registry.names("engine")]),
        ("--format", [*registry.names("format")]),
        ("--dtype", ["float32", "float64", "float16", "bfloat16", "int8"]),
        ("--mode", ["infer", "train"]),
    ],
)
@pytest.mark.parametrize("command", ["profile", "compare"])
def test_values_of_options_are_offered(option, expected, command):
    assert offered(command, option, "") == expected


@pytest.mark.parametrize("option", ["--suite", "--store", "-o"])
def test_files_are_offered_for_options_that_take_one(option):
    assert asked("profile", option, "a") == ["file,a"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["guidelines", "g"], ["g1", "g2", "g3", "g4"]),
        (["sweep", "k"], ["kernel", "kind"]),
        (["count", "--convention", "f"], ["fvcore", "flopcounter"]),
        (["list", "a"], ["axes"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["device-card", "--device", "cu"], ["cuda"]),
        (["doctor", "--device", "np"], ["npu"]),
        (["baseline", "s"], ["save", "show"]),
    ],
)
def test_names_of_other_things_are_offered_where_they_are_asked_for(words, expected):
    assert offered(*words) == expected


@pytest.mark.parametrize(
    "words",
    [["nope", "x"], ["profile", "--batch", "x", "--nope", ""], ["profile", "\x1b[31m"], ["profile", "'"],
     ["profile", "--batch", "x", "--dtype", ""], ["completion", "x", ""]],
    ids=ascii,
)  # fmt: skip
def test_a_line_that_is_wrong_or_half_typed_is_no_error(words):
    asked(*words)


def test_after_a_command_that_there_is_not_nothing_is_offered():
    assert offered("nope", "x") == []


def test_zsh_and_fish_are_offered_the_same():
    zsh = asked("profile", "resnet1", shell="zsh")
    assert zsh[:2] == ["file", "resnet1"]
    assert zsh[3:5] == ["plain", "resnet18"]
    assert zsh[5].startswith("ResNet")
    fish = asked("profile", "resnet1", shell="fish")
    assert [line.split("\t")[0] for line in fish] == ["file,resnet1", "plain,resnet18"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_for_it_under_the_name_that_answers(shell, lightbench):
    answer = lightbench("completion", shell)
    assert (answer.code, answer.err) == (0, "")
    assert f"_LIGHTBENCH_COMPLETE={shell}_complete" in answer.out
    assert answer.out.endswith("\n")


def test_another_shell_is_refused(lightbench):
    assert lightbench("completion", "tcsh").code == 2


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("profile mobilenet_v3_s", "mobilenet_v3_small mobilenet_v3_small_x0_75 mobilenet_v3_small_2019"),
        ("prof", "profile"),
        ("count --conv", "--convention"),
        ("profile --device np", "npu"),
        ("profile ./nets", ""),
    ],
)  # fmt: skip
def test_bash_itself_completes_with_the_script(words, expected, tmp_path, lightbench):
    """The completion function of the printed script, run as bash would run it after Tab."""
    program = tmp_path / "lightbench"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={ROOT} exec "{sys.executable}" -c "{PROGRAM}" "$@"\n'
    )
    program.chmod(0o755)
    (tmp_path / "script").write_text(lightbench("completion", "bash").out)
    typed = ["lightbench", *words.split(" ")]
    ask = (
        f"source {tmp_path}/script; compopt() {{ :; }}; COMP_WORDS=({' '.join(typed)});"
        f" COMP_CWORD={len(typed) - 1}; complete -p lightbench;"
        ' _lightbench_completion lightbench; echo "${COMPREPLY[*]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", ask], capture_output=True, text=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    registered, answer, *_ = done.stdout.split("\n")
    assert registered == "complete -o nosort -F _lightbench_completion lightbench"
    assert answer == expected
