"""What every device can do, and what most need not say."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from lightbench.environment import contention, free_cores
from lightbench.errors import DeviceUnavailable
from lightbench.timing.clock import Step

Call = Callable[[], Any]
Context = Callable[[], AbstractContextManager[Any]]
Facts = Mapping[str, str | int | None]
Notes = Mapping[str, str | int | float | None]

# What any accelerator can be asked for, beside what is measured apart from the time (see `records.case`).
GRAPH = "graph"  # record the call, and play it again: no launch overhead
COLD = "cold-cache"  # empty the last cache before each call


class Device(ABC):
    """One device. ``torch_device`` is what PyTorch calls it; ``known`` are the options it has."""

    torch_device: str
    known: tuple[str, ...] = ()
    # The environment of a process of its own in which what the device cannot do is an error instead
    # of being done elsewhere; None: it needs no process of its own.
    strict: Mapping[str, str] | None = None

    def unavailable(self) -> DeviceUnavailable | None:
        """Why it cannot be used, and what to do about it; None: it can."""
        return None

    @abstractmethod
    def host_threads(self, asked: int | None) -> int:
        """How many CPU threads a session with ``asked`` has. Raises UsageError."""

    def facts(self) -> Facts:
        """What must be equal before two times of this device are compared."""
        return {}

    def product(self) -> str | None:
        """What its maker calls it: "Ascend910B3"; None: it does not say."""
        name = self.facts().get("accelerator")
        return None if name is None else str(name)

    def total_memory(self) -> int | None:
        """Bytes that it has; None: it does not say."""
        return None

    def refuse(self, *, layout: str, dtype: str, mode: str) -> None:  # noqa: B027  most refuse nothing
        """Raises UsageError for what it cannot do, or would do as something else."""

    @abstractmethod
    def session(self, *, threads: int | None) -> AbstractContextManager[int]:
        """Make it ready, and leave it as it was; gives the CPU threads there are."""

    @contextmanager
    def watching(
        self, asked: int | None, active: int, *, top: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Watch who else wants the processor, of which ``active`` threads run here, ``asked`` for or
        not. What is given is filled in afterwards, for the environment of what was timed; ``top`` is
        the process whose children are all ours, if not this one."""
        default = free_cores.noted() if asked is None else {}
        with contention.watching(active, clock=time.perf_counter, top=top) as seen:
            seen.update(default)
            yield seen

    def free_memory(self) -> int | None:
        """Bytes that can be had; None: it does not say."""
        return None

    def synchronize(self) -> None:  # noqa: B027  most have done their work when a call returns
        """Wait until all that was launched has been done."""

    def noticing(self) -> AbstractContextManager[list[str]]:
        """Collects warnings about what is run somewhere else meanwhile."""
        return nullcontext([])

    def fell_back(self, message: str) -> bool:  # noqa: ARG002  most run everything themselves
        """Does this error of a strict process say that something would have run elsewhere?"""
        return False

    @abstractmethod
    def step(self, call: Call, context: Context, inputs: Sequence[Any] = ()) -> Step:
        """A timed block of calls, run in the context, which is outside the clock. ``inputs`` are
        those of the network, for devices that they must be copied to."""

    def peak_memory(self, call: Call, context: Context) -> int | None:  # noqa: ARG002
        """Bytes that one call has allocated at its highest point; None: it does not say."""
        return None

    def concerns(self) -> tuple[str, ...]:
        """In a session: what about the device spoils times, one sentence each."""
        return ()

    def noted(self) -> Notes:
        """In a session: what it says of itself so far, such as its clock."""
        return {}

    def energy(self, call: Call, context: Context) -> float | None:  # noqa: ARG002
        """In a session: joules of one call; None: it does not say."""
        return None

    def why_no_energy(self) -> str:
        """Why `energy` says nothing, as the end of a sentence."""
        return f"{self.torch_device} gave too few samples of power"
