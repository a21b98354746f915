"""Freed memory stays with the process that sweeps: what is freed and made again is not paid for twice."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from lightbench.environment import allocator
from lightbench.records import Case, InputSpec
from lightbench.runner.run import run
from lightbench.timing.stopping import Rule

GLIBC = platform.libc_ver()[0] == "glibc"

FAULTS = """
import resource, sys
import torch
from lightbench.environment.allocator import facts, keep_freed_memory

keep_freed_memory()
assert facts() == {"allocator": "freed memory kept"}

def maps():  # as a network makes and frees them: 1.6 MB each, the last one at the end of the heap
    for _ in range(10):
        torch.ones(128, 56, 56)
    big = torch.ones(128, 112, 112)
    del big

for _ in range(5):
    maps()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    maps()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 50)
"""


@pytest.mark.slow
@pytest.mark.skipif(not GLIBC, reason="only glibc gives memory back and can be told not to")
def test_maps_that_are_freed_and_made_again_cost_no_page_faults():
    """One map of 1.6 MB alone would be 392 pages of 4 kB."""
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 10


def test_without_glibc_nothing_is_done_and_nothing_is_said(monkeypatch):
    monkeypatch.setitem(allocator._state, "kept", False)
    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    allocator.keep_freed_memory()
    assert allocator.facts() == {}


@pytest.mark.parametrize("takes", [0, 32 << 20])
def test_a_limit_that_is_refused_is_tried_smaller_and_never_claimed(takes, monkeypatch):
    """Some versions of glibc take no more than 32 MB, an allocator of another kind takes nothing."""

    class Library:
        def __init__(self, _name):
            self.mallopt = lambda _option, size: int(size <= takes)

    monkeypatch.setitem(allocator._state, "kept", False)
    monkeypatch.setattr(allocator.sys, "platform", "linux")
    monkeypatch.setattr(allocator.ctypes, "CDLL", Library)
    allocator.keep_freed_memory()
    assert bool(allocator.facts()) is bool(takes)


@pytest.mark.parametrize("kept", [False, True])
def test_a_record_says_whether_memory_was_kept(kept, monkeypatch):
    monkeypatch.setitem(allocator._state, "kept", kept)
    case = Case(model="example_conv_g4", inputs=(InputSpec(shape=(16, 8, 8)),), device="null")
    (record,) = run([case], rule=Rule(max_s=0.02, rel=1.0))
    assert ("allocator" in record.environment.comparable) is kept
