"""Plugins of other packages are found by their entry points, and imported when they are used."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest

from lightbench import devices, registry
from lightbench.errors import NotAvailable

# Plugins of other packages.


@pytest.fixture
def third_party(monkeypatch, tmp_path):
    """Entry points as an installed package would declare them: one that works, one that does not."""
    (tmp_path / "their_device.py").write_text(
        '"""Their device."""\nfrom lightbench.devices.null import *\n'
    )
    (tmp_path / "their_ruin.py").write_text("raise OSError('no driver')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "their_device", raising=False)
    registry._syntax.cache_clear()
    points = {
        name: importlib.metadata.EntryPoint(name, module, "lightbench.devices")
        for name, module in (("theirs", "their_device"), ("ruin", "their_ruin"), ("gone", "gone"))
    }
    ours = registry._entry_points
    monkeypatch.setattr(
        registry, "_entry_points", lambda kind: points if kind == "device" else ours(kind)
    )


def test_an_installed_package_can_add_a_device(third_party):
    assert registry.names("device")[-3:] == ("theirs", "ruin", "gone")
    assert devices.find("theirs").unavailable() is None
    assert registry.summary("device", "theirs") == "Their device."


def test_listing_them_imports_none_of_them(third_party):
    for name in registry.names("device"):
        registry.summary("device", name)
        registry.literal("device", name, "VARIANTS")
    assert not {"their_device", "their_ruin"} & set(sys.modules)


def test_a_broken_one_fails_only_when_it_is_used(third_party, capsys):
    from lightbench.cli import run

    with pytest.raises(NotAvailable, match="no driver") as raised:
        registry.load("device", "ruin")
    assert raised.value.exit_code == 4
    assert run(["list", "devices"]) == 0
    assert "theirs" in capsys.readouterr().out
