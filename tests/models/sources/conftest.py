"""Two commits of a user's project, in a process that is afterwards as it was."""

from __future__ import annotations

import os

import pytest
from two_versions import NEW, OLD, SCALE, git, write


@pytest.fixture
def no_git_settings(monkeypatch):
    """No settings of whoever runs the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


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
