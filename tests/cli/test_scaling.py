"""`lightbench scaling`: what grows, what ends a series, what is kept."""

from __future__ import annotations

import json

import pytest

NULL = ("--device", "null", "--threads", "1")
QUICK = ("--seconds", "0.05", "--rel", "0.5")
HUNGRY = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=1.0):
        super().__init__()
        self.conv = nn.Conv2d(3, int(4 * width), 1)

    def forward(self, x):
        if x.numel() >= 3 * 8 * 8 * 4 and x.device.type == "cpu":
            raise RuntimeError("can't allocate memory")
        return self.conv(x)
"""


@pytest.fixture
def net(tmp_path):
    (tmp_path / "net.py").write_text(HUNGRY)
    return f"{tmp_path / 'net.py'}:Net"


def points(answer):
    (series,) = json.loads(answer.out)["series"]
    return series["points"]


def test_the_device_that_takes_a_millisecond_scales_without_end(lightbench):
    """Whatever the batch: so many images in a millisecond, and no knee."""
    words = ("scaling", "mobilenet_v2", "--batch", "4,1,2", *NULL, *QUICK)
    (series,) = json.loads(lightbench(*words, "--format", "json").out)["series"]
    assert [p["size"] for p in series["points"]] == [1, 2, 4]
    assert [p["throughput_img_s"] for p in series["points"]] == pytest.approx([1000, 2000, 4000])
    assert [p["efficiency"] for p in series["points"]] == pytest.approx([1, 2, 4])
    assert (series["knee"], series["knee_among"]) == (None, [4])
    assert "none up to batch 4" in " ".join(lightbench(*words).out.split())


def test_memory_that_runs_out_ends_the_series_and_keeps_the_rows(lightbench, net):
    words = ("--batch", "1,2,4,8,16", "--input", "3x8x8", "--threads", "1", *QUICK)
    answer = lightbench("scaling", net, *words)
    text = " ".join(answer.out.split())
    assert answer.code == 3
    assert "batch 4: out of memory: RuntimeError: can't allocate memory" in text
    assert "batch 8; " in text
    assert "batch 16: not tried: batch 4 is out of memory." in text
    answer = lightbench("scaling", net, *words, "--format", "json")
    assert [p["latency_s"] is not None for p in points(answer)] == [True, True, False, False, False]


def test_memory_also_ends_a_series_of_resolutions(lightbench, net):
    words = ("--resolution", "8,16,32", "--threads", "1", *QUICK, "--format", "json")
    found = points(lightbench("scaling", net, *words))
    assert [p["record"]["failure"] and p["record"]["failure"]["message"] for p in found] == [
        None,
        "out of memory: RuntimeError: can't allocate memory.",
        "not tried: input 3x16x16 is out of memory.",
    ]


def test_what_is_stored_is_not_measured_again_and_shown_by_from(lightbench, tmp_path):
    store = tmp_path / "runs.jsonl"
    words = ("scaling", "mobilenet_v2", "--batch", "1,2", "--threads", "1", "--device", "null")
    first = lightbench(*words, *QUICK, "--store", store)
    size = store.stat().st_size
    assert lightbench(*words, *QUICK, "--store", store).out == first.out
    assert store.stat().st_size == size
    shown = lightbench("scaling", "--from", store, "--figure", tmp_path / "a.svg")
    assert (shown.code, shown.out) == (0, first.out)
    assert (tmp_path / "a.svg").stat().st_size
    assert lightbench("scaling", "resnet18", "--from", store).code == 2


def test_records_of_a_profile_are_shown_too(lightbench, tmp_path):
    store = tmp_path / "runs.jsonl"
    lightbench("profile", "mobilenet_v2", "--batch", "1,2", *NULL, *QUICK, "--store", store)
    assert "Scaling by batch" in lightbench("scaling", "--from", store).out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "no model is named"),
        (("mobilenet_v2", "--batch", "1,2", "--threads", "1,2"), "one thing grows"),
        (("mobilenet_v2", "--batch", "4"), "nothing grows"),
        (("mobilenet_v2", "--resolution", "96,x"), "cannot read '96,x'"),
        (("mobilenet_v2", "--width", "half"), "cannot read 'half'"),
        (("mobilenet_v2", "--resolution", "96,128", "--input", "3x64x64"), "says it too"),
        (("resnet18", "--width", "0.5,1"), "not known at width 0.5"),
        (("mobilenet_v2", "--figure", "a.bmp"), "cannot draw into"),
        (("mobilenet_v2", "--engine", "nosuch"), "no engine is called 'nosuch'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(words, why, lightbench):
    answer = lightbench("scaling", *words)
    assert (answer.code, answer.out) == (2, "")
    assert why in answer.err


def test_a_network_where_an_axis_of_layers_belongs_is_shown_the_way(lightbench):
    answer = lightbench("sweep", "mobilenet_v2")
    assert answer.code == 2
    assert "lightbench scaling" in answer.err
