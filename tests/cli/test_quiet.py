"""With --quiet stderr is empty unless something is wrong: no progress, no word of files written."""

from __future__ import annotations

import inspect
import io
import json
import subprocess
import sys

import click
import pytest
from evaluations import evaluated
from PIL import Image
from rooflines import peak_records
from small_classifier import Small

from lightbench import registry
from lightbench.errors import DeviceUnavailable
from lightbench.records import store

NET = "example_conv_g4"
NULL = ("--device", "null")

# What each command that measures, or that says what it wrote, is told to do; "{}" is an empty folder
# but for a store.jsonl with two networks.
RUNS = {
    "baseline save": ("baseline", "save", NET, *NULL, "--sessions", "1", "--seconds", "0.5", "-o", "{}/b.jsonl"),
    "check": ("check", NET, *NULL, "--no-latency", "--baseline", "{}/b.jsonl"),
    "compare": ("compare", NET, "example_dense", *NULL, "--seconds", "0.5"),
    "converter": ("converter", "litert", "--remove"),
    "count": ("count", NET, "--convention", "thop"),
    "device-card": ("device-card", *NULL, "--card", "{}/card.jsonl", "--figure", "{}/f.svg"),
    "doctor": ("doctor", "-o", "{}/d.json"),
    "evaluate": ("evaluate", "--from", "{}/rated.jsonl", "--figure", "{}/f.svg"),  # null answers nothing
    "export": ("export", NET, "--to", "onnx", "-o", "{}/n.onnx"),
    "fit": ("fit", "stack:grouped(c=?, groups=4)", "--madds", "100M"),
    "guidelines": ("guidelines", "g1", *NULL, "--widths", "1", "--seconds", "0.1", "--figures", "{}/f"),
    "history": ("history", "{}/store.jsonl", "--figure", "{}/f.svg"),
    "layers": ("layers", NET, "--measure", *NULL, "--seconds", "0.1", "--figure", "{}/f.svg"),
    "lint": ("lint", NET),
    "noise": ("noise", NET, *NULL, "--seconds", "1"),
    "predict": ("predict", "mobilenet_v1_cifar", "{}/a.png", "--figure", "{}/f.svg"),
    "profile": ("profile", NET, *NULL, "--seconds", "0.05", "--store", "{}/s.jsonl"),
    "report": ("report", "{}/store.jsonl", "-o", "{}/r.md"),
    "roofline": ("roofline", "--from", "{}/peaks.jsonl", "--figure", "{}/f.svg"),  # null has none
    "scaling": ("scaling", NET, *NULL, "--batch", "1,2", "--seconds", "0.05", "--figure", "{}/f.svg"),
    "store verify": ("store", "verify", "{}/store.jsonl"),
    "sweep": ("sweep", "groups", "--input", "7x7", *NULL, "--seconds", "0.1", "--figure", "{}/f.svg"),
    "tradeoff": (
        "tradeoff", f"{inspect.getfile(Small)}:Small", "--data", "digits", "--input", "1x8x8", "--epochs", "1",
        "--folder", "{}/t", "--figure", "{}/f.svg", "--seconds", "0.1", "--rel", "1", "--threads", "1",
    ),
    "train": (
        "train", f"{inspect.getfile(Small)}:Small", "--data", "digits", "--input", "1x8x8", "--epochs", "1",
        "--folder", "{}/t", "--figure", "{}/f.svg",
    ),
}  # fmt: skip
# Nothing is measured and nothing written but -o, of which nothing is said.
SILENT = {"baseline show", "completion", "devices", "help", "list"}
pytestmark = pytest.mark.usefixtures("forked")


def leaves(name, command):
    """A command, or those of a group, by what the user types."""
    if isinstance(command, click.Group):
        for child, one in command.commands.items():
            yield from leaves(f"{name} {child}", one)
    else:
        yield name, command


def commands():
    names = registry.names("command")
    loaded = [(n.replace("_", "-"), registry.load("command", n).command) for n in names]
    return {name: one for n, command in loaded for name, one in leaves(n, command)}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def folder(tmp_path, make_record):
    store.append(tmp_path / "store.jsonl", [make_record("net_a"), make_record("net_b")])
    store.append(tmp_path / "peaks.jsonl", peak_records(make_record))
    store.append(tmp_path / "rated.jsonl", [evaluated(make_record)])
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    return tmp_path


@pytest.fixture
def told(lightbench, folder, monkeypatch):
    """Run a command of RUNS with stderr on a terminal; gives its exit code and what stderr was told."""

    def run(name, *more):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        arguments = [word.replace("{}", str(folder)) for word in RUNS[name]]
        return lightbench(*arguments, *more).code, terminal.getvalue()

    return run


def test_every_command_that_can_say_something_besides_its_answer_can_be_quiet():
    found = commands()
    assert set(found) == {*RUNS, *SILENT}
    for name, command in found.items():
        flags = [option for p in command.params for option in p.opts]
        assert ("--quiet" in flags) == ("-q" in flags) == (name not in SILENT), name


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_quiet_leaves_stderr_empty(name, told, folder):
    if name == "check":
        told("baseline save")
    code, said = told(name, "--quiet")
    if name == "baseline save":  # a warning about a busy machine stays
        for warning in {w for record in store.read(folder / "b.jsonl") for w in record.warnings}:
            said = said.replace(f"lightbench: {warning}\n", "")
    assert (code, said) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["evaluate", "history", "sweep", "guidelines", "device-card", "layers", "predict"],
)
def test_without_it_a_figure_is_named(name, told):
    code, said = told(name)
    assert code == 0
    assert "lightbench: wrote " in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("baseline save", "lightbench: saved 1 sessions in "),
        ("doctor", "lightbench: wrote "),
        ("device-card", "lightbench: kept in "),
    ],
)
def test_without_it_other_files_are_named_too(name, said, told):
    assert said in told(name)[1]


@pytest.mark.parametrize(
    "command", [("profile", "--seconds", "0.05"), ("compare", "--b", "threads=1", "--seconds", "0.5"),
                ("count",), ("layers",), ("lint",)], ids=lambda command: command[0])  # fmt: skip
def test_what_a_network_prints_is_not_said_either(command, lightbench, tmp_path):
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n"
        "print('a file says hello')\n"
        "class Net(nn.Conv2d):\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 4, 3)\n"
        "    def forward(self, x):\n"
        "        print('forward \\ud800')\n"
        "        return super().forward(x)\n"
    )
    name, *options = command
    answer = lightbench(name, f"{file}:Net", "--input", "3x8x8", *options, "--format", "json", "-q")
    assert (answer.code, answer.err) == (0, "")
    json.loads(answer.out)


def test_what_is_wrong_is_said_nevertheless(told, lightbench, folder, monkeypatch):
    answer = lightbench("profile", "nope", "--quiet")
    assert answer.code == 2
    assert "no model is called 'nope'" in answer.err
    with (folder / "store.jsonl").open("a") as file:
        file.write('{"id":"0123456789abcdef","schema"')
    assert "skipped a record that was cut short" in told("history", "-q")[1]


def test_doctor_says_quietly_only_why_a_device_is_not_there(lightbench, folder, monkeypatch):
    gone = DeviceUnavailable("there is none.", "Plug one in.")
    monkeypatch.setattr("lightbench.devices.null.unavailable", lambda: gone, raising=False)
    answer = lightbench("doctor", "--device", "xpu", "-q", "-o", folder / "d.json")
    assert answer.code == 4
    assert "wrote" not in answer.err
    assert answer.err.startswith("lightbench: ")


def test_a_pipe_is_as_quiet_in_a_process_of_its_own(folder):
    code = "from lightbench.cli import main; main()"
    command = [sys.executable, "-c", code, "history", str(folder / "store.jsonl"), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=registry.PACKAGE.parent)
    assert (done.returncode, done.stderr) == (0, "")
