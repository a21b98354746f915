"""`lightbench device-card`: what is shown, and where a card is kept."""

from __future__ import annotations

import json

import pytest
from study_commands import CARD, card_records, nothing_may_be_measured, refused

from lightbench.records import store
from lightbench.studies.card.api import card_path
from lightbench.studies.card.card import card_of


def test_a_card_is_shown_and_kept_and_says_where(lightbench):
    answer = lightbench(*CARD, "--format", "json")
    data = json.loads(answer.out)
    assert answer.code == 0
    assert answer.err == f"lightbench: kept in {card_path(device='null')}\n"
    # four layers of 1024^2 in a millisecond
    assert data["linear_madds_per_s"]["value"] == pytest.approx(4 * 1024**2 * 1000)
    assert data["launch_s"]["value"] == pytest.approx(1e-5)
    assert data["case"]["device"] == "null"
    assert card_of(store.read(card_path(device="null"))).launch_s.value == pytest.approx(1e-5)


def test_a_card_can_be_kept_elsewhere_and_shown_from_there(lightbench, tmp_path, monkeypatch):
    path = tmp_path / "deep" / "mine.jsonl"
    made = lightbench(*CARD, "--card", path, "--format", "json")
    assert made.err == f"lightbench: kept in {path}\n"
    assert not card_path(device="null").exists()
    nothing_may_be_measured(monkeypatch)
    shown = lightbench("device-card", "--from", path, "--format", "json")
    assert (shown.code, shown.err) == (0, "")
    assert json.loads(shown.out) == json.loads(made.out)


def test_options_of_a_card_reach_it_and_are_said_in_its_title(lightbench):
    answer = lightbench(*CARD, "--threads", "3", "--dtype", "bfloat16", "--channels-last")
    assert answer.code == 0
    title = " ".join(answer.out.split())
    assert title.startswith(
        "Device card: batch 1, null, eager, bfloat16, infer, channels_last, threads 3"
    )
    assert card_path(device="null", threads=3, dtype="bfloat16", layout="channels_last").exists()


@pytest.mark.parametrize("content", ["records", "nothing", "text"])
def test_from_a_file_that_holds_no_card_says_so(content, lightbench, tmp_path, profile):
    path = tmp_path / "s.jsonl"
    if content == "records":
        store.append(path, profile)
    else:
        path.write_text("" if content == "nothing" else "x\n")
    sentence, step = refused(lightbench("device-card", "--from", path))
    assert "s.jsonl" in sentence
    if content != "text":
        assert "holds no device card." in sentence
        assert "Try `lightbench device-card`." in step


def test_a_card_with_a_part_that_failed_is_3_says_why_and_is_not_kept(
    lightbench, sweep_records, monkeypatch
):
    old = card_path(device="null")
    store.append(old, card_records(sweep_records))
    before = old.read_bytes()
    monkeypatch.setattr(
        "lightbench.runner.run.run", lambda *_, **__: card_records(sweep_records, stream=None)
    )
    answer = lightbench(*CARD, "--format", "json")
    assert (answer.code, answer.out) == (3, "")
    assert answer.err == "lightbench: stack:stream: out of memory.\n  Try --batch 1.\n"
    assert old.read_bytes() == before


def test_a_data_folder_that_cannot_be_written_is_a_sentence(lightbench, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    answer = lightbench(*CARD)
    assert answer.code == 2
    assert "Traceback" not in answer.err
