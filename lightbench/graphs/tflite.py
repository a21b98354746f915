"""TensorFlow Lite, now LiteRT: what phones run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lightbench.errors import ModelError
from lightbench.graphs import Graph, Input, Node, Shape, Value, Work
from lightbench.graphs.support import products
from lightbench.graphs.support.kinds import by_name

SUFFIXES = (".tflite",)
PACKAGES = ("ai-edge-litert",)

MARK = slice(4, 8)  # of the file: b"TFL3"
# Elements of a tensor, as the format numbers them -> PyTorch's name and bits.
TYPES = {
    0: ("float32", 32), 1: ("float16", 16), 2: ("int32", 32), 3: ("uint8", 8), 4: ("int64", 64),
    6: ("bool", 8), 7: ("int16", 16), 8: ("complex64", 64), 9: ("int8", 8), 10: ("float64", 64),
    11: ("complex128", 128), 12: ("uint64", 64), 15: ("uint32", 32), 16: ("uint16", 16), 17: ("int4", 4),
    18: ("bfloat16", 16),
}  # fmt: skip
WEIGHTS = (
    0,
    1,
    3,
    7,
    9,
    10,
    17,
    18,
)  # whole numbers of 32 bits and more are sizes, axes and biases
VIEWS = frozenset(["RESHAPE", "SQUEEZE", "EXPAND_DIMS"])
KINDS = by_name(
    {
        "norm": "L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION STABLEHLO_COMPOSITE",
        "activation": (
            "RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 LEAKY_RELU PRELU ELU LOGISTIC TANH HARD_SWISH GELU SOFTMAX"
            " LOG_SOFTMAX"
        ),
        "element-wise": (
            "ADD SUB MUL DIV POW SQUARE SQRT RSQRT EXP LOG NEG ABS SIGN FLOOR CEIL ROUND SIN COS MAXIMUM"
            " MINIMUM SQUARED_DIFFERENCE FLOOR_DIV FLOOR_MOD EQUAL NOT_EQUAL GREATER GREATER_EQUAL LESS"
            " LESS_EQUAL LOGICAL_AND LOGICAL_OR LOGICAL_NOT SELECT SELECT_V2 CAST QUANTIZE DEQUANTIZE ADD_N"
            " CUMSUM FAKE_QUANT"
        ),
        "pooling": (
            "AVERAGE_POOL_2D MAX_POOL_2D L2_POOL_2D MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD"
            " STABLEHLO_REDUCE_WINDOW REDUCE_WINDOW"
        ),
        "data movement": (
            "TRANSPOSE CONCATENATION SPLIT SPLIT_V SLICE STRIDED_SLICE GATHER GATHER_ND PAD PADV2 MIRROR_PAD"
            " TILE BROADCAST_TO PACK UNPACK DEPTH_TO_SPACE SPACE_TO_DEPTH BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND"
            " REVERSE_V2 SCATTER_ND DYNAMIC_UPDATE_SLICE FILL"
        ),
        "other": (
            "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR TOPK_V2 ARG_MAX ARG_MIN ONE_HOT SHAPE RANGE"
            " NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 WHERE"
        ),
    }
)  # fmt: skip


class Seen(NamedTuple):
    """A node: what it is told, and the shapes around it. Images are (n, h, w, channels)."""

    options: Any
    inputs: list[Value | None]
    out: Shape

    def shape(self, i: int) -> Shape:
        """Of an input. Raises ValueError where there is none."""
        value = self.inputs[i]
        if value is None or value.shape is None:
            raise ValueError(f"there is no input {i}")
        return value.shape

    def constant(self, i: int) -> bool:
        """Is an input stored in the file?"""
        value = self.inputs[i]
        return value is not None and value.constant

    @property
    def laid(self) -> dict[str, Any]:
        """Stride and bias of a convolution."""
        stride = (getattr(self.options, "strideH", 1), getattr(self.options, "strideW", 1))
        return {"stride": stride, "bias": len(self.inputs) > 2 and self.inputs[2] is not None}


def _conv(seen: Seen) -> Work:
    """Filters are (c_out, k, k, c_in / groups): grouped is what has fewer channels than its input."""
    c_out, *kernel, c_in = seen.shape(1)
    channels = seen.shape(0)[-1]
    w = (c_out, c_in, *kernel)
    groups = channels // c_in
    return products.convolution(
        seen.out, w, channels, kernel=tuple(kernel), groups=groups, **seen.laid
    )


def _depthwise(seen: Seen) -> Work:
    """Filters are (1, k, k, c_out)."""
    one, *kernel, c_out = seen.shape(1)
    channels = seen.shape(0)[-1]
    w = (c_out, one, *kernel)
    return products.convolution(
        seen.out, w, channels, kernel=tuple(kernel), groups=channels, **seen.laid
    )


def _transposed(seen: Seen) -> Work:
    """(output's shape, filters, input): filters are (c_out, k, k, c_in)."""
    c_out, *kernel, c_in = seen.shape(1)
    laid = seen.laid | {"bias": len(seen.inputs) > 3}
    return products.transposed(
        seen.shape(2), (c_in, c_out, *kernel), c_in, kernel=tuple(kernel), groups=1, **laid
    )


def _linear(seen: Seen) -> Work:
    w = seen.shape(1)
    return products.matmul(
        seen.out, w[-1], w, constant=seen.constant(1), bias=bool(seen.laid["bias"])
    )


def _matmul(seen: Seen) -> Work:
    inner = seen.shape(0)[-2 if getattr(seen.options, "adjX", False) else -1]
    return products.matmul(seen.out, inner, seen.shape(1), constant=seen.constant(1))


RULES: Mapping[str, Callable[[Seen], Work]] = {
    "CONV_2D": _conv,
    "CONV_3D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "FULLY_CONNECTED": _linear,
    "BATCH_MATMUL": _matmul,
}


def files(path: Path) -> tuple[Path, ...]:
    """All is in one."""
    return (path,)


def inputs(path: Path) -> tuple[Input, ...]:
    """Of the first graph, which is what runs."""
    main = _load(path).subgraphs[0]
    return tuple(_input(main.tensors[i]) for i in main.inputs)


def graph(path: Path, shapes: Mapping[str, Shape]) -> Graph:
    """Its shapes are stored, so that the inputs have to be as they are."""
    model = _load(path)
    main = model.subgraphs[0]
    for i in main.inputs:
        one = _input(main.tensors[i])
        if shapes[one.name] != _dims(main.tensors[i]):
            raise ModelError(f"its shapes are those of {one}, and no others can be counted.")
    values = [_value(tensor, model) for tensor in main.tensors]
    outputs = tuple(values[i].name for i in main.outputs)
    kept = [_stored(tensor, model) for each in model.subgraphs for tensor in each.tensors]
    nodes = tuple(_nodes(model, main, values))
    return Graph(nodes, outputs, sum(n for n, _ in kept), sum(size for _, size in kept))


def _load(path: Path) -> Any:
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    data = path.read_bytes()
    if data[MARK] != b"TFL3":
        raise ModelError("it is no file of TensorFlow Lite.")
    Interpreter(model_content=data)  # verifies it, which what comes next does not
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    if not model.subgraphs or not model.subgraphs[0].operators:
        raise ModelError("it has no operators.")
    return model


def _input(tensor: Any) -> Input:
    signature = tensor.shapeSignature if tensor.shapeSignature is not None else tensor.shape
    sizes = tuple(
        str(i) if size < 0 else int(size) for i, size in enumerate(signature if signature is not None else ())
    )  # fmt: skip
    return Input(_name(tensor), sizes, TYPES.get(tensor.type, ("unknown", 8))[0])


def _name(tensor: Any) -> str:
    return (tensor.name or b"").decode(errors="replace")


def _dims(tensor: Any) -> Shape:
    return () if tensor.shape is None else tuple(int(size) for size in tensor.shape)


def _held(tensor: Any, model: Any) -> int:
    """Bytes of it that the file stores."""
    buffer = model.buffers[tensor.buffer]
    return buffer.size or (0 if buffer.data is None else len(buffer.data))


def _value(tensor: Any, model: Any) -> Value:
    constant = _held(tensor, model) > 0
    settings = constant and tensor.type not in (*WEIGHTS, 2)
    bits = 0 if settings else TYPES.get(tensor.type, ("", 8))[1]
    return Value(_name(tensor), _dims(tensor), bits, constant)


def _stored(tensor: Any, model: Any) -> tuple[int, int]:
    held = _held(tensor, model)
    weights = held and tensor.type in WEIGHTS and _dims(tensor)
    return (math.prod(_dims(tensor)) if weights else 0), held


def _nodes(model: Any, main: Any, values: list[Value]) -> Iterator[Node]:
    for op in main.operators:
        taken = [
            values[i] if i >= 0 else None for i in (op.inputs if op.inputs is not None else ())
        ]
        read = tuple(value for value in taken if value is not None)
        made = tuple(values[i] for i in (op.outputs if op.outputs is not None else ()))
        kind = _operator(model.operatorCodes[op.opcodeIndex])
        if read and all(value.constant for value in read):
            for i in op.outputs:
                values[i] = values[i]._replace(constant=True)
            continue
        work = _work(kind, Seen(op.builtinOptions, taken, made[0].shape or ())) if made else None
        path, module = _place(made[0].name.partition(";")[0]) if made else (kind, "")
        yield Node(path, module, kind, read, made, work, view=kind in VIEWS)


def _place(name: str) -> tuple[str, str]:
    """The module and its class where LiteRT's converter of PyTorch names them: ``net.Net/torch.nn.Sequential_features/
    torch.nn.Conv2d_0`` is ``features.0``, a Conv2d. Else the name."""
    parts = [part.rpartition(".")[2].partition("_") for part in name.split("/")[1:]]
    if parts and all(between for _, between, _ in parts):
        return ".".join(part for _, _, part in parts), parts[-1][0]
    return name, ""


def _operator(code: Any) -> str:
    from ai_edge_litert import schema_py_generated as schema

    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    names = {n: name for name, n in vars(schema.BuiltinOperator).items() if isinstance(n, int)}
    name = names.get(number, f"operator {number}")
    return (
        f"custom {(code.customCode or b'').decode(errors='replace')}" if name == "CUSTOM" else name
    )


def _work(kind: str, seen: Seen) -> Work | None:
    if kind not in RULES:
        return (
            Work(KINDS[kind]) if kind in KINDS else Work("data movement") if kind in VIEWS else None
        )
    try:
        return RULES[kind](seen)
    except (ValueError, IndexError, ZeroDivisionError):
        return None
