"""ONNX models that are written down, so that no exporter is needed: what an engine makes of them is known.

Inputs are called as `engines.support.onnx_export` calls them.
"""

from __future__ import annotations

from onnx import TensorProto, helper


def model(inputs, nodes, outputs):
    """``inputs`` and ``outputs``: name -> (type, shape); ``nodes``: (operator, inputs, outputs)."""

    def values(of):
        kinds = {name: (getattr(TensorProto, kind), shape) for name, (kind, shape) in of.items()}
        return [helper.make_tensor_value_info(name, *kind) for name, kind in kinds.items()]

    graph = helper.make_graph(
        [helper.make_node(*node) for node in nodes], "written", values(inputs), values(outputs)
    )
    opset = helper.make_opsetid("", 18)
    return helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()


DOUBLE_AND_COMPARE = model(
    {"input_0": ("FLOAT", [2, 3]), "input_1": ("INT64", [3])},
    [
        ("Add", ["input_0", "input_0"], ["y"]),
        ("Neg", ["input_1"], ["m"]),
        ("Greater", ["input_1", "m"], ["big"]),
    ],
    {"y": ("FLOAT", [2, 3]), "big": ("BOOL", [3])},
)
WHERE_IT_IS_NOT_ZERO = model(
    {"input_0": ("FLOAT", [4])},
    [("NonZero", ["input_0"], ["where"])],
    {"where": ("INT64", [1, "found"])},
)
