"""MindSpore as an engine: its own networks, in the threads that it is told, and what its export answers."""

from importlib.util import find_spec

import pytest
import torch
from mindspore_cells import built, process_as_before, with_mindspore, written
from torch import nn

from lightbench.engines import mindspore as engine
from lightbench.errors import UsageError
from lightbench.records.inputs import InputSpec
from lightbench.runner.control import Control
from lightbench.runner.plan import plan
from lightbench.runner.run import run
from lightbench.runner.threads_used import threads_used
from lightbench.timing.stopping import Rule

THREADS = 1  # of all tests here: a process has one number


@pytest.fixture(autouse=True)
def _as_before():
    with process_as_before():
        yield


@pytest.fixture
def small(tmp_path):
    return written(tmp_path)


def answer(program):
    with program.context():
        return [x.clone() for x in program.call()]


def test_it_runs_no_network_of_pytorchs():
    with pytest.raises(UsageError, match="runs its own networks, and Sequential is one of") as said:
        engine.convert(nn.Sequential(), (), {})
    assert "path/file.py:Net" in said.value.hint


@with_mindspore
def test_it_works_in_the_one_thread_that_it_is_told(small):
    program = engine.load(
        built(small, "Net(64)").cell, {"x": torch.rand(1, 3, 64, 64)}, threads=THREADS
    )
    answer(program)  # compiles it
    answer(program)
    assert threads_used(program) == THREADS


@with_mindspore
def test_another_number_of_threads_is_refused_since_mindspore_keeps_the_first(small):
    cell = built(small, "Net").cell
    engine.load(cell, {"x": torch.rand(1, 3, 8, 8)}, threads=THREADS)
    with pytest.raises(UsageError, match="has 1 threads in this process"):
        engine.load(cell, {"x": torch.rand(1, 3, 8, 8)}, threads=2)


@with_mindspore
def test_it_answers_what_onnx_runtime_answers_to_its_export(small):
    onnxruntime = pytest.importorskip("lightbench.engines.onnxruntime", reason="needs onnxruntime")
    network, x = built(small, "Net"), {"x": torch.rand(2, 3, 32, 32)}
    file = network.reading("onnxruntime", (".onnx",), (), x).model
    (other,) = answer(onnxruntime.load(file, x, threads=1))
    (ours,) = answer(engine.load(network.cell, x, threads=THREADS))
    torch.testing.assert_close(ours, other, rtol=1e-4, atol=1e-6)
    assert ours.std() > 0


@with_mindspore
def test_what_is_in_the_inputs_when_the_context_is_entered_is_what_a_call_answers_for(small):
    given = {"image": torch.ones(2, 3), "scale": torch.full((2, 3), 2.0)}
    program = engine.load(built(small, "Two").cell, given, threads=THREADS)
    product, difference = answer(program)
    assert product.eq(2).all()
    assert difference.eq(-1).all()
    given["image"].fill_(5)
    assert answer(program)[0].eq(10).all()


@with_mindspore
def test_mindspores_mode_is_given_back(small):
    import mindspore

    before = mindspore.get_context("mode")
    program = engine.load(built(small, "Two").cell, {"image": torch.ones(1), "scale": torch.ones(1)}, threads=1)  # fmt: skip
    with program.context():
        assert mindspore.get_context("mode") == mindspore.GRAPH_MODE
    assert mindspore.get_context("mode") == before


@with_mindspore
def test_a_cell_is_timed_beside_its_export_and_pytorch_says_who_runs_it(small):
    cases, errors = plan(
        [f"{small}:Net"],
        engine=("mindspore", "onnxruntime", "eager"),
        inputs=(InputSpec.parse("3x16x16"),),
        threads=(THREADS,),
    )
    own, other, eager = run(cases, rule=Rule(rel=1.0, max_s=0.2), errors=errors, control=Control())
    assert own.failure is None
    assert own.latency.median_s > 0
    assert own.costs.madds == 8 * 64 * 27 + 80
    assert own.conversion.size_bytes == 4 * (8 * 27 + 4 * 8 + 90)
    assert own.conversion.packages[0].startswith("mindspore ")
    if find_spec("onnxruntime"):
        assert other.failure is None
        assert other.conversion.seconds > 0
    assert eager.failure.message == "eager does not run Net, a Cell of MindSpore's."
    assert eager.failure.hint == "Try --engine mindspore or onnxruntime or openvino."
