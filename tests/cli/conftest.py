"""Commands as on a machine of which nothing is known yet."""

from __future__ import annotations

import pytest

from lightbench.studies.card.plan import SECONDS


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """Cards are kept in a folder of the test; a card takes no minute."""
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    for experiment in SECONDS:
        monkeypatch.setitem(SECONDS, experiment, 0.05)
    return home
