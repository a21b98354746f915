"""The command as a process: however it ends, its exit code is one of ``errors.EXIT_CODES``.

Up to here nothing but the standard library is needed: of a package that is missing or broken Python
would make a traceback and its own exit code 1, which is that of a regression. What is ours is imported
once signals are answered.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from lightbench.errors import LightbenchError

ASKS_ONLY = {"-h", "--help", "--version"}  # no network is run, and the answer comes sooner


def main() -> NoReturn:
    """Run a command, in a process that is supervised where that can be, and exit with its code."""
    _answer_signals()
    from lightbench.environment import waiting
    from lightbench.process import streams
    from lightbench.workers import interrupts, supervisor

    waiting.wait_asleep()
    streams.secure()
    streams.lose_what_stderr_cannot_take()
    streams.keep_stdout()
    alone = not ASKS_ONLY.isdisjoint(sys.argv[1:]) or not supervisor.can()
    code = _command() if alone else supervisor.supervise(_command, say=_tell)
    interrupts.ignore()  # Python gives up our answers before it ends
    sys.exit(interrupts.named(code))


def _answer_signals() -> None:
    """By ending at once: nothing has begun that would have to be tidied up."""

    def end(number: int, _frame: object) -> NoReturn:
        os._exit(128 + number)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, end)


def _command() -> int:
    from lightbench.errors import INTERRUPTED, StoreError
    from lightbench.process import streams
    from lightbench.workers import interrupts

    code = INTERRUPTED
    try:
        interrupts.answer_with(interrupts.interrupt)
        code = _run()
    except KeyboardInterrupt:
        pass  # before it began, while another one was answered, or when it was done
    finally:
        interrupts.ignore()
    try:
        streams.close_stdout()
    except (OSError, ValueError) as error:  # Python would try again, and end with 120
        streams.drop(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            said = _say(StoreError("cannot write all of the answer.", "Name a file with -o."))
            code = code or said
    return code


def _run() -> int:
    from lightbench.errors import FAULT, REPORT_IT
    from lightbench.process.needed import not_loading

    try:
        from lightbench.cli import main as command

        command()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  Python would end with 1
        if reason := not_loading(error):
            return _say(reason)
        if isinstance(error, SystemExit) and isinstance(error.code, int):
            return error.code
        import traceback

        traceback.print_exc()
        _tell(REPORT_IT)
    return FAULT


def _tell(text: str) -> None:
    from lightbench.units import visible

    sys.stderr.write(f"lightbench: {visible(text)}\n")


def _say(error: LightbenchError) -> int:
    sys.stderr.write(f"lightbench: {ascii(str(error))[1:-1]}\n".replace("\\n", "\n"))
    return error.exit_code


if __name__ == "__main__":
    main()
