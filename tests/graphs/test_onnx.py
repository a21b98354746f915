"""ONNX files cost what the formulas of their operators say, however they are padded, grouped and transposed."""

import shutil
import zipfile

import numpy
import pytest

from lightbench.errors import LightbenchError, ModelError, UncountedOps, UsageError
from lightbench.records.inputs import InputSpec
from lightbench.studies.count.api import count

pytest.importorskip("onnx", reason="needs onnx")

from onnx import TensorProto, helper, numpy_helper
from onnx_files import value, weight, write

IMAGE = (2, 8, 15, 11)


def counted(path, **how):
    return count(str(path), **how)


def one(tmp_path, x, node, *weights, **how):
    """The only row of a file of one node."""
    path = write(tmp_path / "net.onnx", [value("x", x)], [node], weights, **how)
    (op,) = counted(path).layers
    return op


@pytest.mark.parametrize(
    ("attributes", "filters", "out", "kind"),
    [
        ({"pads": [1, 1, 1, 1]}, (6, 8, 3, 3), (15, 11), "dense conv"),
        ({"group": 2}, (6, 4, 3, 3), (13, 9), "grouped conv"),
        ({"group": 8}, (16, 1, 3, 3), (13, 9), "depthwise conv"),
        ({}, (6, 8, 1, 1), (15, 11), "pointwise conv"),
        ({"dilations": [2, 3]}, (6, 8, 3, 3), (11, 5), "dense conv"),
        ({"strides": [2, 3], "pads": [0, 2, 1, 0]}, (6, 8, 3, 3), (7, 4), "dense conv"),
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, (6, 8, 3, 3), (8, 6), "dense conv"),
        ({"auto_pad": "VALID", "strides": [2, 2]}, (6, 8, 5, 1), (6, 6), "dense conv"),
    ],
)
def test_a_convolution_is_its_filters_at_every_position(tmp_path, attributes, filters, out, kind):
    node = ("Conv", ["x", "w"], ["y"], attributes)
    op = one(tmp_path, IMAGE, node, weight("w", *filters))
    c_out, *rest = filters
    assert op.output == (2, c_out, *out)
    assert op.madds == 2 * c_out * out[0] * out[1] * numpy.prod(rest)
    assert op.mem_access == 2 * 8 * 15 * 11 + 2 * c_out * out[0] * out[1] + numpy.prod(filters)
    assert (op.kind, op.groups, op.weight) == (kind, attributes.get("group", 1), filters)


def test_a_transposed_convolution_is_its_filters_at_every_position_of_the_input(tmp_path):
    node = ("ConvTranspose", ["x", "w"], ["y"], {"strides": [2, 2], "group": 2})
    op = one(tmp_path, IMAGE, node, weight("w", 8, 3, 4, 4))
    assert op.output == (2, 6, 32, 24)
    assert op.madds == 2 * 8 * 15 * 11 * 3 * 4 * 4


@pytest.mark.parametrize("transposed", [0, 1])
def test_a_gemm_is_rows_times_inner_times_columns_without_its_bias(tmp_path, transposed):
    shape = (7, 5) if transposed else (5, 7)
    node = ("Gemm", ["x", "w", "b"], ["y"], {"transB": transposed})
    op = one(tmp_path, (3, 5), node, weight("w", *shape), weight("b", 7))
    assert (op.madds, op.kind, op.bias) == (3 * 5 * 7, "linear", True)
    assert (op.weights, op.mem_access) == (5 * 7 + 7, 3 * 5 + 3 * 7 + 5 * 7)


def test_a_product_of_what_is_computed_is_no_linear_layer(tmp_path):
    inputs = [value("a", (4, 2, 6, 5)), value("b", (4, 1, 5, 3))]
    path = write(tmp_path / "net.onnx", inputs, [("MatMul", ["a", "b"], ["y"])])
    (op,) = counted(path, batch=4).layers
    assert (op.madds, op.kind, op.output) == (4 * 2 * 6 * 3 * 5, "matmul", (4, 2, 6, 3))


def test_a_recurrent_layer_uses_all_its_weights_at_each_step(tmp_path):
    node = ("LSTM", ["x", "w", "r"], ["y"], {"hidden_size": 6})
    path = write(
        tmp_path / "net.onnx",
        [value("x", (9, 2, 5))],
        [node],
        [weight("w", 1, 24, 5), weight("r", 1, 24, 6)],
    )
    assert counted(path).costs.madds == 9 * 2 * (24 * 5 + 24 * 6)


def test_an_einsum_is_the_size_of_all_its_letters(tmp_path):
    inputs = [value("a", (2, 3, 4)), value("b", (2, 4, 5))]
    node = ("Einsum", ["a", "b"], ["y"], {"equation": "bij,bjk->bik"})
    path = write(tmp_path / "net.onnx", inputs, [node])
    assert counted(path).costs.madds == 2 * 3 * 4 * 5


def test_what_is_computed_of_constants_alone_has_no_row_and_stays_a_weight(tmp_path):
    nodes = [("Transpose", ["w"], ["t"], {"perm": [1, 0]}), ("MatMul", ["x", "t"], ["y"])]
    path = write(tmp_path / "net.onnx", [value("x", (3, 5))], nodes, [weight("w", 7, 5)])
    (op,) = counted(path).layers
    assert (op.kind, op.madds) == ("linear", 3 * 5 * 7)


def test_an_activation_and_an_addition_are_merged_in_the_fused_account(tmp_path):
    nodes = [
        ("Conv", ["x", "w"], ["c"]),
        ("Relu", ["c"], ["r"]),
        ("Reshape", ["r", "shape"], ["y"]),
    ]
    shape = numpy_helper.from_array(numpy.array([1, -1]), "shape")
    path = write(tmp_path / "net.onnx", [value("x", (1, 4, 8, 8))], nodes, [weight("w", 4, 4, 1, 1), shape])  # fmt: skip
    costs = counted(path).costs
    assert [op.op for op in costs.ops] == ["Conv", "Relu"]  # a view moves nothing
    assert [op.fused_bytes for op in costs.ops] == [4 * (256 + 256 + 16), 0]
    assert (costs.stored_params, costs.params, costs.param_bytes) == (16, None, 64 + 16)


def test_a_row_of_a_table_is_read_and_not_the_table(tmp_path):
    node = ("Gather", ["w", "x"], ["y"])
    path = write(tmp_path / "net.onnx", [value("x", (1, 3), TensorProto.INT64)], [node], [weight("w", 1000, 8)])  # fmt: skip
    (op,) = counted(path).layers
    assert (op.weights, op.reads, op.writes) == (3 * 8, 3, 3 * 8)


def test_the_module_is_that_which_the_exporter_has_noted_and_of_a_folded_norm_the_convolution(
    tmp_path,
):
    path = write(tmp_path / "net.onnx", [value("x", IMAGE)], [("Conv", ["x", "body.0.weight"], ["y"])], [weight("body.0.weight", 4, 8, 1, 1)])  # fmt: skip
    import onnx

    model = onnx.load(path)
    node = model.graph.node[0]
    helper.set_model_props(model, {})
    for key, text in {
        "pkg.torch.onnx.name_scopes": "['', 'body', 'body.1', 'batch_norm']",
        "pkg.torch.onnx.class_hierarchy": "['net.Net', 'nn.Sequential', 'nn.BatchNorm2d', 'aten']",
    }.items():
        entry = node.metadata_props.add()
        entry.key, entry.value = key, text
    onnx.save(model, path)
    (op,) = counted(path).layers
    assert (op.path, op.op) == ("body.0", "Conv")


@pytest.mark.parametrize("noted", ["['', ", "__import__('os')", "['a'" * 10_000, "{}", "[1, 2, 3]"])
def test_a_note_that_is_no_list_of_names_is_not_read(tmp_path, noted):
    import onnx

    path = write(tmp_path / "net.onnx", [value("x", (1, 4))], [("Relu", ["x"], ["y"])])
    model = onnx.load(path)
    entry = model.graph.node[0].metadata_props.add()
    entry.key, entry.value = "pkg.torch.onnx.name_scopes", noted
    onnx.save(model, path)
    assert counted(path).layers[0].path == "y"


# Inputs


def open_batch(tmp_path):
    return write(tmp_path / "net.onnx", [value("x", ("N", 3, 8, 8))], [("Conv", ["x", "w"], ["y"])], [weight("w", 4, 3, 3, 3)])  # fmt: skip


def test_an_open_batch_is_that_which_is_asked_for(tmp_path):
    path = open_batch(tmp_path)
    one, five = (counted(path, batch=batch).costs.madds for batch in (1, 5))
    assert (one, five) == (4 * 36 * 27, 5 * 4 * 36 * 27)


def test_a_fixed_batch_is_the_files_own(tmp_path):
    path = write(tmp_path / "net.onnx", [value("x", (8, 3))], [("Relu", ["x"], ["y"])])
    found = counted(path)
    assert (found.case.batch, found.case.inputs) == (8, (InputSpec(shape=(3,)),))
    with pytest.raises(UsageError, match="is 8x3:float32, and is given 2x3:float32") as raised:
        counted(path, batch=2)
    assert "fixed" in raised.value.hint


def test_other_open_sizes_are_named_and_have_to_be_said(tmp_path):
    path = write(tmp_path / "net.onnx", [value("x", ("N", 3, "h", "w"))], [("Relu", ["x"], ["y"])])
    with pytest.raises(UsageError) as raised:
        counted(path)
    assert "takes x=Nx3xhxw:float32" in raised.value.message
    assert raised.value.hint == (
        "Its sizes h, w are open: say them with --input, without the batch: 3x224x224."
    )
    assert counted(path, input="3x4x5").layers[0].output == (1, 3, 4, 5)


def test_inputs_are_taken_by_their_names_too(tmp_path):
    inputs = [value("a", (1, 4)), value("b", (1, 4))]
    path = write(tmp_path / "net.onnx", inputs, [("Add", ["a", "b"], ["y"])])
    assert counted(path, input=["a=4", "b=4"]).layers[0].reads == 8
    with pytest.raises(UsageError, match="takes a=1x4:float32, b=1x4:float32"):
        counted(path, input=["a=4", "c=4"])
    with pytest.raises(UsageError, match="'a' of net.onnx is 1x4:float32, and is given 1x4:int64"):
        counted(path, input=["4:int64", "4"])


# What is no network, or not all of one


def test_an_operator_without_a_rule_is_listed(tmp_path):
    path = write(tmp_path / "net.onnx", [value("x", (1, 4))], [("Magic", ["x"], ["y"], {"domain": "mine"})], domains=["mine"])  # fmt: skip
    assert counted(path).costs.uncounted == {"mine::Magic of an unknown shape": 1}
    with pytest.raises(UncountedOps):
        counted(path, strict=True)


def test_a_loop_is_not_counted_and_said_to_be(tmp_path):
    body = helper.make_graph(
        [helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [value("i", (), TensorProto.INT64), value("go", (), TensorProto.BOOL), value("a", (1, 3))],
        [value("on", (), TensorProto.BOOL), value("b", (1, 3))],
    )
    constants = [
        numpy_helper.from_array(numpy.array(3), "n"),
        numpy_helper.from_array(numpy.array(True), "yes"),
    ]
    path = write(tmp_path / "net.onnx", [value("x", (1, 3))], [("Loop", ["n", "yes", "x"], ["y"], {"body": body})], constants)  # fmt: skip
    assert counted(path).costs.uncounted == {"Loop of an unknown shape": 1}


def _zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", "x" * 1000)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_text("hello\n"), "cannot be read as .onnx"),
        (lambda path: path.write_bytes(b""), "does not say of which version"),
        (lambda path: path.write_bytes(bytes(range(256)) * 9), "cannot be read as .onnx"),
        (_zip, "cannot be read as .onnx"),
        (lambda path: write(path, [value("x", (1, 3))], []), "has no nodes"),
        (lambda path: write(path, [value("x", (1, -3))], [("Relu", ["x"], ["y"])]), "below zero"),
        (lambda path: write(path, [value("x", None)], [("Relu", ["x"], ["y"])]), "no tensor of a"),
        (
            lambda path: write(path, [value("x", (1, 3), TensorProto.STRING)], [("Identity", ["x"], ["y"])]),
            "'x' is of texts",
        ),
        (
            lambda path: write(path, [value("x", (1, 3, 9, 9))], [("Conv", ["x", "w"], ["y"])], [TensorProto(name="w", data_type=1, dims=[10**12, 3, 3, 3])]),
            "'w' has 0 bytes, and claims",
        ),
    ],
)  # fmt: skip
def test_what_is_no_model_is_refused_in_a_sentence(tmp_path, make, said):
    path = tmp_path / "net.onnx"
    make(path)
    with pytest.raises(ModelError, match="net.onnx cannot be read") as raised:
        counted(path)
    assert said in raised.value.message
    assert "\n" not in raised.value.message


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    path = write(tmp_path / "net.onnx", [value("x", (1, 3))], [("MatMul", ["x", "w"], ["y"])], [weight("w", 3, 500)])  # fmt: skip
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(ModelError):
        counted(path)


def test_sizes_beyond_all_numbers_are_an_error_and_no_number(tmp_path):
    inputs = [value("a", (1, 2**40)), value("b", (2**40, 2**40))]
    path = write(tmp_path / "net.onnx", inputs, [("MatMul", ["a", "b"], ["y"])])
    with pytest.raises(LightbenchError):
        counted(path)


def elsewhere(path, location):
    """A file whose weight is in another one."""
    kept = TensorProto(name="w", data_type=1, dims=[4, 3, 3, 3], data_location=1)
    entry = kept.external_data.add()
    entry.key, entry.value = "location", location
    return write(path, [value("x", (1, 3, 8, 8))], [("Conv", ["x", "w"], ["y"])], [kept])


def test_weights_in_a_file_beside_it_are_its_own_and_part_of_what_it_is(tmp_path):
    path = elsewhere(tmp_path / "net.onnx", "weights.bin")
    (tmp_path / "weights.bin").write_bytes(b"\0" * 432)
    found = counted(path)
    assert (found.costs.stored_params, found.costs.madds) == (108, 4 * 36 * 27)
    (tmp_path / "weights.bin").write_bytes(b"\1" * 432)
    assert counted(path).identity != found.identity


@pytest.mark.parametrize("location", ["weights.bin", "../secret.bin", "/etc/hostname", "link.bin", "short.bin"])  # fmt: skip
def test_weights_that_are_not_in_its_folder_are_refused(tmp_path, location):
    folder = tmp_path / "net"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(b"\0" * 432)
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    (folder / "short.bin").write_bytes(b"\0" * 100)
    with pytest.raises(ModelError, match="its weight 'w'"):
        counted(elsewhere(folder / "net.onnx", location))


def test_a_file_is_what_it_holds_and_not_what_it_is_called(tmp_path):
    path = open_batch(tmp_path)
    copy = tmp_path / "copy.onnx"
    shutil.copy(path, copy)
    assert counted(copy).identity.structure == counted(path).identity.structure
    before = counted(path).identity
    write(path, [value("x", ("N", 3, 8, 8))], [("Conv", ["x", "w"], ["y"])], [weight("w", 5, 3, 3, 3)])  # fmt: skip
    assert counted(path).identity != before
