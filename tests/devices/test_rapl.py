"""Energy of processors from a made-up /sys/class/powercap: exact joules, and why there are none."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from lightbench import devices
from lightbench.devices import cpu
from lightbench.devices.support import rapl

RANGE = 262_143_328_850  # microjoules, of a Skylake


def write(root, packages):
    """zone -> name and microjoules; None: a counter that cannot be read."""
    for zone, (name, uj) in packages.items():
        folder = root / zone
        folder.mkdir(exist_ok=True)
        (folder / "name").write_text(name + "\n")
        (folder / "max_energy_range_uj").write_text(f"{RANGE}\n")
        (folder / "energy_uj").write_text("\n" if uj is None else f"{uj}\n")


@pytest.fixture
def root(tmp_path):
    write(
        tmp_path,
        {
            "intel-rapl:0": ("package-0", 5_000_000),
            "intel-rapl:0:0": ("core", 4_000_000),  # of which it is a part
            "intel-rapl:0:1": ("dram", 1_000_000),
            "intel-rapl:1": ("package-1", 1_000_000),
            "intel-rapl:2": ("psys", 9_000_000),  # all of them once more
        },
    )
    return tmp_path


def test_only_whole_packages_are_counted(root):
    assert rapl.counters(root) == {
        "intel-rapl:0": (5_000_000, RANGE), "intel-rapl:1": (1_000_000, RANGE),
    }  # fmt: skip


def test_joules_are_what_all_packages_have_gained(root):
    before = rapl.counters(root)
    write(root, {"intel-rapl:0": ("package-0", 7_500_000)})
    write(root, {"intel-rapl:1": ("package-1", 1_250_000)})
    assert rapl.joules(before, rapl.counters(root)) == 2.75


def test_a_counter_that_has_begun_anew_has_gained_the_rest_of_its_range(root):
    write(root, {"intel-rapl:0": ("package-0", RANGE - 1_000_000)})
    before = rapl.counters(root)
    write(root, {"intel-rapl:0": ("package-0", 500_000)})
    assert rapl.joules(before, rapl.counters(root)) == 1.5


def test_without_counters_or_with_others_than_before_nothing_is_known(root, tmp_path):
    assert rapl.joules({}, {}) is None
    before = rapl.counters(root)
    write(root, {"intel-rapl:1": ("package-1", None)})
    assert rapl.joules(before, rapl.counters(root)) is None
    assert rapl.counters(tmp_path / "none") == {}


def test_why_there_is_none_is_said(root, tmp_path):
    assert "no energy counter" in rapl.why_none(tmp_path / "none")
    assert "by root alone" in rapl.why_none(root)
    assert str(root / "intel-rapl:0") in rapl.why_none(root)


@pytest.fixture
def counted(monkeypatch, root):
    """The processor of this machine has these counters; each call takes half a joule of each package."""
    monkeypatch.setattr(cpu, "ENERGY_S", 0.01)
    read = rapl.counters
    monkeypatch.setattr(rapl, "counters", lambda: read(root))
    used = [5_000_000]

    def call():
        used[0] += 500_000
        write(root, {"intel-rapl:0": ("package-0", used[0])})

    return call


def test_a_processor_tells_the_joules_of_one_call(counted):
    assert devices.find("cpu", ["energy"]).energy(counted, nullcontext) == pytest.approx(0.5)


def test_one_without_counters_tells_none_and_why(monkeypatch):
    monkeypatch.setattr(rapl, "counters", dict)
    processor = devices.find("cpu", ["energy"])
    assert processor.energy(lambda: None, nullcontext) is None
    assert processor.why_no_energy()
