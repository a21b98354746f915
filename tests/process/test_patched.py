"""What a network's file puts in place of everybody's names is in place for nobody else."""

from __future__ import annotations

import builtins
import os
import time

import pytest

from lightbench.process import patched

CLOCK, OPEN, GETPID = time.perf_counter, open, os.getpid


@pytest.mark.parametrize("fails", [False, True])
def test_names_are_given_back_whatever_happens(fails):
    try:
        with patched.given_back():
            time.perf_counter = lambda: 1.0
            builtins.open = None
            del os.getpid
            assert not fails
    except AssertionError:
        assert fails
    assert (time.perf_counter, open, os.getpid) == (CLOCK, OPEN, GETPID)


def test_what_somebody_has_patched_before_stays_patched(monkeypatch):
    def clock():
        return 1.0

    monkeypatch.setattr(time, "perf_counter", clock)
    with patched.given_back():
        time.perf_counter = None
    assert time.perf_counter is clock


def test_names_that_are_not_pythons_own_are_left_alone():
    for value in (1, 2):
        with patched.given_back():
            builtins.a_name_of_ours = value
        assert a_name_of_ours == value  # noqa: F821
    del builtins.a_name_of_ours


@pytest.mark.parametrize(
    "patch",
    ["import time; time.perf_counter = lambda: 1.0", "import builtins; builtins.open = None"],
)
def test_a_network_that_patches_them_is_measured_and_so_is_its_neighbour(patch, tmp_path):
    import lightbench as lb

    body = "\nfrom torch import nn\nclass Net(nn.Conv2d):\n    def __init__(self):\n        super().__init__(3, 4, 1)\n"
    (tmp_path / "patches.py").write_text(patch + body)
    (tmp_path / "plain.py").write_text(body)
    names = [f"{tmp_path}/{name}.py:Net" for name in ("patches", "plain")]
    found = lb.profile(*names, input="3x8x8", seconds=0.05, rel=1.0, threads=1)
    assert [record.status for record in found.records] == ["ok", "ok"]
    assert (time.perf_counter, open) == (CLOCK, OPEN)
