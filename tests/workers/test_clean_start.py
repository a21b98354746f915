"""Nothing gets into a process of ours that nobody named, and no secret of the user's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from lightbench import registry
from lightbench.workers.clean_start import ASKED, command_of, without_secrets
from lightbench.workers.manager import started

BAD = "raise SystemExit('the file of that folder was imported')\n"
ECHO = """
import json, os, sys
import string, msgspec, lightbench
answer = [sys.argv[1:], string.__file__, msgspec.__file__, lightbench.__file__, sys.path, dict(os.environ)]
os.write(int(sys.argv[1]), json.dumps(["answer", answer]).encode() + b"\\n")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project whose files are called as packages that lightbench imports."""
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    (project / "torch").mkdir(parents=True)
    elsewhere.mkdir()
    for name in ("string.py", "msgspec.py", "click.py", "torch/__init__.py", "lightbench.py"):
        (project / name).write_text(BAD)
    (elsewhere / "our_echo.py").write_text(ECHO)
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(elsewhere)
    return project


def echo():
    with started(command_of("our_echo"), words=True) as child:
        said = child.answer()
        assert said is not None, child.words()
    return said[1]


def test_files_of_the_folder_it_is_started_in_are_not_imported(folder):
    arguments, string, their_msgspec, ours, path, _ = echo()
    assert len(arguments) == 1  # where to answer
    assert their_msgspec == msgspec.__file__
    assert not [place for place in (string, ours, *path) if place.startswith(str(folder))]


def test_what_this_process_finds_on_its_path_is_found_there_too_but_last(folder, monkeypatch):
    (folder / "mine.py").touch()
    monkeypatch.syspath_prepend(folder)  # as PYTHONPATH=. would
    *_, path, _ = echo()
    assert path.index(str(folder)) > path.index(str(Path(msgspec.__file__).parents[1]))
    assert path.index(str(folder)) > path.index(str(registry.PACKAGE.parent))


def test_another_interpreter_has_a_path_of_its_own():
    *_, path, module = command_of("lightbench.doctor", "venv/bin/python")
    assert (path, module) == ("", "lightbench.doctor")


@pytest.mark.parametrize(
    "name",
    ["HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "db_password", "CREDENTIALS_FILE"],
)
def test_a_secret_does_not_reach_a_network(name, monkeypatch, folder):
    monkeypatch.setenv(name, "hush")
    monkeypatch.setenv("PLAIN", "seen")
    environ = echo()[-1]
    assert "hush" not in environ.values()
    assert environ["PLAIN"] == "seen"


def test_but_one_that_the_user_asks_for_does():
    environ = {"HF_TOKEN": "hush", "API_KEY": "hush", ASKED: "OTHER, HF_TOKEN"}
    assert without_secrets(environ) == {"HF_TOKEN": "hush", ASKED: "OTHER, HF_TOKEN"}


@pytest.mark.slow
def test_a_repository_with_files_called_as_packages_can_be_checked(folder):
    (folder / "net.py").write_text(
        "from torch import nn\n\n\nclass Net(nn.Conv2d):\n    def __init__(self):\n"
        "        super().__init__(3, 4, 1)\n"
    )
    (folder / "lightbench.toml").write_text('models = ["net.py:Net"]\n[budgets."*"]\nmadds = 1e9\n')
    done = subprocess.run(
        [sys.executable, "-P", "-m", "lightbench", "check", "--input", "3x8x8", "--no-latency"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "madds" in done.stdout.lower()
