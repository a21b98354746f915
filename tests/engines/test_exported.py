"""A network as torch.export gives it: a graph from its tensors, in order, to those it answers with."""

import pytest
import torch
from exported_nets import Looking, mixed
from torch import nn

from lightbench.engines.support.exported import OfTensors, export, path_of
from lightbench.errors import ModelError, OutOfMemory
from lightbench.records.arguments import tensors_in

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


class Names(nn.Module):
    def forward(self, x, times, *, more):
        return {"scaled": x * times, "others": [more["a"] + 1, None, "a word"]}


def test_it_takes_the_tensors_in_their_order_and_gives_those_of_the_answer_in_theirs():
    x, a = torch.ones(2), torch.zeros(3)
    args, keywords = (x, 3), {"more": {"a": a}}
    flat = OfTensors(Names().eval(), args, keywords)
    scaled, other = flat(*tensors_in((args, keywords)))
    assert (scaled.tolist(), other.tolist()) == ([3, 3], [1, 1, 1])
    scaled, other = flat(x + 1, a + 1)
    assert (scaled.tolist(), other.tolist()) == ([6, 6], [2, 2, 2])
