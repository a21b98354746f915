"""A network as torch.export gives it: a graph from its tensors, in order, to those it answers with."""

import pytest
import torch
from exported_nets import Looking, mixed
from torch import nn

from lightbench.engines.support.exported import export, path_of
from lightbench.errors import ModelError, OutOfMemory

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def program():
    network, args, keywords, _ = mixed()
    return export(network, args, keywords)


def test_its_inputs_are_the_tensors_in_order_also_those_that_are_not_read(program):
    shapes = [
        tuple(node.meta["val"].shape)
        for node in program.graph.nodes
        if node.name in program.graph_signature.user_inputs
    ]
    assert shapes == [(1, 3, 8, 8), (2,), (2,), (1, 4, 3, 3)]


def test_it_answers_with_tensors_alone(program):
    assert len(program.graph_signature.user_outputs) == 3


def test_it_is_in_eval_mode_and_a_number_that_was_given_is_part_of_it(program):
    _, args, keywords, tensors = mixed()
    network = mixed()[0].eval()
    with torch.no_grad():
        found, *_ = program.module()(*tensors)
        torch.testing.assert_close(found, network(*args, **keywords)["y"])


def test_a_node_knows_its_module_by_the_networks_own_path(program):
    paths = {
        node.target.__name__: path_of(node) for node in program.graph.nodes if callable(node.target)
    }
    assert paths["avg_pool2d.default"] == "body.0"
    assert paths["conv2d.default"] == "conv"
    assert paths["mean.dim"] == ""


def test_what_cannot_be_exported_says_why_and_what_to_do():
    with pytest.raises(ModelError, match="Looking cannot be exported: ") as raised:
        export(Looking(), (torch.ones(2),), {})
    assert raised.value.hint == "Try --engine eager."


def test_that_memory_ran_out_is_said_as_that():
    class Large(nn.Module):
        def forward(self, x):
            raise MemoryError

    with pytest.raises(OutOfMemory):
        export(Large(), (torch.ones(2),), {})
