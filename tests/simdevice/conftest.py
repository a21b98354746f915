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
