"""ONNX files that are written down, with weights: what they cost is known by formula."""

from __future__ import annotations

import numpy
from onnx import TensorProto, helper, numpy_helper


def value(name, sizes, kind=TensorProto.FLOAT):
    """An input or output; sizes are numbers, names, or None for any."""
    return helper.make_tensor_value_info(name, kind, sizes)


def weight(name, *shape):
    """A weight of ones."""
    return numpy_helper.from_array(numpy.ones(shape, numpy.float32), name)


def write(path, inputs, nodes, weights=(), *, outputs=("y",), opset=20, domains=()):
    """A file of these nodes, (operator, inputs, outputs) with attributes; gives its path."""
    made = [helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes]
    graph = helper.make_graph(made, "written", inputs, [value(o, None) for o in outputs], weights)
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path
