"""What is to be known: one network, and how it is run."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import structs

from lightbench.errors import UsageError
from lightbench.records.inputs import Input, check_inputs
from lightbench.records.noun import Noun

Float = Literal["float32", "float64", "float16", "bfloat16"]  # what PyTorch computes a network in
Dtype = Literal[
    "float32", "float64", "float16", "bfloat16", "int8"
]  # and what some engines make of it
FLOATS: tuple[str, ...] = get_args(Float)
WIDE = ("float32", "float64")  # in which a network is made and trained
Mode = Literal["infer", "train"]
Layout = Literal["contiguous", "channels_last"]

# Options of a device by which something is measured apart from the time, which does not depend on them.
TRANSFERS = "h2d"  # the inputs' way to the device and the outputs' to the host
ENERGY = "energy"  # joules per image, from samples of power or a counter
CROSSCHECK = "crosscheck"  # what the program of an engine's maker says of the time; of the CPU
MEMORY = "memory"  # what a network adds to a process of its own; of the CPU
APART = (TRANSFERS, ENERGY, CROSSCHECK, MEMORY)


class Case(Noun, frozen=True, kw_only=True):
    """One network x input x device x engine x precision x mode: what is to be known."""

    model: str
    inputs: tuple[Input, ...]
    batch: int = 1
    device: str = "cpu"
    engine: str = "eager"
    dtype: Dtype = "float32"
    mode: Mode = "infer"
    layout: Layout = "contiguous"
    threads: int | None = None  # None: as many as are free; the record's environment says how many
    options: tuple[str, ...] = ()  # of the device, in alphabetical order: "cold-cache", "graph"
    calibration: str | None = None  # of int8: images or inputs, as typed; None: like the timed one

    @property
    def timed(self) -> Case:
        """The case that its time is of: without what is measured apart from that."""
        kept = tuple(option for option in self.options if option not in APART)
        return self if kept == self.options else structs.replace(self, options=kept)

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise UsageError(f"a batch is 1 or more, got {self.batch}.", "Try --batch 1.")
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"threads are 1 or more, got {self.threads}.", "Try --threads 1.")
        check_inputs(self.inputs, self.batch)
