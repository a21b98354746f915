"""Run-time decomposition on the command line and as a figure."""

from __future__ import annotations

import json
import re
from itertools import combinations
from xml.etree import ElementTree

import matplotlib as mpl
import msgspec
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lightbench import devices
from lightbench.cli.commands import layers as layers_command
from lightbench.errors import DeviceUnavailable, UsageError
from lightbench.figures.save import save
from lightbench.figures.style import style
from lightbench.studies.count.groups import BY, GROUPS
from lightbench.studies.layers import stopwatch
from lightbench.studies.layers.drawing import draw
from lightbench.studies.layers.shares import Breakdown, Pass
from lightbench.studies.layers.table import parts_view
from lightbench.timing.summary import summarize

# The command.


NETS = (
    "import torch\n"
    "from torch import nn\n"
    "class Loud(nn.Conv2d):\n"
    "    def __init__(self):\n"
    "        super().__init__(3, 4, 3)\n"
    "    def forward(self, x):\n"
    "        print('forward')\n"
    "        return super().forward(x).relu()\n"
    "class Bad(Loud):\n"
    "    def forward(self, x):\n"
    "        raise IndexError('no such layer')\n"
)


@pytest.fixture
def nets(tmp_path):
    path = tmp_path / "nets.py"
    path.write_text(NETS)
    return path


QUICK = ("--measure", "--seconds", "0.05", "--threads", "1", "--input", "3x16x16")


@pytest.mark.parametrize("by", [(), ("--by", "group"), ("--by", "op"), ("--by", "module")])
def test_json_is_one_document_with_everything_also_if_a_network_prints(by, nets, lightbench):
    answer = lightbench("layers", f"{nets}:Loud", *QUICK, *by, "--format", "json")
    assert answer.code == 0
    data = json.loads(answer.out)
    assert "forward" in answer.err
    assert data["rounds"] == len(data["record"]["samples"]["wall_s"]) >= 6
    assert data["by"] == (by[1] if by else None)
    for spread in (data["whole"], data["sum"]):
        assert 0 < spread["low_s"] <= spread["median_s"] <= spread["high_s"]
    over = data["sum_over_whole"]
    assert 0 < over["low"] <= over["median"] <= over["high"]
    for part in data["parts"]:
        assert part["time_low_s"] <= part["time_s"] <= part["time_high_s"]
        assert part["share_low"] <= part["share"] <= part["share_high"]
    # 3 -> 4 channels, 3x3 at 14x14, wherever it is sorted to
    assert sum(part.get("madds", 0) for part in data["parts"]) == 14 * 14 * 3 * 4 * 9


def test_the_table_of_kinds_has_four_rows_and_their_sum_in_80_columns(lightbench):
    answer = lightbench("layers", "shufflenet_v2_x0_5", *QUICK[:-1], "3x64x64", "--by", "group")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert max(map(len, lines)) <= 80
    start = next(i for i, line in enumerate(lines) if line.startswith("---")) + 1
    rows = [line.split("  ")[0] for line in lines[start : start + 5]]
    assert rows == [*GROUPS, "sum"]
    assert lines[start + 5] == ""
    assert all("%" in line for line in lines[start : start + 5])
    assert "sum of operators / whole call: " in answer.out


def test_a_table_that_is_cut_says_so(nets, lightbench):
    answer = lightbench("layers", f"{nets}:Loud", *QUICK, "--by", "op", "--top", "2")
    assert "2 of 3 groups; the sum is of all." in answer.out  # conv2d, relu, views


def test_layers_gain_time_and_share_and_can_be_sorted_by_it(lightbench):
    arguments = ("layers", "shufflenet_v2_x0_5", *QUICK[:-1], "3x64x64", "--sort", "time", "--top")
    answer = lightbench(*arguments, "3")
    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 80
    heading = next(line for line in answer.out.splitlines() if line.startswith("layer "))
    assert re.search(r"\((ms|us)\)", heading)
    assert "share" in heading
    assert "3 of 184 operators" in answer.out
    times = [
        row["time_s"]
        for row in json.loads(lightbench(*arguments, "3", "--format", "json").out)["parts"]
    ]
    assert len(times) == 3
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("form", ["csv", "markdown", "html", "jsonl"])
@pytest.mark.parametrize("by", [(), ("--by", "op")])
def test_every_format_shows_it(form, by, nets, lightbench):
    answer = lightbench("layers", f"{nets}:Loud", *QUICK, *by, "--format", form)
    assert answer.code == 0
    assert "relu" in answer.out


@pytest.mark.parametrize(
    "option",
    ["--sort time", "--seconds 5", "--seed 1", "--device cpu",
     "--engine eager", "--threads 1", "--dtype float32", "--channels-last"],
)  # fmt: skip
def test_options_about_time_need_measure(option, lightbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = lightbench("layers", "mobilenet_v1", *option.split())
    name = option if option.startswith("--sort") else option.split()[0]
    said = f"lightbench: {name} is about measured time.\n  Add --measure.\n"
    assert answer == (2, "", said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("--device nul", 2, "no device is called 'nul'. Did you mean null"),
        ("--engine eagre", 2, "no engine is called 'eagre'. Did you mean eager"),
        ("--dtype float23", 2, "no dtype is called 'float23'. Did you mean float32"),
        ("--seconds 0", 2, "seconds are a number above zero, got 0.0. Try --seconds 5"),
        ("--threads 0", 2, "threads are 1 or more"),
        ("--batch 0", 2, "a batch is a whole number"),
        ("--figure x.eps", 2, "cannot draw into 'x.eps'. Known: .svg, .png, .pdf"),
        ("--format jsn", 2, "no format is called 'jsn'"),
        ("--input 3x224xx", 2, "cannot read the input shape"),
        ("--input 4x8x8", 2, "the forward pass failed in"),
    ],
)
def test_what_cannot_be_measured_is_said(options, code, words, lightbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = lightbench("layers", "mobilenet_v1", "--measure", *options.split())
    assert (answer.code, answer.out) == (code, "")
    assert words in " ".join(answer.err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_drawn_into_is_said_before_anything_is_measured(nets, lightbench):
    answer = lightbench("layers", f"{nets}:Bad", *QUICK, "--figure", "x.eps")
    assert "cannot draw into" in answer.err


def test_a_network_that_fails_is_2_and_names_the_module(nets, lightbench):
    answer = lightbench("layers", f"{nets}:Bad", *QUICK)
    assert (answer.code, answer.out) == (2, "")
    assert "failed in Bad (the network itself)" in answer.err


def test_a_device_that_is_not_there_is_4(lightbench, monkeypatch):
    monkeypatch.setattr(
        devices.find("cpu"), "unavailable", lambda: DeviceUnavailable("no CPU here.")
    )
    answer = lightbench("layers", "mobilenet_v1", "--measure")
    assert answer == (4, "", "lightbench: no CPU here.\n")


def test_ctrl_c_is_130(lightbench, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(stopwatch, "alternate", stop)
    answer = lightbench("layers", "example_conv_g4", "--measure")
    assert (answer.code, answer.out) == (130, "")
    assert answer.err.strip() == "lightbench: interrupted"


def test_every_grouping_can_be_asked_for():
    (by,) = (option for option in layers_command.command.params if option.name == "by")
    assert list(by.type.choices) == list(BY)


# The figure.


def parted(make_record, shares, model="net"):
    """A breakdown with these shares of convolution, element-wise, data movement, other."""
    record = make_record()
    op = record.costs.ops[0]
    kinds = ("dense conv", "activation", "data movement", "pooling")
    ops = tuple(msgspec.structs.replace(op, kind=kind, madds=0, reads=0) for kind in kinds)
    total = msgspec.structs.replace(
        record.costs, ops=ops, madds=0,
        **{key: sum(getattr(op, key) for op in ops) for key in ("mem_access", "mem_bytes", "fused_bytes")},
    )  # fmt: skip
    samples = msgspec.structs.replace(record.samples, wall_s=(2.0,) * 7)
    case = msgspec.structs.replace(record.case, model=model)
    timed = {"samples": samples, "latency": summarize(samples)}
    return Breakdown(
        msgspec.structs.replace(record, costs=total, case=case, **timed),
        (Pass(tuple(shares), 0.0),) * 7,
    )


SHARES = [
    (0.55, 0.15, 0.03, 0.27),
    (0.97, 0.01, 0.01, 0.01),
    (0.01, 0.01, 0.01, 0.97),
    (0.01, 0.97, 0.01, 0.01),
    (0.79, 0.18, 0.0, 0.03),
    (0.25, 0.25, 0.25, 0.25),
]


def words(figure):
    with style():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        return {
            text: mpl.text.Text.get_window_extent(text, renderer)  # without its arrow
            for text in figure.findobj(mpl.text.Text)
            if text.get_text() and text.get_visible()
        }


@pytest.mark.slow
@pytest.mark.parametrize("shares", [*([s] for s in SHARES), SHARES])
@pytest.mark.parametrize("model", ["mobilenet_v2", "W" * 300, r"$\foo$"])
def test_no_words_overlap_or_leave_the_picture(shares, model, make_record):
    figure = draw([parted(make_record, some, model).explained for some in shares])
    boxes = words(figure)
    for text, box in boxes.items():
        if isinstance(text, mpl.text.Annotation):  # the bar is as long as the picture is wide
            assert box.x0 >= figure.axes[0].bbox.x0 - 1
            assert box.x1 <= figure.axes[0].bbox.x1 + 1
        assert box.x0 >= -1
        assert box.x1 <= figure.bbox.width + 1
        assert box.y0 >= -1
        assert box.y1 <= figure.bbox.height + 1
    for (a, box_a), (b, box_b) in combinations(boxes.items(), 2):
        assert not box_a.overlaps(box_b), (a.get_text(), b.get_text())


def test_the_figure_says_each_share_the_whole_time_and_what_the_sum_is_of_it(make_record):
    said = [
        text.get_text()
        for text in words(draw([parted(make_record, SHARES[0], "mobilenet_v2").explained]))
    ]
    for share in ("55.0 %", "15.0 %", "3.0 %", "27.0 %"):
        assert share in said
    assert set(GROUPS) <= set(said)
    (title,) = (text for text in said if text.startswith("mobilenet_v2: "))
    # 1 s of operators in a call of 2 s
    assert "2.00 s (2.00 s to 2.00 s)" in title
    assert "50.0 % of it" in title


def test_medians_of_shares_that_do_not_add_up_are_shown_as_they_are(make_record):
    # each of three groups takes 60 % in a third of the rounds and 20 % in the others: 20 % each
    turns = [(0.6, 0.2, 0.2, 0.0), (0.2, 0.6, 0.2, 0.0), (0.2, 0.2, 0.6, 0.0)] * 2
    even = parted(make_record, SHARES[0])
    samples = msgspec.structs.replace(even.record.samples, wall_s=(2.0,) * 6)
    record = msgspec.structs.replace(even.record, samples=samples)
    found = Breakdown(record, tuple(Pass(turn, 0.0) for turn in turns))
    pieces = draw([found.explained]).axes[0].patches
    assert [piece.get_width() for piece in pieces] == pytest.approx([0.2, 0.2, 0.2, 0])
    note = "The median shares add up to 60.0 %: times varied a lot."
    assert note in parts_view(found.explained, found.parts("group"), "group").table.sentences
    notes = parts_view(even.explained, even.parts("group"), "group").table.sentences
    assert not any("add up" in note for note in notes)


def test_the_figure_has_the_same_bytes_each_time_and_names_that_stay_text(tmp_path, make_record):
    for file in ("a.svg", "b.svg", "a.png", "b.png"):
        save(draw([parted(make_record, SHARES[0], "<script>$\\foo$").explained]), tmp_path / file)
    for suffix in ("svg", "png"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    tags = {e.tag.rpartition("}")[2] for e in ElementTree.parse(tmp_path / "a.svg").iter()}
    assert tags.isdisjoint({"script", "a", "image"})


def test_the_command_draws_it_and_says_where(nets, lightbench, tmp_path):
    file = tmp_path / "new folder" / "f.svg"
    answer = lightbench("layers", f"{nets}:Loud", *QUICK, "--figure", file)
    assert answer.code == 0
    assert f"lightbench: wrote {file}" in answer.err
    assert "</svg>" in file.read_text()


def test_nothing_is_nothing_to_draw():
    with pytest.raises(UsageError, match="nothing to draw"):
        draw([])
