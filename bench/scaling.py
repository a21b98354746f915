"""Time of a count against what it should depend on (operators) and what it should not (sizes)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from counting import count
from measure import Claim, clocked, estimate, ratio, verdict, with_interval
from torch import nn

from lightbench import units
from lightbench.views.table import Column, Table

TITLE = "Time of a count per operator"
BLOCKS, CHANNELS, SIDE = 20, 16, 112
TOLERANCE = 1.25  # a count that looked at the numbers would take up to 64 times as long

# What is varied -> value -> blocks, channels and input side. The first is what others are held to.
SIZES = {
    "blocks": {n: (n, CHANNELS, SIDE) for n in (20, 40, 80, 160)},
    "input side": {side: (BLOCKS, CHANNELS, side) for side in (112, 224, 448, 896)},
    "channels": {c: (BLOCKS, c, SIDE) for c in (16, 32, 64, 128)},
}
CASES = tuple(SIZES)

Times = Mapping[str, list[float]]  # value -> seconds per operator, round by round


def readers(case: str) -> dict[str, Callable[[], float]]:
    """Seconds per operator for every value."""
    return {str(value): _per_operator(*sizes) for value, sizes in SIZES[case].items()}


def _per_operator(blocks: int, channels: int, side: int) -> Callable[[], float]:
    shape = (1, channels, side, side)
    call = partial(count, _stack(blocks, channels), shape)
    operators, reader = len(call().ops), clocked(call)
    return lambda: reader() / operators


def _stack(blocks: int, channels: int) -> nn.Module:
    """Identical blocks of a convolution, a batch norm and an activation."""
    layers: list[nn.Module] = []
    for _ in range(blocks):
        layers += (
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
    return nn.Sequential(*layers).eval()


def claims(case: str, found: Times) -> list[Claim]:
    """No value makes an operator take longer than the smallest does."""
    smallest, *others = found
    return [
        Claim(
            f"per operator, {case} {value} / {smallest}",
            ratio(found[smallest], found[value]),
            at_most=TOLERANCE,
        )
        for value in others
    ]


def table(results: Mapping[str, Times]) -> Table:
    """One row a size: time per operator, and as a multiple of the time at the smallest size."""
    columns = (
        Column("varied", "varied", "{}".format, align="left"),
        Column("value", "value", "{}".format),
        Column("operator_s", "per operator", with_interval(units.seconds)),
        Column("ratio", "of the smallest (x)", with_interval(units.number)),
        Column("target", "at most (x)", units.number),
        Column("verdict", "verdict", "{}".format, align="left"),
    )
    rows = []
    for case, found in results.items():
        for value, claim in zip(found, (None, *claims(case, found)), strict=True):
            held = (claim.found, claim.at_most, verdict([claim])) if claim else (None, None, None)
            rows.append((case, value, estimate(found[value]), *held))
    default = f"{BLOCKS} with {CHANNELS} channels on {SIDE}x{SIDE} unless varied"
    note = f"Blocks of convolution, batch norm and ReLU: {default}."
    return Table(TITLE, columns, tuple(rows), (note,))
