"""A network is called for the first time: does it run, in which context, and what does it change?"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from lightbench.devices import Device
from lightbench.engines import Context, Program
from lightbench.errors import LightbenchError
from lightbench.records.failure import is_memory
from lightbench.runner import anew
from lightbench.runner.answer import NOT_FINITE, Answer, answer


class FirstRun(NamedTuple):
    """``program`` runs in the context in which it did run."""

    program: Program
    seconds: float  # in which kernels are compiled or chosen
    answer: Answer  # in short
    overwritten: bool  # does it write to its inputs?
    gradients: bool  # did it need the context of those that take gradients?

    def said(self) -> tuple[str, ...]:
        """What a reader must know, a sentence each."""
        told = (
            (
                not self.answer.finite,
                f"{NOT_FINITE}: its time may not be that of a working network.",
            ),
            (
                self.overwritten,
                "it overwrites its input, so that each call is given it anew, outside the clock.",
            ),
            (
                self.gradients,
                "it takes gradients in its forward pass: timed under no_grad, not in inference mode.",
            ),
        )
        return tuple(sentence for so, sentence in told if so)


def first_run(program: Program, device: Device, args: Any) -> FirstRun:
    """Run once. A network that its context refuses is tried once more in that of those that take
    gradients; if it does not run there either, what was refused first is raised."""
    before = anew.versions(args)
    taken = False
    try:
        seconds, outputs = _called(program, program.context, device)
    except LightbenchError:
        raise
    except Exception as refused:
        if program.with_gradients is None or is_memory(refused):
            raise
        try:
            seconds, outputs = _called(program, program.with_gradients, device)
        except Exception:  # noqa: BLE001  the context was not the reason
            raise refused from None
        program, taken = Program(program.call, program.with_gradients), True
    overwritten = anew.versions(args) != before
    return FirstRun(program, seconds, answer(outputs), overwritten, taken)


def _called(program: Program, context: Context, device: Device) -> tuple[float, Any]:
    with context():
        start = time.perf_counter()
        outputs = program.call()
        device.synchronize()
        return time.perf_counter() - start, outputs
