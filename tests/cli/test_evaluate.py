"""`lightbench evaluate`: what it shows, stores and draws, and what it refuses."""

from __future__ import annotations

import json

import pytest
import torch
from evaluations import Lookup, answering, data_of, evaluated, of

from lightbench.records import store

LABELS = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.zeros(40, 3))

    def forward(self, x):
        return self.table[(x.mean(dim=(1, 2, 3)) * 255).round().long()]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A network of three classes, two weights for it, and ten images."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lightbench.datasets.find", lambda _text: data_of(LABELS))
    (tmp_path / "net.py").write_text(NET)
    for name, answers in (("good", LABELS), ("bad", [0] * 10)):
        torch.save(Lookup(answering(answers)).state_dict(), f"{name}.pt")
    return tmp_path


WORDS = (
    "evaluate",
    "net.py:Net",
    "--weights",
    "good.pt",
    "--data",
    "made",
    "--input",
    "1x4x4",
    "--threads",
    1,
)


def test_it_shows_stores_and_draws(lightbench, here):
    answer = lightbench(
        *WORDS,
        "--weights",
        "bad.pt",
        "--store",
        "deep/e.jsonl",
        "--figure",
        "deep/f.svg",
        "--samples",
        "deeper/s.svg",
    )
    assert answer.code == 0, answer.err
    said = " ".join(answer.out.split())
    assert "good.pt 100.0 % 72.2 % to 100.0 %" in said
    assert "bad.pt 40.0 %" in said
    assert "Over weights" in said
    first, second = store.read("deep/e.jsonl")
    assert (first.evaluation.right, second.evaluation.right) == (10, 4)
    for file in ("deep/f.svg", "deeper/s.svg"):
        assert (here / file).read_text().startswith("<?xml")
        assert f"wrote {file}" in answer.err


def test_quiet_says_nothing_of_files(lightbench, here):
    answer = lightbench(*WORDS, "-q", "--figure", "f.svg", "--samples", "s.png")
    assert (answer.code, answer.err) == (0, "")


def test_classes_are_shown_if_asked_for(lightbench, here):
    answer = lightbench(*WORDS, "--classes", "--format", "json")
    rows = json.loads(answer.out)
    assert [(row["class"], row["images"], row["accuracy"]) for row in rows] == [
        ("a", 4, 1.0), ("b", 3, 1.0), ("c", 3, 1.0),
    ]  # fmt: skip


# What a file holds.


@pytest.fixture
def held(tmp_path, make_record):
    records = [
        make_record("a"),
        evaluated(make_record, "a", found=of(90)),
        evaluated(make_record, "b", found=of(80)),
    ]
    store.append(tmp_path / "e.jsonl", records)
    return tmp_path / "e.jsonl"


def test_what_a_file_holds_is_shown(lightbench, held):
    answer = lightbench("evaluate", "--from", held)
    assert (answer.code, answer.err) == (0, "")
    said = " ".join(answer.out.split())
    assert "90.0 %" in said
    assert "80.0 %" in said
    assert "80.0 %" not in lightbench("evaluate", "a", "--from", held).out
    assert lightbench("evaluate", "--from", held, "--classes").code == 0


def test_what_a_file_holds_is_drawn(lightbench, held, tmp_path):
    answer = lightbench("evaluate", "--from", held, "--figure", tmp_path / "f.svg", "-q")
    assert (answer.code, answer.err) == (0, "")
    assert (tmp_path / "f.svg").exists()


# What is refused.


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("", 2, "no network is named."),
        ("net", 2, "no data set is named."),
        ("--from e.jsonl --data digits", 2, "--from measures nothing, so --data has no meaning"),
        ("--from e.jsonl --samples s.svg", 2, "so --samples has no meaning"),
        ("c --from e.jsonl", 2, "e.jsonl' holds no evaluation of 'c'."),
        ("net --data digits --figure f.bmp", 2, "cannot draw into"),
        ("net --data digits --samples f.bmp", 2, "cannot draw into"),
        ("net --data nosuch", 2, "no data set is called 'nosuch'"),
        ("nosuchnet --data digits", 2, "no model is called 'nosuchnet'"),
        ("mobilenet_v1_cifar --data digits --format xls", 2, "no format is called 'xls'"),
        ("mobilenet_v1_cifar --data digits --device npu", 4, "no NPU here"),
        ("mobilenet_v1 --data digits --weights e.jsonl", 2, "'e.jsonl'"),
    ],
)
def test_what_cannot_be_is_refused(words, code, said, lightbench, held, monkeypatch):
    if "digits" in words and "nosuch" not in words:
        pytest.importorskip("sklearn")
    monkeypatch.chdir(held.parent)
    answer = lightbench("evaluate", *words.split())
    assert (answer.code, answer.out) == (code, ""), answer.err
    assert said in answer.err


def test_an_output_does_not_take_the_place_of_weights(lightbench, here):
    before = (here / "good.pt").read_bytes()
    answer = lightbench(*WORDS, "-o", "good.pt", "--format", "json")
    assert answer.code == 2
    assert "-o would write over 'good.pt', which --weights names too" in answer.err
    assert (here / "good.pt").read_bytes() == before


# Real images.


@pytest.mark.slow
def test_random_weights_know_a_tenth_of_the_digits(lightbench):
    pytest.importorskip("sklearn")
    answer = lightbench(
        "evaluate", "mobilenet_v1_cifar", "--data", "digits", "--threads", 1, "--format", "json"
    )
    assert answer.code == 0, answer.err
    (found,) = json.loads(answer.out)["evaluations"]
    assert found["found"]["images"] == 355
    assert sum(map(sum, found["found"]["confusion"])) == 355
    assert 0 < found["evaluation"]["top1"] < 0.35
