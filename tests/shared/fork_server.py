"""Processes of this Python without a new import of PyTorch for each, which takes seconds: one process has imported it,
and forks.

    with ForkServers() as servers, servers.instead():
        subprocess.run([sys.executable, "-c", "import torch"], check=True)

Meanwhile what starts Python gets a process that is as one that has just begun and has imported PyTorch: a child of
this one, with a number, signals and streams of its own. What starts anything else, or is no Linux, is as before. Tests
of how a process starts want a new one.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn, Self
from unittest.mock import patch

SUBREAPER = (36, 37)  # prctl(2): set and get
MOST = 1 << 17  # bytes of a request
HIGH = 512  # above the descriptors that are handed over
HEEDED = ("SIGINT", "SIGTERM", "SIGHUP")
# Variables that are read when Python starts or a library is loaded: each set of them has a server.
READ_EARLY = ("LD_", "PYTHON", "OMP_", "GOMP_", "MKL_", "OPENBLAS_", "KMP_")
# What commands import, and PyTorch when it counts.
IMPORTED = ("torch", "torch.fx.experimental.symbolic_shapes", "psutil", "msgspec", "click")
ALWAYS = {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}  # as in lightbench's own processes


class ForkServers:
    """Those that were needed, by the variables that are read early. Ended with the context."""

    def __init__(self, *more: str) -> None:
        """Which import these packages as well."""
        self._imported = (*IMPORTED, *more)
        self._servers: dict[tuple[tuple[str, str], ...], _Server] = {}
        self._lock = threading.Lock()
        servers = self

        class Popen(subprocess.Popen):
            """It forks Python from one of ours."""

            def _execute_child(self, *given: Any) -> None:
                how = inspect.signature(super()._execute_child).bind(*given).arguments
                if not servers._forked(self, how):
                    super()._execute_child(*given)

        self.popen = Popen

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.end()

    @contextmanager
    def instead(self) -> Iterator[None]:
        """Meanwhile `subprocess` starts them."""
        with patch.object(subprocess, "Popen", self.popen):
            yield

    def _forked(self, process: Any, how: dict[str, Any]) -> bool:
        """Is it one that can be forked, and has been?"""
        words = [os.fsdecode(word) for word in _listed(how["args"])]
        environ = dict(os.environ if how["env"] is None else how["env"])
        if not _can(words, how):
            return False
        streams = [how["p2cread"], how["c2pwrite"], how["errwrite"]]
        passed = {i: i if mine == -1 else mine for i, mine in enumerate(streams)}
        passed |= {number: number for number in how["pass_fds"]}
        request = {
            "words": words[1:],
            "environ": environ,
            "cwd": os.fsdecode(how["cwd"] or Path.cwd()),
            "numbers": list(passed),
            "session": how["start_new_session"],
            "ignored": [
                n for n in HEEDED if signal.getsignal(getattr(signal, n)) == signal.SIG_IGN
            ],
        }
        with self._lock:
            process.pid = self._server(environ).fork(request, list(passed.values()))
        process._child_created = True
        process._close_pipe_fds(
            *(how[n] for n in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite"))
        )
        return True

    def _server(self, environ: dict[str, str]) -> _Server:
        early = {n: v for n, v in environ.items() if n.startswith(READ_EARLY)} | ALWAYS
        key = tuple(sorted(early.items()))
        if key not in self._servers:
            self._servers[key] = _Server(environ | ALWAYS, self._imported)
        return self._servers[key]


def _listed(arguments: Any) -> list[Any]:
    return [arguments] if isinstance(arguments, str | bytes | os.PathLike) else list(arguments)


def _can(words: list[str], how: dict[str, Any]) -> bool:
    """Is it Python with a text or a module, and started as most are?"""
    usual = not (how["shell"] or how["preexec_fn"] or how["executable"])
    options = words[2:] if words[1:2] == ["-P"] else words[1:]
    return (
        sys.platform == "linux" and usual and words[0] == sys.executable
        and len(options) > 1 and options[0] in {"-c", "-m"}
    )  # fmt: skip


class _Server:
    """The side of the process that asks."""

    def __init__(self, environ: dict[str, str], imported: Sequence[str]) -> None:
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(its.fileno()), *imported],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
            )

    def fork(self, request: dict[str, Any], descriptors: list[int]) -> int:
        """The number of a child of this process."""
        with _adopting():
            socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
            return int(self._socket.recv(MOST))

    def end(self) -> None:
        self._socket.close()
        self._process.wait()


@contextmanager
def _adopting():
    """Meanwhile what a child of a child leaves behind becomes ours."""
    prctl, before = ctypes.CDLL(None).prctl, ctypes.c_int()
    prctl(SUBREAPER[1], ctypes.byref(before))
    prctl(SUBREAPER[0], 1)
    try:
        yield
    finally:
        prctl(SUBREAPER[0], before.value)


def serve(asked: socket.socket) -> Callable[[], None]:
    """In the server it does not return; in what it forks it gives what that is to run."""
    while True:
        data, received, *_ = socket.recv_fds(asked, MOST, HIGH)
        if not data:
            os._exit(0)
        go, held_back = os.pipe()
        told, tell = os.pipe()
        between = os.fork()
        if not between and (child := os.fork()):
            os.write(tell, str(child).encode())
            os._exit(0)
        if not between:
            os.close(held_back)
            os.read(go, 1)  # until who has started it is its parent
            asked.detach()
            return _become(json.loads(data), received)
        os.waitpid(between, 0)
        asked.send(os.read(told, MOST))
        for descriptor in (go, held_back, told, tell, *received):
            os.close(descriptor)


def _become(request: dict[str, Any], received: list[int]) -> Callable[[], None]:
    """This process as if Python had been started so; gives what it is to run."""
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, HIGH) for descriptor in received]
    for number, descriptor in zip(request["numbers"], moved, strict=True):
        os.dup2(descriptor, number)
    for place in [*Path("/proc/self/fd").iterdir()]:
        if int(place.name) not in request["numbers"]:
            with suppress(OSError):
                os.close(int(place.name))
    if request["session"]:
        os.setsid()
    for name in request["ignored"]:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    words = request["words"]
    if words[0] == "-P":
        words = words[1:]
    else:
        sys.path.insert(0, "" if words[0] == "-c" else request["cwd"])
    how, what, *sys.argv[1:] = words
    sys.argv[0] = how
    return lambda: _run(how, what)


def _run(how: str, what: str) -> None:
    import runpy
    import types

    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.modules["__main__"] = main = types.ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), main.__dict__)


def _ended(run: Callable[[], None]) -> NoReturn:
    """Run it, and end as Python does, but for taking modules apart, which takes longer than all the rest."""
    import atexit

    code: Any = 0
    try:
        run()
    except SystemExit as end:
        code = end.code
        if not (code is None or isinstance(code, int)):
            sys.stderr.write(f"{code}\n")
            code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit((code or 0) & 0xFF)


def main(descriptor: str, *imported: str) -> NoReturn:
    """The server: it has one thread and has run no operator, so that what it hands on is as new."""
    for name in imported:
        importlib.import_module(name)
    gc.freeze()  # nobody looks through it again, which would copy it
    with socket.socket(fileno=int(descriptor)) as asked:
        run = serve(asked)
    _ended(run)


if __name__ == "__main__":
    main(*sys.argv[1:])
