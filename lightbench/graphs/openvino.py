"""OpenVINO's own format: net.xml, and net.bin with its weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lightbench.errors import ModelError
from lightbench.graphs import Graph, Input, Node, Shape, Value, Work
from lightbench.graphs.support import products
from lightbench.graphs.support.kinds import by_name
from lightbench.graphs.support.quiet_openvino import explained, name_of, openvino

SUFFIXES = (".xml",)
PACKAGES = ("openvino",)

# As OpenVINO calls them -> as PyTorch does.
TYPES = {
    "f32": "float32", "f64": "float64", "f16": "float16", "bf16": "bfloat16", "boolean": "bool",
    "i64": "int64", "i32": "int32", "i16": "int16", "i8": "int8", "u8": "uint8", "u16": "uint16",
    "u32": "uint32", "u64": "uint64",
}  # fmt: skip
NO_WEIGHTS = ("i64", "u64", "boolean", "string")
HEAD = 1024  # bytes in which an XML file says what it is
VIEWS = frozenset(["Reshape", "Squeeze", "Unsqueeze", "Result"])
KINDS = by_name(
    {
        "norm": "BatchNormInference MVN NormalizeL2 LRN GroupNormalization RMS",
        "activation": (
            "Relu PRelu Elu Selu Sigmoid HardSigmoid HSigmoid HSwish Swish Tanh SoftPlus SoftSign Clamp Gelu"
            " Mish Softmax LogSoftmax"
        ),
        "element-wise": (
            "Add Subtract Multiply Divide Power Mod FloorMod SquaredDifference Negative Abs Sqrt Exp Log Erf"
            " Sign Floor Ceiling Round Sin Cos Tan Maximum Minimum Select Equal NotEqual Greater GreaterEqual"
            " Less LessEqual LogicalAnd LogicalOr LogicalNot LogicalXor Convert FakeQuantize CumSum"
        ),
        "pooling": (
            "MaxPool AvgPool AdaptiveAvgPool AdaptiveMaxPool ReduceMean ReduceSum ReduceMax ReduceMin"
            " ReduceProd ReduceL1 ReduceL2 ROIPooling ROIAlign"
        ),
        "data movement": (
            "Transpose Concat Split VariadicSplit Slice StridedSlice Gather GatherElements GatherND Pad"
            " Broadcast Tile DepthToSpace SpaceToDepth ShuffleChannels ScatterUpdate ScatterNDUpdate"
            " ScatterElementsUpdate ReverseSequence Reverse"
        ),
        "other": "Interpolate GridSample TopK NonMaxSuppression NonZero OneHot Range ShapeOf Eye Unique",
    }
)  # fmt: skip
Rule = Callable[[Any, list[Value], Shape], Work]


def _conv(op: Any, taken: list[Value], out: Shape) -> Work:
    groups, w = _filters(op, taken[1])
    x = _shape(taken[0])
    return products.convolution(out, w, x[1], kernel=w[2:], groups=groups, stride=_stride(op))


def _transposed(op: Any, taken: list[Value], _out: Shape) -> Work:
    groups, w = _filters(op, taken[1])
    x = _shape(taken[0])
    return products.transposed(x, w, x[1], kernel=w[2:], groups=groups, stride=_stride(op))


def _filters(op: Any, value: Value) -> tuple[int, Shape]:
    """How many groups there are, and filters as they are everywhere else: those of a ``Group...`` are
    (groups, a / groups, b, k, k) for (a, b, k, k)."""
    shape = _shape(value)
    if not op.get_type_name().startswith("Group"):
        return 1, shape
    groups, a, *rest = shape
    return groups, (groups * a, *rest)


def _matmul(op: Any, taken: list[Value], out: Shape) -> Work:
    a, b = _shape(taken[0]), _shape(taken[1])
    inner = a[-2 if op.get_attributes()["transpose_a"] and len(a) > 1 else -1]
    return products.matmul(out, inner, b, constant=taken[1].constant)


def _sequence(_op: Any, taken: list[Value], _out: Shape) -> Work:
    """(x, state, ..., lengths, W, R, B): those of three dimensions before the bias are the weights."""
    return products.recurrent(_shape(taken[0])[:2], *(_shape(v) for v in taken[-3:-1]))


RULES: Mapping[str, Rule] = {
    "Convolution": _conv,
    "GroupConvolution": _conv,
    "ConvolutionBackpropData": _transposed,
    "GroupConvolutionBackpropData": _transposed,
    "MatMul": _matmul,
    "LSTMSequence": _sequence,
    "GRUSequence": _sequence,
    "RNNSequence": _sequence,
}


def files(path: Path) -> tuple[Path, ...]:
    """The structure, and the weights beside it."""
    return (path, path.with_suffix(".bin"))


def inputs(path: Path) -> tuple[Input, ...]:
    """A size that is open is called by where it stands."""
    return tuple(
        Input(name_of(port), _sizes(port.partial_shape), _dtype(port))
        for port in _load(path).inputs
    )


def graph(path: Path, shapes: Mapping[str, Shape]) -> Graph:
    """With all shapes that follow from those of the inputs."""
    model = _load(path)
    if model.is_dynamic():
        model.reshape({name: list(shape) for name, shape in shapes.items()})
    nodes, values = [], dict[tuple[str, int], Value]()
    stored = size = 0
    for op in model.get_ordered_ops():
        if op.get_type_name() == "Constant":
            (value,) = _made(op, constant=True)
            numbers = math.prod(value.shape or ())
            bits = op.get_output_element_type(0).bitwidth
            stored += numbers if value.bits and value.shape else 0
            size += -(-math.prod(op.get_output_shape(0)) * bits // 8)
            values[op.get_name(), 0] = value
        else:
            nodes += list(_node(op, values))
    outputs = tuple(_key(port) for op in model.get_results() for port in [op.input_value(0)])
    return Graph(tuple(nodes), outputs, stored, size)


def _load(path: Path) -> Any:
    """Only what is its own format: OpenVINO itself would try all that it knows. Raises ModelError."""
    with path.open("rb") as file:
        if b"<net" not in file.read(HEAD):
            raise ModelError("it is no model of OpenVINO.")
    weights = path.with_suffix(".bin")
    if not weights.is_file():
        raise ModelError(f"its weights, {weights.name}, are not beside it.")
    with explained():
        model = openvino().Core().read_model(path, weights)
    if not model.get_results():
        raise ModelError("it has no outputs.")
    return model


def _sizes(shape: Any) -> tuple[int | str, ...]:
    if shape.rank.is_dynamic:
        raise ModelError("the number of dimensions of an input is open.")
    return tuple(f"{i}" if size.is_dynamic else size.get_length() for i, size in enumerate(shape))


def _dtype(port: Any) -> str:
    name = str(port.element_type.get_type_name())
    return TYPES.get(name, name)


def _key(port: Any) -> str:
    return f"{port.get_node().get_name()}:{port.get_index()}"


def _made(op: Any, *, constant: bool) -> Iterator[Value]:
    for i, port in enumerate(op.outputs()):
        shape = port.partial_shape
        kind = port.element_type
        settings = constant and kind.get_type_name() in NO_WEIGHTS  # sizes and axes
        sizes = None if shape.is_dynamic else tuple(shape.to_shape())
        yield Value(
            f"{op.get_name()}:{i}",
            (0,) if settings else sizes,
            0 if settings else kind.bitwidth,
            constant,
        )


def _node(op: Any, values: dict[tuple[str, int], Value]) -> Iterator[Node]:
    """Its row, unless it is an input or is computed of constants alone; ``values`` learns what it makes."""
    kind = op.get_type_name()
    ports = op.input_values()
    taken = [values[port.get_node().get_name(), port.get_index()] for port in ports]
    fixed = bool(taken) and all(value.constant for value in taken)
    made = tuple(_made(op, constant=fixed))
    values |= {(op.get_name(), i): value for i, value in enumerate(made)}
    if kind in ("Parameter", "Result") or fixed:
        return
    view = kind in VIEWS
    work = Work("data movement") if view else _work(op, kind, taken, made)
    yield Node(op.get_friendly_name(), "", kind, tuple(taken), made, work, view)


def _work(op: Any, kind: str, taken: list[Value], made: tuple[Value, ...]) -> Work | None:
    if kind not in RULES:
        return Work(KINDS[kind]) if kind in KINDS else None
    try:
        return RULES[kind](op, taken, _shape(made[0]))
    except (ValueError, IndexError, KeyError):
        return None


def _shape(value: Value) -> Shape:
    if value.shape is None:
        raise ValueError("its shape is not known")
    return value.shape


def _stride(op: Any) -> Shape:
    return tuple(op.get_attributes()["strides"])
