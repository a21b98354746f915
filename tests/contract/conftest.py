"""What several contracts are held against: a folder with a file of every kind that commands read, and records that are
shown in every format."""

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


@pytest.fixture(scope="session")
def troubled(make_record):
    """One good case, one that did not converge on a busy machine, one that failed."""
    return [
        make_record("good"),
        make_record("busy", stop="max_seconds", warnings=("contended: 20 % of the time.",)),
        make_record("huge", failure="out of memory.", costs=False),
    ]


@pytest.fixture(scope="session")
def guidelines(sweep_records):
    """G1 on the paper's channels at two widths, and G4 with a note and a launch probe; one row of each
    is doubtful. Times that a reader can divide."""
    g1 = {
        "experiment": "g1_channel_ratio",
        "channels": "paper-gpu",
        "settings": {"1:1": {"c1": 128, "c2": 128, "blocks": 10}, "1:2": {"c1": 90, "c2": 180, "blocks": 10},
                     "1:12": {"c1": 36, "c2": 432, "blocks": 10}},
        "madds": {"1:1": 1_000_000, "1:2": 990_000, "1:12": 950_000},
    }  # fmt: skip
    times = {"1:1": [0.010] * 12, "1:2": [0.011] * 12, "1:12": [0.020] * 12}
    return [
        *sweep_records(times, run="a", **g1),
        *sweep_records({**times, "1:12": [0.030, 0.010, 0.020] * 4}, run="b", width=2, **g1),
        *sweep_records(
            {"neither": [0.010] * 12, "both": [0.009, 0.012, 0.018, 0.011] * 3},
            experiment="g4_elementwise",
            run="c",
            mem_bytes={"both": 7000},
            launch={"neither": 0.006},
            notes={"both": "geometry: inferred"},
        ),
    ]
