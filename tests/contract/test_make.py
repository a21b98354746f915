"""What `make` does on a machine that has nothing yet: run in a copy of the scripts, with an interpreter and a
pip that only write down what they are asked."""

from __future__ import annotations

import os
import platform
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
NEEDED = (
    "Makefile",
    "pyproject.toml",
    "constraints.txt",
    "tests/environment.sh",
    "tests/npu/run.sh",
)

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("make"),
    reason="make and a POSIX shell run these scripts",
)

# Answers -VV, makes a virtual environment of itself, and lets a test decide what else works.
PYTHON = """#!/bin/sh
here=$(dirname "$0")
case "$*" in
-VV) echo "Python of $(cat "$here/name")"; exit ;;
"-m venv --clear "*) rm -rf "$4"; mkdir -p "$4/bin"; cp "$here/python" "$here/pip" "$here/name" "$4/bin" ;;
esac
echo "$(basename "$0") $*" >> "$LOG"
case "$*" in $FAILS) exit 1 ;; esac
"""


@pytest.fixture
def machine(tmp_path):
    """``machine("make", "test", FAILS="*alone*")``: code, stderr and what python and pip were asked since the
    last time; ``machine.top`` is the project."""
    for name in NEEDED:
        target = tmp_path / "project" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, target)
        os.utime(target, (0, 0))  # older than what will be made of it
    for version in ("3.11", "3.13"):
        folder = tmp_path / version
        folder.mkdir()
        (folder / "name").write_text(version)
        for name in ("python", "python3", "pip"):
            (folder / name).write_text(PYTHON)
            (folder / name).chmod(0o755)
    log = tmp_path / "log"

    def run(*command, **variables):
        log.write_text("")
        theirs = (
            "ALONE",
            "PYTHON",
            "TORCH_INDEX",
            "MAKE",
            "MFLAGS",
        )  # of the make that may run these tests
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(theirs)}
        path = f"{tmp_path / '3.11'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            command, cwd=run.top, capture_output=True, text=True,
            env={**inherited, "PATH": path, "LOG": str(log), "FAILS": "never", **variables},
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr, log.read_text().splitlines()

    run.top = tmp_path / "project"
    return run


def installs(asked):
    return [line for line in asked if line.startswith("pip install") and "--dry-run" not in line]


@pytest.mark.parametrize(
    ("fails", "passed"), [("never", True), ("*not*alone", False), ("-m pytest -m alone", False)]
)
def test_the_tests_of_time_run_also_where_others_fail_and_either_is_told(machine, fails, passed):
    code, _, asked = machine("make", "test", FAILS=fails)
    assert (code == 0) == passed
    assert [line for line in asked if "pytest" in line] == [
        "python -m pytest -n 2 --dist worksteal -m not alone",
        "python -m pytest -m alone",
    ]


def test_an_environment_is_made_once_and_brought_up_to_date_when_its_packages_change(machine):
    _, _, asked = machine("make", ".venv/ready")
    assert asked == [
        "python3 -m venv --clear .venv",
        "pip install --quiet --no-compile --constraint constraints.txt --editable .[dev] --no-warn-conflicts",
        "pip install --quiet --no-compile --no-deps --constraint constraints.txt executorch torchao",
    ]
    assert machine("make", ".venv/ready") == (0, "", [])
    os.utime(machine.top / "constraints.txt")
    assert machine("make", ".venv/ready")[2] == asked[1:]


def test_an_installation_that_failed_is_tried_again(machine):
    code, _, _ = machine("make", ".venv/ready", FAILS="install*")
    assert code != 0
    assert len(installs(machine("make", ".venv/ready")[2])) == 2


def test_packages_without_what_they_ask_for_are_tried_again_too(machine):
    code, _, asked = machine("make", ".venv/ready", FAILS="*--no-deps*")
    assert code != 0
    assert len(installs(asked)) == 2
    assert len(installs(machine("make", ".venv/ready")[2])) == 2


def test_an_index_or_a_folder_is_where_pip_also_looks(machine):
    (machine.top / "wheels").mkdir()
    for index, option in (
        ("https://example.org/cpu", "--extra-index-url"),
        ("wheels", "--find-links"),
    ):
        _, _, asked = machine("make", ".venv/ready", f"TORCH_INDEX={index}")
        assert asked[0] == "python3 -m venv --clear .venv"  # it holds another PyTorch
        assert asked[1].startswith(
            f"pip install --quiet --no-compile {option} {index} --constraint"
        )
    assert machine("make", ".venv/ready") == (0, "", [])
    os.utime(machine.top / "pyproject.toml")
    assert machine("make", ".venv/ready")[2] == asked[1:]  # it is remembered


def test_what_is_neither_an_index_nor_a_folder_is_said_before_anything_is_brought(machine):
    code, said, asked = machine("make", "report", "TORCH_INDEX=download.pytorch.org/whl/cpu")
    assert code != 0
    assert "TORCH_INDEX: download.pytorch.org/whl/cpu is neither an index's address" in said
    assert asked == []


def test_another_interpreter_makes_the_environment_anew_and_stays(machine):
    other = machine.top.parent / "3.13" / "python"
    machine("make", ".venv/ready")
    _, _, asked = machine("make", ".venv/ready", f"PYTHON={other}")
    assert asked[0] == "python -m venv --clear .venv"
    assert len(installs(asked)) == 2
    assert machine("make", ".venv/ready", f"PYTHON={other}") == (0, "", [])
    assert machine("make", ".venv/ready") == (0, "", [])
    assert (machine.top / ".venv/bin/name").read_text() == "3.13"


# The environment for torch_npu.

LINUX = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("g++"),
    reason="torch_npu is for Linux, its tests need g++",
)
PYTORCH = "https://download.pytorch.org/whl/cpu"


@LINUX
def test_a_cpu_build_that_pip_finds_by_itself_is_taken(machine):
    code, _, asked = machine("make", "test-npu")
    assert code == 0
    assert "--extra-index-url" not in asked[1]
    assert asked[1].endswith("torch==2.13.0+cpu")
    assert installs(asked) == [
        "pip install --quiet --no-compile --constraint constraints.txt --editable . torch==2.13.0+cpu numpy pyyaml pytest",
        "pip install --quiet --no-deps torch-npu==2.13.0",
    ]
    assert asked[-1] == "python -m pytest tests/npu"


@LINUX
def test_otherwise_it_comes_from_pytorch_s_own_index(machine):
    own = "install --quiet --dry-run * --timeout 10 torch==*"
    code, _, asked = machine("make", "test-npu", FAILS=own)
    assert code == 0
    assert installs(asked)[0].startswith(
        f"pip install --quiet --no-compile --extra-index-url {PYTORCH} "
    )


@LINUX
@pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere PyPI's may be for the CPU")
def test_where_there_is_none_it_is_skipped_with_the_next_step_before_gigabytes_are_brought(machine):
    code, said, asked = machine("make", "test-npu", FAILS="*--dry-run*")
    assert code == 0
    assert "skipped: pip finds no CPU build of PyTorch 2.13.0, and" in said
    assert f"make test-npu TORCH_INDEX={PYTORCH}" in said
    assert installs(asked) == []
    _, said, asked = machine(
        "make", "test-npu", "TORCH_INDEX=https://example.org/x", FAILS="*--dry-run*"
    )
    assert "with TORCH_INDEX=https://example.org/x" in said
    assert sum("--dry-run" in line for line in asked) == 1  # what was named, and nowhere else


# The versions.


@pytest.fixture(scope="module")
def constraints():
    return runpy.run_path(str(TOP / "tests/versions.py"))["constraints"]


def test_the_lowest_versions_are_all_floors_but_pytorch_s(constraints):
    found = constraints("lowest", torch=False)
    text = (TOP / "pyproject.toml").read_text()
    here = (TOP / "constraints.txt").read_text().split()
    for name in ("torch", "torchvision"):
        assert f"{name}=={found.pop(name)}" in here
    assert {"click", "matplotlib", "pandas", "timm", "pytest"} <= set(found)
    for name, version in found.items():
        assert f'"{name}>={version}"' in text
    for name, version in constraints("lowest", torch=True).items():
        assert f'"{name}>={version}"' in text


def test_the_newest_are_whatever_there_is(constraints):
    assert list(constraints("newest", torch=False)) == ["torch", "torchvision"]
    assert constraints("newest", torch=True) == {}
