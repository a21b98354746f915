"""Rooflines of this processor, from Python: with small peaks, whose speed says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from torch import nn

import lightbench as lb
from lightbench.errors import DeviceUnavailable, ModelError, UnknownName, UsageError
from lightbench.records import store
from lightbench.runner.run import Interrupted
from lightbench.studies.roofline import api, plan
from lightbench.studies.roofline.api import Roofline
from lightbench.studies.roofline.ceilings import is_peak

NET = "example_conv_g4"
HOW = {"threads": 1, "seconds": 0.02, "input": "16x8x8"}


def small(point):
    """The same in a thousandth of the time."""
    c, layers = max(int(point.settings["c"]) // 16, 1), min(int(point.settings["layers"]), 2)
    side = None if point.size is None else tuple(max(size // 8, 1) for size in point.size)
    batch = point.batch and point.batch // 64
    settings = {**point.settings, "c": c, "layers": layers}
    return replace(point, settings=settings, size=side, batch=batch)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    points = {label: small(point) for label, point in plan.POINTS.items()}
    monkeypatch.setattr(plan, "POINTS", points)


# One of each kind, for engines that take a second to convert a network.
FEW = (
    "product 512",
    "3x3 64x56x56",
    "map 16x64x64",
    "map 64x64x64",
    "start",
    "conv start",
    "anchor",
)


@pytest.fixture
def few(_small, monkeypatch):
    monkeypatch.setattr(plan, "POINTS", {label: plan.POINTS[label] for label in FEW})


@pytest.fixture
def net():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())


def test_peaks_and_networks_are_timed_in_the_same_rounds(net):
    found = lb.roofline(net, input="3x16x16", threads=1, seconds=0.02)
    peaks = [record for record in found.records if is_peak(record)]
    (network,) = (record for record in found.records if not is_peak(record))
    assert [p.sweep.point for p in peaks] == list(plan.POINTS)
    assert len({record.run.id for record in found.records}) == 1
    assert network.case.model == "Sequential"
    (row,) = found.found.networks
    assert row.record is network
    assert row.efficiency.median == row.roofline_s / network.latency.median_s > 0


def test_without_networks_there_are_the_ceilings_alone():
    found = lb.roofline(threads=1, seconds=0.02)
    assert found.found.networks == ()
    assert len(found.view.tables) == 1
    assert "GMAdds/s" in repr(found)


def test_with_layers_every_operator_is_timed(net):
    found = lb.roofline(net, layers=True, input="3x16x16", threads=1, seconds=0.02)
    assert [row.layer.op for row in found.found.layers] == ["conv2d", "batch_norm", "relu"]
    assert len(found.records) == len(plan.POINTS) + 2


def test_a_network_that_fails_leaves_the_others(net):
    found = lb.roofline(net, "stack:linear(c=5)", input="3x16x16", threads=1, seconds=0.02)
    assert [row.record.case.model for row in found.found.networks] == ["Sequential"]
    assert [r.case.model for r in found.records if r.failure] == ["stack:linear(c=5)"]


def test_the_precision_is_that_of_the_network(net):
    found = lb.roofline(net.double(), input="3x16x16", threads=1, seconds=0.02)
    assert {record.case.dtype for record in found.records} == {"float64"}


def test_an_engine_has_its_own_peaks_beside_eagers(net, few):
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    found = lb.roofline(net, input="3x16x16", engine="onnxruntime", threads=1, seconds=0.02)
    peaks = [record for record in found.records if is_peak(record)]
    assert {p.case.engine for p in peaks if p.latency} == {"eager", "onnxruntime"}
    assert len(peaks) == 2 * len(FEW)
    (row,) = found.found.networks
    conv, norm, relu = row.record.costs.ops
    assert row.mem_bytes == conv.fused_bytes + norm.fused_bytes + relu.fused_bytes
    assert relu.fused_bytes == 0


def test_the_layers_of_an_engine_are_by_its_own_profile(net, few):
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    found = lb.roofline(
        net, layers=True, input="3x16x16", engine="onnxruntime", threads=1, seconds=0.05
    ).found
    conv = next(row for row in found.layers if row.layer.kind == "dense conv")
    (whole,) = found.networks
    assert conv.mem_bytes == whole.mem_bytes  # norm and activation are merged into it
    assert conv.roofline_s == pytest.approx(whole.roofline_s)
    assert conv.efficiency is not None


# What is stored.


def measured(path, *models, **how):
    """In a file, as the command has it."""
    stored = store.read(path) if path.exists() else []
    new = []

    def keep(record):
        new.append(record)
        store.append(path, [record])

    found = lb.roofline(*models, stored=stored, keep=keep, **HOW, **how)
    return found, new


@pytest.fixture
def believing(monkeypatch):
    """Whatever else runs here, times are good enough."""
    monkeypatch.setattr("lightbench.runner.reuse.Reuse.good", lambda _self, _record: True)


@pytest.mark.usefixtures("believing")
def test_a_whole_run_is_not_measured_again(tmp_path):
    path = tmp_path / "r.jsonl"
    first, new = measured(path, NET, layers=True)
    assert len(new) == len(plan.POINTS) + 2
    again, none = measured(path, NET, layers=True)
    assert none == []
    assert again.records == first.records
    assert len(measured(path, NET, force=True)[1]) == len(plan.POINTS) + 1


@pytest.mark.usefixtures("believing")
def test_another_network_needs_peaks_of_its_own_rounds(tmp_path):
    path = tmp_path / "r.jsonl"
    measured(path, NET)
    assert len(measured(path, "example_conv_g1")[1]) == len(plan.POINTS) + 1
    assert len(measured(path, NET, dtype="float64")[1]) == len(plan.POINTS) + 1


def test_what_was_kept_is_what_was_found(tmp_path):
    found, new = measured(tmp_path / "r.jsonl", NET)
    assert sorted(r.id for r in new) == sorted(r.id for r in found.records)
    held = Roofline(tuple(store.read(tmp_path / "r.jsonl")))
    assert held.found.networks[0].roofline_s == found.found.networks[0].roofline_s


def test_an_interrupt_keeps_peaks_as_peaks(monkeypatch):
    real = api.run.run

    def stopped(*cases, **how):
        raise Interrupted(real(*cases, **how))

    monkeypatch.setattr(api.run, "run", stopped)
    with pytest.raises(Interrupted) as stop:
        lb.roofline(NET, **HOW)
    assert sum(map(is_peak, stop.value.records)) == len(plan.POINTS)


def test_an_interrupt_while_layers_are_timed_keeps_what_was_finished(monkeypatch):
    def stopped(*_model, **_how):
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "measure_layers", stopped)
    with pytest.raises(Interrupted) as stop:
        lb.roofline(NET, layers=True, **HOW)
    assert len(stop.value.records) == len(plan.POINTS) + 1


def test_layers_that_fail_are_a_record_that_says_so(monkeypatch):
    def broken(*_model, **_how):
        raise ModelError("it runs other operators from call to call.")

    monkeypatch.setattr(api, "measure_layers", broken)
    found = lb.roofline(NET, layers=True, **HOW)
    assert found.records[-1].failure.message == "it runs other operators from call to call."
    assert found.found.networks[0].efficiency is not None


# What is refused, before anything is measured.


@pytest.mark.parametrize(
    ("models", "how", "error", "words"),
    [
        (["nosuchnet"], {}, UnknownName, "no model is called 'nosuchnet'"),
        ([NET], {"device": "null"}, UsageError, "'null' runs nothing, so it has no peaks."),
        ([NET], {"device": "meta"}, UnknownName, "no device is called 'meta'"),
        ([NET], {"engine": "eagre"}, UnknownName, "Did you mean eager?"),
        (
            [NET],
            {"engine": "compile", "layers": True},
            UsageError,
            "compile tells no times of its layers",
        ),
        ([], {"layers": True}, UsageError, "no model is named whose layers"),
        ([NET], {"seconds": 0}, UsageError, "seconds are a number above zero"),
        ([NET], {"rel": -1}, UsageError, "rel must be a number above zero"),
        ([NET], {"batch": 0}, UsageError, "a batch is a whole number"),
        ([NET], {"threads": 0}, UsageError, "threads are 1 or more"),
        ([3], {}, UsageError, "a model is a name or a torch.nn.Module, got 3."),
        ([NET], {"device": "npu"}, DeviceUnavailable, ""),
    ],
)
def test_what_cannot_be_is_refused(models, how, error, words, monkeypatch):
    monkeypatch.setattr(api.run, "run", lambda *_, **__: pytest.fail("it was measured"))
    with pytest.raises(error) as caught:
        lb.roofline(*models, **how)
    assert words in str(caught.value)


def test_a_mistyped_setting_is_named():
    with pytest.raises(TypeError, match="Did you mean 'threads'"):
        lb.roofline(NET, thread=1)


def test_without_a_whole_set_of_peaks_there_is_no_answer():
    with pytest.raises(ModelError, match="a peak of the device could not be measured"):
        _ = Roofline(()).view
