"""A file that was exported costs what its network does, and stores what folding of batch norms leaves of it."""

from importlib.util import find_spec

import pytest
import torch
from torch import nn

from lightbench.models.sources import load_model
from lightbench.studies.count.api import count

pytest.importorskip("onnx", reason="needs onnx")
pytest.importorskip("onnxscript", reason="needs onnxscript")

from lightbench.engines.support.onnx_export import convert

pytestmark = pytest.mark.slow

NETWORKS = (
    "mobilenet_v2",
    "shufflenet_v1_x1_0_g3",
    "shufflenet_v2_x1_0",
    "squeezenet1_1",
    "resnet18",
    "mobilenet_v3_small",
)


@pytest.fixture(scope="module", params=NETWORKS)
def exported(request, tmp_path_factory):
    """A network as if it were trained, so that no bias is zero and left out; and its file."""
    network = load_model(request.param).eval()
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.bias, 0.1, 0.2)
            nn.init.uniform_(norm.running_mean, 0.1, 0.2)
    file = tmp_path_factory.mktemp("exported") / f"{request.param}.onnx"
    file.write_bytes(convert(network, (torch.randn(1, 3, 224, 224),), {}))
    return network, file


def folded(network):
    """Parameters fewer: a norm's scale and shift become the bias of a convolution, which may have had one."""
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    return sum(norm.num_features for norm in norms)


def test_multiply_adds_and_memory_access_are_those_of_the_network_exactly(exported):
    network, file = exported
    costs, own = count(str(file)).costs, count(network).costs
    assert (costs.madds, costs.mem_access) == (own.madds, own.mem_access)
    assert costs.uncounted == {}


def test_what_is_stored_is_the_parameters_without_what_folding_removes(exported):
    network, file = exported
    costs = count(str(file)).costs
    assert costs.params is None
    assert costs.stored_params == sum(p.numel() for p in network.parameters()) - folded(network)


def test_rows_are_of_the_modules_that_the_network_has(exported):
    network, file = exported
    modules = dict(network.named_modules())
    convolutions = [op for op in count(str(file)).layers if op.op == "Conv"]
    assert all(isinstance(modules[op.path], nn.Conv2d) for op in convolutions)
    assert len({op.path for op in convolutions}) == len(convolutions)


def test_openvinos_own_format_costs_the_same(exported, tmp_path):
    if not find_spec("openvino"):
        pytest.skip("needs openvino")
    from lightbench.engines import openvino

    _, file = exported
    openvino.save(file.read_bytes(), tmp_path / "net.xml")
    costs, own = count(str(tmp_path / "net.xml")).costs, count(str(file)).costs
    assert (costs.madds, costs.mem_access) == (own.madds, own.mem_access)
    assert costs.stored_params == own.stored_params
    assert costs.uncounted == {}
