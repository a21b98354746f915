"""A device card on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from lightbench import units
from lightbench.records.facets import shared
from lightbench.studies.card.card import DeviceCard, Figure
from lightbench.studies.sweep.relative import Relative, undecided
from lightbench.studies.sweep.table import TOO_FEW, interval
from lightbench.views.remarks import BUSY_CARD, warned
from lightbench.views.table import Column, Table, View, own_words

Row = tuple[str, str, Figure, Callable[[float], str]]


def _giga(unit: str) -> Callable[[float], str]:
    return lambda value: f"{units.number(value / 1e9)} {unit}"


def _rows(card: DeviceCard) -> Iterator[Row]:
    for kind, rate in card.madds_per_s.items():
        yield f"{_key(kind)}_madds_per_s", kind, rate, _giga("GMAdds/s")
    yield "bandwidth_bytes_per_s", "memory bandwidth", card.bandwidth, _giga("GB/s")
    for kind, rate in card.bytes_per_s.items():
        yield f"{_key(kind)}_bytes_per_s", f"{kind}, in cache", rate, _giga("GB/s")
    if card.launch_s is not card.conv_launch_s:
        yield "launch_s", "start of an operator", card.launch_s, units.seconds
    if card.conv_launch_s:
        yield "conv_launch_s", "start of a convolution", card.conv_launch_s, units.seconds


def _key(kind: str) -> str:
    return kind.replace(" ", "_").replace("-", "_")


def card_view(card: DeviceCard) -> View:
    """Every number with the interval of its time, and where groups and ratios begin to hurt."""
    columns = (
        Column("what", "what", own_words, align="left"),
        Column("value", "value", own_words),
        Column("interval", "95 %", own_words, align="left", drop=1),
        Column("key", "key", shown=False),
        Column("raw", "value", shown=False),
        Column("low", "low", shown=False),
        Column("high", "high", shown=False),
    )
    rows: list[tuple[Any, ...]] = [
        (name, text(f.value), _bounds(f, text), key, f.value, f.low, f.high)
        for key, name, f, text in _rows(card)
    ]
    ridge = f"{units.number(card.ridge)} MAdds/byte"
    rows.append(("ridge point", ridge, "", "ridge_madds_per_byte", card.ridge, None, None))
    for key, name, found, points in (
        ("groups_hurt", "groups hurt from", card.groups_hurt, card.groups),
        ("ratio_hurts", "channel ratio hurts from", card.ratio_hurts, card.ratios),
    ):
        raw = found.compared if found else None
        bounds = (raw.ratio, raw.low, raw.high) if raw else (None, None, None)
        rows.append((name, *_hurts(found, points), key, *bounds))
    where = ", ".join(word for word in shared([card.record]) if not word.startswith("input"))
    table = Table(
        f"Device card: {where}",
        columns,
        tuple(rows),
        (
            "ridge point: below it an operator waits for memory, above it for arithmetic.",
            "hurt: time per MAdd at equal MAdds, the first point whose interval is above 1.",
            *warned(card.records),
        ),
        sentences=tuple(_doubts(card)),
        more=("MAdds/s, GB/s: attained by ten layers of a usual size, 56x56; linear at batch 1.",),
    )
    return View(table, _data(card))


def _bounds(figure: Figure, text: Callable[[float], str]) -> str:
    if figure.low is None or figure.high is None:
        return units.DASH
    return f"{text(figure.low)} to {text(figure.high)}"


def _doubts(card: DeviceCard) -> Iterator[str]:
    if "element-wise" not in card.bytes_per_s:
        yield f"{card.record.case.engine} makes one of many additions, activations or norms: they have no speed here."
    if card.contended:
        yield BUSY_CARD
    if any(undecided(points) for points in (card.groups, card.ratios)):
        yield f"hurt, - : {TOO_FEW.replace(' (--seconds)', '')}"


def _hurts(point: Relative | None, points: Any) -> tuple[str, str]:
    if point is None:
        return (units.DASH if undecided(points) or not points else "never"), ""
    return point.point.point, f"{units.factor(point.compared.ratio)} ({interval(point.compared)})"


def _data(card: DeviceCard) -> dict[str, Any]:
    numbers = {key: [f.value, f.low, f.high] for key, _, f, _ in _rows(card)}
    return {
        "case": msgspec.to_builtins(card.record.case),
        "environment": msgspec.to_builtins(card.record.environment),
        "time": card.record.time,
        **{key: {"value": v, "low": low, "high": high} for key, (v, low, high) in numbers.items()},
        "ridge_madds_per_byte": card.ridge,
        "groups_hurt": card.groups_hurt.point.point if card.groups_hurt else None,
        "ratio_hurts": card.ratio_hurts.point.point if card.ratio_hurts else None,
        "groups": [_point(p) for p in card.groups],
        "ratios": [_point(p) for p in card.ratios],
    }


def _point(point: Relative) -> dict[str, Any]:
    ratio = point.compared
    return {
        "point": point.point.point,
        "time_per_madd": ratio.ratio,
        "low": ratio.low,
        "high": ratio.high,
    }
