"""Files of TensorFlow Lite cost what the formulas of their operators say; images are (n, h, w, channels)."""

import numpy
import pytest

from lightbench.errors import ModelError, UsageError
from lightbench.studies.count.api import count

schema = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="needs ai-edge-litert")
flatbuffers = pytest.importorskip("flatbuffers", reason="needs flatbuffers")


def write(path, code, x, w, y, *, bias=False, options=None, name="net"):
    """A file of one operator: an input, a weight of ones, an output."""
    model, graph, op = schema.ModelT(), schema.SubGraphT(), schema.OperatorT()
    kind = schema.OperatorCodeT()
    kind.builtinCode, kind.deprecatedBuiltinCode = code, min(code, 127)
    held = [numpy.ones(w, numpy.float32)] + ([numpy.ones(w[0], numpy.float32)] if bias else [])
    shapes = [x, *(each.shape for each in held), y]
    model.buffers = [schema.BufferT()]
    graph.tensors = []
    for i, shape in enumerate(shapes):
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.buffer = numpy.array(shape, numpy.int32), 0, 0
        tensor.name = name if i == len(shapes) - 1 else f"t{i}"
        if 0 < i < len(shapes) - 1:
            buffer = schema.BufferT()
            buffer.data = numpy.frombuffer(held[i - 1].tobytes(), numpy.uint8)
            model.buffers.append(buffer)
            tensor.buffer = len(model.buffers) - 1
        graph.tensors.append(tensor)
    op.opcodeIndex, op.inputs, op.outputs = 0, list(range(len(shapes) - 1)), [len(shapes) - 1]
    if options is not None:
        op.builtinOptions, op.builtinOptionsType = options, schema.BuiltinOptions.Conv2DOptions
    graph.operators, graph.inputs, graph.outputs = [op], [0], [len(shapes) - 1]
    model.version, model.operatorCodes, model.subgraphs = 3, [kind], [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


OPERATORS = schema.BuiltinOperator


@pytest.mark.parametrize(
    ("code", "x", "w", "y", "madds", "kind"),
    [
        (OPERATORS.CONV_2D, (1, 9, 9, 8), (6, 3, 3, 8), (1, 7, 7, 6), 6 * 49 * 72, "dense conv"),
        (OPERATORS.CONV_2D, (1, 9, 9, 8), (6, 3, 3, 4), (1, 7, 7, 6), 6 * 49 * 36, "grouped conv"),
        (OPERATORS.CONV_2D, (1, 9, 9, 8), (6, 1, 1, 8), (1, 9, 9, 6), 6 * 81 * 8, "pointwise conv"),
        (
            OPERATORS.DEPTHWISE_CONV_2D, (1, 9, 9, 8), (1, 3, 3, 8), (1, 7, 7, 8), 8 * 49 * 9, "depthwise conv",
        ),
        (OPERATORS.FULLY_CONNECTED, (5, 8), (3, 8), (5, 3), 5 * 8 * 3, "linear"),
        (OPERATORS.BATCH_MATMUL, (2, 5, 8), (2, 8, 3), (2, 5, 3), 2 * 5 * 8 * 3, "linear"),
    ],
)  # fmt: skip
def test_an_operator_is_what_its_formula_says(tmp_path, code, x, w, y, madds, kind):
    found = count(str(write(tmp_path / "net.tflite", code, x, w, y)))
    (op,) = found.layers
    assert (op.madds, op.kind) == (madds, kind)
    assert op.mem_access == numpy.prod(x) + numpy.prod(w) + numpy.prod(y)
    assert (found.costs.params, found.costs.stored_params) == (None, numpy.prod(w))


def test_a_module_is_called_as_in_pytorch_where_the_converter_says_which_it_is(tmp_path):
    name = "net.Net/torch.nn.modules.container.Sequential_body/torch.nn.modules.conv.Conv2d_0;"
    path = write(tmp_path / "net.tflite", OPERATORS.CONV_2D, (1, 9, 9, 8), (6, 3, 3, 8), (1, 7, 7, 6), name=name)  # fmt: skip
    (op,) = count(str(path)).layers
    assert (op.path, op.module) == ("body.0", "Conv2d")


def test_an_operator_without_a_rule_is_listed(tmp_path):
    path = write(tmp_path / "net.tflite", OPERATORS.SVDF, (1, 8), (3, 8), (1, 3))
    assert count(str(path)).costs.uncounted == {"SVDF": 1}


def test_its_shapes_are_stored_and_there_is_no_other_batch(tmp_path):
    path = write(tmp_path / "net.tflite", OPERATORS.FULLY_CONNECTED, (1, 8), (3, 8), (1, 3))
    with pytest.raises(UsageError, match="is 1x8:float32, and is given 4x8:float32"):
        count(str(path), batch=4)


@pytest.mark.parametrize("spoil", [lambda b: b"hello", lambda b: b"\0\0\0\0TFL3", lambda b: b[: len(b) // 2], lambda b: b[:8] + bytes(range(256)) * 9])  # fmt: skip
def test_what_is_no_model_is_refused_at_once(tmp_path, spoil):
    path = write(
        tmp_path / "net.tflite", OPERATORS.CONV_2D, (1, 9, 9, 8), (6, 3, 3, 8), (1, 7, 7, 6)
    )
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ModelError, match="net.tflite cannot be read"):
        count(str(path))
