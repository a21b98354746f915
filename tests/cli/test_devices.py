"""`lightbench devices`: every plugin is a row; what cannot be used says why, and nothing fails of it."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import pytest

from lightbench import registry
from lightbench.cli.commands.devices import view
from lightbench.devices.support import inventory
from lightbench.devices.support.inventory import Found

THEIRS = (
    "from lightbench.devices.null import Null\n"
    "class Card(Null):\n"
    "    def __init__(self, index):\n"
    "        self.torch_device = f'card:{index}'\n"
    "    def facts(self):\n"
    "        return {'accelerator': 'Card 9000', 'driver': '1.2'}\n"
    "    def total_memory(self):\n"
    "        if self.torch_device == 'card:1':\n"
    "            raise OSError('the card fell off the bus')\n"
    "        return 16_000_000_000\n"
    "def at(index, options=()):\n"
    "    return Card(index)\n"
    "def count():\n"
    "    return 2\n"
)


@pytest.fixture
def third_party(monkeypatch, tmp_path):
    """Plugins of other packages: two cards of which the second is broken, one that does not load, one
    that cannot count."""
    texts = {
        "cards": f'"""Cards of theirs."""\n{THEIRS}',
        "ruin": "raise OSError('no driver')\n",
        "uncounted": "def count():\n    raise RuntimeError('\\x1b[31mno\\nanswer')\n",
    }
    for name, text in texts.items():
        (tmp_path / f"their_{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, f"their_{name}", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._syntax.cache_clear()
    points = {
        name: importlib.metadata.EntryPoint(name, f"their_{name}", "lightbench.devices")
        for name in texts
    }
    ours = registry._entry_points
    monkeypatch.setattr(
        registry, "_entry_points", lambda kind: points if kind == "device" else ours(kind)
    )


def listed(lightbench):
    answer = lightbench("devices", "--format", "json")
    assert (answer.code, answer.err) == (0, "")
    return {row["device"]: row for row in json.loads(answer.out)}


def test_every_plugin_has_a_row(lightbench):
    kinds = {device.partition(":")[0] for device in listed(lightbench)}
    assert kinds == set(registry.names("device"))


def test_the_cpu_is_usable_with_its_name_and_memory(lightbench):
    cpu = listed(lightbench)["cpu"]
    assert cpu["usable"]
    assert cpu["torch_device"] == "cpu"
    assert cpu["memory_bytes"] > 100_000_000
    assert cpu["reason"] == cpu["hint"] == ""


def test_what_is_not_usable_says_why_and_the_next_step(lightbench):
    rows = [row for row in listed(lightbench).values() if not row["usable"]]
    assert rows  # no machine has a Mac's GPU and one of Intel
    for row in rows:
        assert row["reason"].endswith(".")
        assert row["hint"].endswith(".")
        assert row["torch_device"] is row["product"] is row["memory_bytes"] is None


def test_each_device_of_a_plugin_is_a_row_and_one_that_raises_is_not_usable(
    lightbench, third_party
):
    rows = listed(lightbench)
    good, bad = rows["cards:0"], rows["cards:1"]
    assert (good["usable"], good["product"], good["memory_bytes"]) == (
        True,
        "Card 9000",
        16 * 10**9,
    )
    assert good["facts"]["driver"] == "1.2"
    assert good["about"] == "Cards of theirs."
    assert not bad["usable"]
    assert bad["reason"] == "it fails with OSError: the card fell off the bus."


def test_a_plugin_that_does_not_load_or_cannot_count_is_a_row_with_its_reason(
    lightbench, third_party
):
    rows = listed(lightbench)
    assert "no driver" in rows["ruin"]["reason"]
    assert rows["ruin"]["hint"] == "Update or uninstall that package."
    assert rows["uncounted"]["reason"].startswith("it fails with RuntimeError: ")
    out = lightbench("devices").out
    assert "\x1b" not in out
    assert "uncounted: it fails with RuntimeError" in out


MACHINE = (
    Found(device="cpu", usable=True, product="A processor of a rather long name", memory_bytes=10**9),
    Found(device="cuda", usable=False, reason="no cuda device here: none.", hint="Try --device auto."),
    Found(device="npu:0", usable=False, reason="it is lost.", hint="Find it."),
    Found(device="npu:1", usable=True, product="Ascend910B3", memory_bytes=64 * 10**9),
    Found(device="null", usable=True, about="Runs nothing: for tests."),
)  # fmt: skip


def test_auto_is_the_first_device_of_the_preferred_kinds_and_never_a_second_one():
    first = Found(device="npu:0", usable=True)
    assert inventory.automatic((*MACHINE, first)) == "npu:0"
    assert inventory.automatic(MACHINE) == "cpu"
    assert inventory.automatic(()) == "cpu"
    assert "--device auto takes cpu." in view(MACHINE).table.notes
    assert [row["auto"] for row in inventory.data(MACHINE)] == [True, False, False, False, False]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_reasons_are_read_in_full_at_any_width(width):
    text = registry.load("format", "table").render(view(MACHINE), width=width)
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    assert "cuda: no cuda device here: none. Try --device auto." in words
    assert "npu:0: it is lost. Find it." in words
    assert "npu:1 yes" in words


@pytest.mark.parametrize("form", registry.names("format"))
def test_every_format_shows_the_devices(form):
    assert "npu:1" in registry.load("format", form).render(view(MACHINE))


@pytest.mark.slow
def test_listing_never_imports_torch_npu_and_help_imports_no_torch():
    code = (
        "import sys\n"
        "from lightbench.cli import main, run\n"
        "run(['devices', '--help']); run(['doctor', '--help'])\n"
        "assert 'torch' not in sys.modules\n"
        "try:\n"
        "    main(['devices'])\n"
        "except SystemExit as left:\n"
        "    assert not left.code\n"
        "assert 'torch' in sys.modules and 'torch_npu' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
