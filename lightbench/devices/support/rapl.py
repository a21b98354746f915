"""Energy of Intel's and AMD's processors, as Linux counts it: the packages' counters below /sys/class/powercap.

They count all that a package does, other programs' work too. pyRAPL (last released in 2019) and pyJoules (2021) read the same
files, and do not see a counter begin anew, which it does after minutes to hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

POWERCAP = Path("/sys/class/powercap")
PACKAGE = "package"  # how the zones of whole processors are called; those below are parts of them


class Counter(NamedTuple):
    """Of one package, in microjoules; after ``range_uj`` it begins anew at 0."""

    uj: int
    range_uj: int


def counters(root: Path = POWERCAP) -> dict[str, Counter]:
    """By the folders of the packages; those that cannot be read are left out."""
    found: dict[str, Counter] = {}
    for zone in sorted(root.glob("intel-rapl:*")):  # AMD's too
        with suppress(OSError, ValueError):
            if (zone / "name").read_text().startswith(PACKAGE):
                uj, range_uj = (
                    int((zone / file).read_text()) for file in ("energy_uj", "max_energy_range_uj")
                )
                found[zone.name] = Counter(uj, range_uj)
    return found


def joules(before: Mapping[str, Counter], after: Mapping[str, Counter]) -> float | None:
    """What all packages have used in between, which must be less than a counter's range; None where no
    counter was read, or not the same ones."""
    if not before or before.keys() != after.keys():
        return None
    spent = (
        now.uj - before[name].uj + (now.range_uj if now.uj < before[name].uj else 0)
        for name, now in after.items()
    )
    return sum(spent) / 1e6


def why_none(root: Path = POWERCAP) -> str:
    """Why no counter can be read, as the end of a sentence."""
    zones = sorted(root.glob("intel-rapl:*/energy_uj"))
    if zones:
        return f"{zones[0]} can be read by root alone (chmod a+r, if you may)"
    return f"this machine has no energy counter of its processor that Linux shows ({root})"
