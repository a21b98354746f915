"""Inputs are lent to a count, and given back as they were."""

from __future__ import annotations

import threading
import types
from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from lent import MADDS, Cache, Calls, layer, looks_at, row
from torch import nn

import lightbench as lb
from lightbench.errors import UsageError

# Inputs.


class Slotted:
    __slots__ = ("k",)

    def __init__(self):
        self.k = torch.zeros(1, 8)


class Locked(Cache):
    def __init__(self):
        super().__init__()
        self.lock, self.itself = threading.Lock(), self


class Outer:
    def __init__(self):
        self.layers = [Cache()]

    @property
    def k(self):
        return self.layers[0].k

    @k.setter
    def k(self, value):
        self.layers[0].k = value


@dataclass
class Record:
    k: torch.Tensor


CACHES = {
    "object": Cache,
    "object with slots": Slotted,
    "object that cannot be copied": Locked,
    "object of objects": Outer,
    "dataclass": lambda: Record(torch.zeros(1, 8)),
    "namespace": lambda: types.SimpleNamespace(k=torch.zeros(1, 8)),
}


def appends(_net, y, cache):
    cache.k = torch.cat([cache.k, y])


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("kind", CACHES)
def test_a_cache_among_the_inputs_is_the_callers(kind, real):
    cache, network = CACHES[kind](), Calls(appends, real=real)
    before = cache.k
    counts = [lb.count(network, args=(row(), cache)).costs for _ in range(2)]
    assert counts[0] == counts[1]
    assert counts[0].madds == MADDS
    on_values = real or CACHES[kind] is Locked
    assert counts[0].traced == ("real" if on_values else "meta")
    assert cache.k is before


class Pair(NamedTuple):
    x: torch.Tensor
    seen: list


def test_lists_inside_of_inputs_are_the_callers():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.f = layer()

        def forward(self, pair, named):
            pair.seen.append(self.f(pair.x))
            named["y"] = pair.seen[-1]
            return named["y"] if looks_at(pair.x) else pair.x

    pair, named = Pair(row(), []), {}
    assert lb.count(Net(), args=(pair, named)).costs.madds == MADDS
    assert (pair.seen, named) == ([], {})


def test_an_input_that_is_overwritten_gets_its_values_and_shape_back():
    def overwrites(_net, _y, x):
        x.mul_(2).unsqueeze_(0)

    given = torch.arange(3.0)
    lb.count(Calls(overwrites, real=True), args=(row(), given))
    assert given.tolist() == [0, 1, 2]


@pytest.mark.parametrize("once", [(i for i in ()), iter([1]), map(abs, [])], ids=type)
def test_an_input_that_can_be_read_only_once_is_refused(once):
    with pytest.raises(UsageError, match="more than once"):
        lb.count(Calls(lambda *_: None), args=(row(), once))
