"""Where a device card is kept, and when it is taken again."""

from __future__ import annotations

import re

import msgspec
import pytest
from by_hand import MEASURED

from lightbench.environment import capture
from lightbench.errors import StoreError, UsageError
from lightbench.records import store
from lightbench.runner.setup import Setup
from lightbench.studies.card import cache
from lightbench.studies.card.api import card_path
from lightbench.studies.card.card import card_of


def test_cards_lie_below_the_users_data_folder(data_home, monkeypatch, tmp_path):
    assert card_path(device="null").parent == data_home / "lightbench" / "device-cards"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for unset in ("delete", "empty"):
        if unset == "delete":
            monkeypatch.delenv("XDG_DATA_HOME")
        else:
            monkeypatch.setenv("XDG_DATA_HOME", "")
        folder = tmp_path / "home" / ".local" / "share" / "lightbench" / "device-cards"
        assert card_path(device="null").parent == folder
    assert not (tmp_path / "home").exists()  # to ask where makes nothing


def test_each_setting_has_a_file_of_its_own():
    settings = [
        {"device": "null"},
        {"device": "cpu"},
        {"device": "null", "threads": 2},
        {"device": "null", "dtype": "bfloat16"},
        {"device": "null", "layout": "channels_last"},
        {"device": "null", "engine": "compile"},
    ]
    paths = [card_path(**setting) for setting in settings]
    assert len(set(paths)) == len(paths)
    assert paths == [card_path(**setting) for setting in settings]


def test_naming_the_threads_there_are_changes_nothing():
    """The null device has one thread."""
    assert card_path(device="null", threads=1) == card_path(device="null")


@pytest.mark.parametrize("fact", ["cpu", "torch", "usable_cores", "settings"])
def test_another_machine_or_pytorch_has_another_file(fact, monkeypatch):
    here, real = card_path(device="null"), capture.capture

    def elsewhere(**settings):
        found = real(**settings)
        return msgspec.structs.replace(found, comparable={**found.comparable, fact: "another"})

    monkeypatch.setattr(capture, "capture", elsewhere)
    assert card_path(device="null") != here


def test_the_name_of_a_card_says_the_device_and_nothing_of_the_user_or_host(monkeypatch):
    for variable in ("USER", "LOGNAME", "HOSTNAME"):
        monkeypatch.setenv(variable, "secretname")
    path = card_path(device="null")
    assert re.fullmatch(r"null-[0-9a-f]{12}\.jsonl", path.name)
    monkeypatch.setenv("USER", "othername")
    assert card_path(device="null") == path


def test_there_is_no_card_until_one_is_kept(card_records):
    setup = Setup(device="null")
    assert cache.card(setup) is None
    cache.keep(cache.path_of(setup), card_records())
    assert cache.card(setup).madds_per_s["dense conv"].value == 8e9
    assert cache.card(Setup(device="null", threads=2)) is None


def test_a_new_card_replaces_the_old_one_as_a_whole(card_records, tmp_path):
    path = tmp_path / "deep" / "card.jsonl"
    cache.keep(path, card_records(groups={"g=1": 1.0}))
    cache.keep(path, card_records(faster=2))
    assert card_of(store.read(path)).bandwidth.value == 4e9
    assert len(store.read(path)) == len(MEASURED)
    assert card_of(store.read(path)).groups == []
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("failure", [StoreError("the disk is full."), KeyboardInterrupt()])
def test_a_card_that_cannot_be_written_leaves_the_old_one(
    failure, card_records, tmp_path, monkeypatch
):
    path = tmp_path / "card.jsonl"
    cache.keep(path, card_records())
    before, append = path.read_bytes(), store.append

    def half(file, records):
        append(file, list(records)[:3])
        raise failure

    monkeypatch.setattr(store, "append", half)
    with pytest.raises(type(failure)):
        cache.keep(path, card_records(faster=2))
    assert path.read_bytes() == before
    monkeypatch.undo()
    cache.keep(path, card_records(faster=2))  # what was left behind is in nobody's way
    assert card_of(store.read(path)).bandwidth.value == 4e9


def test_a_folder_that_cannot_be_is_a_store_error(card_records, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        cache.keep(tmp_path / "file" / "card.jsonl", card_records())


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ("records", UsageError, "holds no device card. Try `lightbench device-card`."),
        ("nothing", UsageError, "holds no device card."),
        ("part", UsageError, "holds no device card."),
        ("text", StoreError, "card.jsonl:1: not a record"),
        ("folder", StoreError, "directory"),
        ("missing", StoreError, "No such file"),
    ],
)
def test_a_file_that_is_no_card_says_so_and_what_to_do(
    content, error, words, card_records, make_record, tmp_path
):
    path = tmp_path / "card.jsonl"
    if content == "folder":
        path.mkdir()
    elif content in ("text", "nothing"):
        path.write_text("not a card\n" if content == "text" else "")
    elif content != "missing":
        held = {"records": [make_record("a")], "part": card_records(without=["linear"])}
        store.append(path, held[content])
    with pytest.raises(error) as caught:
        cache.card(Setup(device="null"), path)
    assert words in " ".join(str(caught.value).split())
    assert "card.jsonl" in str(caught.value)


def test_a_kept_file_that_was_spoiled_says_so(card_records):
    """Not the same as having none: somebody would measure nothing and get no estimates for ever."""
    path = cache.path_of(Setup(device="null"))
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(UsageError, match="Try `lightbench device-card`"):
        cache.card(Setup(device="null"))
