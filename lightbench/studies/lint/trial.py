"""Try advice: the network rewritten as lint says, timed in pairs beside the original."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from lightbench import devices, registry, units
from lightbench.records import Case
from lightbench.records.arguments import tensors_in
from lightbench.records.findings import Tried
from lightbench.runner import prepare
from lightbench.runner.control import Control
from lightbench.runner.given import Given
from lightbench.runner.session import process_kept
from lightbench.stats.interval import Interval
from lightbench.stats.median import median
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.compare.pairs import Gate, Side, compare_sides
from lightbench.studies.lint.changes import Change, estimated, other_settings, rewritten
from lightbench.studies.lint.linted import Finding, Linted
from lightbench.workers import journal

APART = 1e-3  # of the largest answer: by more, networks do not answer the same


def trials(
    looked_at: Linted,
    findings: Sequence[Finding],
    case: Case,
    given: Given | None,
    control: Control,
    *,
    seconds: float,
    warn: Callable[[str], None] = lambda _said: None,
) -> list[Tried]:
    """What each change brings that can be made by itself, timed for at most ``seconds`` each; less if it is clear.
    ``warn`` is told what disturbed the times. Raises what keeps the network from running at all."""
    network, args = _running(case, given, control)
    changes = [
        *(estimated(c, looked_at, case) if _counted(c) else c for c in _network_changes(network, looked_at, findings, args)),
        *other_settings(case),
    ]  # fmt: skip
    able = sum(change.can_be_timed for change in changes)
    gate = Gate(seconds=seconds, comparisons=max(able, 1))
    found: list[Tried] = []
    compared_with: list[Comparison] = []
    said: dict[str, None] = {}
    for change in changes:
        if not change.can_be_timed:
            found.append(change.about)
            continue
        compared = _compared(network, change, case, gate, control)
        said.update(dict.fromkeys((*compared.warnings, *compared.a.warnings)))
        compared_with.append(compared)
        found.append(_judged(change.about, compared))
    for one in said:
        warn(one)
    return _in_seconds(found, compared_with)


def _counted(change: Change) -> bool:
    return bool(registry.literal("lint rewrite", change.about.rewrite, "COUNTED"))


def _running(
    case: Case, given: Given | None, control: Control
) -> tuple[nn.Module, tuple[Any, ...]]:
    """The network as it is timed, and what it is called with."""
    device = devices.find(case.device, case.options)
    if reason := device.unavailable():
        raise reason
    eager = msgspec.structs.replace(case, engine="eager")
    with process_kept(), device.session(threads=case.threads):
        control.say(f"{case.model}: load, count, first run")
        prepared = prepare.prepare(eager, device, given, trusted=control.trusted)
    return prepared.network, prepared.given[0]


def _network_changes(
    network: nn.Module, looked_at: Linted, findings: Sequence[Finding], args: tuple[Any, ...]
) -> Iterator[Change]:
    """Those that claim the same answers are held to it."""
    for change in rewritten(network, looked_at, findings):
        if change.network is not None and change.about.answers == "same":
            distance = apart(network, change.network, args)
            if not distance <= APART:
                said = f" by {units.percent(distance)}" if math.isfinite(distance) else ""
                why = f"its answers differ{said} from those of the original"
                yield Change(msgspec.structs.replace(change.about, why=why))
                continue
        yield change


def apart(one: nn.Module, other: nn.Module, args: tuple[Any, ...]) -> float:
    """By how much answers differ, as a fraction of the largest; 0 where there are no numbers."""
    try:
        with torch.inference_mode():
            pairs = list(zip(*(tensors_in(net(*args)) for net in (one, other)), strict=True))
    except Exception as error:  # noqa: BLE001
        journal.let_through(error)
        return math.inf
    far = [_distance(a, b) for a, b in pairs if a.is_floating_point() and a.numel()]
    return max(far, default=0.0) if all(map(math.isfinite, far)) else math.inf


def _distance(a: Tensor, b: Tensor) -> float:
    if a.is_meta:
        return 0.0
    largest = float(a.abs().max())
    return float((a - b).abs().max()) / largest if largest else float((a - b).abs().max())


def _compared(
    network: nn.Module, change: Change, case: Case, gate: Gate, control: Control
) -> Comparison:
    other = msgspec.structs.replace(case, **change.settings)
    label = f"{case.model}: {change.about.change}"
    a = Side(case, Given(network, name=case.model), label=case.model)
    b = Side(other, Given(change.network or network, name=case.model), label=label)
    return compare_sides(a, b, gate, control)


def _in_seconds(found: Sequence[Tried], compared: Sequence[Comparison]) -> list[Tried]:
    """What each saves of the time that the original took in the middle one of all pairs: the machine changes meanwhile."""
    times = [one.a.latency.median_s for one in compared if one.a.latency]
    whole = median(times) if times else 0.0
    return [
        msgspec.structs.replace(one, saved_s=whole * (1 - one.ratio.median)) if one.ratio else one
        for one in found
    ]


def _judged(about: Tried, compared: Comparison) -> Tried:
    ratio, latency = compared.ratio, compared.a.latency
    if ratio is None or latency is None:
        why = next(iter(compared.reasons), "it was not timed")
        return msgspec.structs.replace(about, why=why)
    interval = Interval(ratio.ratio, ratio.low, ratio.high)
    return msgspec.structs.replace(
        about,
        ratio=interval,
        saved_s=latency.median_s * (1 - ratio.ratio),
        verdict=compared.verdict,
    )
