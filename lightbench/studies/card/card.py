"""What a device attains, from the records of its card's sweeps: the numbers behind an estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightbench.engines import runs_no_pytorch
from lightbench.records import Kind, Latency, Op, Record
from lightbench.studies.sweep.relative import Relative, crossover, relatives, sweeps

EXPERIMENT = "device_card"

# Point of the card's sweep -> the kind of operator whose speed it stands for.
RATES: dict[str, Kind] = {
    "dense 3x3": "dense conv",
    "pointwise": "pointwise conv",
    "depthwise 3x3": "depthwise conv",
    "4 groups": "grouped conv",
    "linear": "linear",
}
# The same for operators without multiply-adds, in bytes per second of eager mode.
MOVES: dict[str, Kind] = {
    "add": "element-wise",
    "relu": "activation",
    "norm": "norm",
    "shuffle": "data movement",
}
MERGE_NEVER: Kind = "data movement"  # of MOVES: of ten of the others an engine may make one
STREAM, LAUNCH, CONV_LAUNCH = "stream", "launch", "conv launch"
AXES = ("groups", "ratio")  # sweeps that belong to a card, and follow its own


@dataclass(frozen=True)
class Figure:
    """A number with the interval that its time has: low is below value, high above."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class DeviceCard:
    """One device with one engine, precision, layout and thread count. Seconds, bytes, multiply-adds."""

    record: Record  # one of those it is made from, for what all of them share
    madds_per_s: Mapping[Kind, Figure]
    bandwidth: Figure  # bytes per second, reading and writing maps larger than the caches
    bytes_per_s: Mapping[Kind, Figure]  # the same in operators of a network, on a usual map
    launch_s: (
        Figure  # a call of an element-wise operator with nothing to do, or else of a convolution
    )
    conv_launch_s: Figure | None
    groups: Sequence[Relative] = ()  # group counts at equal multiply-adds
    ratios: Sequence[Relative] = ()  # channel ratios at equal multiply-adds
    records: Sequence[Record] = ()  # all of those it is made from

    @property
    def contended(self) -> bool:
        """Did other programs use the machine meanwhile? Then its speeds may be too low."""
        return any(record.contended for record in self.records)

    @property
    def ridge(self) -> float:
        """MAdds per byte from which on arithmetic, not memory, is the limit."""
        return max(rate.value for rate in self.madds_per_s.values()) / self.bandwidth.value

    @property
    def groups_hurt(self) -> Relative | None:
        """The first group count that is slower than none."""
        return crossover(self.groups)

    @property
    def ratio_hurts(self) -> Relative | None:
        """The first channel ratio that is slower than 1:1."""
        return crossover(self.ratios)

    def estimate_s(self, op: Op, moved: int | None = None) -> float:
        """About how long an operator takes: the larger of arithmetic and memory, and its start. ``moved`` are the
        bytes that it moves, where they are not those of eager mode.

        An estimate: one speed stands for all sizes of a kind.
        """
        rate = self.madds_per_s.get(op.kind)
        arithmetic = op.madds / rate.value if rate else 0.0
        launch = self.conv_launch_s if rate and self.conv_launch_s else self.launch_s
        moved = op.mem_bytes if moved is None else moved
        return max(arithmetic, self.move_s(moved, op.kind)) + launch.value

    def move_s(self, count: float, kind: Kind = "element-wise") -> float:
        """About how long operators of a kind take to move so many bytes; those with arithmetic
        besides move them as an addition does, or as a shuffle where that has no speed of its own."""
        known = self.bytes_per_s
        usual = known["element-wise" if "element-wise" in known else MERGE_NEVER]
        return count / known.get(kind, usual).value


def card_of(records: Sequence[Record]) -> DeviceCard | None:
    """The card that records hold, the latest if they hold several; None if a part is missing.

    An engine that runs no PyTorch makes one operator of many that have no weights: only a shuffle has a speed of its
    own there, maps are streamed once where eager mode does it twice, and what starts is a convolution."""
    runs = {group[0].sweep.experiment: group for group in sweeps(records) if group[0].sweep}
    timed = (r for r in runs.get(EXPERIMENT, []) if r.latency and r.costs)
    by_point = {r.sweep.point: r for r in timed if r.sweep and not r.sweep.launch}
    needed: dict[str, str] = {
        **dict.fromkeys(RATES, "madds"),
        **dict.fromkeys((*MOVES, STREAM, LAUNCH), "mem_bytes"),
    }
    if not all(name in by_point and getattr(by_point[name].costs, c) for name, c in needed.items()):
        return None
    fused = runs_no_pytorch(by_point[STREAM].case.engine)
    moves = {n: kind for n, kind in MOVES.items() if not fused or kind == MERGE_NEVER}
    account = "fused_bytes" if fused else "mem_bytes"
    conv_launch = _per_op(by_point[CONV_LAUNCH]) if CONV_LAUNCH in by_point else None
    return DeviceCard(
        record=by_point[STREAM],
        madds_per_s={kind: _rate(by_point[name], "madds") for name, kind in RATES.items()},
        bandwidth=_rate(by_point[STREAM], account),
        bytes_per_s={kind: _rate(by_point[name], account) for name, kind in moves.items()},
        launch_s=conv_launch if fused and conv_launch else _per_op(by_point[LAUNCH]),
        conv_launch_s=conv_launch,
        groups=relatives(runs.get("groups", [])),
        ratios=relatives(runs.get("ratio", [])),
        records=[r for name in (EXPERIMENT, *AXES) for r in runs.get(name, [])],
    )


def _latency(record: Record) -> Latency:
    assert record.latency is not None
    return record.latency


def _rate(record: Record, cost: str) -> Figure:
    """So much of a cost per second; the longest time makes the lowest rate."""
    assert record.costs is not None
    total, time = getattr(record.costs, cost), _latency(record)
    return Figure(
        total / time.median_s,
        total / time.high_s if time.high_s else None,
        total / time.low_s if time.low_s else None,
    )


def _per_op(record: Record) -> Figure:
    assert record.costs is not None
    n, time = len(record.costs.ops), _latency(record)

    def share(seconds: Any) -> Any:
        return seconds / n if seconds else None

    return Figure(time.median_s / n, share(time.low_s), share(time.high_s))
