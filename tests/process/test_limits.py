"""Limits and the mask of new files that a network's file sets are its own."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

import lightbench as lb
from lightbench.errors import ModelError
from lightbench.process import limits

resource = pytest.importorskip("resource")


def test_a_limit_is_given_back_softly():
    before = limits.read()
    soft, hard = before["RLIMIT_CORE"]
    lower = max(0, hard) // 2
    resource.setrlimit(resource.RLIMIT_CORE, (lower if lower != soft else 0, hard))
    assert limits.give_back(before) == []
    assert resource.getrlimit(resource.RLIMIT_CORE) == (soft, hard)


def test_what_cannot_be_given_back_is_named(monkeypatch):
    def refuse(*_):
        raise ValueError("not allowed to raise maximum limit")

    before = limits.read()
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert limits.give_back(before) == []  # none is another
    assert limits.give_back({"RLIMIT_CPU": (3, 3), "RLIMIT_NOFILE": (1, 1)}) == [
        "RLIMIT_CPU",
        "RLIMIT_NOFILE",
    ]


def test_the_mask_is_read_and_stays():
    before = os.umask(0o027)
    try:
        assert limits.mask() == 0o027
        assert limits.mask() == 0o027
    finally:
        os.umask(before)


NET = """
from torch import nn
{patch}
class Net(nn.Conv2d):
    def __init__(self):
        super().__init__(3, 4, 1)
"""
PROFILE = """
import os, sys, lightbench as lb
from lightbench.records import store
found = lb.profile(*sys.argv[1:], input="3x8x8", seconds=0.05, rel=1.0, threads=1)
store.append("runs.jsonl", found.records)
print([r.status for r in store.read("runs.jsonl")], oct(os.stat("runs.jsonl").st_mode)[-3:])
"""


@pytest.mark.slow
def test_a_network_that_sets_them_or_patches_what_writes_records_spoils_no_other(tmp_path):
    patches = {
        "umask": "import os; os.umask(0o777)",
        "encode": "import msgspec; msgspec.json.encode = lambda *a, **k: b'{}'",
        "dumps": "import hashlib, json; json.dumps = hashlib.sha256 = None",
        "collect": "import gc; gc.disable()",
        "files": "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))",
    }  # fmt: skip
    for name, patch in patches.items():
        (tmp_path / f"{name}.py").write_text(NET.format(patch=patch))
    done = subprocess.run(
        [sys.executable, "-c", PROFILE, *(f"{name}.py:Net" for name in patches)],
        cwd=tmp_path, capture_output=True, text=True, umask=0o022,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{['ok'] * len(patches)} 644"


def test_the_garbage_collector_is_as_it_was_after_a_file_that_turns_it_off(tmp_path):
    (tmp_path / "collect.py").write_text(NET.format(patch="import gc; gc.disable()"))
    assert gc.isenabled()
    lb.load_model(f"{tmp_path}/collect.py:Net")
    assert gc.isenabled()


def test_a_network_whose_limits_cannot_be_given_back_is_refused_with_their_names(
    tmp_path, monkeypatch
):
    (tmp_path / "limits_net.py").write_text(NET.format(patch=""))
    monkeypatch.setattr(limits, "give_back", lambda _before: ["RLIMIT_CPU", "RLIMIT_AS"])
    with pytest.raises(ModelError, match=r"lowers limits .* RLIMIT_CPU, RLIMIT_AS"):
        lb.load_model(f"{tmp_path}/limits_net.py:Net")
