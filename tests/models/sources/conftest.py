"""Two commits of a user's project, in a process that is afterwards as it was."""

from __future__ import annotations

import os
import sys

import pytest
from two_versions import NEW, OLD, SCALE, git, write


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """No settings of whoever runs the tests; what a test loads is gone after it."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    before, path = dict(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - before.keys():
        if str(tmp_path) in str(getattr(sys.modules[name], "__dict__", {}).get("__spec__")):
            del sys.modules[name]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """``project(files, helper)``: two commits of ``files``, in which only ``helper`` is another."""

    def make(files, helper, folder=tmp_path / "project"):
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
        for factor in (OLD, NEW):
            write(folder, {**files, helper: SCALE.format(factor=factor)})
            git(folder, "add", "-A"), git(folder, "commit", "-qm", f"times {factor}")
        monkeypatch.chdir(folder)
        return folder

    return make
