"""`lightbench roofline`: what a file holds is shown and drawn; what cannot be is refused."""

from __future__ import annotations

import json

import pytest
from rooflines import peak_records, roofline_records

from lightbench.records import store


@pytest.fixture
def held(tmp_path, make_record):
    """A file with a roofline of two networks."""
    path = tmp_path / "r.jsonl"
    store.append(path, roofline_records(make_record, ["a", "b"]))
    return path


def test_what_a_file_holds_is_shown(lightbench, held):
    answer = lightbench("roofline", "--from", held)
    assert (answer.code, answer.err) == (0, "")
    said = " ".join(answer.out.split())
    assert "products, convolutions 8.00 GMAdds/s" in said
    assert "50.0 %" in said
    assert "33.3 %" in said
    data = json.loads(lightbench("roofline", "--from", held, "--format", "json").out)
    assert [row["model"] for row in data["networks"]] == ["a", "b"]


def test_it_is_drawn(lightbench, held, tmp_path):
    answer = lightbench("roofline", "--from", held, "--figure", tmp_path / "deep" / "r.svg", "-q")
    assert (answer.code, answer.err) == (0, "")
    assert (tmp_path / "deep" / "r.svg").read_text().startswith("<?xml")


def test_a_file_without_a_roofline_says_so(lightbench, tmp_path, make_record):
    path = tmp_path / "r.jsonl"
    store.append(path, [make_record("a"), *peak_records(make_record)[:3]])
    answer = lightbench("roofline", "--from", path)
    assert answer.code == 2
    assert "r.jsonl' holds no roofline." in answer.err
    assert "Try `lightbench roofline`." in answer.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("resnet18 --device null", 2, "'null' runs nothing, so it has no peaks."),
        ("--layers", 2, "no model is named whose layers there are."),
        ("resnet18 --layers --engine compile", 2, "compile tells no times of its layers"),
        ("resnet18 --seconds 0", 2, "seconds are a number above zero"),
        ("resnet18 --figure r.bmp", 2, "cannot draw into"),
        ("--from r.jsonl --layers", 2, "--from measures nothing, so --layers has no meaning"),
        ("resnet18 --from r.jsonl", 2, "--from measures nothing"),
        ("resnet18 --format xls", 2, "no format is called 'xls'"),
        ("resnet18 --device npu", 4, "no NPU here"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(
    words, code, said, lightbench, held, monkeypatch
):
    monkeypatch.chdir(held.parent)
    monkeypatch.setattr("lightbench.runner.run.run", lambda *_, **__: pytest.fail("measured"))
    answer = lightbench("roofline", *words.split())
    assert answer.code == code, answer.err
    assert said in answer.err
