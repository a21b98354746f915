"""The command as a process: however it ends, its exit code is one of ``errors.EXIT_CODES``.

Up to here nothing but the standard library is needed: of a package that is missing or broken Python
would make a traceback and its own exit code 1, which is that of a regression.
"""

from __future__ import annotations

import sys
import traceback
from typing import NoReturn

from lightbench.errors import FAULT, INTERRUPTED, REPORT_IT, LightbenchError, StoreError
from lightbench.process import streams
from lightbench.process.needed import not_loading
from lightbench.units import visible
from lightbench.workers import supervisor

ASKS_ONLY = {"-h", "--help", "--version"}  # no network is run, and the answer comes sooner


def main() -> NoReturn:
    """Run a command, in a process that is supervised where that can be, and exit with its code."""
    streams.secure()
    streams.lose_what_stderr_cannot_take()
    streams.keep_stdout()
    alone = not ASKS_ONLY.isdisjoint(sys.argv[1:]) or not supervisor.can()
    sys.exit(_command() if alone else supervisor.supervise(_command, say=_tell))


def _command() -> int:
    code = _run()
    try:
        streams.close_stdout()
    except (OSError, ValueError) as error:  # Python would try again, and end with 120
        streams.drop(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            said = _say(StoreError("cannot write all of the answer.", "Name a file with -o."))
            code = code or said
    return code


def _run() -> int:
    try:
        from lightbench.cli import main as command

        command()
    except KeyboardInterrupt:  # a second one, while the first was answered
        return INTERRUPTED
    except BaseException as error:  # noqa: BLE001  Python would end with 1
        if reason := not_loading(error):
            return _say(reason)
        if isinstance(error, SystemExit) and isinstance(error.code, int):
            return error.code
        traceback.print_exc()
        sys.stderr.write(f"lightbench: {REPORT_IT}\n")
    return FAULT


def _tell(text: str) -> None:
    sys.stderr.write(f"lightbench: {visible(text)}\n")


def _say(error: LightbenchError) -> int:
    sys.stderr.write(f"lightbench: {ascii(str(error))[1:-1]}\n".replace("\\n", "\n"))
    return error.exit_code


if __name__ == "__main__":
    main()
