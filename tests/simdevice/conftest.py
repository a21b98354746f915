"""A device to test on where there is none: Python text runs in a child process that has "sim".

    def test_something(on_sim):
        facts = on_sim('''
    x = torch.ones(8, device="sim:1")
    answer(total=x.sum().item())
    ''', devices=2, kernel_s=2e-3)
        assert facts == {"total": 8}

Keywords are those of `simdevice.Settings`. In the child are `torch`, `simdevice`, `time` and ``answer``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import simdevice
from known_kernels import SETUP as KNOWN_KERNELS

# Python that ends right after a backward pass aborts now and then: autograd's threads still need it
# (pytorch/pytorch issue 38228). So the child ends with its answer, without Python's own end.
ANSWER = """
import json, os, sys, time

def answer(**facts):
    print("\\n" + json.dumps(facts), flush=True)
    os._exit(0)
"""

SETUP = """
import torch, simdevice

torch.set_num_threads(1)
simdevice.load(**json.loads(sys.argv[1]))
"""


@pytest.fixture(scope="session")
def child(fork_servers):
    """What Python text said with ``answer(name=value)``, which ends it: numbers, text, lists."""
    if reason := simdevice.missing():
        pytest.skip(reason)
    simdevice.build()

    def environment(*path):
        return (
            os.environ
            | {
                "PYTHONPATH": os.pathsep.join(map(str, (*path, Path(__file__).parent))),
                "TORCH_DEVICE_BACKEND_AUTOLOAD": "0",
                "OMP_NUM_THREADS": "1",  # two threads on a busy machine make a forward pass 50 times as long
            }
        )

    def run(code, *arguments, timeout=120, path=(), **environ):
        with fork_servers.instead():
            done = subprocess.run(
                [sys.executable, "-c", ANSWER + code, *arguments],
                env=environment(*path) | environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
            )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def on_sim(child):
    """The same where "sim" is a device."""
    return lambda code, **settings: child(SETUP + code, json.dumps(settings))


@pytest.fixture(scope="session")
def on_accelerator(on_sim):
    def run(code, **settings):
        return on_sim(KNOWN_KERNELS + code, **settings)

    return run


PLUGIN = """
import os, time
from pathlib import Path
import simdevice

simdevice.load(devices=2, kernel_s=2e-3, transfer_s=5e-3)

from lightbench.devices.support import accelerator as everything
from lightbench.devices.support.health import Health
from lightbench.devices.support.quirks import Quirks, devices_of, in_torch

everything.CLOCK_S, everything.ENERGY_S = 0.0, 0.2

def read():
    return Health(at_s=time.perf_counter(), clock_mhz=1500.0, power_w=100.0)

def start():
    with Path(os.environ["SIM_LOG"]).open("a") as log:
        log.write(f"{os.getpid()} {os.environ.get('SIM_STRICT')}\\n")

QUIRKS = Quirks(
    probe=in_torch("sim", "Load it."), start=start, l2_bytes=lambda index: 512,
    facts=lambda index: {"accelerator": f"simulated {index}"}, health=lambda index: read, watch_s=0.01,
    strict={"SIM_STRICT": "1"} if os.environ["SIM_APART"] else None,
)

def at(index, options=()):
    return everything.accelerator("sim", index, QUIRKS, options)

def count():
    return devices_of("sim")
"""


@pytest.fixture(scope="session")
def with_plugin(child, tmp_path_factory):
    """Python text, run where a package is installed that has the device "sim"."""
    site = tmp_path_factory.mktemp("site")
    (site / "sim_plugin.py").write_text(PLUGIN)
    info = site / "sim_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sim-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[lightbench.devices]\nsim = sim_plugin\n")

    def run(code, **environ):
        log = tmp_path_factory.mktemp("log") / "sessions"
        return child(code, path=[site], SIM_LOG=str(log), **environ)

    return run
