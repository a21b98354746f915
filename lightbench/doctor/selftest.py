"""Does a device compute what it should, and do its clocks agree?

Each operator runs on the device and, on the same values in float64, on the CPU. The error is the
largest difference over the largest value of the reference: single elements near zero say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightbench.devices import Device
from lightbench.doctor.checks import Check
from lightbench.timing.clock import Reading
from lightbench.units import number, percent

SEED = 0
SHAPE = (2, 32, 14, 14)

# Largest relative error, by what the arithmetic rounds to. Products of 288 normal values add up to
# about 4 sqrt(288) at most, and their rounding errors to about sqrt(288) roundings of that: 17 of
# 2^-24, 1e-6 of the result; 2e-5 leaves room for exp and erf of a few more units in the last place.
FLOAT32 = 2e-5
# TF32 has 10 bits behind the point and HF32 11: each factor is off by up to 2^-11, or 2^-10 where it is
# cut off, and as the errors of 288 products cancel, the sum by about as much: 2 x 2^-10.
REDUCED = 2e-3
# float16 has 10 bits and is added up in float32: rounding inputs of intermediate steps and the result
# takes up to 8 units of 2^-11.
FLOAT16 = 4e-3

# Facts of a device that say whether its float32 is reduced, and what they say when it is not.
PRECISION = {
    "conv": ("hf32_conv", "conv_precision"),
    "matmul": ("hf32_matmul", "matmul_precision"),
}
FULL = ("False", "ieee")

BLOCK_S = (
    0.02  # how long the clocks run for one comparison: starting and stopping takes up to 20 us
)
MOST_CALLS = 1 << 14
BLOCKS = 5
CLOCKS_AGREE = 0.05
CLOCKS_AGREE_S = 20e-6
LAUNCHES = 100


class Known(NamedTuple):
    """An operator: ``make`` gives a function of one tensor, which may be a module."""

    make: Callable[[], Callable[[Tensor], Tensor]]
    rounds: bool = True  # False: it only selects or moves values, so it must be exact
    products: str = ""  # a key of PRECISION: float32 may be reduced there


def _conv(groups: int = 1) -> nn.Module:
    return nn.Conv2d(32, 32, 3, padding=1, groups=groups)


def _batch_norm() -> nn.Module:
    layer = nn.BatchNorm2d(32)
    nn.init.normal_(layer.running_mean)  # type: ignore[arg-type]
    nn.init.uniform_(layer.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    return layer


def _linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(2), nn.Linear(14 * 14, 64))


def _shuffle(x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


KNOWN: dict[str, Known] = {
    "conv": Known(_conv, products="conv"),
    "depthwise conv": Known(lambda: _conv(groups=32), products="conv"),
    "group conv": Known(lambda: _conv(groups=4), products="conv"),
    "linear": Known(_linear, products="matmul"),
    "batch norm": Known(_batch_norm),
    "relu6": Known(nn.ReLU6, rounds=False),
    "hardswish": Known(nn.Hardswish),
    "silu": Known(nn.SiLU),
    "gelu": Known(nn.GELU),
    "max pool": Known(lambda: nn.MaxPool2d(3, 2, 1), rounds=False),
    "average pool": Known(lambda: nn.AvgPool2d(2)),
    "global average pool": Known(lambda: nn.AdaptiveAvgPool2d(1)),
    "cat": Known(lambda: lambda x: torch.cat([x, x], 1), rounds=False),
    "channel shuffle": Known(lambda: _shuffle, rounds=False),
    "softmax": Known(lambda: lambda x: functional.softmax(x, 1)),
}
DTYPES = (torch.float32, torch.float16)


def run(device: Device, doing: Callable[[str], None] = lambda _label: None) -> Iterator[Check]:
    """All checks, in a session of the device; ``doing`` is told what comes next, should it be the last."""
    doing("starting the device")
    with device.session(threads=None), torch.inference_mode():
        reduced = _reduced(device)
        for dtype in DTYPES:
            for name, known in KNOWN.items():
                label = str(dtype).removeprefix("torch.")
                doing(f"{name} in {label}")
                yield _watched(device, name, label, lambda k=known, d=dtype: _same(device, k, d, reduced))  # type: ignore[misc]  # fmt: skip
        doing("clocks")
        yield _watched(device, "clocks", None, lambda: clocks(device))
        doing("launch")
        yield _watched(device, "launch", None, lambda: launch(device))


def _watched(
    device: Device, name: str, dtype: str | None, check: Callable[[], dict[str, Any]]
) -> Check:
    """A check, whatever it raises, and what ran somewhere else meanwhile."""
    found: dict[str, Any]
    with device.noticing() as elsewhere:
        try:
            found = check()
        except Exception as error:  # noqa: BLE001  any exception is a finding
            said = " ".join(str(error).split())
            state = "missing" if dtype == "float16" else "failed"
            found = {"state": state, "reason": f"{type(error).__name__}: {said}"[:500]}
            if device.fell_back(said):
                found["fell_back"] = ("fell back: no kernel, and the CPU is ruled out.",)
    return Check(name=name, dtype=dtype, **{"fell_back": tuple(elsewhere), **found})


def _reduced(device: Device) -> frozenset[str]:
    """Where float32 may be reduced: everywhere but on the CPU, unless the device says that it is not."""
    if device.torch_device == "cpu":
        return frozenset()
    facts = device.facts()
    said = {kind: [facts[n] for n in names if n in facts] for kind, names in PRECISION.items()}
    return frozenset(k for k, values in said.items() if not (values and set(values) <= {*FULL}))


def _same(
    device: Device, known: Known, dtype: torch.dtype, reduced: frozenset[str]
) -> dict[str, Any]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        function, x = known.make(), torch.randn(SHAPE).to(dtype)
    if isinstance(function, nn.Module):
        function.eval().to(dtype)
    # A module is changed in place: first on the device, then back with the same values.
    device_function = _to(function, device.torch_device, dtype)
    output = device_function(x.to(device.torch_device)).cpu()
    expected = _to(function, "cpu", torch.float64)(x.double())
    return compare(output, expected, dtype, known, may_be_reduced=known.products in reduced)


def _to(
    function: Callable[[Tensor], Tensor], where: str, dtype: torch.dtype
) -> Callable[[Tensor], Tensor]:
    return function.to(where, dtype) if isinstance(function, nn.Module) else function


def compare(
    output: Tensor, expected: Tensor, dtype: torch.dtype, known: Known, *, may_be_reduced: bool
) -> dict[str, Any]:
    """Errors of an output against its reference, and whether they are within what is tolerated."""
    tolerance = 0.0
    if known.rounds:
        tolerance = FLOAT16 if dtype == torch.float16 else REDUCED if may_be_reduced else FLOAT32
    if output.shape != expected.shape or output.dtype != dtype:
        reason = f"it is {output.dtype} {list(output.shape)}, not {dtype} {list(expected.shape)}"
        return {"state": "differs", "tolerance": tolerance, "reason": reason}
    if not output.isfinite().all():
        reason = "it is not finite"
        return {"state": "differs", "tolerance": tolerance, "reason": reason}
    absolute = float((output.double() - expected).abs().max())
    relative = absolute / float(expected.abs().max())
    found = {"max_abs_error": absolute, "max_rel_error": relative, "tolerance": tolerance}
    if relative > tolerance:
        reason = "it must be exact" if not tolerance else f"the error is above {number(tolerance)}"
        return {**found, "state": "differs", "reason": reason}
    rounded = may_be_reduced and dtype == torch.float32 and relative > FLOAT32
    return {**found, "state": "ok", "note": "in reduced precision (TF32, HF32)" if rounded else ""}


def clocks(device: Device) -> dict[str, Any]:
    """The device's own clock against that of the wall, for the same blocks of a convolution."""
    x = torch.randn(SHAPE, device=device.torch_device)
    layer = _conv().eval().to(device.torch_device)
    step = device.step(lambda: layer(x), torch.inference_mode)
    step(1)  # a first call may compile
    n = 1
    while n < MOST_CALLS and step(n).wall_s * n < BLOCK_S:
        n *= 2
    readings = [step(n) for _ in range(BLOCKS)]
    return agreement(readings, n)


def agreement(readings: list[Reading], n: int) -> dict[str, Any]:
    """Of blocks of ``n`` calls the one with the median difference: it must be within 5 % or 20 us."""
    pairs = [(r.wall_s, r.device_s) for r in readings if r.device_s is not None]
    if not pairs:
        wall_s = median(reading.wall_s for reading in readings)
        return {"state": "ok", "wall_s": wall_s, "note": "it has no clock of its own"}
    pairs.sort(key=lambda pair: abs(pair[0] - pair[1]))
    wall_s, device_s = pairs[len(pairs) // 2]
    apart_s = abs(wall_s - device_s)
    found = {"wall_s": wall_s, "device_s": device_s}
    if apart_s * n <= max(CLOCKS_AGREE * wall_s * n, CLOCKS_AGREE_S):
        return {**found, "state": "ok"}
    reason = f"{percent(apart_s / wall_s)} lie between its clock and that of the wall"
    return {**found, "state": "differs", "reason": reason}


def launch(device: Device) -> dict[str, Any]:
    """Seconds to launch an operator that does next to nothing."""
    x = torch.zeros(1, device=device.torch_device)
    step = device.step(lambda: x.add_(0), torch.inference_mode)
    step(LAUNCHES)
    readings = [step(LAUNCHES) for _ in range(BLOCKS)]
    times = [r.wall_s if r.launch_s is None else r.launch_s for r in readings]
    return {"state": "ok", "launch_s": median(times)}
