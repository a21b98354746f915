"""Lint as on a machine without a device card."""

from __future__ import annotations

import pytest

from lightbench.studies.card.card import DeviceCard, Figure
from lightbench.timing import warmup


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """No card of this machine is found."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def card(make_record):
    """1 GMAdds/s, 1 GB/s, and 1 ns to start anything."""
    kinds = ("dense conv", "pointwise conv", "depthwise conv", "grouped conv", "linear")
    moves = ("element-wise", "activation", "norm", "data movement")
    return DeviceCard(
        record=make_record("stream"),
        madds_per_s={kind: Figure(1e9) for kind in kinds},
        bandwidth=Figure(1e9),
        bytes_per_s={kind: Figure(1e9) for kind in moves},
        launch_s=Figure(1e-9),
        conv_launch_s=None,
    )


@pytest.fixture
def quick(monkeypatch):
    """Scripted times need no time to become steady."""
    monkeypatch.setattr(warmup, "MIN_WARMUP_S", 0.0)
