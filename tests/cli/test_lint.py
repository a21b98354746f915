"""`lightbench lint`: networks of any origin, with a card and without."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from study_commands import CARD, LINT, NULL, card_records, refused

from lightbench.records import store


@pytest.fixture
def nets(tmp_path):
    """A file with networks; it talks when it is imported, and one of them when it runs."""
    path = tmp_path / "nets.py"
    path.write_text(
        "import torch\n"
        "from torch import nn\n"
        "print('the file says hello')\n"
        "\n"
        "class Wide(nn.Conv2d):\n"
        "    def __init__(self, c=256):\n"
        "        super().__init__(32, c, 1)\n"
        "    def forward(self, x):\n"
        "        print('forward')\n"
        "        return super().forward(x)\n"
        "\n"
        "def tall(c):\n"
        "    return Wide(c)\n"
        "\n"
        "class Bad(nn.Sequential):\n"
        "    def __init__(self):\n"
        "        super().__init__(nn.Conv2d(32, 4, 1), nn.Linear(7, 5))\n"
    )
    return path


def test_lint_finds_what_it_finds_in_python_in_the_same_order(lightbench):
    from lightbench.studies.lint.api import lint as lint_model

    data = json.loads(lightbench(*LINT, "--format", "json").out)
    assert [(d["guideline"], d["layer"]) for d in data] == [
        (f.guideline, f.layer) for f in lint_model(LINT[1]).findings
    ]
    assert all(d["estimate_s"] is None and d["measured_s"] is None for d in data)


@pytest.mark.parametrize("top", [1, 3, 10_000])
def test_top_is_how_many_are_shown_and_json_has_all(top, lightbench):
    """ShuffleNetV1 g3 has 16 units with two pointwise group convolutions, the first of them not."""
    data = json.loads(lightbench(*LINT, "--top", top, "--format", "json").out)
    assert sum(d["guideline"] == "G2" for d in data) == 16 * 2 - 1
    text = lightbench(*LINT, "--top", top, "--format", "csv").out
    assert len(list(csv.DictReader(io.StringIO(text)))) == min(top, len(data))


def test_findings_are_no_failure(lightbench):
    assert lightbench("lint", "mobilenet_v2", *NULL).code == 0


def test_a_network_of_a_file_is_annotated_at_the_class_of_what_it_is_made_of(lightbench, nets):
    for call, line in (("Wide", 5), ("Wide(512)", 5), ("tall(512)", 5)):
        answer = lightbench(
            "lint", f"{nets}:{call}", "--input", "32x56x56", *NULL, "--format", "github"
        )
        assert answer.code == 0
        (notice,) = answer.out.splitlines()
        assert notice.startswith(f"::notice file={nets},line={line},title=Lint%3A ")
        assert "G1, layer: (network), cause: 32 -> " in notice


def test_a_network_of_ours_is_annotated_without_a_file(lightbench):
    answer = lightbench(*LINT, "--top", "1", "--format", "github")
    assert answer.out.startswith(
        "::notice title=Lint%3A shufflenet_v1_x0_5_g3 (batch 1%2C null%2C "
    )


def test_a_network_without_findings_is_one_notice(lightbench):
    answer = lightbench("lint", "example_dense", *NULL, "--format", "github")
    assert (answer.code, answer.err) == (0, "")
    assert re.fullmatch(
        r"::notice title=Lint%3A example_dense \(.+\)::nothing to report\n", answer.out
    )
    assert json.loads(lightbench("lint", "example_dense", *NULL, "--format", "json").out) == []


@pytest.mark.parametrize("verify", [[], ["--verify", "--seconds", "0.05"]])
@pytest.mark.parametrize("device", ["null", "cpu"])
def test_what_a_network_prints_is_not_in_the_answer(verify, device, lightbench, nets):
    answer = lightbench(
        "lint", f"{nets}:Wide", "--input", "32x8x8", "--device", device, *verify,
        "--format", "json",
    )  # fmt: skip
    assert answer.code == 0
    (finding,) = json.loads(answer.out)
    assert (finding["measured_s"] is None) is (not verify)
    assert "the file says hello" in answer.err
    assert "forward" in answer.err


def test_verify_measures_what_is_shown_and_shows_it(lightbench):
    command = ("lint", "mobilenet_v2_x0_35", "--input", "3x64x64", *NULL, "--top", "2",
               "--verify", "--seconds", "0.02")  # fmt: skip
    data = json.loads(lightbench(*command, "--format", "json").out)
    measured = [d["measured_s"] for d in data]
    assert None not in measured[:2]
    assert set(measured[2:]) == {None}
    assert data[0]["block_s"] == 0.001
    assert "measured" in lightbench(*command, "--format", "markdown").out


def test_a_card_of_the_same_settings_is_found_and_estimates(lightbench):
    without = lightbench(*LINT)
    assert "lightbench device-card" in without.out
    lightbench(*CARD)
    answer = lightbench(*LINT, "--format", "json")
    assert any(d["estimate_s"] for d in json.loads(answer.out))
    assert "estimate: from the device card of batch 1, null" in " ".join(
        lightbench(*LINT).out.split()
    )
    other = json.loads(lightbench(*LINT, "--threads", "2", "--format", "json").out)
    assert all(d["estimate_s"] is None for d in other)


@pytest.mark.slow
def test_a_card_is_taken_from_a_file_that_is_named(lightbench, tmp_path):
    lightbench(*CARD, "--card", tmp_path / "mine.jsonl")
    assert all(
        d["estimate_s"] is None for d in json.loads(lightbench(*LINT, "--format", "json").out)
    )
    answer = lightbench(*LINT, "--card", tmp_path / "mine.jsonl", "--format", "json")
    assert any(d["estimate_s"] for d in json.loads(answer.out))


@pytest.mark.parametrize("content", ["records", "nothing", "text", "missing"])
def test_a_file_that_is_no_card_is_said_for_lint_too(content, lightbench, tmp_path, profile):
    path = tmp_path / "card.jsonl"
    if content == "records":
        store.append(path, profile)
    elif content != "missing":
        path.write_text("" if content == "nothing" else "x\n")
    answer = lightbench(*LINT, "--card", path)
    assert (answer.code, answer.out) == (2, "")
    assert "card.jsonl" in answer.err
    if content in ("records", "nothing"):
        assert "holds no device card.\n  Try `lightbench device-card`." in answer.err


def test_a_card_with_a_line_that_was_cut_short_is_named_in_one_line_and_used(
    lightbench, tmp_path, sweep_records
):
    path = tmp_path / "card.jsonl"
    store.append(path, card_records(sweep_records))
    with path.open("a") as file:
        file.write('{"id":"0123456789abcdef","schema"')
    answer = lightbench(*LINT, "--threads", "2", "--card", path, "--format", "json")
    assert json.loads(answer.out)
    assert answer.err == f"lightbench: {path}:13: skipped a record that was cut short.\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--threads", "3"], "threads 1, and asked for is threads 3."),
        (["--dtype", "bfloat16"], "dtype float32, and asked for is dtype bfloat16."),
        (["--channels-last"], "layout contiguous, and asked for is layout channels_last."),
        (["--device", "cpu", "--threads", "1"], "device null, and asked for is device cpu."),
    ],
)
def test_a_card_of_other_settings_is_refused(asked, words, lightbench, tmp_path):
    path = tmp_path / "card.jsonl"
    assert lightbench(*CARD, "--threads", "1", "--card", path).code == 0
    assert lightbench(*LINT, "--threads", "1", "--card", path).code == 0
    answer = lightbench(*LINT, "--threads", "1", *asked, "--card", path)
    sentence, _ = refused(answer)
    assert words in sentence


def test_names_that_are_no_text_are_shown_and_kept(lightbench, tmp_path):
    path = tmp_path / "odd.py"
    path.write_text(
        "from torch import nn\n"
        "class Odd(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.add_module('a\\udcff', nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()))\n"
        "    def forward(self, x):\n"
        "        return getattr(self, 'a\\udcff')(x)\n"
        "class Quits(nn.Conv2d):\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 8, 3)\n"
        "    def forward(self, x):\n"
        "        raise SystemExit(7)\n"
    )
    for command in (["lint"], ["layers"], ["layers", "--measure", "--seconds", "0.1"]):
        answer = lightbench(*command, f"{path}:Odd", "--input", "3x8x8", "--format", "json")
        assert answer.code == 0, answer.err
        assert r"a\\udcff" in answer.out
    for command in (["lint"], ["count"], ["profile"], ["layers", "--measure"]):
        answer = lightbench(*command, f"{path}:Quits", "--input", "3x8x8")
        assert (answer.code, "SystemExit: 7." in answer.err) == (2, True), answer.err


def test_a_card_whose_sweeps_have_other_settings_is_no_fault_of_ours(
    lightbench, tmp_path, sweep_records
):
    """A hand-made file: group counts and ratios that do not say how many."""
    path = tmp_path / "card.jsonl"
    store.append(path, card_records(sweep_records))
    for axis in ("groups", "ratio"):
        store.append(path, sweep_records({"a": 1.0, "b": 2.0}, experiment=axis, run=axis))
    assert lightbench(*LINT, "--card", path).code in (0, 2)


def test_what_only_eager_can_do_is_refused_on_an_engine(lightbench, nets, tmp_path):
    trace = ("layers", f"{nets}:Wide", "--engine", "onnxruntime", "--trace", tmp_path / "t.json")
    assert "a trace shows operators as eager runs them." in lightbench(*trace).err
    verify = ("lint", f"{nets}:Wide", "--engine", "onnxruntime", "--verify")
    assert "findings are verified as eager runs them" in lightbench(*verify).err
    seconds = lightbench("lint", f"{nets}:Wide", "--seconds", "1")
    assert "--seconds is the time of --verify and --try." in seconds.err


def test_a_network_whose_forward_raises_is_named_with_its_module(lightbench, nets):
    answer = lightbench("lint", f"{nets}:Bad", "--input", "32x8x8", *NULL)
    assert (answer.code, answer.out) == (2, "")
    assert "the forward pass failed in Linear `1` with 1x4x8x8: RuntimeError: " in answer.err
