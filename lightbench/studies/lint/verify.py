"""What a finding costs, measured: its block with and without the cause, in rounds of random order.

The operators of the block are called again on the tensors that they had in the network, first all,
then without the cause: without them where the cause is their presence, with one convolution of equal
MAdds in their place where it is their shape.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lightbench.costs.borrow import borrowed, parts_of, unwrap
from lightbench.costs.plans import Plan
from lightbench.costs.trace import Tracer
from lightbench.costs.work import Work
from lightbench.records import Op, Samples
from lightbench.records.failure import explain
from lightbench.stats.median import by_round, median, median_interval
from lightbench.studies.lint.linted import Finding
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Rule
from lightbench.workers import journal

ALIGN = 8  # channels of what stands in: no device is good at odd ones

Call = Callable[[], Any]


@dataclass(frozen=True)
class Saving:
    """Seconds that a call of the block gets shorter without the cause, with its 95 % interval;
    ``block_s`` is the block with it."""

    seconds: float
    low_s: float | None
    high_s: float | None
    block_s: float


class _Captured(NamedTuple):
    call: Call
    args: tuple[Any, ...]


class _Recorder(Tracer):  # type: ignore[no-untyped-call]
    """Keeps the calls of some rows: operator and arguments."""

    def __init__(self, *args: Any, wanted: frozenset[int], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.captured: dict[int, _Captured] = {}
        self._wanted = wanted
        self._last: _Captured | None = None

    def execute(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._last = _Captured(partial(func, *args, **kwargs), args)
        return super().execute(func, args, kwargs)

    def add(self, plan: Plan, work: Work, args: tuple[Any, ...], out: Any) -> None:
        if len(self.rows) in self._wanted and self._last is not None:
            self.captured[len(self.rows)] = self._last
        super().add(plan, work, args, out)


def capture(
    network: nn.Module, call: Call, positions: Sequence[int], ops: Sequence[Op] | None = None
) -> dict[int, _Captured]:
    """Call the network once, on real tensors; gives the calls of the rows at ``positions``; none if
    what runs are not the counted ``ops``, as where another layout needs a copy more. Raises
    ModelError."""
    network = unwrap(network)
    parts = parts_of(network)
    try:
        with borrowed(parts) as place, torch.inference_mode():
            held = (*parts.parameters, *parts.buffers)
            recorder = _Recorder(place, held, meta=False, wanted=frozenset(positions))
            with recorder:
                call()
    except BaseException as error:
        journal.let_through(error)
        raise explain(network, error) from error
    ran = [(row.where.path, row.op) for row in recorder.rows]
    as_counted = ops is None or ran == [(op.path, op.op) for op in ops]
    return recorder.captured if as_counted else {}


def measure(
    finding: Finding,
    ops: Sequence[Op],
    captured: dict[int, _Captured],
    make_step: Callable[[Call, Any], Any],
    *,
    seconds: float,
    clock: Callable[[], float],
    rng: random.Random,
) -> Saving | None:
    """Time the block of a finding with and without its cause for about ``seconds``. None where it
    was not captured, or where nothing can stand in for it. Raises what the operators raise."""
    if any(i not in captured for i in finding.block):
        return None
    with torch.inference_mode():
        whole = [captured[i].call for i in finding.block]
        left = _without(finding, ops, captured)
    if left is None:
        return None
    without, scale = left
    steps = {
        "with": make_step(partial(_run, whole), torch.inference_mode),
        "without": make_step(partial(_run, without), torch.inference_mode),
    }
    samples = collect(
        steps,
        Rule(rel=0.005, max_s=seconds / 2, warmup_s=max(seconds / 10, 0.05)),
        clock=clock,
        rng=rng,
        compared={"without": "with"},
    )
    times = {}
    for name, taken in samples.items():
        if isinstance(taken, Exception):
            raise taken
        times[name] = _rounds(taken)
    saved = [a - b * scale for a, b in zip(times["with"], times["without"], strict=True)]
    low, high = median_interval(saved) or (None, None)
    return Saving(median(saved), low, high, median(times["with"]))


def _rounds(samples: Samples) -> list[float]:
    return by_round(samples.times_s, samples.samples_per_round)


def _run(calls: Sequence[Call]) -> None:
    for call in calls:
        call()


def _without(
    finding: Finding, ops: Sequence[Op], captured: dict[int, _Captured]
) -> tuple[list[Call], float] | None:
    """The block without the cause, and what its time has to be multiplied by to be at equal MAdds.
    None for a convolution that is not on maps: what stands in is a conv2d."""
    rest = [captured[i].call for i in finding.block if i not in finding.ops]
    if finding.instead is None:
        return rest, 1.0
    madds = sum(ops[i].madds for i in finding.ops)
    c_in, c_out, kernel = (*map(_aligned, finding.instead[:2]), finding.instead[2])
    like = next(t for t in captured[finding.ops[0]].args if isinstance(t, Tensor))
    if like.dim() != 4:
        return None
    x, weight = _operands(like, c_in, c_out, kernel)
    out = torch.nn.functional.conv2d(x, weight, padding=kernel // 2)
    mine = out.numel() * c_in * kernel * kernel
    stand_in = partial(torch.ops.aten.conv2d.default, x, weight, None, [1, 1], [kernel // 2] * 2)
    return [*rest, stand_in], madds / mine


def _aligned(channels: int) -> int:
    return max(round(channels / ALIGN), 1) * ALIGN


def _operands(like: Tensor, c_in: int, c_out: int, kernel: int) -> tuple[Tensor, Tensor]:
    """An input and a filter on the device, in the precision and the layout of ``like``."""
    layout = (
        torch.channels_last
        if like.is_contiguous(memory_format=torch.channels_last) and not like.is_contiguous()
        else torch.contiguous_format
    )
    shape = (like.shape[0], c_in, *like.shape[2:])
    x = torch.randn(shape, dtype=like.dtype, device=like.device)
    scale = 1 / math.sqrt(c_in * kernel * kernel)
    weight = torch.randn((c_out, c_in, kernel, kernel), dtype=like.dtype, device=like.device)
    return x.contiguous(memory_format=layout), (weight * scale).contiguous(memory_format=layout)
