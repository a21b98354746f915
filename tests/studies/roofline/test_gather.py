"""The peaks that a suite asks for: once for each way in which its networks are run."""

from __future__ import annotations

import pytest

from lightbench.records import Case
from lightbench.studies.roofline import gather as study
from lightbench.studies.tables import gather, read_settings
from lightbench.studies.task import Task


@pytest.fixture
def asked(monkeypatch):
    seen = []

    def measured(**how):
        seen.append((how["engine"], how["dtype"], how["threads"], how["seconds"]))

    monkeypatch.setattr(study, "roofline", measured)
    return seen


def cases(*engines, **how):
    return [Case(model=m, inputs=(), engine=e, threads=1, **how) for m in "ab" for e in engines]


def test_each_setup_is_measured_once(asked):
    gather(
        read_settings({"roofline": {"seconds": 2.0}}),
        Task([*cases("eager"), *cases("eager", dtype="bfloat16")]),
    )
    assert asked == [("eager", "float32", 1, 2.0), ("eager", "bfloat16", 1, 2.0)]


def test_peaks_of_eager_are_those_beside_an_engines(asked):
    gather(read_settings({"roofline": {}}), Task(cases("eager", "onnxruntime", "openvino")))
    assert [engine for engine, *_ in asked] == ["onnxruntime", "openvino"]


def test_its_records_are_kept_and_what_is_known_is_handed_over(monkeypatch, make_record):
    known, new = make_record("a"), make_record("b")
    task = Task(cases("eager"), known=[known])

    def measured(*, stored, keep, **_how):
        assert list(stored) == [known]
        keep(new)

    monkeypatch.setattr(study, "roofline", measured)
    gather(read_settings({"roofline": {}}), task)
    assert task.known == [known, new]
