"""A folder with a file of every kind that commands read."""

from __future__ import annotations

import pytest
from overwritten import NET, PARTS

from lightbench.records import store


@pytest.fixture
def here(tmp_path, monkeypatch, make_record):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "parts.py").write_text(PARTS)
    (tmp_path / "s.toml").write_text('models = ["net.py:Net"]\n')
    (tmp_path / "lightbench.toml").write_text('models = ["net.py:Net"]\n')
    (tmp_path / "acc.csv").write_text("model,top1\nresnet18,71.5\n")
    (tmp_path / "notes").write_text("mine\n")
    (tmp_path / "other.py").write_text("x = 1\n")
    (tmp_path / "empty.toml").touch()
    (tmp_path / ".git").mkdir()
    store.append(tmp_path / "r.jsonl", [make_record("resnet18"), make_record("net.py:Net")])
    return tmp_path
