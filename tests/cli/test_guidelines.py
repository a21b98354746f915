"""`lightbench guidelines` on the null device: what it measures, shows and keeps."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from guidelines_command import QUICK, ask

from lightbench.records import store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stored(tmp_path, sweep_records):
    """A store with G1 at two widths, and G2."""
    path = tmp_path / "s.jsonl"
    times = {"1:1": 0.010, "1:4": 0.012, "1:9": 0.020}
    store.append(path, sweep_records(times, run="a"))
    store.append(path, sweep_records(times, run="b", width=2))
    g2 = {"g=1": 0.010, "g=16": 0.010}
    store.append(path, sweep_records(g2, run="c", experiment="g2_group_count"))
    return path


# What is measured.


@pytest.mark.slow
def test_four_guidelines_are_measured_unless_some_are_named(lightbench):
    answer = ask(lightbench, *QUICK, "--format", "json")
    assert answer.code == 0
    assert answer.err == ""
    found = [
        (f["guideline"], f["channels"], f["width"]) for f in json.loads(answer.out)["findings"]
    ]
    assert found == [
        (name, "aligned", 1)
        for name in ("g1_channel_ratio", "g2_group_count", "g3_fragmentation", "g4_elementwise")
    ]


def test_json_is_one_document_with_findings_points_and_records(lightbench):
    answer = ask(lightbench, "g1", *QUICK, "--format", "json")
    document = json.loads(answer.out)
    assert list(document) == ["findings", "points", "records"]
    (finding,) = document["findings"]
    assert finding["claim"] == "Equal channel width is fastest"
    assert (finding["row"], finding["reference"]) == ("1:9", "1:1")
    assert finding["finding"] == "launch-bound"  # the null device takes 1 ms for anything
    assert (finding["time_per_madd"], finding["rounds"], finding["launch_share"]) == (1.0, 12, 1.0)
    assert [p["row"] for p in document["points"]] == ["1:1", "1:2.25", "1:4", "1:9"]
    assert document["points"][0]["settings"] == {"c1": 96, "c2": 96, "blocks": 10}
    hw = 56 * 56  # at equal MAdds 20 hw 96^2; memory access 20 (hw (c1 + c2) + c1 c2)
    assert [p["madds"] for p in document["points"]] == [20 * hw * 96 * 96] * 4
    assert [p["mem_access"] for p in document["points"]] == [
        20 * (hw * both + 96 * 96) for both in (192, 208, 240, 320)
    ]
    assert len(document["records"]) == 8  # with the launch probes
    assert all(
        record["found"]["run"] == document["points"][0]["run"] for record in document["records"]
    )


def test_csv_has_one_row_a_point(lightbench):
    rows = [*csv.DictReader(io.StringIO(ask(lightbench, "g2", *QUICK, "--format", "csv").out))]
    assert [row["row"] for row in rows] == ["g=1", "g=4", "g=16"]
    assert {row["latency_s"] for row in rows} == {"0.001"}
    assert {row["guideline"] for row in rows} == {"G2"}
    assert {float(row["speed"]) for row in rows} == {1.0}


@pytest.mark.slow
def test_channels_and_widths_choose_the_sweeps(lightbench):
    answer = ask(
        lightbench, "g1", *QUICK[:4], "--channels", "paper-gpu,paper-arm", "--widths", "1,2",
        "--format", "json",
    )  # fmt: skip
    found = [(f["channels"], f["width"]) for f in json.loads(answer.out)["findings"]]
    assert found == [("paper-gpu", 1), ("paper-gpu", 2), ("paper-arm", 1), ("paper-arm", 2)]


@pytest.mark.slow
def test_the_paper_scale_has_the_papers_channels_beside_the_aligned_ones(lightbench):
    answer = ask(lightbench, "g1", "--scale", "paper", *QUICK, "--format", "json")
    found = [f["channels"] for f in json.loads(answer.out)["findings"]]
    assert found == ["aligned", "paper-gpu", "paper-arm"]


def test_another_geometry_is_measured_and_named(lightbench):
    """4c -> c -> c -> 4c with c = 64 at 56 x 56: 10 (2 x 4c^2 + 9 c^2) MAdds at each position."""
    answer = ask(lightbench, "g4", *QUICK, "--geometry", "wide", "--format", "json")
    document = json.loads(answer.out)
    assert document["findings"][0]["channels"] == "aligned wide"
    assert {p["madds"] for p in document["points"]} == {10 * 56 * 56 * 17 * 64 * 64}
    assert all("geometry='wide'" in p["model"] for p in document["points"])


def test_batch_dtype_layout_and_threads_reach_the_cases(lightbench):
    answer = ask(
        lightbench, "g1", *QUICK, "--batch", "2", "--dtype", "bfloat16", "--channels-last",
        "--threads", "3", "--format", "json",
    )  # fmt: skip
    document = json.loads(answer.out)
    cases = [record["case"] for record in document["records"]]
    assert {(c["batch"], c["dtype"], c["layout"], c["threads"]) for c in cases} == {
        (2, "bfloat16", "channels_last", 3)
    }
    # a batch of 2 does twice the work, and reads its filters once
    assert document["points"][0]["madds"] == 2 * 20 * 56 * 56 * 96 * 96
    assert document["points"][0]["mem_access"] == 20 * (2 * 56 * 56 * 192 + 96 * 96)
    assert document["points"][0]["above_bound"] == pytest.approx(0, abs=1e-12)


@pytest.mark.alone
def test_units_and_operators_are_measured_by_name(lightbench):
    answer = ask(lightbench, "units", "operators", *QUICK, "--format", "json")
    found = [(f["guideline"], f["row"]) for f in json.loads(answer.out)["findings"]]
    assert found == [("units", "MobileNetV2"), ("operators", "depthwise")]


# What is shown.


def test_people_read_the_findings_the_papers_table_and_every_point(lightbench):
    out = ask(lightbench, "g1", *QUICK).out
    parts = [
        "Guidelines: ",
        "launch-bound",
        "G1: Equal channel width is fastest? (aligned",
        "Every point",
    ]
    places = [out.index(part) for part in parts]
    assert places == sorted(places)
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.slow
def test_a_figure_for_each_guideline_is_written_and_named(lightbench, tmp_path):
    folder = tmp_path / "new" / "figures"
    answer = ask(lightbench, "g1", "g4", *QUICK, "--geometry", "wide", "--figures", folder)
    assert answer.code == 0
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [
        "g1_channel_ratio-aligned.svg", "g4_elementwise-aligned-wide.svg"
    ]  # fmt: skip
    assert all(ElementTree.parse(file).getroot().tag.endswith("svg") for file in files)
    assert answer.err == "".join(f"lightbench: wrote {file}\n" for file in files)


@pytest.mark.parametrize("suffix", [".json", ".csv", ".md"])
def test_the_file_name_chooses_the_format(suffix, lightbench, stored, tmp_path):
    file = tmp_path / f"out{suffix}"
    assert ask(lightbench, "--from", stored, "-o", file) == (0, "", "")
    form = {".json": "json", ".csv": "csv", ".md": "markdown"}[suffix]
    assert file.read_text() == ask(lightbench, "--from", stored, "--format", form).out


# What is kept.


@pytest.mark.slow
def test_the_same_again_measures_nothing(lightbench, tmp_path):
    path = tmp_path / "deep" / "s.jsonl"
    command = ("g1", *QUICK, "--store", path, "--format", "json")
    first = json.loads(ask(lightbench, *command).out)
    again = json.loads(ask(lightbench, *command).out)
    assert [r["id"] for r in again["records"]] == [r["id"] for r in first["records"]]
    assert len(store.read(path)) == 8
    assert store.verify(path) == []
    more = json.loads(ask(lightbench, *command, "--widths", "1,2").out)
    assert [r["id"] for r in more["records"]][:8] == [r["id"] for r in first["records"]]
    assert len(store.read(path)) == 16


def test_a_store_that_cannot_be_written_is_said_before_anything_is_measured(
    lightbench, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "lightbench.runner.run.run", lambda *_, **__: pytest.fail("it was measured")
    )
    (tmp_path / "file").touch()
    for option, value in (("--store", "file/x"), ("-o", "file/x.csv"), ("--figures", "file/x")):
        answer = ask(lightbench, "g1", *QUICK, option, tmp_path / value)
        assert (answer.code, answer.out) == (2, "")
        assert str(tmp_path) in answer.err


# From a file.


def test_what_a_file_holds_is_shown_and_nothing_is_measured(lightbench, stored, monkeypatch):
    monkeypatch.setattr(
        "lightbench.runner.run.run", lambda *_, **__: pytest.fail("it was measured")
    )
    document = json.loads(ask(lightbench, "--from", stored, "--format", "json").out)
    assert [(f["guideline"], f["width"], f["finding"]) for f in document["findings"]] == [
        ("g1_channel_ratio", 1, "supported"),
        ("g1_channel_ratio", 2, "supported"),
        ("g2_group_count", 1, "not detectable"),
    ]


@pytest.mark.parametrize("name", ["g2", "g2_group_count"])
def test_a_name_chooses_from_the_file(name, lightbench, stored):
    document = json.loads(ask(lightbench, name, "--from", stored, "--format", "json").out)
    assert {f["guideline"] for f in document["findings"]} == {"g2_group_count"}
    assert {p["guideline"] for p in document["points"]} == {"G2"}
    assert {r["found"]["experiment"] for r in document["records"]} == {"g2_group_count"}


def test_showing_a_file_imports_no_torch(stored, tmp_path):
    code = (
        "import sys; from lightbench.cli import run\n"
        "for extra in ([], ['--format', 'json'], ['--format', 'csv'], ['g1']):\n"
        "    assert run(['guidelines', '--from', sys.argv[1], *extra]) == 0\n"
        "assert not {'torch', 'torchvision', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "assert run(['guidelines', '--from', sys.argv[1], '--figures', sys.argv[2]]) == 0\n"
        "assert not {'torch', 'pandas'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(stored), str(tmp_path / "figures")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len([*(tmp_path / "figures").iterdir()]) == 2


def test_a_file_without_such_records_says_so(lightbench, tmp_path, stored, make_record):
    store.append(tmp_path / "p.jsonl", [make_record("net")])
    for arguments in (["--from", tmp_path / "p.jsonl"], ["g3", "--from", stored]):
        answer = ask(lightbench, *arguments)
        assert (answer.code, answer.out) == (2, "")
        assert "holds no records of these guidelines" in answer.err


def test_a_file_that_is_not_there_is_named(lightbench, tmp_path):
    answer = ask(lightbench, "--from", tmp_path / "none.jsonl")
    assert (answer.code, answer.out) == (2, "")
    assert "none.jsonl" in answer.err


def test_a_guideline_that_is_unknown_is_refused_also_for_a_file(lightbench, stored):
    answer = ask(lightbench, "g1", "g7", "--from", stored)
    assert answer.code == 2
    assert "no guideline is called 'g7'" in answer.err


@pytest.mark.parametrize(
    "channels",
    [
        "../../../evil",
        "a/b",
        "a\x00b",
        "x" * 300,
        "\u7f51\u7edc",
    ],
    ids=ascii,
)
def test_a_file_cannot_say_where_figures_are_written(channels, lightbench, tmp_path, sweep_records):
    """Its set of channels is part of the file name."""
    path, inside = tmp_path / "s.jsonl", tmp_path / "a" / "b" / "figures"
    records = sweep_records({"1:1": 0.010, "1:9": 0.020}, channels=f"aligned {channels}")
    store.append(path, records)
    answer = ask(lightbench, "--from", path, "--figures", inside)
    assert answer.code in (0, 2)  # drawn, or one sentence why not
    assert {file.parent for file in tmp_path.rglob("*.svg")} <= {inside}
