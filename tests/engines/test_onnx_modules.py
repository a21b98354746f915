"""Kernels to modules: by what PyTorch's exporter has written beside the nodes, however an engine calls and merges them."""

import pytest

pytest.importorskip("onnx", reason="needs onnx")

from onnx_models import BRANCHES

from lightbench.engines.support.onnx_modules import Modules

CONV, RELU, SPLIT, BRANCH, ADD, SIGMOID = range(6)


@pytest.fixture(scope="module")
def modules():
    return Modules(BRANCHES)


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("node_relu", RELU),  # its own name
        ("relu", RELU),  # a value that it makes
        ("relu_nchwc", RELU),  # in blocks of channels
        ("node_relu_token_12", RELU),
        ("node_add/ConvAddFusion/", ADD),
        ("right", SPLIT),  # its second value
        ("ReorderInput_token_3", None),
        ("HardSigmoid_158", None),
    ],
)
def test_a_node_is_found_by_its_name_or_its_values_whatever_is_appended(modules, name, node):
    assert modules.found(name) == node


def test_a_folded_norm_says_its_own_module_and_the_weight_that_of_the_convolution(modules):
    assert modules.paths([CONV]) == ("stem.0", "stem.1")


def test_what_stands_in_no_module_is_the_networks_own(modules):
    assert modules.paths([SIGMOID]) == ("",)


def test_a_node_that_says_nothing_belongs_where_all_are_that_read_it(modules):
    assert modules.paths([SPLIT]) == ("block",)  # block's addition and block.branch's convolution


def test_a_layer_is_merged_into_what_reads_it_and_an_addition_into_what_has_made_its_input(modules):
    # ONNX Runtime names a convolution with its activation by the latter, and one with an addition by itself
    covered = modules.covered([["relu_nchwc"], ["node_left"], ["getitem_1_nchwc"], ["node_y"]])
    assert covered == [(CONV, RELU), (SPLIT,), (BRANCH, ADD), (SIGMOID,)]


def test_what_an_engine_itself_lists_is_taken_as_it_is(modules):
    covered = modules.covered([["node_getitem", "node_relu"], ["node_left"], ["node_add"], []])
    assert covered[0] == (CONV, RELU)
    assert covered[2] == (BRANCH, ADD, SIGMOID)
    assert covered[3] == ()
    assert modules.paths(covered[2]) == ("block.branch.0", "block.branch.1", "block", "")


def test_a_kernel_of_which_nothing_is_known_takes_nothing_from_others(modules):
    names = [["node_getitem"], ["node_relu"], ["node_left"], ["node_getitem_1"], ["node_add"]]
    covered = modules.covered([["Mul_159"], *names, ["node_y"]])
    assert covered == [(), (CONV,), (RELU,), (SPLIT,), (BRANCH,), (ADD,), (SIGMOID,)]
