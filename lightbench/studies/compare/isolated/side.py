"""The near end of the pipes of `turns`: its processes are started, asked and ended here."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import msgspec

from lightbench.environment import free_cores
from lightbench.errors import NotAvailable, UsageError
from lightbench.processes import ending
from lightbench.records import Environment, Record
from lightbench.registry import PACKAGE
from lightbench.runner.record import failed
from lightbench.studies.compare.isolated.turns import FINISH, PROTOCOL, Task
from lightbench.timing.clock import Reading
from lightbench.units import seconds
from lightbench.version import VERSION
from lightbench.workers import autoload
from lightbench.workers.manager import MARK, again

PATIENCE_S = 600.0  # for one answer: that a network is loaded, or has been called
LOOK_S = (
    1.0  # how often to see whether it lives: what it has forked may keep a dead one's pipe open
)
ENDING_S = 10.0

T = TypeVar("T")


class SideFailed(Exception):
    """A side that could not be run. ``key`` says which, ``record`` why."""

    def __init__(self, key: str, record: Record) -> None:
        super().__init__(key)
        self.key = key
        self.record = record


class Here(msgspec.Struct, frozen=True):
    """Where a side runs; ``pinned``: on the cores of its task only."""

    environment: Environment
    pinned: bool


class Child:
    """The process of one side. Its methods raise SideFailed, also if it dies or says nothing for ten
    minutes; before it has said hello, NotAvailable: then it is no lightbench that we can talk to."""

    def __init__(
        self,
        key: str,
        task: Task,
        process: subprocess.Popen[bytes],
        python: str,
        lines: int,
        tokens: int,
    ) -> None:
        self._key = key
        self._case = task.version.case
        self._label = task.version.label or self._case.model
        self._process = process
        self._python = python
        self._lines, self._tokens = lines, tokens  # file descriptors
        self._begun = b""  # of a line
        self._greeted = False
        # Nothing is known of where it runs, until it has said so.
        self._here = Here(Environment(comparable={"device": self._case.device}, noted={}), False)

    @property
    def pinned(self) -> bool:
        """Does it run on the cores of its task only?"""
        return self._here.pinned

    def load(self) -> Record:
        """What is known of its network before it is timed. Raises what the child raises, too."""
        hello = self._answer("hello", dict[str, Any])
        if hello.get("protocol") != PROTOCOL:
            raise self._stranger(f"its lightbench is of version {hello.get('lightbench')}")
        self._greeted = True
        self._here = self._answer("here", Here)
        return self._answer("ready", Record)

    def turn(self, token: bytes) -> Reading:
        """What it says to a token."""
        self._tell(token)
        return self._answer("reading", Reading)

    def finish(self) -> Record:
        """The record of all it has timed."""
        self._tell(FINISH)
        return self._answer("record", Record)

    def _tell(self, token: bytes) -> None:
        with suppress(BrokenPipeError):  # how it ended is said when the answer is missing
            os.write(self._tokens, token)

    def _answer(self, wanted: str, form: type[T]) -> T:
        line = self._line()
        try:
            kind, value = msgspec.json.decode(line, type=tuple[str, Any])
            if kind == "error":
                raise again(value)
            if kind == "record":
                record = msgspec.convert(value, Record)
                if record.failure:
                    raise SideFailed(self._key, record)
            if kind == wanted:
                return msgspec.convert(value, form)
        except (msgspec.MsgspecError, KeyError, TypeError) as error:
            raise self._stranger(f"what it says cannot be read: {error}") from error
        raise self._stranger(f"it says {kind!r} instead of {wanted!r}")

    def _line(self) -> bytes:
        give_up = time.monotonic() + PATIENCE_S
        while b"\n" not in self._begun:
            ended = (
                self._process.poll() is not None
            )  # asked first: it may have said something before
            if select.select([self._lines], [], [], 0 if ended else LOOK_S)[0]:
                said = os.read(self._lines, 1 << 16)
                self._begun += said
                ended = not said
            if ended:
                raise self._lost(f"ended early: {self._code()}")
            if time.monotonic() > give_up:
                raise self._lost(f"has said nothing for {seconds(PATIENCE_S)}")
        line, _, self._begun = self._begun.partition(b"\n")
        return line

    def _code(self) -> str:
        try:
            return ending(self._process.wait(ENDING_S))
        except subprocess.TimeoutExpired:
            return "it closed its pipe"

    def _lost(self, what: str) -> Exception:
        if not self._greeted:
            return self._stranger(f"its process {what}")
        reason = NotAvailable(
            f"the process of {self._label} {what}.",
            "`lightbench doctor --selftest` finds out more.",
        )
        return SideFailed(self._key, failed(self._case, reason, self._here.environment))

    def _stranger(self, why: str) -> NotAvailable:
        return NotAvailable(
            f"{self._python} cannot be asked to measure: {why}.",
            f"It needs lightbench {VERSION}, installed from {_here()} and not by its name, which is"
            " another project's on a package index; and what the network imports.",
        )


def _here() -> str:
    """Where this lightbench can be installed from."""
    top = PACKAGE.parent
    return repr(str(top)) if (top / "pyproject.toml").is_file() else "its repository"


@contextmanager
def started(key: str, task: Task, python: str | None = None) -> Iterator[Child]:
    """A process of `turns` for a side, ended afterwards with all that it has started. Raises
    UsageError for an interpreter that does not start."""
    python = python or sys.executable
    (lines, its_lines), (its_tokens, tokens) = os.pipe(), os.pipe()
    try:
        try:
            process = _start(python, its_lines, its_tokens)
        finally:  # with a copy left open here, the end of the process would not end the pipe
            os.close(its_lines)
            os.close(its_tokens)
        try:
            with suppress(BrokenPipeError), process.stdin as stdin:  # type: ignore[union-attr]
                stdin.write(msgspec.json.encode(task))
            yield Child(key, task, process, python, lines, tokens)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    finally:
        os.close(lines)
        os.close(tokens)


def _start(python: str, lines: int, tokens: int) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C is ours alone, and with hashes of its own."""
    environ = {**autoload.handed_on(os.environ), **free_cores.handed_on(), MARK: "1"}
    environ.pop("PYTHONHASHSEED", None)
    # Threads that spin until their next call take the core from the side whose turn it is: measured on
    # two cores with two threads, 12 pairs in the time of 300.
    environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        return subprocess.Popen(  # noqa: S603  our own module
            [python, "-m", "lightbench.studies.compare.isolated.turns", str(lines), str(tokens)],
            env=environ,
            pass_fds=[lines, tokens],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise UsageError(
            f"cannot start {python!r}: {error.strerror}.",
            "Name a Python interpreter: --old-python venv/bin/python.",
        ) from error
