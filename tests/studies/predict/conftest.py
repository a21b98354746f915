"""Images of one colour each, and the network that tells them apart."""

from __future__ import annotations

import pytest
from colours import COLOURS, NETS, write_weights
from PIL import Image


@pytest.fixture
def nets(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    return tmp_path / "nets.py"


@pytest.fixture
def weights(tmp_path):
    return write_weights(tmp_path / "w.pt")


@pytest.fixture
def photos(tmp_path):
    """A folder with an image of each colour, and something else."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, colour in COLOURS.items():
        Image.new("RGB", (6, 5), colour).save(folder / f"{name}.png")
    (folder / "notes.txt").write_text("no image")
    return folder


@pytest.fixture
def damaged(tmp_path):
    """An image that is cut off."""
    file = tmp_path / "damaged.png"
    Image.effect_noise((64, 64), 60).save(file)
    file.write_bytes(file.read_bytes()[:1000])
    return file
