"""Which sweeps a run consists of: the quick one, or everything that the paper has."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lightbench import registry
from lightbench.errors import UnknownName, UsageError
from lightbench.studies.sweep.plan import Sweep

SETS = ("aligned", "paper-gpu", "paper-arm")
WIDTHS = (1, 2, 4)
WIDEST = 16


@dataclass(frozen=True)
class Scale:
    """How much is measured: which sets of channels, and for how many seconds a sweep at width x1.
    Wider ones, whose rounds last longer, get more."""

    channels: tuple[str, ...]
    seconds: float


SCALES = {"quick": Scale(("aligned",), 6.0), "paper": Scale(SETS, 15.0)}


def seconds_of(sweep: Sweep, seconds: float) -> float:
    """Seconds for a sweep, if one at width x1 gets ``seconds``: work grows with the square of the
    width, but so does how well a single call is known."""
    return float(seconds * sweep.width**0.9)


def by_default() -> tuple[str, ...]:
    """Those that are measured where none is named: all but those that say ``BY_DEFAULT = False``."""
    known = registry.names("guideline")
    return tuple(k for k in known if registry.literal("guideline", k, "BY_DEFAULT") is not False)


def short_name(guideline: str) -> str:
    """``g1_channel_ratio`` -> ``g1``, where `full_name` makes the same of it again."""
    short = guideline.partition("_")[0]
    return short if full_name(short) == guideline else guideline


def full_name(name: str) -> str:
    """``g1`` -> ``g1_channel_ratio``. Raises UnknownName."""
    known = registry.names("guideline")
    found = [k for k in known if name in (k, k.partition("_")[0])]
    if not found:
        raise UnknownName("guideline", name, [*(k.partition("_")[0] for k in known), *known])
    return found[0]


def plan(
    names: Sequence[str] = (),
    *,
    channels: Sequence[str] = ("aligned",),
    widths: Sequence[int] = WIDTHS,
    geometry: str | None = None,
) -> list[Sweep]:
    """The sweeps of some guidelines, those of `by_default` unless named, each set of channels once.

    A guideline that does not come in the wanted set of channels comes in its own. Raises
    UnknownName, UsageError.
    """
    wanted = [full_name(name) for name in names or by_default()]
    plugins = {name: registry.load("guideline", name) for name in wanted}
    known = dict.fromkeys((*SETS, *(own for plugin in plugins.values() for own in plugin.CHANNELS)))
    for asked in channels:
        if asked not in known:
            raise UnknownName("set of channels", asked, known, f"Known: {', '.join(known)}.")
    for width in widths:
        if not 1 <= width <= WIDEST:
            raise UsageError(
                f"a width multiplies channels by 1 to {WIDEST}, got {width}.", "Try 1,2,4."
            )
    geometries = registry.load("guideline", "g4_elementwise").OPTIONS["geometry"]
    if geometry is not None and geometry not in geometries:
        raise UnknownName("geometry", geometry, geometries, f"Known: {', '.join(geometries)}.")
    if geometry is not None and "g4_elementwise" not in wanted:
        raise UsageError("a geometry is of G4's bottleneck.", "Name g4, or leave --geometry out.")
    planned: dict[Any, list[Sweep]] = {}
    for name, guideline in plugins.items():
        own = next(iter(guideline.CHANNELS))
        takes = inspect.signature(guideline.sweep).parameters
        options = {"geometry": geometry} if geometry and "geometry" in takes else {}
        for set_ in dict.fromkeys(c if c in guideline.CHANNELS else own for c in channels):
            found = [guideline.sweep(set_, width, **options) for width in dict.fromkeys(widths)]
            if (called := found[0].experiment) != name:
                raise UsageError(
                    f"the guideline {name} makes a sweep called {called!r}, and its records would not be found.",
                    f'Its `Sweep` is to be called "{name}", as its file.',
                )
            # G4's set is the same for both of the paper's devices: it is measured once.
            same = tuple((p.model, p.size) for sweep in found for p in sweep.points)
            planned.setdefault(same, found)
    return [sweep for found in planned.values() for sweep in found]
