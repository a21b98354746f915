"""Second opinions: the benchmark programs of engines' makers."""

import json
from importlib.util import find_spec

import pytest
import torch

import lightbench as lb
from lightbench.engines.support.vendors import fastest_s
from lightbench.errors import NotAvailable
from lightbench.records.vendor import Vendor

SCRIPT = "import json, sys; open('told.json', 'w').write(json.dumps({'min': float(sys.argv[1])}))"


def test_its_fastest_call_is_read_from_the_file_that_it_leaves():
    def words(folder):
        assert (folder / "net.onnx").read_bytes() == b"a model"
        return ("12.5",)

    assert (
        fastest_s("a tool", SCRIPT, words, b"a model", ".onnx", lambda told: told["min"]) == 0.0125
    )


@pytest.mark.parametrize(
    "script",
    [
        "import sys; sys.exit('no such model')",
        "open('told.json', 'w').write('{')",
        "open('told.json', 'w').write('{}')",
        "pass",
    ],
)
def test_a_program_that_says_nothing_is_no_opinion(script):
    with pytest.raises(NotAvailable, match="a tool says nothing"):
        fastest_s("a tool", script, lambda _: (), b"", ".onnx", lambda told: told["min"])


@pytest.mark.parametrize("min_s", [0.0, -1.0, float("inf"), float("nan")])
def test_a_call_that_takes_no_time_is_none(min_s):
    with pytest.raises(ValueError, match="more than 0 s"):
        Vendor(tool="a tool", min_s=min_s)


class Net(torch.nn.Sequential):
    def __init__(self):
        super().__init__(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU())


def asked(**how):
    quick = {
        "seconds": 0.1,
        "rel": 1.0,
        "threads": 1,
        "input": "3x16x16",
        "options": ["crosscheck"],
    }
    return lb.profile(Net(), **quick, **how).record


@pytest.mark.slow
def test_benchmark_app_is_asked_about_the_same_file():
    if not (find_spec("openvino") and find_spec("onnxscript")):
        pytest.skip("needs openvino, onnx and onnxscript")
    record = asked(engine="openvino")
    assert record.vendor is not None, record.warnings
    assert record.vendor.tool == "benchmark_app"
    assert 0 < record.vendor.min_s < 1
    assert json.loads(json.dumps(record.vendor.min_s))  # a plain number
    less = asked(engine="openvino:defaults")
    assert less.vendor is None
    assert any(said.startswith("no second opinion: ") for said in less.warnings)


def test_eager_has_no_such_program_and_nothing_is_said():
    record = asked(engine="eager")
    assert record.vendor is None
    assert not any("second opinion" in said for said in record.warnings)
