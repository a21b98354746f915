"""Installed backends are not imported along with torch by the command line, and by nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from lightbench.workers import autoload
from lightbench.workers.autoload import USERS, VARIABLE


@pytest.fixture
def environ(monkeypatch):
    """The environment of a process that has not imported torch, nor been held back."""
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(os, "environ", {"PATH": "/bin"})
    return os.environ


@pytest.mark.parametrize("users", [None, "0", "1", "2"])
def test_it_is_switched_off_here_and_as_the_user_had_it_in_what_is_started(environ, users):
    if users is not None:
        environ[VARIABLE] = users
    before = dict(environ)
    autoload.hold_back()
    assert environ[VARIABLE] == "0"
    assert autoload.handed_on(environ) == before


def test_an_empty_setting_is_off_as_it_is_for_pytorch(environ):
    """On is "1" or no setting at all: ``torch._is_device_backend_autoload_enabled``."""
    environ[VARIABLE] = ""
    autoload.hold_back()
    assert autoload.handed_on(environ)[VARIABLE] in ("", "0")


def test_once_torch_is_imported_there_is_nothing_to_hold_back(environ, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", object())
    before = dict(environ)
    autoload.hold_back()
    assert environ == before


@pytest.mark.parametrize("users", [None, "1"])
def test_what_is_held_back_twice_is_handed_on_as_the_user_had_it(environ, users):
    if users is not None:
        environ[VARIABLE] = users
    before = dict(environ)
    autoload.hold_back()
    autoload.hold_back()
    assert environ[VARIABLE] == "0"
    assert autoload.handed_on(environ) == before


def test_a_process_within_a_process_gets_it_from_the_user_too(environ):
    environ[VARIABLE] = "1"
    autoload.hold_back()
    inner = autoload.handed_on(environ)
    environ.clear()
    environ.update(inner)
    autoload.hold_back()  # the inner one holds back for itself
    assert environ[VARIABLE] == "0"
    assert autoload.handed_on(environ)[VARIABLE] == "1"


@pytest.mark.parametrize("held", [{}, {VARIABLE: "0"}, {VARIABLE: "1"}])
def test_where_nothing_was_held_back_everything_is_handed_on_as_it_is(held):
    given = {"PATH": "/bin", **held}
    handed = autoload.handed_on(given)
    assert handed == given
    assert handed is not given


def test_handing_on_changes_nothing_here(environ):
    autoload.hold_back()
    before = dict(environ)
    autoload.handed_on(environ)
    assert environ == before
    assert environ[USERS] == ""


# Where torch is imported, it is said what the setting was at that moment. A torch of one line, found
# first, says so without the two seconds.
FAKE = """
import json, os, sys
sys.stderr.write("SAW " + json.dumps(os.environ.get("TORCH_DEVICE_BACKEND_AUTOLOAD")) + "\\n")
os._exit(0)
"""


@pytest.fixture
def saw(tmp_path):
    """The setting when torch was imported by Python text; None: torch was not imported."""
    (tmp_path / "torch.py").write_text(FAKE)

    def run(*arguments, asked=None, text=""):
        environ = {k: v for k, v in os.environ.items() if k not in {VARIABLE, USERS}}
        environ |= {"PYTHONPATH": str(tmp_path)} | ({VARIABLE: asked} if asked is not None else {})
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environ,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )
        lines = [line for line in done.stderr.splitlines() if line.startswith("SAW ")]
        return [json.loads(line.removeprefix("SAW ")) for line in lines]

    return run


COMMAND = "from lightbench.cli import main; main(['profile', 'example_conv_g4', '--seconds', '1'])"


@pytest.mark.parametrize("asked", [None, "1", "0"])
def test_the_command_line_holds_back_before_torch_is_imported(saw, asked):
    assert saw("-c", COMMAND, asked=asked) == ["0"]


def test_the_installed_command_is_that_one():
    from importlib.metadata import entry_points

    (point,) = entry_points(group="console_scripts", name="lightbench")
    assert point.value == "lightbench.__main__:main"  # which calls that one


def test_the_worker_holds_back_before_torch_is_imported(saw):
    request = '{"cases": {"0": {"model": "m", "inputs": [{"form": "tensor", "shape": [1]}]}}, "sweep": {}, "rule": {}, "seed": null, "trusted": true, "keep_memory": false}'
    assert saw("-m", "lightbench.runner.worker", "2", asked="1", text=request) == ["0"]


@pytest.mark.parametrize("asked", [None, "1"])
def test_as_a_library_the_choice_is_its_users(saw, asked):
    assert saw("-c", "import lightbench; lightbench.profile", asked=asked) == [asked]


def test_help_does_not_import_torch(saw):
    assert saw("-c", "from lightbench.cli import main; main(['--help'])") == []
