"""A network as an ONNX model: what engines are given, and what is said of one that cannot be exported."""

import pytest
import torch
from torch import nn

pytest.importorskip("onnxscript", reason="needs onnx and onnxscript")

import onnx

from lightbench.engines.support.onnx_export import convert
from lightbench.errors import ModelError

pytestmark = pytest.mark.slow


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, x, *, scale=2, shift=None):
        return self.body(x) * scale + shift, x.sum()


@pytest.fixture(scope="module")
def network():
    return Net().train()


@pytest.fixture(scope="module")
def model(network):
    given = {"scale": 3, "shift": torch.ones(1, 4, 6, 6)}
    return onnx.load_from_string(convert(network, (torch.zeros(1, 3, 8, 8),), given))


def test_its_inputs_are_the_tensors_in_order_with_their_sizes(model):
    sizes = [[d.dim_value for d in x.type.tensor_type.shape.dim] for x in model.graph.input]
    assert sizes == [[1, 3, 8, 8], [1, 4, 6, 6]]
    assert [x.name for x in model.graph.input] == ["input_0", "input_1"]
    assert len(model.graph.output) == 2


def test_norms_are_folded_as_in_eval_mode_and_names_tell_the_module(model):
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}
    (conv,) = (node for node in model.graph.node if node.op_type == "Conv")
    said = {each.key: each.value for each in conv.metadata_props}
    assert "body.1" in said["pkg.torch.onnx.name_scopes"]  # the norm, into which it was folded


def test_no_path_of_this_machine_is_in_it(model):
    assert __file__.encode() not in model.SerializeToString()


def test_what_cannot_be_exported_says_why_and_what_to_do():
    class Looks(nn.Module):
        def forward(self, x):
            return x * 2 if x.sum() > 0 else x - 1

    with pytest.raises(ModelError, match="Looks cannot be exported to ONNX") as raised:
        convert(Looks(), (torch.ones(2),), {})
    assert raised.value.hint == "Try --engine eager."
