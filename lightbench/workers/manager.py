"""The processes in which lightbench's own code runs for this one: started, asked and ended here only.

One runs a module, whose argument is a file descriptor: it finds its request on stdin, as JSON, and writes
lines to that, each a kind and a value. Its stdout is left to whatever prints there.
"""

from __future__ import annotations

import math
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import IO, Any

import msgspec

from lightbench import errors
from lightbench.errors import LightbenchError, NotAvailable
from lightbench.workers import autoload, interrupts, journal
from lightbench.workers.clean_start import command_of, without_secrets

UNHEARD = 71  # the exit code of one that cannot answer
MARK = "LIGHTBENCH_WORKER"  # set in such a process: it starts no further one that measures
LOOK_S = 1.0  # how often to see whether it lives: what it has forked may keep its pipe open
PAUSE_S = 2.0  # a look that takes longer was a pause of us both, as Ctrl-Z makes one
ENDING_S = 10.0  # to end, once it has closed its pipe


@dataclass
class Child:
    """A process that `started` has started, and ends."""

    process: subprocess.Popen[bytes]
    _lines: int  # file descriptors
    _tokens: int
    _printed: IO[bytes] | None
    _alone: bool
    _begun: bytes = b""  # of a line

    def answer(self, patience_s: float = math.inf) -> tuple[str, Any] | None:
        """The kind and value that it says next; None: it has ended. Raises TimeoutError if it says
        nothing for so long, and msgspec.MsgspecError for what is no such line."""
        give_up = time.monotonic() + patience_s
        pipe = select.poll()
        pipe.register(self._lines, select.POLLIN)
        while b"\n" not in self._begun:
            # Asked first: one that has ended may have said something before.
            ended = self.process.poll() is not None
            looked_s = time.monotonic()
            left_s = 0.0 if ended else give_up - looked_s
            if pipe.poll(1000 * max(min(left_s, LOOK_S), 0.0)):
                said = os.read(self._lines, 1 << 16)
                self._begun += said
                ended = not said
            if ended:
                return None
            now_s = time.monotonic()
            give_up += max(now_s - looked_s - PAUSE_S, 0.0)
            if now_s > give_up:
                raise TimeoutError
        line, _, self._begun = self._begun.partition(b"\n")
        return msgspec.json.decode(line, type=tuple[str, Any])

    def tell(self, token: bytes) -> None:
        """Hand it a token. If it has ended that is known from the answer, which is missing."""
        with suppress(BrokenPipeError):
            os.write(self._tokens, token)

    def ending(self) -> str:
        """How it has ended, in words: "exit code 3", "killed by SIGSEGV", what became of its pipe."""
        try:
            code = self.process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            return "it closed its pipe"
        if code == UNHEARD:
            return "the pipe that it answers on was closed in it"
        if code >= 0:
            return f"exit code {code}"
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
        return f"killed by signal {-code}"

    def words(self) -> list[str]:
        """The lines that it has printed. Ends it."""
        self.end()
        assert self._printed is not None
        self._printed.seek(0)
        return self._printed.read().decode(errors="replace").splitlines()

    def end(self) -> None:
        """End it, and if it is alone all that it has started."""
        with suppress(ProcessLookupError):
            if self._alone:
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        self.process.wait()

    @contextmanager
    def interrupts(self) -> Iterator[list[int]]:
        """Collects the signals that would interrupt us: they are the child's business, and what that
        still sends is waited for. One that does not let go is ended."""
        seen: list[int] = []
        late = threading.Timer(1.5 * interrupts.STOPPING_S, self.process.kill)
        late.daemon = True

        def note(number: int, _frame: object) -> None:
            seen.append(number)
            interrupts.note(number)
            if len(seen) == 1:
                self.process.send_signal(number)
                late.start()

        try:
            before = interrupts.instead(note)
        except ValueError:  # not the main thread, which is the one that gets them
            yield seen
            return
        try:
            yield seen
        finally:
            for number, answer in before.items():
                signal.signal(number, answer)
            late.cancel()


@contextmanager
def started(
    command: Sequence[str],
    request: Any = None,
    *,
    environ: Mapping[str, str | None] = MappingProxyType({}),
    tokens: bool = False,
    words: bool = False,
    alone: bool = True,
) -> Iterator[Child]:
    """A process, ended afterwards. Raises OSError for a command that does not start.

    ``environ`` is set besides what the user has set, but for secrets; None takes a variable out. With ``tokens`` it gets
    a second file descriptor, to read them from. With ``words`` what it prints is kept, else its stderr
    is ours. ``alone`` in a session of its own: Ctrl-C does not reach it, and what it has started ends
    with it.
    """
    variables = {**without_secrets(autoload.handed_on(os.environ)), MARK: "1", **environ}
    with ExitStack() as ours:
        printed = ours.enter_context(tempfile.TemporaryFile()) if words else None
        (lines, its_lines), (its_tokens, told) = os.pipe(), os.pipe()
        ours.callback(os.close, lines)
        ours.callback(os.close, told)
        its = [its_lines, its_tokens] if tokens else [its_lines]
        try:
            process = subprocess.Popen(  # noqa: S603  our own module
                [*command, *map(str, its)],
                env={name: value for name, value in variables.items() if value is not None},
                pass_fds=its,
                stdin=subprocess.PIPE,
                stdout=printed or subprocess.DEVNULL,
                stderr=printed,
                start_new_session=alone,
            )
        finally:  # with a copy left open here, the end of the process would not end the pipe
            os.close(its_lines)
            os.close(its_tokens)
        child = Child(process, lines, told, printed, alone)
        try:
            with suppress(BrokenPipeError), process.stdin as stdin:  # type: ignore[union-attr]
                stdin.write(msgspec.json.encode(request))
            yield child
        finally:
            child.end()


def answers(
    module: str, request: Any, environ: Mapping[str, str], what: str
) -> Iterator[tuple[str, Any]]:
    """What a process of its own says to a request: ``module`` is run there and calls `worker.serve`.
    ``what`` it measures, in words.

    A signal to stop is handed on to the child, which sends what it has; KeyboardInterrupt is raised then. Raises
    what the child raised, and NotAvailable if it dies, or says nothing for longer than a network may
    take (see `journal.limit`). Whoever stops listening ends the child.
    """
    end = ""
    with (
        started(command_of(module), request, environ=environ, alone=False) as child,
        child.interrupts() as interrupts,
    ):
        for kind, value in iter(partial(_patiently, child, what), None):
            if kind == "error":
                raise again(value)
            if kind == "end":
                end = value
            else:
                yield kind, value
        child.process.wait()
    if interrupts or end == "interrupted":
        raise KeyboardInterrupt
    if not end:
        raise NotAvailable(
            f"the process that measures {what} ended early: {child.ending()}.",
            "Does the network run by itself? `lightbench doctor --selftest` tries the device.",
        )


def _patiently(child: Child, what: str) -> tuple[str, Any] | None:
    patience_s = journal.patience_s()
    try:
        return child.answer(patience_s)
    except TimeoutError:
        raise NotAvailable(
            f"the process that measures {what} has said nothing for {patience_s:g} s (--timeout).",
            "Does the network run by itself, and how long does one call take?",
        ) from None


def again(value: Mapping[str, Any]) -> LightbenchError:
    """The error that another process has told of, of the same kind."""
    kind = getattr(errors, str(value.get("error")), LightbenchError)
    error: LightbenchError = kind.__new__(kind)
    LightbenchError.__init__(error, value["message"], value["hint"])
    error.exit_code = value["exit_code"]
    return error
