"""What a network adds to a process of its own."""

from __future__ import annotations

import mmap
from contextlib import nullcontext
from importlib.util import find_spec
from types import SimpleNamespace

import msgspec
import pytest
from rendering import told
from torch import nn

import lightbench as lb
from lightbench.engines import Program
from lightbench.errors import NotAvailable, UsageError
from lightbench.records import Resident
from lightbench.runner import resident, resident_worker
from lightbench.studies.profile.table import profile_view

MB = 1_000_000
QUICK = {"seconds": 0.05, "rel": 0.5, "threads": 1, "options": ["memory"]}
# 2048 x 2048 weights of 4 bytes: 16.8 MB.
BIG = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2048, 2048)

    def forward(self, x):
        return self.linear(x)
"""
WEIGHTS = 2048 * 2048 * 4


@pytest.fixture
def big(tmp_path):
    (tmp_path / "net.py").write_text(BIG)
    return f"{tmp_path / 'net.py'}:Net"


def touched(size):
    """Memory that the heap has not had before."""
    held = mmap.mmap(-1, size)
    for page in range(0, size, mmap.PAGESIZE):
        held[page] = 1
    return held


def holding(size):
    """A program that holds so many bytes once it is loaded, and as many from its first call on."""
    held = []

    def load():
        held.append(touched(size))
        return Program(lambda: held.append(touched(size)) if len(held) < 2 else None, nullcontext)

    return load


linux = pytest.mark.skipif(not resident_worker.PROC.is_dir(), reason="needs /proc")


@linux
def test_what_is_held_is_told_apart_from_what_calls_take():
    found = resident_worker.grown(holding(64 * MB))
    assert found.load_bytes == pytest.approx(64 * MB, abs=4 * MB)
    assert found.calls_bytes == pytest.approx(64 * MB, abs=4 * MB)
    assert found.network_bytes == found.load_bytes + found.calls_bytes
    assert found.runtime_bytes > 10 * MB


@linux
def test_the_peak_is_also_what_was_given_back():
    def load():
        touched(100 * MB).close()
        return Program(lambda: None, nullcontext)

    if not resident_worker.forget_peak():
        pytest.skip("the peak cannot be reset here")
    found = resident_worker.grown(load)
    assert found.load_bytes < 10 * MB
    assert found.peak_bytes == pytest.approx(100 * MB, abs=10 * MB)


def test_without_proc_the_size_is_psutils_and_the_peak_is_not_known(monkeypatch, tmp_path):
    monkeypatch.setattr(resident_worker, "PROC", tmp_path / "none")
    assert resident_worker.resident_bytes() > 10 * MB
    assert not resident_worker.forget_peak()
    assert resident_worker.peak_bytes() is None
    found = resident_worker.grown(lambda: Program(lambda: None, nullcontext))
    assert found.peak_bytes is None


@linux
def test_a_network_takes_at_least_its_weights(big):
    record = lb.profile(big, input=(2048,), **QUICK).record
    assert record.resident.network_bytes > 0.9 * WEIGHTS
    assert record.resident.network_bytes < 5 * WEIGHTS
    assert record.latency is not None
    (row,) = [profile_view([record]).table.named(row) for row in profile_view([record]).table.rows]
    assert row["resident_bytes"] == record.resident.network_bytes


@linux
@pytest.mark.skipif(
    not (find_spec("onnxruntime") and find_spec("onnxscript")),
    reason="needs onnxruntime, onnx and onnxscript",
)
def test_an_engine_is_told_from_the_network_also_of_one_at_hand():
    net = nn.Sequential(nn.Linear(2048, 2048), nn.ReLU())
    record = lb.profile(net, input=(2048,), engine="onnxruntime", **QUICK).record
    assert record.resident.network_bytes > 0.9 * WEIGHTS
    assert record.resident.arena_bytes > 2048 * 4  # what it answers, at the least
    assert not [said for said in record.warnings if "resident" in said]


def test_an_account_that_an_engine_keeps_of_its_memory_is_asked_for_or_not_known(tmp_path):
    import torch

    (tmp_path / "model").write_bytes(b"made")
    torch.save([torch.ones(2)], tmp_path / "inputs")
    case = SimpleNamespace(engine="plain", dtype="float32")
    asked = resident_worker.Request(case, 1, str(tmp_path / "model"), str(tmp_path / "inputs"))

    def counts(model, inputs, *, threads, dtype, options):
        return 10 * len(model) + len(inputs)

    def broken(*_given, **_how):
        raise AttributeError("it is called otherwise now")

    assert resident_worker._arena(SimpleNamespace(arena=counts), asked) == 41
    assert resident_worker._arena(SimpleNamespace(arena=broken), asked) is None
    assert resident_worker._arena(SimpleNamespace(), asked) is None
    as_it_is = resident_worker.Request(case, 1, str(tmp_path / "model"), "", as_it_is=True)
    assert resident_worker._model(as_it_is) == tmp_path / "model"


def test_one_at_hand_cannot_be_built_elsewhere_and_says_so():
    record = lb.profile(nn.Linear(4, 4), input=(4,), **QUICK).record
    assert record.resident is None
    assert record.latency is not None
    assert any("a network at hand cannot be built" in said for said in record.warnings)


def test_it_is_not_measured_unless_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(resident, "answers", pytest.fail)
    quick = {**QUICK, "options": []}
    assert lb.profile(nn.Linear(4, 4), input=(4,), **quick).record.resident is None


def test_a_process_that_dies_leaves_the_record_and_says_so(monkeypatch, make_record):
    def dies(*_args):
        raise NotAvailable("the process that measures net ended early: killed by SIGKILL.")

    monkeypatch.setattr(resident, "answers", dies)
    record = make_record("example_dense")
    prepared = SimpleNamespace(case=record.case, network=None)
    found = resident.with_resident(record, prepared, at_hand=False)
    assert found.resident is None
    assert found.warnings == (
        "no resident memory: the process that measures net ended early: killed by SIGKILL.",
    )


def test_accelerators_have_no_such_option():
    with pytest.raises(UsageError, match="null has no option 'memory'"):
        lb.profile("example_dense", device="null", options=["memory"])


# The table.


def noted(records):
    return " ".join(" ".join(told(profile_view(records).table)).split())


def taking(make_record, network_bytes, engine="onnxruntime", params=5_000_000):
    from lightbench.records.outputs import Conversion

    return msgspec.structs.replace(
        make_record(params=params, engine=engine),
        resident=Resident(runtime_bytes=1, load_bytes=network_bytes, calls_bytes=0),
        conversion=None
        if engine == "eager"
        else Conversion(packages=(), size_bytes=1, seconds=1.0, kept=False),
    )


def test_a_second_copy_of_the_weights_is_said_where_there_is_one(make_record):
    """5 M weights of 4 bytes: 20 MB."""
    assert "second copy" in noted([taking(make_record, 61 * MB)])
    assert "second copy" not in noted([taking(make_record, 39 * MB)])
    assert "second copy" not in noted([taking(make_record, 61 * MB, engine="eager")])
    assert "second copy" not in noted([taking(make_record, 61 * MB, params=1000)])


def test_an_arena_is_a_column_where_an_engine_tells_of_it_and_says_what_it_is_of(make_record):
    def told(engine, arena_bytes):
        record = taking(make_record, MB, engine)
        resident = msgspec.structs.replace(record.resident, arena_bytes=arena_bytes)
        return msgspec.structs.replace(record, resident=resident)

    records = [
        told("executorch", 853_056),
        told("onnxruntime:unoptimized", 2 * MB),
        told("ncnn", None),
    ]
    assert "arena (MB)" in [c.heading for c in profile_view(records).table.for_people().columns]
    assert "executorch: as its compiler has planned it" in noted(records)
    assert "; onnxruntime: the most that was in use, packed" in noted(records)
    without = records[2:]
    assert "arena" not in noted(without)
    assert "arena (MB)" not in [c.heading for c in profile_view(without).table.for_people().columns]


def test_where_nobody_asked_there_is_no_column_and_no_note(make_record):
    view = profile_view([make_record()])
    assert "resident" not in " ".join(column.heading for column in view.table.for_people().columns)
    assert "resident" not in noted([make_record()])
