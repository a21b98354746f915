"""What a user's file does beyond this machine while it is loaded is said on stderr, and not hindered."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from ipaddress import ip_address
from itertools import groupby
from pathlib import Path
from typing import Any

from lightbench.process.streams import say_once

MANAGERS = re.compile(
    r"(pip|pipx)[\d.]*|ensurepip|uv|uvx|conda|mamba|micromamba|poetry|pdm|pixi|easy_install|apt|apt-get"
    r"|aptitude|dpkg|dnf|yum|zypper|apk|pacman|brew|port|snap|choco|winget|scoop|npm|npx|yarn|pnpm|gem|cargo"
)
DOWNLOADS = re.compile(r"wget2?|curl|aria2c|gdown|hf|huggingface-cli|gsutil|scp|rsync|ftp|sftp")
GIT_FETCHES = {"clone", "fetch", "pull", "submodule", "lfs"}
SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "fish", "cmd"}
PYTHONS = re.compile(r"(python|pypy)[\d.]*w?")
IN_FRONT = {"sudo", "env", "exec", "nohup", "nice", "time", "command"}  # of what is started
PIP_ITSELF = "pip._internal.cli.main"  # what is imported when pip runs in this process

_LOADING: list[Path] = []


@contextmanager
def watched(file: Path) -> Iterator[None]:
    """Inside, a line says so when a package manager or a download is started or a connection opened,
    to another machine. What C libraries do by themselves is not seen."""
    _watch()
    _LOADING.append(file)
    try:
        yield
    finally:
        _LOADING.pop()


@cache
def _watch() -> None:
    """Once for the process: an audit hook cannot be taken back."""
    sys.addaudithook(_heard)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if not _LOADING or event not in EVENTS:
        return
    with suppress(Exception):  # what is raised here would stop the file
        if said := EVENTS[event](*arguments):
            say_once(f"{_LOADING[-1].name} {said}")


def _started(arguments: Any) -> str:
    if isinstance(arguments, (str, bytes)):
        text = os.fsdecode(arguments)
        commands = _commands(text)
    else:
        words = [os.fsdecode(word) for word in arguments]
        shell = Path(words[0]).stem in SHELLS and len(words) > 2
        text = words[2] if shell else shlex.join(words)
        commands = _commands(text) if shell else [words]
    kind = next(filter(None, map(_kind, commands)), "")
    told = re.sub(r"://[^/@\s]*@", "://", text)  # without a password
    return f"starts {kind} while it is loaded: {told}" if kind else ""


def _commands(line: str) -> list[list[str]]:
    """The words of each command of a line for a shell."""
    lexer = shlex.shlex(line.replace("\n", ";"), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    split = groupby(lexer, lambda word: set(word) <= set("();<>|&"))
    return [list(words) for between, words in split if not between]


def _kind(words: list[str]) -> str:
    """What a command is, where it is worth a word."""
    words = [word for word in words if not re.fullmatch(r"\w+=.*", word)]
    while words and words[0] in IN_FRONT:
        words = words[1:]
    if not words:
        return ""
    name = Path(words[0]).name.removesuffix(".exe")
    if PYTHONS.fullmatch(name) and "-m" in words[:-1]:
        name = words[words.index("-m") + 1]
    if MANAGERS.fullmatch(name):
        return "a package manager"
    fetches = name == "git" and not GIT_FETCHES.isdisjoint(words)
    return "a download" if fetches or DOWNLOADS.fullmatch(name) else ""


def _asks(url: Any, *_: Any) -> str:
    host = re.match(r"(?:https?|ftp)://(?:[^/@]*@)?(\[[^]]*\]|[^/:]*)", str(url))
    return _connects(host[1].strip("[]")) if host else ""


def _connects(host: Any, *_: Any) -> str:
    name = os.fsdecode(host).rpartition("@")[2] if isinstance(host, (str, bytes)) else ""
    if not name or name.lower() == "localhost":
        return ""
    with suppress(ValueError):  # a name
        if ip_address(name).is_loopback or ip_address(name).is_unspecified:
            return ""
    return f"opens a connection while it is loaded: {name}"


EVENTS: dict[str, Callable[..., str]] = {
    "subprocess.Popen": lambda _program, arguments, *_: _started(arguments),
    "os.system": _started,
    "os.exec": lambda _program, arguments, *_: _started(arguments),
    "os.posix_spawn": lambda _program, arguments, *_: _started(arguments),
    "os.spawn": lambda _mode, _program, arguments, *_: _started(arguments),
    "import": lambda name, *_: (
        "starts a package manager while it is loaded: pip" if name == PIP_ITSELF else ""
    ),
    "urllib.Request": _asks,
    "socket.getaddrinfo": _connects,
    "socket.connect": lambda _socket, address: (
        _connects(address[0]) if isinstance(address, tuple) else ""
    ),
}
