"""What an engine answers, held against the network itself in float64, or what there is of a model file instead."""

from __future__ import annotations

import math
from typing import Literal

from lightbench.records.case import WIDE, Dtype
from lightbench.records.noun import Noun

Verdict = Literal["same", "approximate", "differs"]
TIMES = 16  # engines in float32 were found within 5.2 times the error of eager PyTorch
FLOOR = 1e-6  # of rounding alone
FAR = 1e-2  # what is stored in 16 bits stays below, and so do large tiles of Winograd's convolution
APART = 1e-4  # of two engines in float32, each of which was found up to 2e-5 off float64
# What an engine is held against, if that is no other engine.
NETWORK, REFERENCE = "network", "onnx.reference"


class Outputs(Noun, frozen=True, kw_only=True):
    """The largest error of an answer, as a fraction of its largest number: of the engine, and of eager PyTorch
    in the same precision. Of the answer to one input or, where that is larger, of the difference between the
    answers to two. None: it has other shapes, or what is no number.

    Of a model file there is no eager PyTorch. ``against`` `REFERENCE` it is ONNX's own implementation whose error
    ``eager_error`` is, in float32 or as much as the precision is coarser; against another engine, in float32, nobody
    knows its own: None."""

    error: float | None
    eager_error: float | None
    dtype: Dtype = "float32"  # that the engine was asked for, or of its file
    against: str = (
        NETWORK  # in float64, as is `REFERENCE`; else the engine that it is compared with
    )

    def __post_init__(self) -> None:
        for error in (self.error, self.eager_error):
            if error is not None and not 0 <= error < math.inf:
                raise ValueError(f"an error is a number, 0 or more, got {error!r}")

    @property
    def verdict(self) -> Verdict:
        """*same*: no more than another order of sums does; *approximate*: up to 1 %; else it *differs*. In less
        than float32 nothing is the same, but it is *approximate* as far as eager PyTorch is in that precision,
        and in int8 however far off: what that costs only an evaluation says."""
        if self.error is None:
            return "differs"
        own = self.eager_error
        usual = self.error <= (APART if own is None else max(TIMES * own, FLOOR))
        if self.dtype in WIDE:
            near = self.error <= FAR
            return "same" if usual else "approximate" if near else "differs"
        near = usual or self.error <= FAR or self.dtype == "int8"
        return "approximate" if near else "differs"


class OffPath(Noun, frozen=True, kw_only=True):
    """Operators that an engine runs, and not as fast as it runs others."""

    path: str  # of the module that calls them: "features.0.pool"; "" is the network itself
    op: str  # as its engine names it: "avg_pool2d"
    count: int  # 1 or more, of one call
    why: str  # what becomes of them, after "run": "outside XNNPACK"

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"a count of operators is 1 or more, got {self.count!r}")


class Conversion(Noun, frozen=True, kw_only=True):
    """What an engine that runs no PyTorch has made of a network."""

    packages: tuple[str, ...]  # that made it and run it: "onnxruntime 1.32.0"
    size_bytes: int  # of the file that it reads
    seconds: float  # to make it
    kept: bool  # made by an earlier run, and so are the seconds
    calibrated_on: str | None = None  # what the ranges of int8 were learnt from
    left: tuple[OffPath, ...] = ()  # what is off the engine's fast path, as far as it tells
