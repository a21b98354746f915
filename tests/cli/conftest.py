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


@pytest.fixture
def nets(tmp_path):
    """A file with networks of which some work."""
    path = tmp_path / "nets.py"
    path.write_text(
        "import torch\n"
        "from torch import nn\n"
        "print('a file of the user says hello')\n"
        "class Good(nn.Conv2d):\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 4, 3)\n"
        "class Bad(Good):\n"
        "    def forward(self, x):\n"
        "        raise IndexError('no such layer')\n"
        "class NaN(Good):\n"
        "    def forward(self, x):\n"
        "        print('forward')\n"
        "        return super().forward(x) * float('nan')\n"
    )
    return path
