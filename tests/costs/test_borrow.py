"""A network is lent to a count, and given back as it was."""

from __future__ import annotations

import functools
import inspect
import random
import threading
from collections import OrderedDict, defaultdict, deque
from typing import ClassVar

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lent import MADDS, Cache, Calls, layer, row
from torch import nn

import lightbench as lb
from lightbench.costs import loans
from lightbench.costs.borrow import borrowed, parts_of
from lightbench.errors import ModelError

# What a network holds.


def everything(network):
    """State of many forms, and a function that changes all of it."""
    network.obj, network.nested = Cache(), [[1], {"a": []}]
    network.items, network.queue = OrderedDict(a=1, b=2), deque([1], maxlen=2)
    network.found, network.plain = defaultdict(list), torch.zeros(2)
    network.array, network.rng = np.zeros(2), np.random.default_rng(0)
    network.generator, network.dice = torch.Generator(), random.Random(0)

    def change(net, y):
        net.obj.k = torch.cat([net.obj.k, y])
        net.nested[0].append(y)
        net.nested[1]["a"].append(y)
        net.items.move_to_end("a")
        net.queue.extend([y, y])
        net.found["x"].append(y)
        net.plain += 1
        net.array += 1
        net.rng.random()
        net.dice.random()
        torch.rand(1, generator=net.generator)
        net.f.seen = y
        net.extra = nn.ReLU()
        del net.norm.eps

    return change


def state_of(net):
    return {
        "object": net.obj.k.shape,
        "nested": net.nested,
        "order": list(net.items),
        "queue": list(net.queue),
        "found": dict(net.found),
        "plain": net.plain.tolist(),
        "array": net.array.tolist(),
        "draws": (str(net.rng.bit_generator.state), net.dice.getstate()),
        "generator": net.generator.get_state().tolist(),
        "attributes": [list(vars(m)) for m in net.modules()],
        "children": list(net._modules),
    }


@pytest.mark.parametrize("real", [False, True])
def test_what_a_network_holds_comes_back_however_deep(real):
    network = Calls(None, real=real)
    network.besides = everything(network)
    before = repr(state_of(network))
    assert lb.count(network, args=(row(),)).costs.madds == MADDS
    assert repr(state_of(network)) == before


def statistics(net, y):
    F.batch_norm(torch.cat([y, y]), net.norm.running_mean, net.norm.running_var, training=True)


def scale(net, _y):
    with torch.no_grad():
        net.norm.weight.mul_(0.5)


def data(net, _y):
    net.norm.weight.data = net.norm.weight.data * 0.5


def data_in_place(net, _y):
    net.norm.weight.data.mul_(0.5)


def constant(net, _y):
    net.norm.weight.data = torch.zeros(3)


def adapts(net, y):
    with torch.enable_grad():
        net.norm.requires_grad_(True)
        net.norm(torch.cat([y, y])).sum().backward()
        torch.optim.SGD(net.norm.parameters(), lr=1.0).step()


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("change", [statistics, scale, data, data_in_place, constant, adapts])
def test_values_of_parameters_and_statistics_come_back(change, real):
    network = Calls(change, real=real)
    network.norm.bias.requires_grad_(False)
    before = {name: value.tolist() for name, value in network.state_dict().items()}
    lb.count(network, args=(row(),))
    assert {name: value.tolist() for name, value in network.state_dict().items()} == before
    assert [p.requires_grad for p in network.norm.parameters()] == [True, False]
    assert [p.grad for p in network.norm.parameters()] == [None, None]


SEEN, HOOKED = [], {}


def test_what_hooks_have_written_comes_back():
    own, enclosed = [], {}

    def encloses(_module, _args, output):
        enclosed["y"] = output

    def names_a_global(_module, _args, output):
        HOOKED["y"] = output

    network = layer()
    network.register_forward_hook(encloses)
    network.register_forward_hook(names_a_global)
    network.register_forward_pre_hook(
        functools.partial(lambda kept, _m, args: kept.append(args), own)
    )
    lb.count(network, args=(row(),))
    assert (own, enclosed, HOOKED) == ([], {}, {})


class Shares(nn.Linear):
    cached: ClassVar = {}

    def forward(self, x):
        SEEN.append(x)
        Shares.cached["y"] = super().forward(x)
        return Shares.cached["y"]


def test_what_a_class_and_its_file_share_comes_back():
    lb.count(Shares(8, 8), args=(row(),))
    assert (Shares.cached, SEEN) == ({}, [])


# What belongs to the process.


@pytest.mark.parametrize("real", [False, True])
def test_switches_and_random_numbers_of_the_process_come_back(real):
    def switches(_net, _y):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(True)
        torch.use_deterministic_algorithms(mode=True)
        torch.backends.mkldnn.enabled = False
        np.random.rand()  # noqa: NPY002  the state of the process
        random.random()
        torch.rand(1)

    def around():
        numbers = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
        modes = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        own = torch.are_deterministic_algorithms_enabled(), torch.backends.mkldnn.enabled
        return torch.get_default_dtype(), modes, own, numbers, torch.get_rng_state().tolist()

    network, before = Calls(switches, real=real), around()
    lb.count(network, args=(row(),))
    assert around() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_nothing_stays_lent_after_an_exception(error):
    def fails(_net, _y):
        raise error

    network = Calls(fails)
    with pytest.raises((error, ModelError)):
        lb.count(network, args=(row(),))
    assert network.training
    assert "forward" not in vars(network)
    assert torch.backends.mha.get_fastpath_enabled()
    assert not loans._LENT


# Passes that overlap.


def test_two_threads_inside_of_one_network_count_the_same_and_leave_nothing():
    inside, counts = threading.Barrier(2), {}

    def waits(_net, _y):
        inside.wait(10)

    network = Calls(waits)

    def count(name):
        counts[name] = lb.count(network, args=(row(),)).costs

    threads = [threading.Thread(target=count, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts["a"] == counts["b"]
    assert [(op.path, op.call) for op in counts["a"].ops] == [("f", 0)]
    assert network.training
    assert "forward" not in vars(network)
    assert torch.backends.mha.get_fastpath_enabled()
    assert not loans._LENT


def test_the_first_to_come_may_be_the_first_to_go():
    first, second = parts_of(network := Calls(None)), parts_of(network)
    a, b = borrowed(first), borrowed(second)
    a.__enter__()
    b.__enter__()
    a.__exit__(None, None, None)
    assert not network.training
    b.__exit__(None, None, None)
    assert network.training
    assert "forward" not in vars(network)


def test_a_network_that_counts_itself_is_counted():
    def counts(net, _y):
        if not hasattr(net, "found"):
            net.found = None
            assert lb.count(net, args=(row(),)).costs.madds == MADDS

    assert lb.count(Calls(counts), args=(row(),)).costs.madds == MADDS


# What a network sees of it.


def test_a_forward_that_is_inspected_looks_like_itself():
    class Block(nn.Module):
        def forward(self, x, keep=None):
            """What it does."""
            return x if keep is None else x[:keep]

    block = Block()

    def inspects(net, _y):
        seen = net.block.forward
        assert list(inspect.signature(seen).parameters) == ["x", "keep"]
        assert inspect.getfullargspec(seen).args == ["self", "x", "keep"]
        assert inspect.ismethod(seen)
        assert inspect.getdoc(seen) == "What it does."
        assert (seen.__self__, seen.__func__) == (block, Block.forward)
        assert (seen.__name__, seen.__module__) == ("forward", __name__)
        assert seen.__code__.co_varnames == ("self", "x", "keep")
        assert seen == block.forward

    network = Calls(inspects)
    network.block = block
    lb.count(network, args=(row(),))
