"""ONNX: what most runtimes read, and PyTorch, Keras and others write."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lightbench.errors import ModelError
from lightbench.graphs import Graph, Input, Node, Shape, Value, Work
from lightbench.graphs.support import onnx_reference, products
from lightbench.graphs.support.kinds import by_name

SUFFIXES = (".onnx",)
PACKAGES = ("onnx",)

# Elements of a tensor, as the format numbers them -> PyTorch's name and bits.
TYPES = {
    1: ("float32", 32), 2: ("uint8", 8), 3: ("int8", 8), 4: ("uint16", 16), 5: ("int16", 16),
    6: ("int32", 32), 7: ("int64", 64), 9: ("bool", 8), 10: ("float16", 16), 11: ("float64", 64),
    12: ("uint32", 32), 13: ("uint64", 64), 14: ("complex64", 64), 15: ("complex128", 128),
    16: ("bfloat16", 16), 17: ("float8_e4m3fn", 8), 18: ("float8_e4m3fnuz", 8), 19: ("float8_e5m2", 8),
    20: ("float8_e5m2fnuz", 8), 21: ("uint4", 4), 22: ("int4", 4), 23: ("float4_e2m1fn_x2", 4),
}  # fmt: skip
NO_WEIGHTS = (7, 8, 9)  # whole numbers of 64 bits, texts, truth values: sizes, axes, masks
DOMAINS = ("", "ai.onnx", "com.microsoft")
SCOPES, CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"

VIEWS = frozenset(["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"])
KINDS = by_name(
    {
        "norm": (
            "BatchNormalization InstanceNormalization LayerNormalization GroupNormalization"
            " RMSNormalization LpNormalization LRN MeanVarianceNormalization"
            " SkipLayerNormalization SimplifiedLayerNormalization SkipSimplifiedLayerNormalization"
        ),
        "activation": (
            "Relu LeakyRelu PRelu Elu Selu Celu Sigmoid HardSigmoid HardSwish Swish Tanh Softplus Softsign"
            " Clip Gelu Mish Softmax LogSoftmax Hardmax ThresholdedRelu Shrink"
            " QuickGelu FastGelu BiasGelu QLinearSigmoid QLinearLeakyRelu QLinearSoftmax"
        ),
        "element-wise": (
            "Add Sub Mul Div Pow Mod Neg Abs Sqrt Exp Log Reciprocal Erf Sign Floor Ceil Round Sin Cos Tan"
            " Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Min Max Mean Sum Where Not And Or Xor Equal Greater"
            " GreaterOrEqual Less LessOrEqual BitShift BitwiseAnd BitwiseOr BitwiseXor BitwiseNot"
            " IsNaN IsInf QuantizeLinear DequantizeLinear DynamicQuantizeLinear Cast CastLike"
            " QLinearAdd QLinearMul CumSum"
        ),
        "pooling": (
            "MaxPool AveragePool LpPool GlobalMaxPool GlobalAveragePool GlobalLpPool ReduceMean ReduceSum"
            " ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum"
            " ReduceLogSumExp RoiAlign MaxRoiPool QLinearAveragePool QLinearGlobalAveragePool"
        ),
        "data movement": (
            "Transpose Concat Split Slice Gather GatherElements GatherND ScatterElements ScatterND Scatter Pad"
            " Expand Tile DepthToSpace SpaceToDepth ReverseSequence Compress QLinearConcat"
        ),
        "other": (
            "Resize Upsample GridSample AffineGrid TopK ArgMax ArgMin NonMaxSuppression NonZero Unique OneHot"
            " Trilu EyeLike Range ConstantOfShape Shape Size RandomNormal RandomUniform RandomNormalLike"
            " RandomUniformLike Multinomial Bernoulli Det MaxUnpool Col2Im CenterCropPad DFT STFT"
            " HannWindow HammingWindow BlackmanWindow MelWeightMatrix"
        ),
    }
)  # fmt: skip


class Seen:
    """A node with its attributes and the shapes around it. What it lacks raises IndexError."""

    def __init__(self, node: Any, inputs: list[Value | None], out: Value) -> None:
        self.node, self.inputs, self.out_value = node, inputs, out

    def shape(self, i: int) -> Shape:
        """Of an input. Raises ValueError for one that is not known."""
        value = self.inputs[i]
        if value is None or value.shape is None:
            raise ValueError(f"the shape of input {i} is not known")
        return value.shape

    @property
    def out(self) -> Shape:
        """Shape of the first output."""
        if self.out_value.shape is None:
            raise ValueError("the shape of its output is not known")
        return self.out_value.shape

    def constant(self, i: int) -> bool:
        """Is an input stored in the file?"""
        value = self.inputs[i]
        return value is not None and value.constant

    def has(self, i: int) -> bool:
        """Is there such an input?"""
        return len(self.inputs) > i and self.inputs[i] is not None

    def attribute(self, name: str, default: Any) -> Any:
        """A number, numbers or a text."""
        for each in self.node.attribute:
            if each.name == name:
                return {2: each.i, 3: each.s, 7: tuple(each.ints)}.get(each.type, default)
        return default


Rule = Callable[[Seen], Work]
reference, reference_s = onnx_reference.reference, onnx_reference.reference_s


def _conv(weight: int = 1, bias: int = 2) -> Rule:
    def rule(seen: Seen) -> Work:
        w = seen.shape(weight)
        return products.convolution(
            seen.out, w, seen.shape(0)[1], kernel=w[2:], **_laid(seen, w, bias)
        )

    return rule


def _conv_transpose(seen: Seen) -> Work:
    w = seen.shape(1)
    x = seen.shape(0)
    return products.transposed(x, w, x[1], kernel=w[2:], **_laid(seen, w, 2))


def _laid(seen: Seen, weight: Shape, bias: int) -> dict[str, Any]:
    stride = seen.attribute("strides", (1,) * (len(weight) - 2))
    return {"groups": seen.attribute("group", 1), "stride": stride, "bias": seen.has(bias)}


def _matmul(b: int = 1) -> Rule:
    def rule(seen: Seen) -> Work:
        inner = seen.shape(0)[-2 if seen.attribute("transA", 0) else -1]
        return products.matmul(seen.out, inner, seen.shape(b), constant=seen.constant(b))

    return rule


def _gemm(seen: Seen) -> Work:
    inner = seen.shape(0)[0 if seen.attribute("transA", 0) else 1]
    return products.matmul(
        seen.out, inner, seen.shape(1), constant=seen.constant(1), bias=seen.has(2)
    )


def _recurrent(seen: Seen) -> Work:
    return products.recurrent(seen.shape(0)[:2], seen.shape(1), seen.shape(2))


def _einsum(seen: Seen) -> Work:
    """The size of every letter of two operands. Raises ValueError for what is written with dots, and for
    more of them."""
    terms = seen.attribute("equation", b"").decode().replace(" ", "").partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    for i, term in enumerate(terms):
        sizes |= dict(zip(term, seen.shape(i), strict=True))
    if len(terms) > 2:
        raise ValueError("a product of more than two")
    return Work("matmul", math.prod(sizes.values()) if len(terms) == 2 else 0)


RULES: Mapping[str, Rule] = {
    "Conv": _conv(),
    "FusedConv": _conv(),
    "ConvInteger": _conv(bias=9),
    "QLinearConv": _conv(weight=3, bias=8),
    "ConvTranspose": _conv_transpose,
    "Gemm": _gemm,
    "FusedGemm": _gemm,
    "MatMul": _matmul(),
    "FusedMatMul": _matmul(),
    "MatMulInteger": _matmul(),
    "QLinearMatMul": _matmul(3),
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    "Einsum": _einsum,
}


def files(path: Path) -> tuple[Path, ...]:
    """The model, and the files beside it that hold its weights."""
    beside = {
        path.parent / entry.value
        for tensor in _tensors(_load(path).graph)
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return (path, *sorted(beside))


def inputs(path: Path) -> tuple[Input, ...]:
    """Of the graph, without those that have a value in the file."""
    return tuple(
        Input(each.name, _sizes(each), TYPES.get(each.type.tensor_type.elem_type, ("texts", 0))[0])
        for each in _given(_load(path).graph)
    )


def graph(path: Path, shapes: Mapping[str, Shape]) -> Graph:
    """With all shapes that follow from those of the inputs. What belongs to the file has to be in its folder."""
    from onnx import inliner

    model = _load(path)
    for tensor in _tensors(model.graph):
        _check(tensor, path)
    if model.functions:
        model = inliner.inline_local_functions(model)
    _fix(model.graph, shapes)
    inferred = _inferred(model).graph
    values = _values(inferred)
    nodes = list(_nodes(inferred, values))
    outputs = tuple(each.name for each in inferred.output)
    kept = [_stored(t) for t in _tensors(inferred)]
    return Graph(tuple(nodes), outputs, sum(n for n, _ in kept), sum(size for _, size in kept))


def _check(tensor: Any, path: Path) -> None:
    """Is all there that it claims, and in the folder of the file, where ONNX looks for it? Raises ModelError."""
    from onnx import TensorProto, checker, external_data_helper

    size = math.prod(tensor.dims)
    if size < 0 or any(dim < 0 for dim in tensor.dims):
        raise ModelError(f"a size of the weight {tensor.name!r} is below zero.")
    held, wanted = len(tensor.raw_data), -(-size * _bits(tensor.data_type) // 8)
    if tensor.external_data:
        copy = TensorProto()
        copy.CopyFrom(tensor)
        try:
            external_data_helper.load_external_data_for_tensor(copy, str(path.parent))
        except (OSError, ValueError, RuntimeError, checker.ValidationError) as error:
            raise ModelError(f"its weight {tensor.name!r} cannot be had: {error}") from error
        held = len(copy.raw_data)
    elif not held:  # in a list of its own kind
        lists = (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data)
        held = wanted if any(map(len, (*lists, tensor.uint64_data, tensor.string_data))) else 0
    if held < wanted:
        raise ModelError(
            f"its weight {tensor.name!r} has {held} bytes, and claims to be {wanted} long."
        )


def _load(path: Path) -> Any:
    """Without weights that are in other files. Raises ModelError for what is no model."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    if not model.ir_version or not model.opset_import:
        raise ModelError("it does not say of which version of ONNX it is.")
    if not model.graph.node:
        raise ModelError("its graph has no nodes.")
    return model


def _given(of: Any) -> list[Any]:
    stored = {tensor.name for tensor in of.initializer}
    return [each for each in of.input if each.name not in stored]


def _sizes(value: Any) -> tuple[int | str, ...]:
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        raise ModelError(f"its input {value.name!r} is no tensor of a known number of dimensions.")
    dims = value.type.tensor_type.shape.dim
    return tuple(d.dim_value if d.HasField("dim_value") else d.dim_param for d in dims)


def _fix(of: Any, shapes: Mapping[str, Shape]) -> None:
    """Open sizes of the inputs are these; what was said of other shapes with them open is forgotten."""
    was_open = False
    for each in _given(of):
        for dim, size in zip(each.type.tensor_type.shape.dim, shapes[each.name], strict=True):
            if not dim.HasField("dim_value"):
                dim.dim_value, was_open = size, True
    if was_open:
        del of.value_info[:]
        for each in of.output:
            each.type.tensor_type.ClearField("shape")


def _inferred(model: Any) -> Any:
    """With shapes. Where ONNX's own inference ends, as behind sizes that are computed in the graph, ONNX
    Runtime's goes on, if it is installed."""
    from onnx import shape_inference

    found = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    known = {each.name for each in (*found.graph.value_info, *found.graph.output) if _known(each)}
    if all(node.output[0] in known for node in found.graph.node if node.op_type in RULES):
        return found
    if find_spec("onnxruntime"):
        from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

        # What it does not know either is listed, and what it then leaves behind is left where nobody is.
        with suppress(Exception), TemporaryDirectory() as folder, chdir(folder):
            return SymbolicShapeInference.infer_shapes(model, auto_merge=True) or found
    return found


def _known(value: Any) -> bool:
    of = value.type.tensor_type
    return of.HasField("shape") and all(dim.HasField("dim_value") for dim in of.shape.dim)


def _values(of: Any) -> dict[str, Value]:
    found = {}
    for each in (*of.input, *of.value_info, *of.output):
        dims = each.type.tensor_type.shape.dim
        shape = tuple(dim.dim_value for dim in dims) if _known(each) else None
        found[each.name] = Value(each.name, shape, _bits(each.type.tensor_type.elem_type))
    for tensor in of.initializer:
        found[tensor.name] = _constant(tensor.name, tensor)
    for sparse in of.sparse_initializer:
        name = sparse.values.name
        found[name] = Value(name, tuple(sparse.dims), _bits(sparse.values.data_type), constant=True)
    return found


def _constant(name: str, tensor: Any) -> Value:
    """Sizes and axes are settings of a node, and are not moved."""
    bits = 0 if tensor.data_type in NO_WEIGHTS else _bits(tensor.data_type)
    return Value(name, tuple(tensor.dims) if bits else (0,), bits, constant=True)


def _bits(kind: int) -> int:
    return TYPES.get(kind, ("", 8))[1]


def _tensors(of: Any) -> Iterator[Any]:
    """All that are stored, those of graphs within it too."""
    yield from of.initializer
    yield from (sparse.values for sparse in of.sparse_initializer)
    for node in of.node:
        for each in node.attribute:
            if each.HasField("t"):
                yield each.t
            for inner in (each.g, *each.graphs) if each.type in (5, 10) else ():
                yield from _tensors(inner)


def _stored(tensor: Any) -> tuple[int, int]:
    """Parameters and bytes. A single number is none: an exponent, a slope, a scale of all."""
    size = math.prod(tensor.dims)
    weights = size if tensor.dims and tensor.data_type not in NO_WEIGHTS else 0
    return weights, -(-size * _bits(tensor.data_type) // 8)


def _nodes(of: Any, values: dict[str, Value]) -> Iterator[Node]:
    """``values`` learns which of them are constant."""
    for node in of.node:
        taken = [values.get(name, Value(name, None)) if name else None for name in node.input]
        read = tuple(value for value in taken if value is not None)
        made = [values.get(name, Value(name, None)) for name in node.output if name]
        inner = any(each.type in (5, 10) for each in node.attribute)
        fixed = node.op_type == "Constant" or (read and all(value.constant for value in read))
        if fixed and not inner:
            held = {each.name: each.t for each in node.attribute if each.HasField("t")}
            for value in made:
                values[value.name] = value._replace(constant=True)
                if node.op_type == "Constant" and "value" in held:
                    values[value.name] = _constant(value.name, held["value"])
            continue
        path, module = _place(node, read)
        op = node.op_type if node.domain in DOMAINS else f"{node.domain}::{node.op_type}"
        work = None if inner or not made else _work(op, Seen(node, taken, made[0]))
        yield Node(path, module, op, read, tuple(made), work, view=op in VIEWS)


def _work(op: str, seen: Seen) -> Work | None:
    if op not in RULES:
        return Work(KINDS[op]) if op in KINDS else Work("data movement") if op in VIEWS else None
    try:
        return RULES[op](seen)
    except (ValueError, IndexError):
        return None


def _place(node: Any, read: tuple[Value, ...]) -> tuple[str, str]:
    """The module that it is of, which PyTorch's exporter notes, and its class; else its own name. A batch
    norm that was folded has left its place to the convolution: the weight's name knows better."""
    noted = {each.key: each.value for each in node.metadata_props}
    scopes, classes = _texts(noted.get(SCOPES)), _texts(noted.get(CLASSES))
    if len(scopes) < 2:
        return node.name or (node.output[0] if node.output else node.op_type), ""
    module = classes[-2].rpartition(".")[2] if len(classes) == len(scopes) else ""
    for value in read:
        owner, _, last = value.name.rpartition(".")
        if value.constant and last == "weight" and owner != scopes[-2]:
            return owner, node.op_type
    return scopes[-2], module


def _texts(literal: str | None) -> list[str]:
    with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
        texts = ast.literal_eval(literal or "[]")
        return [text for text in texts if isinstance(text, str)] if isinstance(texts, list) else []
    return []
