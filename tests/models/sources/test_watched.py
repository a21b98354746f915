"""A file that installs or downloads while it is loaded is told of, and not hindered."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from lightbench.models import sources
from lightbench.models.sources.watched import watched
from lightbench.process import streams

FILE = Path("net.py")


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(streams, "_SAID", set())


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Programs called like package managers, that do nothing."""
    for name in (
        "pip",
        "pip3.11",
        "conda",
        "uv",
        "apt-get",
        "npm",
        "brew",
        "python9",
        "compile",
        "sudo",
        "wget",
        "git",
    ):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def run(*words):
    return lambda: subprocess.run(words, check=True)


def shell(line):
    return lambda: subprocess.run(line, shell=True, check=True)


def spawn(*words):
    return lambda: os.waitpid(os.posix_spawnp(words[0], words, os.environ), 0)


def execute(*words):
    def in_a_child():
        child = os.fork()
        if not child:
            os.execvp(words[0], words)
        os.waitpid(child, 0)

    return in_a_child


@pytest.mark.parametrize(
    ("start", "command"),
    [
        (run("pip", "install", "timm"), "pip install timm"),
        (run("pip3.11", "install", "a b"), "pip3.11 install 'a b'"),
        (run("python9", "-m", "pip", "install", "timm"), "python9 -m pip install timm"),
        (shell("cd . && PIP_QUIET=1 pip install timm"), "cd . && PIP_QUIET=1 pip install timm"),
        (shell("true; sudo apt-get install -y libgl1"), "true; sudo apt-get install -y libgl1"),
        (lambda: os.system("conda install -y timm > /dev/null"), "conda install -y timm > /dev/null"),
        (lambda: os.popen("npm ci").close(), "npm ci"),
        (spawn("uv", "sync"), "uv sync"),
        (run("pip", "install", "git+https://me:word@a.example.invalid/b"), "pip install git+https://a.example.invalid/b"),
        (execute("brew", "install", "x"), "brew install x"),
    ],
)  # fmt: skip
def test_a_package_manager_is_told_however_it_is_started(start, command, tools, capfd):
    with watched(FILE):
        start()
    said = f"lightbench: net.py starts a package manager while it is loaded: {command}\n"
    assert capfd.readouterr().err == said


@pytest.mark.parametrize(
    ("start", "command"),
    [
        (shell("wget -q https://me:word@a.example.invalid/w.pt"), "wget -q https://a.example.invalid/w.pt"),
        (run("git", "-C", ".", "clone", "b.example.invalid/c"), "git -C . clone b.example.invalid/c"),
    ],
)  # fmt: skip
def test_a_download_by_another_program_is_told(start, command, tools, capfd):
    with watched(FILE):
        start()
    assert (
        capfd.readouterr().err
        == f"lightbench: net.py starts a download while it is loaded: {command}\n"
    )


@pytest.mark.parametrize(
    "start",
    [
        run("git", "rev-parse", "HEAD"), shell("echo wget"),
        run("compile", "pip"), run("python9", "-c", "import pip"), shell("echo pip install timm"),
        shell("compile 'pip install timm'"), run("python9", "pip"), lambda: os.system("true"),
        shell("compile 'an open quote"),
    ],
)  # fmt: skip
def test_other_programs_are_not(start, tools, capfd):
    with watched(FILE), suppress(subprocess.CalledProcessError):
        start()
    assert "lightbench" not in capfd.readouterr().err


def test_pip_in_this_process_is_told(capfd):
    with watched(FILE):  # what Python announces when pip runs itself: importing pip alone does not
        sys.audit("import", "pip", None, None, None, None)
        assert capfd.readouterr().err == ""
        sys.audit("import", "pip._internal.cli.main", None, None, None, None)
    assert "starts a package manager while it is loaded: pip" in capfd.readouterr().err


def connect(address):
    def to():
        with socket.socket() as one, suppress(OSError):
            one.settimeout(0.01)
            one.connect(address)

    return to


def fetch(url):
    def asked():
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=0.01)

    return asked


@pytest.mark.parametrize(
    ("start", "host"),
    [
        (connect(("192.0.2.1", 80)), "192.0.2.1"),  # TEST-NET-1 of RFC 5737
        (fetch("https://weights.example.invalid/net.pt"), "weights.example.invalid"),
        (fetch("http://user:word@a.example.invalid:8080/x"), "a.example.invalid"),
    ],
)
def test_a_connection_is_told_once_for_each_machine(start, host, capfd):
    with watched(FILE):
        start()
        start()
    said = f"lightbench: net.py opens a connection while it is loaded: {host}\n"
    assert capfd.readouterr().err == said


def test_a_connection_within_this_machine_is_not(tmp_path, capfd):
    with watched(FILE), socket.socket(socket.AF_UNIX) as one, suppress(OSError):
        connect(("127.0.0.1", 9))()
        fetch("http://localhost:9/")()
        fetch(f"file://{__file__}")()
        one.connect(str(tmp_path / "socket"))
    assert capfd.readouterr().err == ""


def test_what_happens_after_loading_is_not_told(tools, capfd):
    with watched(FILE):
        pass
    run("pip", "list")()
    assert capfd.readouterr().err == ""


def test_a_file_is_watched_while_it_is_imported_and_while_its_network_is_built(
    tools, tmp_path, capfd, monkeypatch
):
    (tmp_path / "net_w.py").write_text(
        "import os\nfrom torch import nn\nos.system('pip install a')\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__(); os.system('pip install b')\n"
    )
    monkeypatch.chdir(tmp_path)
    sources.find("net_w.py:Net").build()
    says = "lightbench: net_w.py starts a package manager while it is loaded: pip install"
    assert capfd.readouterr().err == f"{says} a\n{says} b\n"
