"""A model file on the engines that read it: timed as it is, and others say who reads it."""

from importlib.util import find_spec

import pytest
from rendering import told

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.runner import file_outputs
from lightbench.runner.control import Control
from lightbench.runner.plan import plan
from lightbench.runner.run import run
from lightbench.studies.count.api import count
from lightbench.studies.profile.table import profile_view
from lightbench.timing.stopping import Rule

pytest.importorskip("onnx", reason="needs onnx")

from onnx_files import value, weight, write

RULE = Rule(rel=1.0, max_s=0.2)


@pytest.fixture
def net(tmp_path):
    file_outputs._last.clear()
    nodes = [("Conv", ["x", "w"], ["c"]), ("Relu", ["c"], ["y"])]
    return write(tmp_path / "net.onnx", [value("x", ("N", 3, 8, 8))], nodes, [weight("w", 4, 3, 3, 3)])  # fmt: skip


def measured(path, **axes):
    cases, errors = plan([str(path)], threads=(1,), **axes)
    return run(cases, rule=RULE, errors=errors, control=Control())


ENGINES = ("onnxruntime", "openvino")
both = pytest.mark.skipif(
    not all(map(find_spec, (*ENGINES, "onnxscript"))), reason="needs onnxruntime and openvino"
)


@pytest.mark.parametrize("engine", ENGINES)
def test_it_is_timed_as_it_is_and_held_against_onnxs_own_reference(net, engine):
    if not (find_spec(engine) and find_spec("onnxscript")):
        pytest.skip(f"needs {engine}")
    (record,) = measured(net, engine=(engine,), batch=(2,))
    assert record.failure is None
    assert record.latency.median_s > 0
    assert (record.costs.madds, record.costs.params, record.costs.stored_params) == (2 * 4 * 36 * 27, None, 108)  # fmt: skip
    assert (record.outputs.verdict, record.outputs.against) == ("same", "onnx.reference")
    assert record.outputs.error < 1e-5
    assert record.conversion.seconds == 0
    assert not any("float64" in said for said in record.warnings)


def noted(records):
    return " ".join(" ".join(told(profile_view(records).table)).split())


@both
def test_the_reference_is_asked_once_for_all_engines(net, monkeypatch):
    made = []
    real = file_outputs._made
    monkeypatch.setattr(file_outputs, "_made", lambda *given: made.append(given) or real(*given))
    records = measured(net, engine=ENGINES, batch=(2,))
    assert [record.outputs.verdict for record in records] == ["same", "same"]
    assert len(made) == 1
    assert "held against ONNX's own reference in float64" in noted(records)
    measured(net, engine=ENGINES[:1], batch=(3,))
    assert len(made) == 2


@both
def test_where_the_reference_is_too_slow_engines_are_held_against_the_first(net, monkeypatch):
    monkeypatch.setattr(file_outputs, "LONGEST_S", 0.0)
    first, second = measured(net, engine=ENGINES, batch=(2,))
    assert first.outputs is None
    assert (second.outputs.verdict, second.outputs.against) == ("same", "onnxruntime")
    assert second.outputs.eager_error is None
    for record in (first, second):
        assert any("reference would take some" in said for said in record.warnings)
        assert record.believed or record.contended
    assert "held against those of onnxruntime" in noted([first, second])
    (alone,) = measured(net, engine=ENGINES[1:], batch=(2,))
    assert alone.outputs is None


@both
def test_an_engine_that_computes_something_else_is_loud_and_in_no_ranking(net, monkeypatch):
    from lightbench.engines import openvino

    real = openvino.load

    def load(*given, **how):
        program = real(*given, **how)
        return program._replace(call=lambda: [x * 1.1 for x in program.call()])

    monkeypatch.setattr(openvino, "load", load)
    first, second = measured(net, engine=ENGINES, batch=(2,))
    assert (first.outputs.verdict, second.outputs.verdict) == ("same", "differs")
    assert first.believed or first.contended
    assert not second.believed
    (said,) = second.suspicions
    assert said.startswith("its outputs are 10.0 % off ONNX's own reference in float64")


@both
def test_two_engines_that_are_compared_are_held_against_each_other_too(net, monkeypatch):
    monkeypatch.setattr(file_outputs, "LONGEST_S", 0.0)
    a, b = ({"engine": engine} for engine in ENGINES)
    found = lb.compare(str(net), a_settings=a, b_settings=b, seconds=0.2, threads=1).comparison
    assert found.a.outputs is None
    assert (found.b.outputs.verdict, found.b.outputs.against) == ("same", "onnxruntime")


def test_an_operator_that_the_reference_does_not_know_is_no_end_of_it(tmp_path, monkeypatch):
    """And what ONNX Runtime's inference of shapes leaves of such a file is not left in the user's folder."""
    if not (find_spec("onnxruntime") and find_spec("onnxscript")):
        pytest.skip("needs onnxruntime")
    monkeypatch.chdir(tmp_path)
    nodes = [("FusedMatMul", ["x", "w"], ["y"], {"domain": "com.microsoft"})]
    file = write(tmp_path / "net.onnx", [value("x", ("N", 8))], nodes, [weight("w", 8, 4)], domains=("com.microsoft",))  # fmt: skip
    (record,) = measured(file, engine=("onnxruntime",))
    assert record.failure is None, record.failure
    assert record.outputs is None
    assert any("ONNX's own reference fails: " in said for said in record.warnings)
    assert [file.name for file in tmp_path.iterdir()] == ["net.onnx"]


@pytest.mark.slow
@both
def test_what_it_takes_of_the_memory_is_told_as_of_any_network(net):
    (record,) = measured(net, engine=ENGINES[:1], options=(("memory",),))
    assert record.failure is None, record.failure
    assert record.resident.runtime_bytes > 0
    assert record.resident.arena_bytes > 0


@pytest.mark.parametrize("engine", ["eager", "compile"])
def test_pytorch_does_not_read_it_and_it_is_said_what_does(net, engine):
    (record,) = measured(net, engine=(engine,))
    assert record.failure.message == f"{engine} does not read net.onnx."
    assert record.failure.hint == "Try --engine onnxruntime or openvino."
    assert record.failure.exit_code == 2


def test_it_is_not_read_if_a_suite_names_it_unless_that_is_trusted(net):
    _, errors = plan([str(net)], trusted=False)
    assert "its name was not typed by you" in errors[0].message


@pytest.mark.parametrize("ask", [lambda c: c.convention("thop"), lambda c: c.crosscheck()])
def test_other_conventions_are_of_modules_and_it_has_none(net, ask):
    with pytest.raises(UsageError, match="is a model file"):
        ask(count(str(net)))
