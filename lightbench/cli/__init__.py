"""The command line: one file is one command, imported when it is used."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from lightbench import __version__, registry
from lightbench.cli import complete, help  # noqa: A004
from lightbench.cli.output import INTERRUPTED, say, say_error
from lightbench.errors import (
    FAULT,
    REPORT_IT,
    LightbenchError,
    OutOfMemory,
    StoreError,
    UnknownName,
    UsageError,
)
from lightbench.process import streams
from lightbench.process.needed import not_loading
from lightbench.workers import autoload, interrupts

LONGEST = 200  # of a file name in a message


class ReaderLeft(Exception):
    """A broken pipe by another name: click would end with code 1, which is that of a regression."""


class Commands(click.Group):
    """Commands are the files of this folder; help reads their first lines without importing them."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError as error:
            raise ReaderLeft from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderLeft from error

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [name.replace("_", "-") for name in registry.names("command")]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """The commands, without importing them as click would, or the options."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=registry.summary("command", help.plugin(name)))
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        known = self.list_commands(ctx)
        if name not in known:
            if ctx.resilient_parsing:  # a line that is being typed
                return None
            raise UnknownName("command", name, known, "`lightbench --help` shows them all.")
        command: click.Command = registry.load("command", help.plugin(name)).command
        help.explain(command, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group, rows in help.grouped(self.list_commands(ctx)):
            with formatter.section(group):
                formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lightbench")
def lightbench() -> None:
    """How efficient a neural network really is on your device, and why."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with the code of ``errors.EXIT_CODES``."""
    streams.secure()
    autoload.hold_back()
    given = sys.argv[1:] if arguments is None else arguments
    del sys.argv[1:]  # a network whose code reads arguments would take ours for its own
    sys.exit(run(given))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; gives the exit code."""
    interrupts.begin()
    try:
        if instruction := os.environ.get(complete.VARIABLE):
            return complete.answer(lightbench, instruction)
        code = lightbench.main(arguments, prog_name="lightbench", standalone_mode=False)
        if sys.stdout is not None:  # closed; the door of the command opens it
            sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001  whatever it is, the user gets a way forward
        interrupts.heed()
        # What is interrupted while it is imported may say something else.
        if interrupts.came or isinstance(error, KeyboardInterrupt | click.Abort):
            say_error("interrupted")
            return INTERRUPTED
        return _explained(error)
    return code if isinstance(code, int) else 0


def _explained(error: BaseException) -> int:
    """Say what went wrong; gives the exit code."""
    if isinstance(error, LightbenchError):
        say_error(str(error))
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        said = " ".join(error.format_message().split())  # click lists choices line by line
        where = context.command_path if context else "lightbench"
        stop = "" if said.endswith((".", "?")) else "."
        say_error(f"{said}{stop}\n  Try `{where} --help`.")
        return error.exit_code
    if isinstance(error, BrokenPipeError | ReaderLeft):  # seen enough: `lightbench ... | head`
        streams.drop(sys.stdout)
        return 0
    if why := streams.takes_no_more(error):
        streams.drop(sys.stdout)
        say_error(f"cannot write the answer: {why}.")
        return StoreError.exit_code
    if reason := not_loading(error) or _refused(error):
        say_error(str(reason))
        return reason.exit_code
    say("".join(traceback.format_exception(error)))
    say_error(REPORT_IT)
    return FAULT


def _refused(error: BaseException) -> LightbenchError | None:
    """What the system does not let us do is no fault of ours, wherever it comes up: a name that is too
    long, a folder that nobody may read, a disk that is full."""
    if isinstance(error, MemoryError):
        return OutOfMemory("out of memory.", "Try a smaller --batch or --input, or fewer models.")
    if isinstance(error, ValueError) and "null byte" in str(error):  # Python's word for it
        return UsageError("a file name has a null byte in it.", "Write it without.")
    if not isinstance(error, OSError) or error.errno is None:
        return None
    why = error.strerror or str(error)
    if error.filename is None:
        return UsageError(f"the system refuses: {why}.", "Is a disk full, or stdout closed?")
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else str(error.filename)
    return UsageError(f"cannot use {_shortened(name)!r}: {why}.", "Name another file or folder.")


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}..."
