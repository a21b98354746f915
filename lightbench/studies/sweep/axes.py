"""What can be swept: for each axis its points, at constant multiply-adds or at constant width."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from lightbench.errors import UnknownName, UsageError
from lightbench.studies.sweep.plan import Point, Size, Sweep
from lightbench.units import percent

Constant = Literal["madds", "width"]
MOST_CHANNELS = 2048  # depthwise at constant MAdds has c * c / 9 of them
LOOP_GROUPS = 8
EQUAL_MADDS = 0.07  # by what fraction "constant MAdds" may differ: channels are whole numbers


@dataclass(frozen=True)
class Axis:
    """One thing that differs. ``points(c, equal)`` gives them, the reference first; ``equal`` asks
    for equal multiply-adds, as nearly as whole channels allow. ``constants`` are what can be asked
    for; the first is the default. Channels are ``least`` or more, and a multiple of ``multiple``."""

    about: str
    points: Callable[[int, bool], Iterable[Point]]
    constants: tuple[Constant, ...] = ("madds", "width")
    per_madd: bool = False  # points differ in size alone, so that only time per MAdd says anything
    launch: bool = True
    least: int = 1
    multiple: int = 1


def _ratio(c: int, equal: bool) -> Iterable[Point]:  # noqa: FBT001  the signature of a table
    for ratio in (1, 2, 4, 8, 16):
        c1 = _whole(c / math.sqrt(ratio) if equal else 2 * c / (1 + ratio))
        c2 = _whole(c * c / c1) if equal else 2 * c - c1
        yield Point(f"1:{ratio}", "ratio", {"c1": c1, "c2": c2})


def _groups(c: int, equal: bool) -> Iterable[Point]:  # noqa: FBT001
    for groups in (g for g in range(1, c + 1) if c % g == 0):
        wide = c * math.sqrt(groups) if equal else c
        yield Point(
            f"g={groups}", "grouped", {"c": max(round(wide / groups), 1) * groups, "groups": groups}
        )


def _kernel(c: int, equal: bool) -> Iterable[Point]:  # noqa: FBT001
    for k in (1, 3, 5, 7):
        yield Point(f"{k}x{k}", "grouped", {"c": _whole(c / k) if equal else c, "kernel": k})


def _kind(c: int, equal: bool) -> Iterable[Point]:  # noqa: FBT001
    dense, depthwise = (_whole(c / 3), _whole(c * c / 9)) if equal else (c, c)
    yield Point("pointwise", "grouped", {"c": c})
    yield Point("dense 3x3", "grouped", {"c": dense, "kernel": 3})
    yield Point("depthwise 3x3", "grouped", {"c": depthwise, "kernel": 3, "groups": depthwise})


def _resolution(c: int, equal: bool) -> Iterable[Point]:  # noqa: FBT001
    for side in (56, 7, 14, 28, 112):
        wide = _whole(c * 56 / side) if equal else c
        yield Point(f"{side}x{side}", "grouped", {"c": wide}, size=(side, side))


def _batch(c: int, equal: bool) -> Iterable[Point]:  # noqa: ARG001, FBT001
    for batch in (1, 2, 4, 8, 16):
        yield Point(f"batch {batch}", "grouped", {"c": c}, batch=batch)


def _activation(c: int, equal: bool) -> Iterable[Point]:  # noqa: ARG001, FBT001
    for name in ("none", "relu", "relu6", "hardswish", "silu", "gelu"):
        yield Point(name, "activated", {"c": c, "activation": name})


def _excite(c: int, equal: bool) -> Iterable[Point]:  # noqa: ARG001, FBT001
    yield Point("without", "excited", {"c": c, "excite": False})
    yield Point("with SE", "excited", {"c": c, "excite": True})


def _shuffle(c: int, equal: bool) -> Iterable[Point]:  # noqa: ARG001, FBT001
    for by in ("none", "reshape", "index"):
        yield Point(by, "shuffled", {"c": c, "by": by})


def _loop(c: int, equal: bool) -> Iterable[Point]:  # noqa: ARG001, FBT001
    settings = {"c": c, "groups": LOOP_GROUPS}
    yield Point("one grouped", "grouped", settings)
    yield Point(f"loop of {LOOP_GROUPS}", "looped", settings)


def _branches(c: int, equal: bool) -> Iterable[Point]:  # noqa: FBT001
    for n in (1, 2, 4, 8):
        wide = _whole(c / math.sqrt(n)) if equal else c
        yield Point(f"{n}", "fragments", {"c": wide, "n": n, "parallel": True})


def _whole(channels: float) -> int:
    return max(round(channels), 1)


WIDTH: tuple[Constant, ...] = ("width",)
AXES: dict[str, Axis] = {
    "ratio": Axis("1x1 convolutions c1 -> c2 -> c1, 1:1 to 1:16", _ratio, least=8),
    "groups": Axis("1x1 convolutions, every divisor of the channels as group count", _groups),
    "kernel": Axis("kernels 1, 3, 5 and 7", _kernel, least=7),
    "kind": Axis("pointwise, dense and depthwise convolution", _kind, least=3),
    "resolution": Axis("maps of 7x7 to 112x112", _resolution, per_madd=True, launch=False),
    "batch": Axis("batches of 1 to 16", _batch, WIDTH, per_madd=True, launch=False),
    "activation": Axis("no activation, ReLU, ReLU6, hard-swish, SiLU, GELU", _activation, WIDTH),
    "excite": Axis("without and with squeeze-and-excite", _excite, WIDTH, least=4),
    "shuffle": Axis(
        "channel shuffle by reshape and transpose, by index, none", _shuffle, WIDTH, multiple=2
    ),
    "loop": Axis(
        "one grouped convolution and a loop of small ones", _loop, WIDTH, multiple=LOOP_GROUPS
    ),
    "branches": Axis("1, 2, 4 and 8 parallel 1x1 convolutions, added", _branches, least=3),
}


def plan_axis(
    axis: str, channels: int = 128, constant: str | None = None, size: Size = (56, 56)
) -> Sweep:
    """The sweep of one axis. Raises UnknownName, UsageError."""
    if axis not in AXES:
        hint = f"Known: {', '.join(AXES)}. How a network scales: `lightbench scaling MODEL`."
        raise UnknownName("axis", axis, AXES, hint)
    found = AXES[axis]
    constant = constant or found.constants[0]
    if constant not in found.constants:
        raise UsageError(
            f"{axis} cannot be swept at constant {constant}.",
            f"Known: --constant {', '.join(found.constants)}.",
        )
    if not found.least <= channels <= MOST_CHANNELS:
        raise UsageError(
            f"{axis} takes {found.least} to {MOST_CHANNELS:,} channels, got {channels}.",
            "Try --channels 128.",
        )
    if channels % found.multiple:
        raise UsageError(
            f"{axis} takes a multiple of {found.multiple} channels, got {channels}.",
            "Try --channels 128.",
        )
    points = tuple(found.points(channels, constant == "madds"))
    return Sweep(
        axis,
        tuple(_sized(point, size) for point in points),
        reference=points[0].label,
        channels=f"c={channels}, constant {'MAdds' if constant == 'madds' else 'width'}",
        per_madd=found.per_madd or constant == "madds",
        launch=found.launch,
    )


def check_channels(axis: str, channels: int = 128, constant: str | None = None) -> None:
    """At constant multiply-adds whole channels come near enough only if there are enough of them.
    Raises UsageError that names the next number at which they do."""
    found = AXES[axis]
    if (constant or found.constants[0]) != "madds" or unequal(found, channels) <= EQUAL_MADDS:
        return
    enough = next(
        (c for c in range(channels, MOST_CHANNELS + 1) if unequal(found, c) <= EQUAL_MADDS), 128
    )
    raise UsageError(
        f"{axis} cannot have constant MAdds with {channels} channels: rounded to whole channels they"
        f" differ by {percent(unequal(found, channels))}, and {percent(EQUAL_MADDS)} are allowed.",
        f"Try --channels {enough}, or --constant width.",
    )


def unequal(axis: Axis, channels: int) -> float:
    """By what fraction the multiply-adds of its points differ at most from the reference's."""
    reference, *others = map(_work, axis.points(channels, True))
    return max(abs(other / reference - 1) for other in others)


def _work(point: Point) -> float:
    """Multiply-adds of a layer, but for what all points of an axis have in common."""
    s = {key: value for key, value in point.settings.items() if isinstance(value, int)}
    side = point.size[0] if point.size else 1
    inner = s["c1"] * s["c2"] if "c1" in s else s["c"] ** 2
    return inner * s.get("n", 1) * s.get("kernel", 1) ** 2 * side**2 / s.get("groups", 1)


def _sized(point: Point, size: Size) -> Point:
    return replace(point, size=point.size or size)
