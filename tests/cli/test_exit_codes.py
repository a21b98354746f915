"""However the process ends: 1 is a regression that was confirmed, 70 a fault of ours, and no other."""

import os
import subprocess
import sys

import pytest

BREAKS = {
    "does not import": "raise OSError('libfoo.so.1: cannot open shared object file')",
    "is no Python": "def (",
    "lacks a package": "import nothing_of_that_name",
    "is another version": "",
    "ends Python": "import sys; sys.exit(1)",
    "raises what nobody catches": "raise BaseException('no')",
}


def ended(*arguments, shell="", cwd=None, **environ):
    """Exit code, stdout and stderr of the command; ``shell`` is put behind it."""
    command = f'"$0" -m lightbench "$@" {shell}'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, *arguments],
        capture_output=True, text=True, check=False, cwd=cwd, env=os.environ | environ,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def broken(folder, package, text):
    (folder / package).mkdir()
    (folder / package / "__init__.py").write_text(text + "\n")
    return {"PYTHONPATH": str(folder)}


@pytest.mark.slow
@pytest.mark.parametrize("package", ["click", "msgspec", "rich"])
@pytest.mark.parametrize("how", BREAKS)
def test_a_package_that_does_not_load_is_4_with_its_name(package, how, tmp_path):
    code, _, said = ended("list", "models", **broken(tmp_path, package, BREAKS[how]))
    if code:  # not every command needs what another version lacks
        assert code == 4
        assert f"lightbench: the package {package} does not load" in said
        assert "Traceback" not in said
    else:
        assert how == "is another version"


@pytest.mark.parametrize("text", list(BREAKS.values())[:3])
@pytest.mark.parametrize("command", ["count mobilenet_v2", "check mobilenet_v2 --against HEAD"])
def test_a_torch_that_does_not_load_is_4_with_its_reason(command, text, tmp_path):
    code, _, said = ended(*command.split(), **broken(tmp_path, "torch", text))
    assert code == 4
    assert said.startswith("lightbench: the package torch does not load: ")


def test_what_needs_no_torch_goes_on_without_it(tmp_path):
    there = broken(tmp_path, "torch", BREAKS["does not import"])
    assert ended("list", "models", **there)[0] == 0
    assert ended("--help", **there)[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["2>/dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_stderr_that_takes_nothing_changes_no_code(shell, tmp_path):
    assert ended("count", "nope", shell=shell)[0] == 2
    assert ended("--help", shell=shell, **broken(tmp_path, "click", "1/0"))[0] == 4


@pytest.mark.parametrize("shell", [">/dev/full", ">&-"])
@pytest.mark.parametrize("command", ["--help", "list models", "list models --format json"])
def test_an_answer_that_cannot_be_written_is_said(command, shell):
    code, _, said = ended(*command.split(), shell=shell)
    assert code == 2
    assert said.startswith("lightbench: ")
    assert "Traceback" not in said


def test_a_closed_stdout_is_no_number_for_the_next_file(tmp_path):
    file = tmp_path / "models.json"
    code, _, _ = ended("list", "models", "--format", "json", "-o", str(file), shell=">&-")
    assert code == 0
    assert file.read_text().startswith("[")


def test_a_reader_that_leaves_takes_no_code_along(lightbench, monkeypatch):
    def gone(*_args, **_settings):
        raise BrokenPipeError

    monkeypatch.setattr("lightbench.cli.output.click.echo", gone)
    monkeypatch.setattr("lightbench.cli.output.os.dup2", lambda *_: None)
    assert lightbench("list", "models").code == 0


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(36, "File name too long", "n" * 5000), 2, "File name too long"),
        (PermissionError(13, "Permission denied", "/secret"), 2, "'/secret': Permission denied"),
        (OSError(28, "No space left on device"), 2, "No space left"),
        (ValueError("embedded null byte"), 2, "null byte"),
        (MemoryError(), 3, "out of memory"),
        (ZeroDivisionError("a bug"), 70, "a fault in lightbench itself"),
        (RecursionError("a bug"), 70, "a fault in lightbench itself"),
        (OSError("made by hand"), 70, "a fault in lightbench itself"),
        (GeneratorExit(), 70, "a fault in lightbench itself"),
        (SystemExit(1), 70, "a fault in lightbench itself"),
    ],
)
def test_what_the_system_refuses_is_no_fault_of_ours(error, code, said, lightbench, monkeypatch):
    def raises(*_args, **_settings):
        raise error

    monkeypatch.setattr("lightbench.formats.table.render", raises)
    answer = lightbench("list", "models")
    assert answer.code == code
    assert said in answer.err
    assert len(answer.err) < 2000 or code == 70


@pytest.mark.parametrize("raised", ["sys.exit(1)", "asyncio.CancelledError()", "Own('mine')"])
@pytest.mark.parametrize(
    "place", ["", "    def __init__(self): raise", "    def forward(self, x): raise"]
)
def test_whatever_a_users_file_raises_is_of_the_file(raised, place, lightbench, tmp_path):
    file = tmp_path / "net.py"
    start = "import asyncio, sys\nfrom torch import nn\nclass Own(BaseException): pass\n"
    raising = f"{place} {raised}" if place else f"raise {raised}"
    body = f"class Net(nn.Module):\n{raising}\n" if place else f"{raising}\n"
    file.write_text(start + body)
    assert lightbench("count", f"{file}:Net").code == 2
