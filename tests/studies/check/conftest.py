"""A repository with a network.

Networks are counted in this process, each version inside `loaded_from` as in the process that does it.
"""

import os

import msgspec
import pytest
from net_versions import SOURCE, commit, git

from lightbench.studies.check import gate as checking
from lightbench.studies.check import worker


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with ``net.py``, in which we stand."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def count(version):
        said = []
        worker._count(msgspec.json.encode(version), lambda kind, value: said.append(value))
        return said[-1]

    monkeypatch.setattr(checking, "count_apart", count)
    git("init", "-q", "-b", "main")
    commit({"net.py": SOURCE})
    return folder
