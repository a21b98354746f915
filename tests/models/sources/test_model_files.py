"""What a model file says that it takes, as inputs that can be typed, and the batch that it is made for."""

import pytest

from lightbench.errors import NotThere, UntrustedCode
from lightbench.graphs import Input, format_of, readers
from lightbench.models import sources
from lightbench.models.sources.model_files import made_for
from lightbench.records.inputs import InputSpec, inputs_text


@pytest.mark.parametrize(
    ("taken", "text", "batch"),
    [
        ([("x", (1, 3, 8, 8), "float32")], "3x8x8", 1),
        ([("x", (8, 3), "float32")], "3", 8),
        ([("x", ("N", 3), "float32")], "3", 1),
        ([("x", ("", 3), "float32")], "3", 1),
        ([("ids", (1, 128), "int64"), ("mask", (1, 128), "bool")], "128:int64, 128:bool", 1),
        ([("x", ("N", 4), "float32"), ("scale", (7,), "float32")], "4, =7", 1),
        ([("x", ("N", 4), "float32"), ("one", (), "float16")], "4, =:float16", 1),
        ([("x", ("N", 3, "h", "w"), "float32")], "none", 1),
        ([], "none", 1),
    ],
)
def test_the_first_size_is_the_batch_and_other_open_sizes_have_to_be_said(taken, text, batch):
    inputs, made = made_for([Input(*one) for one in taken])
    assert (inputs_text(inputs), made) == (text, batch)


def test_a_file_is_known_by_its_suffix_in_any_case():
    assert [format_of(f"a/net{end}") for end in (".onnx", ".ONNX", ".xml", ".tflite")] == [
        "onnx",
        "onnx",
        "openvino",
        "tflite",
    ]
    assert format_of("mobilenet_v2") is None
    assert format_of("net.py:Net(0.5)") is None
    assert readers(".xml") == ["openvino"]


def test_one_that_is_not_there_or_not_typed_is_refused():
    with pytest.raises(NotThere, match="no file 'nowhere.onnx'"):
        sources.find("nowhere.onnx")
    with pytest.raises(UntrustedCode, match="is read by a runtime, and its name was not typed"):
        sources.find("nowhere.onnx", trusted=False)


def test_an_input_is_made_as_it_is_typed():
    assert made_for([Input("x", (1, 3), "float32")])[0] == (InputSpec(shape=(3,)),)
