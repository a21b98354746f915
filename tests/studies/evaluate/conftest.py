"""Data sets whose images are written down, in the place of those that users name."""

from __future__ import annotations

import pytest
import torch
from evaluations import LABELS, data_of


@pytest.fixture
def use(monkeypatch):
    """``use(data)``: whatever is named is that."""

    def using(data):
        monkeypatch.setattr("lightbench.datasets.find", lambda _text: data)
        return data

    return using


@pytest.fixture
def saved(tmp_path):
    """A file of weights, with what is noted beside them."""

    def save(tensors, name="best.pt", about=None):
        tensors = tensors if isinstance(tensors, dict) else {"table": tensors}
        content = {"weights": tensors, "about": about} if about else tensors
        torch.save(content, tmp_path / name)
        return str(tmp_path / name)

    return save


@pytest.fixture
def ten(use):
    """Ten images of three classes."""
    return use(data_of(LABELS))
