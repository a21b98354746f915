"""The noise of a machine as a table: what a gate of each length is worth here, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from lightbench import units
from lightbench.records import CONTENDED
from lightbench.stats.bootstrap import APART, BLOCK_S, BUDGETS_S, FEW, RUNS, SLICE_S, Odds
from lightbench.stats.ratio import Ratio
from lightbench.stats.verdict import ALPHA, POWER
from lightbench.studies.noise.measure import ENOUGH_BLOCKS, Noise, data
from lightbench.views.metrics import change
from lightbench.views.table import Column, Table, View

ALARMS = "identical sides called slower or faster."
SMALLEST = f"the least slowdown that {units.percent(POWER)} of gates find."


def noise_view(found: Noise) -> View:
    """One measurement."""
    return View(
        Table(
            _title(found),
            _columns(found),
            _rows(found),
            sentences=tuple(_said(found)),
            more=tuple(_how(found)),
        ),
        data(found),
    )


def _title(found: Noise) -> str:
    case, threads = found.case, found.environment.comparable.get("threads")
    thread = f"{threads} thread" if threads == 1 else f"{threads} threads"
    said = [case.model, f"batch {case.batch}", case.device, case.engine, case.dtype, thread]
    return f"Noise of this machine: {', '.join(said)}"


def _columns(found: Noise) -> tuple[Column, ...]:
    clock = "device" if found.samples["a"].device_s else "wall"
    return (
        Column("gate_s", "gate (s)", units.count),
        Column("alarm_rate", "false alarms", units.percent, about=ALARMS),
        Column("alarm_bound", "at most", units.percent, drop=1),
        Column("same", "same", units.percent, drop=2),
        Column("found", "dose found", units.percent),
        Column("smallest", f"smallest ({clock})", units.percent, about=SMALLEST),
        Column("cpu_smallest", "smallest (CPU)", units.percent, sparse=True),
        Column("cpu_alarm_rate", "", shown=False),
        Column("cpu_found", "", shown=False),
        Column("extrapolated", "", shown=False),
    )


def _rows(found: Noise) -> tuple[tuple[object, ...], ...]:
    cpu = found.cpu or (None,) * len(found.wall)
    return tuple(map(_row, BUDGETS_S, found.wall, cpu))


def _row(seconds: float, wall: Odds | None, cpu: Odds | None) -> tuple[object, ...]:
    return (
        seconds,
        wall and wall.alarm_rate,
        wall and wall.alarm_bound,
        wall and wall.same,
        wall and wall.found,
        wall and wall.smallest,
        cpu and cpu.smallest,
        cpu and cpu.alarm_rate,
        cpu and cpu.found,
        wall and wall.extrapolated,
    )


def _said(found: Noise) -> Iterator[str]:
    """The answer: what to do here."""
    if found.interrupted:
        yield "Interrupted: this is of what there was until then."
    yield from _too_short(found)
    if found.dose.low is None or found.dose.low - 1 <= found.tolerance:
        yield "The dose is not surely larger than the tolerance, so a gate may rightly not find it."
    yield from advice(found)


def _how(found: Noise) -> Iterator[str]:
    """What was drawn, and how."""
    pairs_s = _seconds(found.blocks * BLOCK_S)
    yield (
        f"Each gate was drawn {units.exact(RUNS)} times from {pairs_s} of pairs, in blocks of"
        f" {_seconds(BLOCK_S)}, and judged as `lightbench compare --tolerance"
        f" {_option(found.tolerance)}` does."
    )
    yield (
        "At most: with 95 %, as far as the number of draws goes; another hour may be noisier. Same:"
        " identical sides called so."
    )
    yield (
        f"The dose: {units.exact(found.convolutions)} small"
        f" {'convolution' if found.convolutions == 1 else 'convolutions'},"
        f" {_sized(found.dose)}{_by_cpu(found.dose_cpu)}."
    )
    yield (
        f"The copies: {_sized(found.alike)}, of the same code and weights. What is not noise in that is"
        " the luck of this process: the next one has another."
    )
    if two := found.two_runs:
        shares = ", ".join(
            f"{units.percent(share)} differ by more than {units.percent(limit)}"
            for share, limit in zip(two.apart, APART, strict=True)
        )
        yield (
            f"Why pairs: {units.exact(two.slices)} runs of {_seconds(SLICE_S)} of the same code, one"
            f" after the other, each against every other: {shares}."
        )


def _seconds(value: float) -> str:
    return f"{units.count(value, 2)} s"


def _option(fraction: float) -> str:
    return units.percent(fraction).replace(" ", "")


def _sized(dose: Ratio) -> str:
    if dose.low is None or dose.high is None:
        return change(dose.ratio - 1)
    return f"{change(dose.ratio - 1)} ({change(dose.low - 1)} to {change(dose.high - 1)})"


def _by_cpu(dose: Ratio | None) -> str:
    return "" if dose is None else f"; by the CPU clock {_sized(dose)}"


def _too_short(found: Noise) -> Iterator[str]:
    drawn = [made for made in found.wall if made is not None]
    if further := [_seconds(made.seconds) for made in drawn if made.extrapolated]:
        yield (
            f"{' and '.join(further)} is longer than what was measured: an extrapolation, as if the"
            " machine went on like this."
        )
    if len(drawn) < len(found.wall):
        needed = BLOCK_S * (FEW if drawn else ENOUGH_BLOCKS)
        yield (
            f"The dash: {_seconds(found.blocks * BLOCK_S)} of pairs are too few for it. From"
            f" {_seconds(needed * 1.6)} on (--seconds) there is more to say."
        )


def advice(found: Noise) -> Iterator[str]:
    """What to do, each with what was measured that says so."""
    yield from found.warnings
    yield from _contention(found)
    drawn = [made for made in found.wall if made is not None]
    if not drawn:
        return
    loud = [made for made in drawn if made.alarm_rate > ALPHA]
    if loud:
        yield (
            f"False alarms reach {units.percent(max(made.alarm_rate for made in loud))}, and"
            f" {units.percent(ALPHA)} is meant to be the most: what disturbs this machine lasts"
            " longer than a pair. Use a quieter one, or measure again for longer."
        )
        return
    if enough := next((made for made in drawn if made.same >= POWER), None):
        yield (
            f"--seconds {units.count(enough.seconds)} is enough for a tolerance of"
            f" {units.percent(found.tolerance)} here: {units.percent(enough.same)} of gates call"
            f" identical sides the same{_and_find(enough)}."
        )
        return
    last = drawn[-1]
    said = (
        f"{_seconds(last.seconds)} are not enough for a tolerance of"
        f" {units.percent(found.tolerance)} here: {units.percent(last.unclear)} of gates on identical"
        " sides stay unclear."
    )
    if last.clear_at is not None and last.clear_at > found.tolerance:
        said += f" They are clear with --tolerance {_option(last.clear_at)}."
    yield said


def _and_find(made: Odds) -> str:
    if made.smallest is None:
        return ""
    return f", and a slowdown of {units.percent(made.smallest)} is found"


def _contention(found: Noise) -> Iterator[str]:
    if not found.contended or found.cpu_share is None:
        return
    share = units.percent(found.cpu_share)
    if found.environment.comparable.get("threads") != 1:
        if any(said.startswith(CONTENDED) for said in found.warnings):
            return  # threads that spin while they wait for each other are on the CPU all the time
        yield (
            f"The calling thread was on the CPU for {share} of a call, less than in calm moments, as"
            " calls wait for the slowest of their threads: with --threads 1 there is none to wait for."
        )
        return
    yield f"A call was on the CPU for {share} of its time, as other programs wanted it: close them."
    for wall, cpu in zip(found.wall, found.cpu, strict=False):
        if wall and cpu and wall.smallest and cpu.smallest and cpu.smallest < wall.smallest:
            yield (
                f"By the CPU clock {_seconds(wall.seconds)} find {units.percent(cpu.smallest)}"
                f" instead of {units.percent(wall.smallest)}: that is what they cost."
            )
            return
