"""ONNX models that are written down, so that no exporter is needed: what an engine makes of them is known.

Inputs are called as `engines.support.onnx_export` calls them.
"""

from __future__ import annotations

from itertools import accumulate
from math import prod

from onnx import TensorProto, helper


def model(inputs, nodes, outputs, *, weights=(), scopes=()):
    """``inputs`` and ``outputs``: name -> (type, shape); ``nodes``: (operator, inputs, outputs), and
    perhaps its attributes. ``weights``: name ->
    shape, of ones; ``scopes``: for each node the modules around it, as PyTorch's exporter writes them, or ""."""

    def values(of):
        kinds = {name: (getattr(TensorProto, kind), shape) for name, (kind, shape) in of.items()}
        return [helper.make_tensor_value_info(name, *kind) for name, kind in kinds.items()]

    made = [
        helper.make_node(op, read, makes, name=f"node_{makes[0]}", **dict(*more))
        for op, read, makes, *more in nodes
    ]
    for node, scope in zip(made, scopes, strict=False):
        if scope:
            around = ["", *accumulate(scope.split("."), "{}.{}".format)] if scope != "." else [""]
            kept = node.metadata_props.add()
            kept.key, kept.value = "pkg.torch.onnx.name_scopes", repr([*around, "operator"])
    ones = [
        helper.make_tensor(name, TensorProto.FLOAT, shape, [1.0] * prod(shape))
        for name, shape in dict(weights).items()
    ]
    graph = helper.make_graph(made, "written", values(inputs), values(outputs), ones)
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

# Convolution with a folded norm, activation, addition, and a split that nothing is said of: as a ShuffleNet has them.
BRANCHES = model(
    {"input_0": ("FLOAT", [1, 4, 6, 6])},
    [
        ("Conv", ["input_0", "stem.0.weight"], ["getitem"]),
        ("Relu", ["getitem"], ["relu"]),
        ("Split", ["relu"], ["left", "right"], {"axis": 1, "num_outputs": 2}),
        ("Conv", ["right", "block.branch.0.weight"], ["getitem_1"]),
        ("Add", ["left", "getitem_1"], ["add"]),
        ("Sigmoid", ["add"], ["y"]),
    ],
    {"y": ("FLOAT", [1, 2, 6, 6])},
    weights={"stem.0.weight": [4, 4, 1, 1], "block.branch.0.weight": [2, 2, 1, 1]},
    scopes=["stem.1", "stem.2", "", "block.branch.1", "block", "."],
)
