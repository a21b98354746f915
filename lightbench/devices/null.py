"""A device that runs nothing and takes 1 ms for it: for trying out plans, and for tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lightbench.devices.support.base import Call, Context, Device
from lightbench.timing.clock import Reading, Step

SECONDS = 0.001


class Null(Device):
    """Always there, always the same."""

    torch_device = "meta"
    seconds = SECONDS

    def host_threads(self, asked: int | None) -> int:
        """As many as asked for: they are all idle."""
        return asked or 1

    @contextmanager
    def session(self, *, threads: int | None) -> Iterator[int]:
        """Nothing to set."""
        yield self.host_threads(threads)

    @contextmanager
    def watching(
        self,
        asked: int | None,  # noqa: ARG002
        active: int,  # noqa: ARG002
        *,
        top: int | None = None,  # noqa: ARG002
    ) -> Iterator[dict[str, Any]]:
        """Its time is always the same, whoever wants the processor."""
        yield {}

    def step(self, call: Call, context: Context, inputs: Sequence[Any] = ()) -> Step:  # noqa: ARG002
        """Always the same reading."""
        return lambda _n: Reading(self.seconds, self.seconds)


_NULL = Null()


def at(_index: int = 0, _options: tuple[str, ...] = ()) -> Null:
    """The only one."""
    return _NULL
