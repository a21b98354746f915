"""The genuine torch_npu on a simulated CANN, in child processes: `make test-npu` runs these tests, in an
environment of their own. Where torch_npu is not installed only the contract tests are collected.

    def test_something(child):
        answer = child("import torch, torch_npu; print(torch.npu.device_count())", SIMCANN_DEVICES=2)
        assert (answer.code, answer.out) == (0, "2")
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import pytest
from fork_server import ForkServers
from torch_npu_child import SETUP

from lightbench.cli import run as run_command
from lightbench.devices.support import npu_probe

HERE = Path(__file__).parent
BUILD = HERE / "build"
CANN = str(BUILD / "cann")
HOME = BUILD / "ascend-toolkit"

INSTALLED = importlib.util.find_spec("torch_npu") is not None
if INSTALLED:  # or `import torch` would import it, in the process of the tests, which has no CANN
    os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] = "0"

collect_ignore = [
    path.name
    for path in HERE.glob("test_*.py")
    if not INSTALLED and not path.name.startswith("test_contract")
]

# Variables that would change what a child sees: none of the caller's are handed on.
OURS = (
    "ASCEND_",
    "SIMCANN_",
    "TORCH_",
    "TASK_QUEUE_",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "PYTHON",
    "OMP_",
)

ALWAYS = {
    "TORCH_DEVICE_BACKEND_AUTOLOAD": "0",
    "PYTHONPATH": str(HERE / "site"),
    "OMP_NUM_THREADS": "1",  # two threads on a busy machine make a forward pass 50 times as long
}


def _cann_with(folder: str) -> dict[str, str]:
    return {"LD_LIBRARY_PATH": f"{BUILD / folder}{os.pathsep}{CANN}"}


# State of an installation -> what is in the environment of a process there.
ENVIRONMENTS: dict[str, dict[str, str]] = {
    # One device, and CANN found through LD_LIBRARY_PATH alone. torch_npu says so on stdout.
    "ok": {"LD_LIBRARY_PATH": CANN},
    # As after CANN's set_env.sh.
    "sourced": {
        "LD_LIBRARY_PATH": CANN,
        "ASCEND_HOME_PATH": str(HOME),
        "ASCEND_OPP_PATH": str(HOME / "opp"),
    },
    # torch_npu without CANN: libhccl.so is the first library that is missing.
    "no-cann": {},
    # CANN without the driver: libascend_hal.so is missing.
    "no-driver": _cann_with("no-driver"),
    # Driver and CANN, and no device.
    "no-device": {"LD_LIBRARY_PATH": CANN, "SIMCANN_DEVICES": "0"},
    # One of CANN's variables without the other.
    "cann-env": {"LD_LIBRARY_PATH": CANN, "ASCEND_HOME_PATH": str(HOME)},
    # CANN lacks a function that torch_npu needs.
    "old-cann": _cann_with("old-cann"),
    # The process is aborted, or never comes back, while it loads CANN.
    "crash": _cann_with("crash"),
    "hang": _cann_with("hang"),
}


class Answer(NamedTuple):
    """What a child left behind. Both texts without space at their ends."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def cann():
    """The folder of the simulated runtime, compiled. Skips where that cannot be or cannot be used."""
    if shutil.which("g++") is None:
        pytest.skip("the simulated CANN needs g++.")
    subprocess.run([sys.executable, HERE / "cann" / "build.py"], check=True)
    for part in ("runtime", "compiler", "opp"):
        (HOME / part).mkdir(parents=True, exist_ok=True)
    return BUILD


@pytest.fixture(scope="session")
def fork_servers():
    """Those of all tests, with what torch_npu imports of PyTorch."""
    with ForkServers("torch.distributed.tensor", "torch.testing") as servers:
        yield servers


@pytest.fixture(scope="session")
def npu_environment(cann):
    """All variables of a process in one of ENVIRONMENTS, and more as keywords; None takes one away:
    ``npu_environment("ok", SIMCANN_DEVICES=2)``."""

    def variables(environment="ok", **more):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        chosen = inherited | ALWAYS | ENVIRONMENTS[environment] | more
        return {name: str(value) for name, value in chosen.items() if value is not None}

    return variables


@pytest.fixture(scope="session")
def run_child(npu_environment, fork_servers):
    """Run any command in such a process: ``run_child(["nm", path], "ok")``. A child that does not end
    in time raises subprocess.TimeoutExpired. Python is forked where PyTorch is imported; ``new`` begins with nothing."""

    def run(command, environment="ok", *, timeout=120, new=False, **variables):
        with nullcontext() if new else fork_servers.instead():
            done = subprocess.run(
                [str(part) for part in command],
                env=npu_environment(environment, **variables),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
            )
        return Answer(done.returncode, done.stdout.strip(), done.stderr.strip())

    return run


@pytest.fixture(scope="session")
def child(run_child):
    """Run Python text: ``child("import torch, torch_npu", "no-driver", timeout=9, SIMCANN_SOC="Ascend310P3")``."""

    def python(code, environment="ok", **options):
        return run_child([sys.executable, "-c", code], environment, **options)

    return python


@pytest.fixture(scope="session")
def facts(child):
    """What Python text in a child said with ``answer(name=value)``."""

    def run(code, environment="ok", **options):
        done = child(SETUP + code, environment, **options)
        assert done.code == 0, done.err
        return json.loads(done.out.splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def lightbench_child(run_child):
    """Run a command as a user does, in a new process: ``lightbench_child("devices", environment="no-device")``."""

    def command(*arguments, environment="ok", **options):
        program = Path(sys.executable).with_name("lightbench")
        return run_child([program, *arguments], environment, new=True, **options)

    return command


@pytest.fixture(scope="session")
def lightbench_here(npu_environment, fork_servers):
    """The same in this process, which hands the environment on to those that measure and knows nothing else of
    it. What state an installation is in is found out once."""
    probes = {}

    def command(*arguments, environment="ok", **variables):
        chosen = npu_environment(environment, **variables)
        known = tuple((name, chosen[name]) for name in sorted(chosen) if name.startswith(OURS))

        def probe():
            if known not in probes:
                probes[known] = npu_probe.probe_now()
            return probes[known]

        with pytest.MonkeyPatch.context() as patch, fork_servers.instead(), _said() as said:
            for name in os.environ.keys() - chosen.keys():
                patch.delenv(name)
            for name, value in chosen.items():
                patch.setenv(name, value)
            patch.setattr(npu_probe, "probe", probe)
            code = run_command([str(argument) for argument in arguments])
            return Answer(code, *said())

    return command


@contextmanager
def _said():
    """A function that gives what was written meanwhile to stdout and stderr, also by processes."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        files = {1: out, 2: err}
        before = {number: os.dup(number) for number in files}

        def said():
            for file in files.values():
                file.flush()
                file.seek(0)
            return [file.read().strip() for file in files.values()]

        try:
            for number, file in files.items():
                os.dup2(file.fileno(), number)
            with redirect_stdout(out), redirect_stderr(err):
                yield said
        finally:
            for number, descriptor in before.items():
                os.dup2(descriptor, number)
                os.close(descriptor)
