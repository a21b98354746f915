"""`lightbench sweep`, `device-card` and `lint`: formats, files, what is kept, errors, how they end."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from markdown_it import MarkdownIt

from lightbench import devices, registry
from lightbench.errors import DeviceUnavailable
from lightbench.records import store
from lightbench.runner import run
from lightbench.runner.run import Interrupted
from lightbench.studies.card.api import card_path
from lightbench.studies.card.card import CONV_LAUNCH, LAUNCH, MOVES, RATES, STREAM, card_of
from lightbench.studies.card.plan import SECONDS

ROOT = Path(__file__).parents[2]
NULL = ("--device", "null")
SWEEP = ("sweep", "kernel", "--channels", "34", "--input", "5x6", "--seconds", "0.05", *NULL)
CARD = ("device-card", *NULL)
LINT = ("lint", "shufflenet_v1_x0_5_g3", *NULL)
COMMANDS = {"sweep": SWEEP, "device-card": CARD, "lint": LINT}
FORMATS = registry.names("format")
each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """Cards are kept in a folder of the test; a card takes no minute."""
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    for experiment in SECONDS:
        monkeypatch.setitem(SECONDS, experiment, 0.05)
    return home


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


def refused(answer, code=2):
    """One sentence after "lightbench: ", the next step below it, nothing else anywhere."""
    assert answer.code == code, answer
    assert answer.out == ""
    sentence, step = answer.err.splitlines()
    assert sentence.startswith("lightbench: ")
    assert sentence.endswith((".", "?"))
    assert step.startswith("  ")
    assert step.strip()
    return sentence, step


def nothing_may_be_measured(monkeypatch):
    for name in ("lightbench.runner.run.run", "lightbench.studies.lint.savings.measure"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("it was measured"))


# Formats.


@each_command
def test_json_is_one_document(command, lightbench):
    answer = lightbench(*command, "--format", "json")
    assert answer.code == 0
    assert json.loads(answer.out)


@each_command
def test_csv_has_a_row_for_each_row_of_the_table_and_keys_as_headings(command, lightbench):
    text = lightbench(*command, "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == {"sweep": 4, "device-card": 15, "lint": 20}[command[0]]
    assert all(None not in row and None not in row.values() for row in rows)


@each_command
def test_markdown_is_a_table(command, lightbench):
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(
        lightbench(*command, "--format", "markdown").out
    )
    tables = [token.type for token in tokens].count("table_open")
    assert tables == (2 if command[0] == "lint" else 1)


@each_command
def test_github_annotations_are_a_notice_a_row(command, lightbench):
    lines = lightbench(*command, "--format", "github").out.splitlines()
    assert len(lines) == {"sweep": 4, "device-card": 15, "lint": 20}[command[0]]
    assert all(re.match(r"::notice title=[^:,]+::.+", line) for line in lines)


@pytest.mark.slow
@each_command
@pytest.mark.parametrize("suffix", [".json", ".csv", ".md", ".github", ".html", ".txt"])
def test_the_file_name_chooses_the_format_and_stdout_stays_empty(
    command, suffix, lightbench, tmp_path
):
    file = tmp_path / "new" / f"out{suffix}"
    answer = lightbench(*command, "-o", file)
    assert (answer.code, answer.out) == (0, "")
    form = {".md": "markdown", ".txt": "table"}.get(suffix, suffix[1:])
    assert file.read_text()
    if command[0] == "lint":  # nothing in it is random, or a time
        assert file.read_text() == lightbench(*command, "--format", form).out


@each_command
def test_there_is_no_progress_in_a_pipe(command, lightbench, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    answer = lightbench(*command)
    assert "\x1b" not in answer.out
    said = [line for line in answer.err.splitlines() if "kept in" not in line]
    assert said == []


# Sweeps.


def test_a_sweep_of_the_device_that_takes_a_millisecond_is_exact(lightbench):
    """34 channels: 34^2 MAdds a position for 1x1, 11^2 * 9 for 3x3, 7^2 * 25 and 5^2 * 49."""
    (sweep,) = json.loads(lightbench(*SWEEP, "--format", "json").out)["sweeps"]
    assert sweep["sweep"] == "kernel"
    assert sweep["channels"] == "c=34, constant MAdds"
    assert sweep["per_madd"] is True
    points = {point["point"]: point for point in sweep["points"]}
    madds = {"1x1": 1156, "3x3": 1089, "5x5": 1225, "7x7": 1225}
    assert {label: p["madds"] for label, p in points.items()} == {
        label: 10 * 30 * m for label, m in madds.items()
    }
    for label, point in points.items():
        assert point["latency_s"] == 0.001
        assert point["time_ratio"] == point["time_low"] == point["time_high"] == 1.0
        assert point["time_per_madd_ratio"] == pytest.approx(1156 / madds[label])
        assert point["launch_share"] == 1.0  # a map of one pixel takes as long
    assert sweep["crossover"] == "3x3"


@pytest.mark.alone
def test_what_is_said_of_a_sweep_is_the_crossover(lightbench):
    text = " ".join(lightbench(*SWEEP).out.split())
    assert "3x3 is the first point slower per MAdd than 1x1: 1.06" in text
    text = " ".join(lightbench(*SWEEP, "--constant", "width").out.split())
    assert "no point is slower than 1x1 by more than its interval" in text


def test_options_of_a_sweep_reach_it(lightbench):
    answer = lightbench(
        "sweep", "groups", "--channels", "6", "--input", "3x4", "--constant", "width",
        "--seconds", "0.05", "--batch", "2", "--dtype", "bfloat16", "--channels-last",
        "--threads", "3", "--engine", "eager", *NULL, "--format", "json",
    )  # fmt: skip
    records = json.loads(answer.out)["records"]
    cases = [record["case"] for record in records if not record["sweep"]["launch"]]
    assert [case["model"] for case in cases] == [
        f"stack:grouped(c=6, groups={g})" for g in (1, 2, 3, 6)
    ]
    for case in cases:
        assert case["inputs"][0]["shape"] == [6, 3, 4]
        settings = ("batch", "dtype", "layout", "threads", "device", "engine")
        assert [case[key] for key in settings] == [
            2, "bfloat16", "channels_last", 3, "null", "eager",
        ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("axis", ["ratio", "kind", "batch", "activation", "excite", "shuffle",
                                  "loop", "branches", "resolution"])  # fmt: skip
def test_every_axis_can_be_swept(axis, lightbench):
    answer = lightbench(
        "sweep", axis, "--channels", "32", "--seconds", "0.02", *NULL, "--format", "json",
        *(() if axis == "resolution" else ("--input", "3x4")),
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, "")
    (sweep,) = json.loads(answer.out)["sweeps"]
    assert len(sweep["points"]) >= 2


def ids(answer):
    return [record["id"] for record in json.loads(answer.out)["records"]]


def test_a_sweep_in_a_store_is_not_measured_again(lightbench, tmp_path, monkeypatch):
    path = tmp_path / "deep" / "s.jsonl"
    command = (*SWEEP, "--store", path, "--format", "json")
    first = ids(lightbench(*command))
    assert len(store.read(path)) == len(first) == 8
    with monkeypatch.context() as patch:
        nothing_may_be_measured(patch)
        assert ids(lightbench(*command)) == first
        shown = lightbench("sweep", "kernel", "--from", path, "--format", "json")
        assert ids(shown) == first
    assert len(store.read(path)) == 8
    other = lightbench(*SWEEP, "--store", path, "--batch", "2", "--format", "json")
    assert set(ids(other)).isdisjoint(first)
    assert len(store.read(path)) == 16


def test_from_shows_one_axis_of_a_file_with_several(lightbench, tmp_path, sweep_records, profile):
    path = tmp_path / "s.jsonl"
    store.append(path, profile)
    store.append(path, sweep_records({"g=1": 1.0, "g=2": 2.0}, experiment="groups", run="a"))
    store.append(path, sweep_records({"1:1": 1.0, "1:4": 2.0}, experiment="ratio", run="b"))
    answer = lightbench("sweep", "groups", "--from", path)
    assert answer.code == 0
    assert "g=2 is the first point slower than g=1" in " ".join(answer.out.split())
    assert "1:4" not in answer.out


@pytest.mark.parametrize("command", [("sweep", "groups"), ("device-card",), ("guidelines", "g1")])
@pytest.mark.parametrize("option", ["--threads", "--device", "--store", "--seconds", "--channels"])
def test_from_measures_nothing_and_takes_no_option_of_a_measurement(
    command, option, lightbench, tmp_path
):
    value = {"--device": "null", "--store": tmp_path / "new.jsonl", "--channels": "aligned"}
    given = value.get(option, "8")
    if option == "--channels" and command[0] == "sweep":
        given = "8"
    if command[0] == "device-card":
        option, given = ("--card", "x") if option in ("--store", "--seconds", "--channels") else (
            option, given,
        )  # fmt: skip
    answer = lightbench(*command, "--from", tmp_path / "s.jsonl", option, given)
    sentence, _ = refused(answer)
    assert f"--from measures nothing, so {option} has no meaning" in sentence
    assert list(tmp_path.iterdir()) == []


def test_a_file_put_together_twice_is_the_same_sweep(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    for _ in range(2):
        store.append(path, sweep_records({"g=1": 1.0, "g=2": 2.0}, experiment="groups"))
    text = " ".join(lightbench("sweep", "groups", "--from", path).out.split())
    assert "g=2 is the first point slower than g=1" in text


def test_what_was_noticed_while_it_was_measured_is_said_once(lightbench, tmp_path, sweep_records):
    busy = "Other programs keep 3 of 4 CPUs busy."
    path = tmp_path / "s.jsonl"
    for experiment, times in (
        ("groups", {"a": 1.0, "b": 2.0}),
        ("g1_channel_ratio", {"1:1": 1.0, "1:9": 2.0}),
    ):
        first, second = sweep_records(times, experiment=experiment, run=experiment)
        store.append(path, [
            msgspec.structs.replace(first, warnings=(busy,)),
            msgspec.structs.replace(second, warnings=(busy, "contended: others.")),
        ])  # fmt: skip
    for command, point in ((("sweep", "groups"), "b"), (("guidelines", "g1"), "1:9")):
        text = " ".join(lightbench(*command, "--from", path, "--format", "markdown").out.split())
        assert text.count(f"warning: {busy}") == 1
        assert text.count(f"warning: contended: others. ({point})") == 1


def test_too_few_rounds_for_an_interval_are_said(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    for experiment, times in (
        ("groups", {"a": 1.0, "b": 2.0}),
        ("g1_channel_ratio", {"1:1": 1.0, "1:9": 2.0}),
    ):
        store.append(path, sweep_records(times, experiment=experiment, run=experiment, rounds=3))
    for command in (("sweep", "groups"), ("guidelines", "g1")):
        text = " ".join(lightbench(*command, "--from", path).out.split())
        assert "too few rounds for an interval: measure longer (--seconds)." in text
        assert "no point is slower" not in text


def test_from_a_file_without_the_sweep_says_so(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    store.append(path, sweep_records({"g=1": 1.0}, experiment="groups"))
    sentence, step = refused(lightbench("sweep", "ratio", "--from", path))
    assert "holds no sweep 'ratio'." in sentence
    assert "Try without --from." in step


def test_a_point_that_failed_is_said_and_the_others_are_shown(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    store.append(path, sweep_records({"a": 1.0, "b": None, "c": 2.0}, experiment="groups"))
    answer = lightbench("sweep", "groups", "--from", path, "--format", "json")
    assert answer.code == 3
    assert answer.err == "lightbench: stack:b: out of memory.\n  Try --batch 1.\n"
    (sweep,) = json.loads(answer.out)["sweeps"]
    assert [point["point"] for point in sweep["points"]] == ["a", "c"]


# Figures.


@pytest.mark.slow
@pytest.mark.parametrize("command", ["sweep", "device-card"])
@pytest.mark.parametrize("suffix", [".svg", ".png", ".SVG"])
def test_a_figure_is_drawn_beside_the_answer(command, suffix, lightbench, tmp_path):
    file = tmp_path / "new" / f"figure{suffix}"
    answer = lightbench(*COMMANDS[command], "--figure", file, "--format", "json")
    assert answer.code == 0
    assert json.loads(answer.out)
    assert f"lightbench: wrote {file}\n" in answer.err
    if suffix == ".png":
        assert file.read_bytes().startswith(b"\x89PNG\r\n")
    else:
        assert ElementTree.fromstring(file.read_text()).tag.endswith("svg")


@pytest.mark.parametrize("command", ["sweep", "device-card"])
@pytest.mark.parametrize("name", ["figure.pdf", "figure", "figure.jsonl"])
def test_another_kind_of_figure_lists_the_known_ones(command, name, lightbench, tmp_path):
    answer = lightbench(*COMMANDS[command], "--figure", tmp_path / name)
    assert answer.code == 2
    assert "Known: .svg, .png." in answer.err
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("command", ["sweep", "device-card"])
def test_another_kind_of_figure_is_refused_before_anything_is_measured(
    command, lightbench, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "lightbench.runner.run.run", lambda *_, **__: pytest.fail("it was measured")
    )
    refused(lightbench(*COMMANDS[command], "--figure", tmp_path / "figure.pdf"))


def test_a_figure_of_a_sweep_without_times_is_a_sentence(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    store.append(path, sweep_records({"a": None, "b": None}, experiment="groups"))
    answer = lightbench("sweep", "groups", "--from", path, "--figure", tmp_path / "a.svg")
    assert answer.code == 2
    assert "nothing to draw" in answer.err


@pytest.mark.parametrize("command", ["sweep", "device-card"])
def test_outputs_that_cannot_be_written_are_said_before_anything_is_measured(
    command, lightbench, tmp_path, monkeypatch
):
    nothing_may_be_measured(monkeypatch)
    (tmp_path / "file").touch()
    keep = "--store" if command == "sweep" else "--card"
    for option, name in (("-o", "x.json"), ("--figure", "x.svg"), (keep, "x.jsonl")):
        answer = lightbench(*COMMANDS[command], option, tmp_path / "file" / name)
        sentence, _ = refused(answer)
        assert str(tmp_path / "file") in sentence


# The card.


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
    assert card_path(device="null", threads=3, dtype="bfloat16", channels_last=True).exists()


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


def card_records(sweep_records, **failed):
    points = (*RATES, *MOVES, STREAM, LAUNCH, CONV_LAUNCH)
    times = {p: failed.get(p.replace(" ", "_"), 1.0) for p in points}
    return sweep_records(times, experiment="device_card", run="card", device="null")


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


# Lint.


def test_lint_finds_what_it_finds_in_python_in_the_same_order(lightbench):
    from lightbench.studies.lint.api import lint as lint_model

    data = json.loads(lightbench(*LINT, "--format", "json").out)
    assert [(d["guideline"], d["layer"]) for d in data] == [
        (f.guideline, f.path) for f in lint_model(LINT[1]).findings
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


def test_a_network_of_a_file_is_annotated_at_its_class_or_function(lightbench, nets):
    for call, line in (("Wide", 5), ("Wide(512)", 5), ("tall(512)", 12)):
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


def test_a_network_whose_forward_raises_is_named_with_its_module(lightbench, nets):
    answer = lightbench("lint", f"{nets}:Bad", "--input", "32x8x8", *NULL)
    assert (answer.code, answer.out) == (2, "")
    assert "the forward pass failed in Linear `1` with 1x4x8x8: RuntimeError: " in answer.err


# Errors.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sweep"], "Missing argument 'AXIS'"),
        (["sweep", "gruops", *NULL], "no axis is called 'gruops'. Did you mean groups?"),
        (["sweep", "groups", "--channels", "0", *NULL], "groups takes 1 to 2,048 channels, got 0."),
        (["sweep", "groups", "--channels", str(10**9), *NULL], "got 1000000000."),
        (["sweep", "groups", "--channels", "many", *NULL], "'many' is not a valid integer"),
        (["sweep", "loop", "--channels", "100", *NULL], "a multiple of 8 channels, got 100. Try"),
        (["sweep", "groups", "--constant", "time", *NULL], "'time' is not one of 'madds', 'width'"),
        (["sweep", "batch", "--constant", "madds", *NULL], "batch cannot be swept at constant madds"),
        (["sweep", "groups", "--input", "56", *NULL], "a map has a height and a width, got '56'"),
        (["sweep", "groups", "--input", "3x56x56", *NULL], "a height and a width, got '3x56x56'"),
        (["sweep", "groups", "--input", "x", *NULL], "cannot read the input shape 'x'"),
        (["sweep", "groups", "--seconds", "0", *NULL], "a number above zero, got 0.0. Try --seconds"),
        (["sweep", "groups", "--seconds", "-1", *NULL], "above zero, got -1.0"),
        (["sweep", "groups", "--seconds", "nan", *NULL], "above zero, got nan"),
        (["sweep", "groups", "--seconds", "inf", *NULL], "above zero, got inf"),
        (["sweep", "groups", "--batch", "0", *NULL], "got 0. Try --batch 1"),
        (["sweep", "groups", "--device", "nul"], "'nul'. Did you mean null"),
        (["sweep", "groups", "--engine", "eagre", *NULL], "'eagre'. Did you mean eager"),
        (["sweep", "groups", "--dtype", "float23", *NULL], "'float23'. Did you mean float32"),
        (["sweep", "groups", "--threads", "0", *NULL], "threads are 1 or more, got 0"),
        (["sweep", "groups", "--format", "jsn", *NULL], "'jsn'. Did you mean json"),
        (["sweep", "groups", "-o", "out.docx", *NULL], "'out.docx'. Known: "),
        (["device-card", "--device", "nul"], "'nul'. Did you mean null"),
        (["device-card", "--engine", "eagre", *NULL], "'eagre'. Did you mean eager"),
        (["device-card", "--dtype", "int8", *NULL], "no dtype is called 'int8'. Known: float32"),
        (["device-card", "--threads", "-1", *NULL], "got -1. Try --threads 1"),
        (["sweep", "resolution", "--input", "3x4", *NULL], "Leave --input out"),
        (["sweep", "batch", "--batch", "8", *NULL], "Leave --batch out"),
        (["device-card", "-o", "out.docx", *NULL], "'out.docx'. Known: "),
        (["lint"], "Missing argument 'MODEL'"),
        (["lint", "mobilenet_v22", *NULL], "'mobilenet_v22'. Did you mean mobilenet_v2"),
        (["lint", "huggingface:x", *NULL], "cannot read the model 'huggingface:x'"),
        (["lint", "missing.py:Net", *NULL], "there is no file 'missing.py'. Write path/file.py"),
        (["lint", "example_dense", "--verify", "--seconds", "0", *NULL], "above zero, got 0.0. Try --seconds"),
        (["lint", "example_dense", "--verify", "--seconds", "-1", *NULL], "above zero, got -1.0"),
        (["lint", "example_dense", "--verify", "--seconds", "nan", *NULL], "above zero, got nan"),
        (["lint", "example_dense", "--seconds", "3", *NULL], "--seconds is the time of --verify."),
        (["sweep", "kernel", "--channels", "7", *NULL], "allowed. Try --channels 34, or --constant"),
        (["sweep", "resolution", "--channels", "1", *NULL], "allowed. Try --channels 2, or"),
        (["lint", "example_dense", "--top", "0", *NULL], "Invalid value for '--top'"),
        (["lint", "example_dense", "--top", "-3", *NULL], "Invalid value for '--top'"),
        (["lint", "example_dense", "--input", "3x", *NULL], "cannot read the input shape '3x'"),
        (["lint", "example_dense", "--batch", "0", *NULL], "got 0. Try --batch 1"),
        (["lint", "example_dense", "--device", "nul"], "'nul'. Did you mean null"),
        (["lint", "example_dense", "--dtype", "float23", *NULL], "'float23'. Did you mean float32"),
        (["lint", "example_dense", "--format", "jsn", *NULL], "'jsn'. Did you mean json"),
    ],
)  # fmt: skip
def test_it_says_what_was_wrong_and_the_next_step(
    arguments, words, lightbench, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    nothing_may_be_measured(monkeypatch)
    answer = lightbench(*arguments)
    refused(answer)
    assert words in " ".join(answer.err.split()), answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threads", ["0", "-1"])
@pytest.mark.parametrize(
    "command", [["sweep", "groups"], ["device-card"], ["lint", "example_dense"]], ids=lambda c: c[0]
)
def test_no_threads_on_the_processor_are_refused(command, threads, lightbench, monkeypatch):
    nothing_may_be_measured(monkeypatch)
    answer = lightbench(*command, "--threads", threads)
    refused(answer)
    assert f"threads are 1 or more, got {threads}" in answer.err


def test_lint_is_about_eager_and_says_so(lightbench):
    answer = lightbench("lint", "example_dense", "--engine", "compile", *NULL)
    assert (answer.code, answer.out) == (2, "")
    assert "lint looks at operators as eager runs them, not compile." in answer.err


@each_command
def test_a_device_that_is_not_there_is_4_and_says_why(command, lightbench, monkeypatch):
    nothing_may_be_measured(monkeypatch)
    device = devices.find("null")
    monkeypatch.setattr(device, "unavailable", lambda: DeviceUnavailable("it has left."))
    answer = lightbench(*command)
    assert (answer.code, answer.out, answer.err) == (4, "", "lightbench: it has left.\n")


def test_error_messages_are_inert_on_a_terminal(lightbench, tmp_path):
    file, name = "x\x1b[31m\u202e", "x\x1b[31m\u202e\nlightbench: all is well"
    for arguments in (
        ["sweep", name, *NULL],
        ["sweep", name, "--from", tmp_path / file],
        ["device-card", "--from", tmp_path / file],
        ["lint", name, *NULL],
        ["lint", "example_dense", *NULL, "--card", tmp_path / file],
    ):
        answer = lightbench(*arguments)
        assert answer.code == 2
        assert "\x1b" not in answer.err
        assert "\u202e" not in answer.err
        assert "\nlightbench: all" not in answer.err


def test_failures_in_a_file_are_inert_on_a_terminal(lightbench, tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    store.append(path, sweep_records({"a": 1.0, "b\x1b[31m\u202e": None}, experiment="groups"))
    answer = lightbench("sweep", "groups", "--from", path)
    assert answer.code == 3
    assert "\x1b" not in answer.err + answer.out
    assert "\u202e" not in answer.err + answer.out


# How it ends.


@each_command
def test_ctrl_c_anywhere_is_130_and_no_traceback(command, lightbench, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    places = ("lint.api.count", "sweep.api.measure_all", "card.api.measure_all")
    for name in (f"lightbench.studies.{place}" for place in places):
        monkeypatch.setattr(name, interrupted)
    answer = lightbench(*command)
    assert (answer.code, answer.out) == (130, "")
    assert answer.err.strip() == "lightbench: interrupted"


def test_ctrl_c_while_a_finding_is_measured_is_130(lightbench, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("lightbench.studies.lint.savings.measure", interrupted)
    assert lightbench(*LINT, "--verify", "--seconds", "0.05").code == 130


def test_ctrl_c_in_a_sweep_prints_what_was_finished(lightbench, monkeypatch, sweep_records):
    finished = sweep_records({"1x1": 1.0, "3x3": 2.0}, experiment="kernel")

    def interrupted(*_, **__):
        raise Interrupted(finished)

    monkeypatch.setattr("lightbench.runner.run.run", interrupted)
    answer = lightbench(*SWEEP, "--format", "json")
    assert answer.code == 130
    assert ids(answer) == [record.id for record in finished]
    assert answer.err == "lightbench: interrupted.\n"


def test_ctrl_c_in_a_card_keeps_none_and_leaves_the_old_one(lightbench, monkeypatch, sweep_records):
    old = card_path(device="null")
    store.append(old, card_records(sweep_records))
    before = old.read_bytes()
    for finished in ([], card_records(sweep_records)):

        def interrupted(*_, finished=finished, **__):
            raise Interrupted(finished)

        monkeypatch.setattr("lightbench.runner.run.run", interrupted)
        answer = lightbench(*CARD)
        assert answer.code == 130
        assert "kept in" not in answer.err
        assert old.read_bytes() == before


@pytest.mark.slow
def test_an_interrupted_card_goes_on_from_its_finished_sweeps(lightbench, monkeypatch):
    real, ran = run.run, []

    def once(cases, **settings):
        ran.append(settings["sweep"][0].experiment)
        if len(ran) == 2:
            raise Interrupted([])
        return real(cases, **settings)

    monkeypatch.setattr("lightbench.runner.run.run", once)
    answer = lightbench(*CARD)
    assert answer.code == 130
    assert "finished parts are kept: the same command goes on from there." in answer.err
    part = card_path(device="null").with_name(card_path(device="null").name + ".part")
    finished = store.read(part)
    assert lightbench(*CARD).code == 0
    assert ran == ["device_card", "groups", "groups", "ratio"]
    assert store.read(card_path(device="null"))[: len(finished)] == finished
    assert not part.exists()


# What is not imported.


def test_stored_sweeps_and_cards_are_shown_without_torch(tmp_path, sweep_records):
    path = tmp_path / "s.jsonl"
    store.append(path, card_records(sweep_records))
    store.append(path, sweep_records({"g=1": 1.0, "g=2": 2.0}, experiment="groups", run="g"))
    code = (
        "import sys; from lightbench.cli import run\n"
        "for argv in (['sweep', 'groups'], ['device-card']):\n"
        "    assert run([*argv, '--from', sys.argv[1]]) == 0, argv\n"
        "    slow = {'torch', 'torchvision', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "    assert not slow, (argv, slow)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
