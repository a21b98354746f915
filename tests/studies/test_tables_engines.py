"""What a suite's tables say of engines other than eager: what their commands do, and what is left out."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import pytest

from lightbench.environment import allocator
from lightbench.records import Case, InputSpec, store
from lightbench.records.findings import Finding, Linted
from lightbench.runner.identity import current
from lightbench.runner.record import untimed
from lightbench.studies.lint.rules.fast_path import GUIDELINE
from lightbench.studies.tables import gather, read_settings
from lightbench.studies.task import Task

NET = "example_dense"  # one convolution: 3 to 4 channels, 3x3, on 64x64


def case(**settings):
    return Case(model=NET, inputs=(InputSpec(shape=(3, 64, 64)),), threads=1, **settings)


def of(*engines):
    return [case(engine=engine) for engine in engines]


@pytest.fixture
def looked_at(monkeypatch):
    """The engine of each case that a study has measured, and with what settings."""
    seen = []

    def instead(_model, *, engine, **how):
        seen.append((engine, how))
        return SimpleNamespace(record=untimed(case(), found=Linted(findings=())))

    monkeypatch.setattr("lightbench.studies.lint.gather.lint_model", instead)
    monkeypatch.setattr("lightbench.studies.layers.gather.measure_layers", instead)
    monkeypatch.setattr("lightbench.studies.lint.gather._card", lambda _task, _case: None)
    return seen


def test_layers_are_those_of_engines_that_tell_their_times_and_the_others_are_named(looked_at):
    task = Task(of("eager", "onnxruntime", "openvino", "executorch", "compile"))
    gather(read_settings({"layers": {}}), task)
    assert [engine for engine, _ in looked_at] == ["eager", "onnxruntime", "openvino"]
    assert {why: [c.engine for c in cases] for why, cases in task.left["layers"].items()} == {
        "executorch tells no times of its layers": ["executorch"],
        "compile tells no times of its layers": ["compile"],
    }


def test_lint_is_about_eager_and_runtimes_of_their_own(looked_at):
    task = Task(of("eager", "onnxruntime", "executorch", "compile"))
    gather(read_settings({"lint": {}}), task)
    assert [engine for engine, _ in looked_at] == ["eager", "onnxruntime", "executorch"]
    assert [*task.left["lint"]] == ["lint looks at operators as eager runs them, not compile"]


def test_findings_are_verified_where_that_can_be(looked_at):
    gather(read_settings({"lint": {"verify": 3, "seconds": 1}}), Task(of("eager", "onnxruntime")))
    assert [(engine, how["verify"], how["seconds"]) for engine, how in looked_at] == [
        ("eager", 3, 1),
        ("onnxruntime", 0, 1),
    ]


def test_training_and_options_are_left_out_and_said(looked_at):
    task = Task([case(mode="train"), case(options=("graph",))])
    gather(read_settings({"layers": {}}), task)
    assert looked_at == []
    assert [*task.left["layers"]] == [
        "it is about a forward pass",
        "it knows no options of devices",
    ]


@pytest.mark.parametrize("with_eager", [True, False])
def test_counts_are_those_of_eager_on_any_engine(with_eager, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "lightbench.studies.crosscheck.gather.count", lambda *_, **how: asked.append(how) or 1 / 0
    )
    task = Task(of(*(["eager"] if with_eager else []), "onnxruntime"))
    if with_eager:
        with pytest.raises(ZeroDivisionError):
            gather(read_settings({"crosscheck": {}}), task)
        assert task.left == {}  # they stand in the other row
    else:
        gather(read_settings({"crosscheck": {}}), task)
        assert asked == []
        assert [*task.left["crosscheck"]] == ["it is about eager"]


def test_what_no_card_can_estimate_is_not_looked_at_again_for_one(monkeypatch):
    """What is off an engine's fast path has no estimate, with a card or without."""
    found = Finding(guideline=GUIDELINE, layer="a", cause="b", advice="c", mem_bytes=1.0)
    old = untimed(
        case(engine="onnxruntime"),
        found=Linted(findings=(found,)),
        identity=current(NET, trusted=True)[0],
    )
    monkeypatch.setattr("lightbench.studies.lint.gather._card", lambda _task, _case: object())
    monkeypatch.setattr(
        "lightbench.studies.lint.gather.lint_model", lambda *_, **__: pytest.fail("looked at")
    )
    task = Task(of("onnxruntime"), known=[old])
    gather(read_settings({"lint": {}}), task)
    assert task.reused["lint"] == (1, 1)


@pytest.mark.slow
def test_a_suite_with_an_engine_is_measured_whole_and_never_twice(
    lightbench, tmp_path, monkeypatch
):
    for package in ("onnxruntime", "onnxscript"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    (tmp_path / "s.toml").write_text(
        f'models = ["{NET}"]\nengine = ["eager", "onnxruntime"]\nthreads = 1\nseconds = 0.05\n'
        "[layers]\nseconds = 0.1\n[lint]\n[crosscheck]\n"
    )
    command = ("report", "--suite", tmp_path / "s.toml", "-o", tmp_path / "r.md", "-q")
    # As each would find it in a process of its own: another test may have been here before.
    monkeypatch.setitem(allocator._state, "kept", False)
    answer = lightbench(*command)
    assert (answer.code, answer.err) == (0, "")
    stored = store.read(tmp_path / "r.jsonl")
    made = [(r.study, r.case.engine) for r in stored if r.study != "profile"]
    assert made == [
        ("layers", "eager"),
        ("kernels", "onnxruntime"),
        ("lint", "eager"),
        ("lint", "onnxruntime"),
        ("crosscheck", "eager"),
    ]
    text = (tmp_path / "r.md").read_text()
    assert "**Layers that take the most time on onnxruntime**" in text
    monkeypatch.setitem(allocator._state, "kept", False)
    before = (tmp_path / "r.jsonl").read_bytes()
    assert lightbench(*command).code == 0
    assert (tmp_path / "r.jsonl").read_bytes() == before


def test_what_is_left_out_is_said(lightbench, tmp_path, monkeypatch):
    """Of many networks the first."""
    from lightbench.cli import gather as command
    from lightbench.suite import Measured

    left = {"layers": {"compile tells no times of its layers": of("compile")}}
    found = Measured([], [], left=left)
    monkeypatch.setattr(command, "measure", lambda *_, **__: found)
    said = []
    monkeypatch.setattr(command, "notice", lambda text, **_: said.append(text))
    command.gather(None, device=None, path=None, force=False, trusted=False, quiet=False)
    assert said == [f"left out: layers, {NET}: compile tells no times of its layers."]
