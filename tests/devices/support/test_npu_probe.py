"""The process that tries an NPU's package for this one: whatever that does there is a state here."""

from __future__ import annotations

import pytest

from lightbench.devices.support import npu_probe
from lightbench.devices.support.npu_probe import Probe


@pytest.fixture
def probed(monkeypatch, tmp_path):
    """What is found where importing torch_npu runs this text; importing torch does nothing."""
    version = npu_probe.metadata.version
    monkeypatch.setattr(
        npu_probe.metadata, "version", lambda name: "9.9" if name == "torch-npu" else version(name)
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "torch.py").touch()

    def run(text, limit_s=60.0):
        (tmp_path / "torch_npu.py").write_text(f"import os, signal, sys, time\n{text}\n")
        return npu_probe.probe_now(limit_s=limit_s)

    return run


def test_a_package_that_sees_no_device_is_loaded_and_says_so(probed):
    text = "print('noise')\nclass npu:\n    device_count = staticmethod(lambda: 0)"
    assert probed(text) == Probe("no-device", "", "9.9", 0)


@pytest.mark.parametrize(
    ("said", "state", "detail"),
    [
        ("libhccl.so: cannot open shared object file", "no-cann", "libhccl.so"),
        ("libascend_hal.so: cannot open shared object file", "no-driver", "libascend_hal.so"),
        ("undefined symbol: aclNew", "old-cann", "aclNew"),
        ("odd\\udcff  thing", "broken", "odd? thing"),
    ],
)
def test_what_importing_it_raises_is_a_state(probed, said, state, detail):
    assert probed(f'raise ImportError("{said}")') == Probe(state, detail, "9.9")


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("os.abort()", "exit code -6, it said nothing"),
        ("os._exit(3)", "exit code 3, it said nothing"),
        (
            "os.write(2, b'  what():  no driver\\nmore\\n'); os.write(1, b'noise\\n'); os.abort()",
            "exit code -6, what():  no driver",
        ),
        (
            "os.write(2, b'first\\n\\nlast\\n'); os.write(1, b'noise\\n'); os.kill(os.getpid(), signal.SIGKILL)",
            "exit code -9, last",
        ),
        ("os.fork() or time.sleep(600); os._exit(7)", "exit code 7, it said nothing"),
    ],
)
def test_one_that_ends_the_process_is_a_crash_with_what_it_said_last(probed, text, detail):
    """What it prints to stdout is none of it; in the last one what it has forked lives on."""
    assert probed(text) == Probe("crash", detail, "9.9")


def test_one_that_does_not_return_is_stopped(probed):
    assert probed("time.sleep(600)", 1.0) == Probe("hang", "it was stopped after 1 s", "9.9")
