"""What is downloaded is there as a whole or not at all, and no network is a sentence, soon."""

from __future__ import annotations

import gc
import socket
import threading
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from image_files import mnist_files, packed, write_mnist

from lightbench import datasets
from lightbench.cli import run
from lightbench.datasets.support import from_torchvision
from lightbench.errors import UsageError


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """torchvision's class, of which small files are known; and where downloads go."""
    from lightbench.models.torchvision import import_torchvision

    import_torchvision()
    from torchvision.datasets import MNIST

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in (
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    known = [
        (f"{name}.gz", md5(packed(content)).hexdigest()) for name, content in mnist_files().items()
    ]
    monkeypatch.setattr(MNIST, "resources", known)
    return MNIST


@contextmanager
def served(answer):
    """A server that gives what ``answer`` says of a file's name."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200)
            self.end_headers()

        def do_GET(self):
            content = answer(self.path.rpartition("/")[2])
            self.send_response(200 if content is not None else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def whole(name):
    return packed(mnist_files()[name.removesuffix(".gz")])


def left(tmp_path):
    folder = tmp_path / "lightbench" / "datasets"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_it_is_downloaded_once(mnist, monkeypatch, tmp_path, capfd):
    with served(whole) as address:
        monkeypatch.setattr(mnist, "mirrors", [address])
        assert len(datasets.find("mnist").split(train=True).images) == 50
    assert left(tmp_path) == ["mnist"]
    assert len(datasets.find("mnist").split(train=False).images) == 20  # the server is gone
    assert capfd.readouterr().out == ""  # which is for results


def cut(name):
    return whole(name)[:-9] if name.startswith("t10k-images") else whole(name)


def gone(name):
    return None if name.startswith("t10k-images") else whole(name)


@pytest.mark.parametrize("answer", [cut, gone, lambda _: b"<html>Log in to this network.</html>"])
def test_of_what_came_in_part_nothing_is_left(answer, mnist, monkeypatch, tmp_path):
    with served(answer) as address:
        monkeypatch.setattr(mnist, "mirrors", [address])
        with pytest.raises(
            UsageError, match="mnist is not here and could not be downloaded"
        ) as raised:
            datasets.find("mnist").split(train=True)
    assert "train-images-idx3-ubyte" in raised.value.hint
    assert "PATH/MNIST/raw" in raised.value.hint
    assert "--data mnist:PATH" in raised.value.hint
    assert left(tmp_path) == []


def test_of_what_was_interrupted_nothing_is_left(mnist, monkeypatch, tmp_path):
    def interrupt(self):
        (tmp_path / "lightbench" / "datasets").mkdir(parents=True, exist_ok=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(mnist, "download", interrupt)
    with pytest.raises(KeyboardInterrupt):
        datasets.find("mnist").split(train=True)
    assert left(tmp_path) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # urllib's socket
def test_who_answers_nothing_is_not_waited_for(mnist, monkeypatch, tmp_path):
    """A connection that is taken, and on which nothing ever comes."""
    monkeypatch.setattr(from_torchvision, "PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(mnist, "mirrors", [f"http://127.0.0.1:{silent.getsockname()[1]}/"])
        with pytest.raises(UsageError, match="timed out"):
            datasets.find("mnist").split(train=True)
    gc.collect()  # now, not in another test
    assert socket.getdefaulttimeout() is None
    assert left(tmp_path) == []


def test_what_somebody_else_downloaded_meanwhile_is_taken(mnist, monkeypatch, tmp_path):
    def meanwhile(self):
        if not list((tmp_path / "lightbench" / "datasets").glob("mnist")):
            write_mnist(tmp_path / "lightbench" / "datasets" / "mnist", train=30)
        write_mnist(Path(self.root))

    monkeypatch.setattr(mnist, "download", meanwhile)
    assert len(datasets.find("mnist").split(train=True).images) == 30
    assert left(tmp_path) == ["mnist"]


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "mnist", "fashionmnist", "svhn"])
def test_without_a_network_each_says_what_to_put_where(name, monkeypatch, tmp_path, mnist):
    import urllib.request
    from urllib.error import URLError

    def none(*_, **__):
        raise URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", none)
    with pytest.raises(UsageError, match="could not be downloaded: .*not known") as raised:
        datasets.find(name).split(train=True)
    assert f"--data {name}:PATH" in raised.value.hint
    assert left(tmp_path) == []


def test_a_folder_that_was_named_is_not_written_to(mnist, monkeypatch, tmp_path):
    with served(whole) as address:
        monkeypatch.setattr(mnist, "mirrors", [address])
        (tmp_path / "mine").mkdir()
        with pytest.raises(UsageError):
            datasets.find(f"mnist:{tmp_path / 'mine'}").split(train=True)
    assert list((tmp_path / "mine").iterdir()) == []


def test_data_sets_are_listed_without_reading_any(capsys):
    assert run(["list", "data"]) == 0
    out = capsys.readouterr().out
    assert "digits" in out
    assert "imagefolder" in out
