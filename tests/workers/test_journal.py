"""Who is in control of a process, as a supervisor reads it."""

from __future__ import annotations

import os

import pytest

from lightbench.workers import journal
from lightbench.workers.journal import PHASES, SIZE, TIMEOUT_S, WORDS, Journal


@pytest.fixture(autouse=True)
def _limit_as_it_was(monkeypatch):
    monkeypatch.setattr(journal, "_limit_s", [TIMEOUT_S])


@pytest.fixture
def kept(monkeypatch):
    monkeypatch.setattr(journal, "_kept", [])
    book = Journal()
    journal.keep(book)
    return book


def test_it_begins_with_nobody():
    entry = Journal().read()
    assert (entry.phase, entry.model, entry.timeout_s) == ("ours", "", TIMEOUT_S)


@pytest.mark.parametrize("phase", PHASES)
def test_what_is_entered_is_read_with_when(kept, phase):
    before = kept.read().since_s
    journal.enter(phase, "net.py:Net")
    entry = kept.read()
    assert (entry.phase, entry.model) == (phase, "net.py:Net")
    assert entry.since_s >= before
    assert WORDS[phase]


def test_the_last_network_is_known_when_it_is_our_turn_again(kept):
    journal.enter("load", "a longer name")
    journal.enter("ours")
    assert kept.read().model == "a longer name"
    journal.enter("load", "b")
    assert kept.read().model == "b"


def test_a_name_that_is_too_long_for_it_is_cut(kept):
    journal.enter("load", "é" * SIZE)
    assert kept.read().model.startswith("é" * 1000)
    assert len(kept.read().model.encode()) <= SIZE


def test_what_a_process_writes_another_reads(kept):
    child = os.fork()
    if not child:
        journal.keep(kept)
        journal.enter("timed", "of the child")
        journal.stopping()
        os._exit(0)
    os.waitpid(child, 0)
    assert (kept.read().phase, kept.read().model, kept.heard) == ("timed", "of the child", 1)


def test_a_copy_that_a_network_has_forked_ends_at_its_next_entry(kept):
    child = os.fork()
    if not child:
        journal.enter("timed", "the copy")
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert kept.read().model == ""


def test_without_a_supervisor_nothing_is_kept_and_an_interrupt_is_the_users(monkeypatch):
    monkeypatch.setattr(journal, "_kept", [])
    journal.enter("timed", "net")
    journal.limit(1.0)
    assert journal.was_stopped()


def test_with_one_an_interrupt_is_the_users_once_a_signal_was_heard(kept):
    assert not journal.was_stopped()
    journal.stopping()
    assert journal.was_stopped()


def test_marked_work_is_a_networks_and_gives_what_it_gives(kept):
    seen = []

    def work(n):
        seen.append(kept.read())
        return 2 * n

    assert journal.marked("timed", "net", work)(3) == 6
    assert [(e.phase, e.model) for e in seen] == [("timed", "net")]
    assert kept.read().phase == "ours"


def test_who_fails_is_no_longer_in_control(kept):
    def fails(_n):
        raise ValueError

    with pytest.raises(ValueError):
        journal.marked("timed", "net", fails)(1)
    assert kept.read().phase == "ours"
    with pytest.raises(ValueError), journal.held("load", "net"):
        raise ValueError
    assert kept.read().phase == "ours"


def test_after_a_part_it_is_the_whole_again(kept):
    with journal.held("count", "whole"):
        with journal.held("load", "part"):
            assert (kept.read().phase, kept.read().model) == ("load", "part")
        assert (kept.read().phase, kept.read().model) == ("count", "whole")
    assert kept.read().phase == "ours"


def test_a_command_tells_its_code_once_and_begins_anew_without(kept):
    assert kept.code is None
    journal.enter("load", "net")
    journal.stopping()
    kept.tell(0)
    assert (kept.code, kept.heard) == (0, 1)
    kept.begin()
    assert (kept.code, kept.heard, kept.read().model) == (None, 0, "")


def test_a_limit_holds_from_now_on(kept):
    journal.limit(2.5)
    journal.enter("load", "net")
    assert kept.read().timeout_s == 2.5


def test_what_is_left_is_there_for_the_next_process_and_too_much_is_not():
    book = journal.Journal()
    assert book.left == b""
    book.leave(b"first")
    book.leave(b"2nd")
    assert book.left == b"2nd"
    book.leave(b"x" * (journal.LEFT + 1))
    assert book.left == b"2nd"
