"""Python text in a process of its own, without a new import of PyTorch for each: one process has imported it, and forks."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from dataclasses import dataclass

# It has one thread and has run no operator, so that what it hands on to its children is as new.
SERVER = """
import json, os, sys, tempfile, traceback
import torch

def run(code, arguments, out, err):
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    sys.argv[:] = ["-c", *arguments]
    try:
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        os._exit(end.code or 0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)

answers = os.dup(1)
os.dup2(2, 1)
for line in sys.stdin:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            run(*json.loads(line), out, err)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        os.write(answers, (json.dumps([code, *texts]) + "\\n").encode())
"""


@dataclass(frozen=True)
class Done:
    """What `subprocess.run` would have said."""

    returncode: int
    stdout: str
    stderr: str


class ForkServer:
    """``environment`` is that of the process. A text that takes longer than ``timeout`` is a TimeoutError."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, *arguments: str, timeout: float) -> Done:
        self._process.stdin.write(json.dumps([code, arguments]) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], timeout)[0]:
            self._process.kill()
            raise TimeoutError(f"no answer within {timeout} s: {code}")
        return Done(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
