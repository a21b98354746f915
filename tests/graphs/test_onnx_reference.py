"""What an ONNX file answers by ONNX's own reference, in float32 and in float64: held against PyTorch's functions."""

import warnings

import numpy as np
import pytest
import torch
from torch.nn import functional as F

pytest.importorskip("onnx", reason="needs onnx")

from onnx import TensorProto, helper, numpy_helper
from onnx_files import value, write

from lightbench.graphs.onnx import graph, reference, reference_s

SHAPE = (2, 4, 9, 9)


@pytest.fixture
def numbers():
    return np.random.default_rng(0)


def array(name, numbers, *shape, dtype=np.float32):
    return numpy_helper.from_array(numbers.standard_normal(shape).astype(dtype), name)


@pytest.fixture
def net(tmp_path, numbers):
    """Convolution, grouped convolution, pooling, and a linear layer."""
    nodes = [
        ("Conv", ["x", "w"], ["a"], {"pads": [1, 1, 1, 1]}),
        ("Relu", ["a"], ["b"]),
        ("Conv", ["b", "v", "bias"], ["c"], {"group": 2, "strides": [2, 2]}),
        ("MaxPool", ["c"], ["d"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Flatten", ["d"], ["e"]),
        ("Gemm", ["e", "u"], ["y"]),
    ]
    shapes = {"w": (6, 4, 3, 3), "v": (8, 3, 3, 3), "bias": (8,), "u": (32, 5)}
    weights = [array(name, numbers, *shape) for name, shape in shapes.items()]
    return write(tmp_path / "net.onnx", [value("x", SHAPE)], nodes, weights), weights


def by_pytorch(weights, x):
    w, v, bias, u = (torch.tensor(numpy_helper.to_array(each)).to(x.dtype) for each in weights)
    y = F.conv2d(F.relu(F.conv2d(x, w, padding=1)), v, bias, stride=2, groups=2)
    return F.max_pool2d(y, 2).flatten(1) @ u


@pytest.mark.parametrize(("dtype", "within"), [("float64", 1e-14), ("float32", 1e-5)])
def test_it_answers_as_pytorch_does_in_that_precision(net, numbers, dtype, within):
    path, weights = net
    x = torch.tensor(numbers.standard_normal(SHAPE), dtype=getattr(torch, dtype))
    (y,) = reference(path, dtype)({"x": x.numpy()})
    true = by_pytorch(weights, x.double())
    assert y.dtype == dtype
    error = float((torch.tensor(y).double() - true).abs().max() / true.abs().max())
    assert error < within
    assert dtype == "float64" or error > 1e-9


def test_numbers_in_nodes_and_conversions_are_made_wider_too(tmp_path):
    """x + 0.5 + 3 ones, of which nothing is lost where x is 2**-40."""
    ones = helper.make_tensor("", TensorProto.FLOAT, [1], [1.0])
    nodes = [
        ("Constant", [], ["half"], {"value_float": 0.5}),
        ("Constant", [], ["three"], {"value_floats": [1.0, 1.0, 1.0]}),
        ("Cast", ["x"], ["same"], {"to": TensorProto.FLOAT}),
        ("Add", ["same", "half"], ["a"]),
        ("ReduceSum", ["three"], ["sum"], {"keepdims": 0}),
        ("Add", ["a", "sum"], ["b"]),
        ("Shape", ["x"], ["shape"]),
        ("ConstantOfShape", ["shape"], ["one"], {"value": ones}),
        ("Add", ["b", "one"], ["y"]),
    ]
    path = write(tmp_path / "net.onnx", [value("x", (2,))], nodes)
    x = np.array([2.0**-40, 0.0])
    (y,) = reference(path, "float64")({"x": x})
    assert y.tolist() == [4.5 + 2.0**-40, 4.5]


def test_weights_of_sixteen_bits_are_as_they_are_and_the_sums_are_not(tmp_path, numbers):
    half = array("w", numbers, 64, 1, dtype=np.float16)
    path = write(tmp_path / "net.onnx", [value("x", (1, 64), TensorProto.FLOAT16)], [("MatMul", ["x", "w"], ["y"])], [half])  # fmt: skip
    x = numbers.standard_normal((1, 64)).astype(np.float16)
    exact = x.astype(float) @ numpy_helper.to_array(half).astype(float)
    (wide,) = reference(path, "float64")({"x": x.astype("float64")})
    (narrow,) = reference(path, "float32")({"x": x.astype("float32")})
    assert wide == pytest.approx(exact, rel=1e-14)
    assert narrow.dtype == np.float32
    assert narrow == pytest.approx(exact, rel=1e-4)


def test_a_file_of_float64_stays_one(tmp_path, numbers):
    double = array("w", numbers, 4, 1, dtype=np.float64)
    path = write(tmp_path / "net.onnx", [value("x", (1, 4), TensorProto.DOUBLE)], [("MatMul", ["x", "w"], ["y"])], [double])  # fmt: skip
    (y,) = reference(path, "float32")({"x": numbers.standard_normal((1, 4))})
    assert y.dtype == np.float64


def test_what_divides_by_nothing_is_no_warning(tmp_path):
    path = write(tmp_path / "net.onnx", [value("x", (1,))], [("Reciprocal", ["x"], ["y"])])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (y,) = reference(path, "float64")({"x": np.zeros(1)})
    assert np.isinf(y).all()


def test_windows_that_are_looked_at_one_by_one_take_their_time(tmp_path):
    """56 x 56 of 64 channels: seconds, where a convolution with ten times the work takes less."""
    x = value("x", (1, 64, 112, 112))
    pool = [("MaxPool", ["x"], ["y"], {"kernel_shape": [2, 2], "strides": [2, 2]})]
    conv = [("Conv", ["x", "w"], ["y"], {"kernel_shape": [1, 1]})]
    weights = [numpy_helper.from_array(np.ones((64, 64, 1, 1), np.float32), "w")]
    shapes = {"x": (1, 64, 112, 112)}
    slow = reference_s(graph(write(tmp_path / "a.onnx", [x], pool), shapes))
    fast = reference_s(graph(write(tmp_path / "b.onnx", [x], conv, weights), shapes))
    assert slow > 0.9
    assert fast < slow / 10


@pytest.mark.parametrize("opset", [9, 11, 13, 15])
def test_norms_use_what_is_stored_in_every_operator_set(tmp_path, numbers, opset):
    shapes = {"gamma": 4, "beta": 4, "mean": 4}
    weights = [array(name, numbers, size) for name, size in shapes.items()]
    weights.append(numpy_helper.from_array(np.array([0.5, 1, 2, 4], np.float32), "variance"))
    node = ("BatchNormalization", ["x", "gamma", "beta", "mean", "variance"], ["y"])
    path = write(tmp_path / "norm.onnx", [value("x", SHAPE)], [node], weights, opset=opset)
    x = torch.tensor(numbers.standard_normal(SHAPE))
    (y,) = reference(path, "float64")({"x": x.numpy()})
    gamma, beta, mean, variance = (torch.tensor(numpy_helper.to_array(w)).double() for w in weights)
    torch.testing.assert_close(torch.tensor(y), F.batch_norm(x, mean, variance, gamma, beta))
