"""What engines answer to a model file: held against ONNX's reference where there is one, else against each other."""

import pytest
import torch

from lightbench.graphs import Graph, Node, Value, Work
from lightbench.records.outputs import REFERENCE
from lightbench.runner import file_outputs
from lightbench.runner.file_outputs import VARY, Answered, judged
from lightbench.runner.outputs import Reference

NONE = "ONNX's own reference would take some 20 s a call"


def says(*numbers):
    """To two inputs."""
    return [[torch.tensor([x, 1.0], dtype=torch.float64)] for x in numbers]


TRUE = Reference(says(0.0, 0.5), 1e-7, against=REFERENCE)


def asked(engine, *numbers, dtype="float32", reference=TRUE):
    return Answered(engine, says(*numbers), dtype, reference)


def verdicts(found):
    return [one.outputs and (one.outputs.verdict, one.outputs.against) for one in found]


def test_each_engine_is_held_against_the_reference_in_multiples_of_its_own_error():
    """Of 1e-7: 16 times that, and at least 1e-6, is rounding."""
    found = judged([asked("onnxruntime", 5e-7, 0.5), asked("openvino", 1e-3, 0.501)])
    assert verdicts(found) == [("same", REFERENCE), ("approximate", REFERENCE)]
    assert found[0].outputs.eager_error == 1e-7
    assert [one.said for one in found] == [(), ()]


def test_one_that_differs_from_the_reference_is_suspect_and_says_by_how_much():
    first, second = judged([asked("onnxruntime", 0.0, 0.5), asked("openvino", 0.14, 0.64)])
    assert first.said == ()
    (said,) = second.said
    assert said == (
        "suspect: its outputs are 14.0 % off ONNX's own reference in float64, where rounding alone makes 0.00 %:"
        " it does not compute what the file says."
    )


def test_without_a_reference_the_first_engine_is_what_others_are_held_against():
    rows = [
        asked("openvino:defaults", 0.02, 0.5, reference=NONE),
        asked("onnxruntime", 0.0, 0.5, reference=NONE),
        asked("openvino", 4e-5, 0.5, reference=NONE),
        asked("onnxruntime:unoptimized", 2e-4, 0.5, reference=NONE),
    ]
    found = judged(rows)
    assert verdicts(found) == [
        ("differs", "onnxruntime"),  # it computes in what it likes: no measure for others
        None,
        ("same", "onnxruntime"),  # up to 1e-4
        ("approximate", "onnxruntime"),
    ]
    assert found[2].outputs.eager_error is None
    assert found[1].said == (f"its outputs are not held against float64: {NONE}.",)
    assert found[0].said[-1] == (
        "suspect: its outputs are 4.0 % off those of onnxruntime, and one of the two does not compute what the file says."
    )


def test_an_engine_alone_is_held_against_nothing_and_says_why():
    (alone,) = judged([asked("litert", 0.0, 0.5, reference="nobody runs it")])
    assert alone.outputs is None
    assert alone.said == ("its outputs are not held against float64: nobody runs it.",)


@pytest.mark.parametrize("numbers", [(float("nan"), 0.5), (float("inf"), 0.5)])
def test_one_that_says_no_numbers_differs_and_is_no_measure_for_others(numbers):
    rows = [
        asked("onnxruntime", *numbers, reference=NONE),
        asked("openvino", 0.0, 0.5, reference=NONE),
    ]
    found = judged(rows)
    assert verdicts(found) == [("differs", "openvino"), None]
    assert found[0].outputs.error is None


def test_where_all_engines_agree_and_the_reference_does_not_that_is_wrong():
    rows = [asked("onnxruntime", 0.3, 0.9), asked("openvino", 0.3, 0.9)]
    found = judged(rows)
    assert verdicts(found) == [None, ("same", "onnxruntime")]
    assert "reference answers otherwise than these engines" in found[0].said[0]
    assert not any(said.startswith("suspect") for one in found for said in one.said)


def test_one_engine_with_two_settings_is_not_several_that_agree():
    rows = [asked("onnxruntime", 0.3, 0.9), asked("onnxruntime:unoptimized", 0.3, 0.9)]
    assert verdicts(judged(rows)) == [("differs", REFERENCE)] * 2


def test_a_precision_that_was_asked_for_is_as_far_off_as_its_numbers_are_coarse():
    """bfloat16 has 16 bits less: of 1e-7 that is 6.6e-3, and 16 times that is allowed."""
    (near, far) = (asked("openvino", x, 0.5, dtype="bfloat16") for x in (0.05, 0.2))
    assert verdicts(judged([near])) == [("approximate", REFERENCE)]
    assert verdicts(judged([far])) == [("differs", REFERENCE)]
    (said,) = judged([near])[0].said
    assert said.startswith("in bfloat16 its outputs are 10.0 % off ONNX's own reference in float64")


def test_less_than_float32_is_held_against_no_other_engine():
    rows = [
        asked("onnxruntime", 0.0, 0.5, reference=NONE),
        asked("openvino", 0.05, 0.5, dtype="bfloat16", reference=NONE),
        asked("openvino", 0.05, 0.5, dtype="int8", reference=NONE),
    ]
    assert verdicts(judged(rows)) == [None, None, None]


def test_answers_that_vary_are_held_against_nothing():
    rows = [
        asked("onnxruntime", 0.0, 0.5, reference=VARY),
        asked("openvino", 0.1, 0.5, reference=VARY),
    ]
    found = judged(rows)
    assert verdicts(found) == [None, None]
    assert found[0].said == (
        "its outputs are not held against float64: its answers vary from call to call.",
    )


def written(*ops, bits=32):
    made = Value("w", (4, 4), bits, constant=True)
    node = [
        Node("", "", op, (Value("x", (4,)), made), (Value("y", (4,)),), Work("linear"))
        for op in ops
    ]
    return Graph(tuple(node), ("y",), 16, 64)


@pytest.mark.parametrize(
    ("graph", "dtype"),
    [
        (written("Gemm"), "float32"),
        (written("QuantizeLinear", "Gemm"), "int8"),
        (written("QLinearConv"), "int8"),
        (written("MatMulInteger"), "int8"),
        (written("FakeQuantize"), "int8"),
        (written("Gemm", bits=16), "float16"),
    ],
)
def test_a_file_may_be_of_less_than_float32_itself(graph, dtype):
    assert file_outputs._stored_as(graph, "float32") == dtype
