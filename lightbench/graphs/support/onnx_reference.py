"""What an ONNX file answers by ONNX's own reference: each operator as its specification has it, in NumPy.

No engine shares code with it, and it computes in whatever precision its numbers have: also in float64, in which no
engine runs a network that was stored in float32. It is slow, most of all where it goes from window to window.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lightbench.graphs import Graph, Node

# As the format numbers the types that are made wider, and those that they are made.
NARROW = (1, 10, 16)  # float32, float16, bfloat16
WIDER = {"float32": 1, "float64": 11}
TYPE_OF = ("to", "dtype", "output_dtype", "output_datatype")  # attributes that name a type
# Of an operator set before this one the reference normalises by the images' own mean and variance, as in training.
NORMS = 14
# Seconds on one core of some 3 GHz: of an element that a convolution lays out or that is moved, of a multiply-add, and of
# a window that is looked at by itself.
LAID_S, MOVED_S, MADD_S = 3e-8, 3e-9, 3e-10
WINDOW_S = {"MaxPool": 5e-6, "AveragePool": 2e-5, "LpPool": 2e-5}


def reference(path: Path, dtype: str) -> Callable[[Mapping[str, Any]], list[Any]]:
    """A call of it, arrays by the names of inputs -> arrays: "float32" or "float64" is the least precision that its
    floating-point numbers have. Raises whatever ONNX does for a file that it cannot run."""
    import numpy as np
    import onnx
    from onnx import inliner
    from onnx.reference import ReferenceEvaluator

    model = onnx.load(path)
    if model.functions:
        model = inliner.inline_local_functions(model)
    model = _with_stored_norms(model)
    _widen(model.graph, dtype)
    run = ReferenceEvaluator(model).run

    def call(inputs: Mapping[str, Any]) -> list[Any]:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(run(None, dict(inputs)))

    return call


def _with_stored_norms(model: Any) -> Any:
    """The same, in an operator set in which it normalises by the mean and the variance that are stored. Raises whatever
    ONNX does for a file that it cannot bring there."""
    from onnx import version_converter

    numbers = {one.domain: one.version for one in model.opset_import}
    normed = any(node.op_type == "BatchNormalization" for node in model.graph.node)
    if not normed or numbers.get("", NORMS) >= NORMS:
        return model
    return version_converter.convert_version(model, NORMS)


def _widen(graph: Any, dtype: str) -> None:
    """All of its constants, and the types that it converts to."""
    for tensor in (*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)):
        _widen_tensor(tensor, dtype)
    for node in graph.node:
        for each in node.attribute:
            if each.HasField("t"):
                _widen_tensor(each.t, dtype)
            elif each.name in TYPE_OF and each.i in NARROW:
                each.i = WIDER[dtype]
            elif node.op_type == "Constant" and each.name in ("value_float", "value_floats"):
                _as_tensor(each, dtype)
            for inner in (each.g, *each.graphs) if each.type in (5, 10) else ():
                _widen(inner, dtype)


def _widen_tensor(tensor: Any, dtype: str) -> None:
    from onnx import numpy_helper

    if tensor.data_type in NARROW and tensor.data_type != WIDER[dtype]:
        wide = numpy_helper.to_array(tensor).astype(dtype)
        tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))


def _as_tensor(attribute: Any, dtype: str) -> None:
    """A number, or several, which are of float32 where they stand by themselves."""
    import numpy as np
    from onnx import helper, numpy_helper

    held = attribute.f if attribute.name == "value_float" else list(attribute.floats)
    wide = numpy_helper.from_array(np.array(held, dtype))
    attribute.CopyFrom(helper.make_attribute("value", wide))


def reference_s(graph: Graph) -> float:
    """About how many seconds a call of it takes."""
    return sum(map(_seconds, graph.nodes))


def _seconds(node: Node) -> float:
    made = sum(math.prod(value.shape or ()) for value in node.outputs)
    if node.op in WINDOW_S:
        return WINDOW_S[node.op] * made
    madds, laid = (node.work.madds, 0) if node.work else (0, 0)
    if node.work and node.work.weight and len(node.work.weight) > 2:
        laid = madds * node.work.groups // max(node.work.weight[0], 1)
    return MADD_S * madds + LAID_S * laid + MOVED_S * made
