"""Networks that were converted are kept for the next run, and never in its way."""

import os

import msgspec
import pytest

from lightbench.records.outputs import OffPath
from lightbench.runner.conversion import kept
from lightbench.runner.conversion.kept import Kept


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "lightbench/converted"


def test_what_is_kept_is_read_with_how_long_it_took_and_what_is_slow_in_it(folder):
    assert kept.read("a") is None
    left = (OffPath(path="pool", op="avg_pool2d", count=3, why="outside XNNPACK"),)
    kept.keep("a", Kept(b"model", 12.5, left))
    assert kept.read("a") == (b"model", 12.5, left)
    assert [file.name for file in folder.iterdir()] == ["a"]


def test_what_was_kept_before_engines_said_what_is_slow_is_read_too(folder):
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(msgspec.msgpack.encode((b"model", 12.5)))
    assert kept.read("a") == Kept(b"model", 12.5)


def test_without_a_place_of_the_users_it_is_below_their_home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kept.folder() == tmp_path / ".cache/lightbench/converted"


@pytest.mark.parametrize("content", [b"", b"\xff", b"\x92\xa1x\xa1y"])
def test_what_somebody_else_has_put_there_is_nothing(folder, content):
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(content)
    assert kept.read("a") is None


def test_where_nothing_can_be_written_nothing_is_kept(folder):
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder would be")
    kept.keep("a", Kept(b"model", 1.0))
    assert kept.read("a") is None


def test_those_that_were_not_read_for_longest_go_when_it_is_too_much(folder, monkeypatch):
    monkeypatch.setattr(kept, "LARGEST", 1000)
    for age, name in enumerate("abc"):
        kept.keep(name, Kept(bytes(400), 1.0))
        if (folder / name).exists():
            os.utime(folder / name, (1000 + age, 1000 + age))
    assert sorted(file.name for file in folder.iterdir()) == ["b", "c"]
    kept.read("b")
    kept.keep("d", Kept(bytes(400), 1.0))
    assert sorted(file.name for file in folder.iterdir()) == ["b", "d"]
