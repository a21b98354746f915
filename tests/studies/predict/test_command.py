"""`lightbench predict`: tables, formats, exit codes, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import os

import pytest
from PIL import Image

INPUT = ("--input", "3x4x4")


@pytest.fixture
def predict(lightbench, nets, weights):
    def run(*words, net="Colours"):
        return lightbench(
            "predict", f"{nets}:{net}", "--weights", weights, *INPUT, "--notes", *words
        )

    return run


def test_a_row_for_each_image_with_its_class_and_probability(predict, photos):
    answer = predict(photos / "red.png", photos / "blue.png")
    assert (answer.code, answer.err) == (0, "")
    rows = [line.split() for line in answer.out.splitlines() if ".png" in line]
    assert [row[-4:] for row in rows] == [["red", "one", "80.0", "%"], ["blue", "one", "80.0", "%"]]
    assert "Images were made ready as in training on colours: 4x4" in answer.out


@pytest.mark.parametrize(("net", "said"), [
    ("softmax", "The network ends in softmax: its answers are the probabilities."),
    ("log_softmax", "The network ends in log_softmax: exp of its answers are the probabilities."),
])  # fmt: skip
def test_a_network_that_ends_in_softmax_is_recognised_and_said(net, said, predict, photos):
    answer = predict(photos, net=net)
    assert said in " ".join(answer.out.split())
    assert "80.0 %" in answer.out


def test_csv_has_a_row_for_each_image_and_class(predict, photos):
    answer = predict(photos, "--top", "2", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert {"path", "class", "probability"} <= set(rows[0])
    assert [(row["path"], row["rank"], row["class"]) for row in rows[-2:]] == [
        (str(photos / "red.png"), "1", "red one"), (str(photos / "red.png"), "2", "green one"),
    ]  # fmt: skip
    assert [float(row["probability"]) for row in rows[-2:]] == pytest.approx([0.8, 0.1])
    assert len(rows) == 8


def test_json_says_also_how_it_was_found(predict, photos, damaged):
    answer = predict(photos / "red.png", damaged, "--format", "json")
    data = json.loads(answer.out)
    assert {"ending": "scores", "assumed": False, "skipped": 0}.items() <= data.items()
    red, broken = data["predictions"]
    assert (red["path"], red["class"], red["number"]) == (str(photos / "red.png"), "red one", 0)
    assert red["probability"] == pytest.approx(0.8)
    assert (broken["class"], broken["probability"]) == (None, None)
    assert broken["problem"].startswith("is damaged: ")


@pytest.mark.parametrize("form", ["html", "markdown", "latex", "jsonl"])
def test_every_format_shows_it(form, predict, photos, damaged):
    answer = predict(photos, damaged, "--format", form)
    assert answer.code == 3
    assert "red one" in answer.out


def test_a_damaged_image_beside_others_is_3(predict, photos, damaged):
    answer = predict(photos, damaged)
    assert answer.code == 3
    assert answer.err == "lightbench: 1 of 5 images have no answer.\n"
    said = f"no answer for {damaged}: it is damaged"
    assert "".join(said.split()) in "".join(answer.out.split())  # wherever a line ends


def test_a_damaged_image_alone_is_2_and_so_are_several(predict, damaged, tmp_path):
    answer = predict(damaged)
    assert (answer.code, answer.out) == (2, "")
    assert f"lightbench: {str(damaged)!r} is damaged: " in answer.err
    assert predict(damaged, damaged).code == 2


def test_a_named_file_that_is_no_image_is_2_and_in_a_folder_it_is_skipped(predict, photos):
    answer = predict(photos, photos / "notes.txt")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"lightbench: {str(photos / 'notes.txt')!r} is no image.\n"
        "  Name images, or folders of images.\n"
    )
    assert "1 file is no image and was skipped." in predict(photos).out


def test_without_weights_it_is_said_that_they_are_random(lightbench, nets, photos):
    answer = lightbench("predict", f"{nets}:Colours", photos, *INPUT, "--notes")
    assert answer.code == 0
    assert "No weights were given" in answer.out


def test_a_figure_is_drawn_and_named(predict, photos, tmp_path):
    answer = predict(photos, "--top", "3", "--figure", tmp_path / "new" / "f.svg")
    assert (answer.code, answer.err) == (0, f"lightbench: wrote {tmp_path / 'new' / 'f.svg'}\n")
    assert "</svg>" in (tmp_path / "new" / "f.svg").read_text()


def test_of_images_without_an_answer_no_figure_is_drawn(predict, damaged, tmp_path):
    assert predict(damaged, damaged, "--figure", tmp_path / "f.svg").code == 2
    assert not (tmp_path / "f.svg").exists()


@pytest.mark.parametrize("option", ["--figure", "-o"])
def test_no_image_that_is_shown_is_written_over(option, predict, photos):
    before = (photos / "red.png").read_bytes()
    for shown, written in ((photos, photos / "red.png"), (photos / "red.png", photos / "red.png")):
        answer = predict(shown, option, written, "--format", "csv")
        assert (answer.code, answer.out) == (2, "")
        assert "would write over" in answer.err
    assert (photos / "red.png").read_bytes() == before


def test_weights_are_not_written_over(predict, photos, weights, tmp_path):
    before = (tmp_path / "w.pt").read_bytes()
    assert predict(photos, "-o", weights, "--format", "csv").code == 2
    assert (tmp_path / "w.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--top", "0"), "top is a whole number above zero"),
        (("--batch", "-1"), "batch is a whole number above zero"),
        (("--device", "null"), "'null' computes nothing"),
        (("--figure", "f.doc"), "cannot draw into"),
        (("--format", "jsn"), "no format is called 'jsn'"),
        (("--input", "4x4x4"), "takes no square image"),
    ],
)
def test_what_cannot_be_meant_is_said(words, said, predict, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = predict(photos, *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_weights_of_another_network_are_summed_up(lightbench, weights, photos):
    answer = lightbench("predict", "mobilenet_v1_cifar", photos, "--weights", weights)
    assert (answer.code, answer.out) == (2, "")
    assert "the weights do not fit mobilenet_v1_cifar" in answer.err


def test_names_that_would_act_on_a_terminal_or_are_no_text_are_shown(predict, tmp_path):
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in (b"a\x1b[31m\nb.png", b"\xff.png", "\u202egnp.png".encode(), b"=1+1.png"):
        Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "x.png")
        (tmp_path / "x.png").rename(folder / os.fsdecode(name))
    for form in ("table", "csv", "json", "html", "markdown"):
        answer = predict(folder, "--format", form)
        assert answer.code == 0
        assert "\x1b" not in answer.out
        assert "\u202e" not in answer.out
    assert predict(folder, "--figure", tmp_path / "f.svg").code == 0
