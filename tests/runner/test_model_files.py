"""A model file on the engines that read it: timed as it is, and others say who reads it."""

from importlib.util import find_spec

import pytest

from lightbench.errors import UsageError
from lightbench.runner.control import Control
from lightbench.runner.plan import plan
from lightbench.runner.run import run
from lightbench.studies.count.api import count
from lightbench.timing.stopping import Rule

pytest.importorskip("onnx", reason="needs onnx")

from onnx_files import value, weight, write

RULE = Rule(rel=1.0, max_s=0.2)


@pytest.fixture
def net(tmp_path):
    nodes = [("Conv", ["x", "w"], ["c"]), ("Relu", ["c"], ["y"])]
    return write(tmp_path / "net.onnx", [value("x", ("N", 3, 8, 8))], nodes, [weight("w", 4, 3, 3, 3)])  # fmt: skip


def measured(path, **axes):
    cases, errors = plan([str(path)], threads=(1,), **axes)
    return run(cases, rule=RULE, errors=errors, control=Control())


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_it_is_timed_as_it_is_and_not_held_against_float64(net, engine):
    if not (find_spec(engine) and find_spec("onnxscript")):
        pytest.skip(f"needs {engine}")
    (record,) = measured(net, engine=(engine,), batch=(2,))
    assert record.failure is None
    assert record.latency.median_s > 0
    assert (record.costs.madds, record.costs.params, record.costs.stored_params) == (2 * 4 * 36 * 27, None, 108)  # fmt: skip
    assert record.outputs is None
    assert record.conversion.seconds == 0
    assert any("not held against float64" in said for said in record.warnings)


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
