"""The near end of the pipes of `turns`: its processes are started, asked and ended here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import msgspec

from lightbench.environment import free_cores, waiting
from lightbench.environment.version import VERSION
from lightbench.errors import NotAvailable, UsageError
from lightbench.records import Environment, Record
from lightbench.registry import PACKAGE
from lightbench.runner.record import failed
from lightbench.studies.compare.isolated.turns import FINISH, PROTOCOL, Task
from lightbench.timing.clock import Reading
from lightbench.units import seconds
from lightbench.workers import manager
from lightbench.workers.clean_start import command_of
from lightbench.workers.manager import again

PATIENCE_S = 600.0  # for one answer: that a network is loaded, or has been called

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

    def __init__(self, key: str, task: Task, process: manager.Child, python: str) -> None:
        self._key = key
        self._case = task.version.case
        self._label = task.version.label or self._case.model
        self._process = process
        self._python = python
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
        self._process.tell(token)
        return self._answer("reading", Reading)

    def finish(self) -> Record:
        """The record of all it has timed."""
        self._process.tell(FINISH)
        return self._answer("record", Record)

    def _answer(self, wanted: str, form: type[T]) -> T:
        try:
            said = self._process.answer(PATIENCE_S)
            if said is None:
                raise self._lost(f"ended early: {self._process.ending()}")
            kind, value = said
            if kind == "error":
                raise again(value)
            if kind == "record":
                record = msgspec.convert(value, Record)
                if record.failure:
                    raise SideFailed(self._key, record)
            if kind == wanted:
                return msgspec.convert(value, form)
        except TimeoutError:
            raise self._lost(f"has said nothing for {seconds(PATIENCE_S)}") from None
        except (msgspec.MsgspecError, KeyError, TypeError) as error:
            raise self._stranger(f"what it says cannot be read: {error}") from error
        raise self._stranger(f"it says {kind!r} instead of {wanted!r}")

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
    """A process of `turns` for a side, with hashes of its own, ended afterwards with all that it has
    started. Raises UsageError for an interpreter that does not start."""
    command = command_of("lightbench.studies.compare.isolated.turns", python)
    python = command[0]
    environ = {
        **free_cores.handed_on(),
        "PYTHONHASHSEED": None,
        # Threads that spin until their next call take the core from the side whose turn it is: measured
        # on two cores with two threads, 12 pairs in the time of 300.
        waiting.VARIABLE: os.environ.get(waiting.VARIABLE, waiting.ASLEEP),
    }
    with ExitStack() as stack:
        try:
            process = stack.enter_context(
                manager.started(command, task, environ=environ, tokens=True)
            )
        except OSError as error:
            raise UsageError(
                f"cannot start {python!r}: {error.strerror}.",
                "Name a Python interpreter: --old-python venv/bin/python.",
            ) from error
        yield Child(key, task, process, python)
