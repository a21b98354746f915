"""Whose fault an exception is, and whether another input could help."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.costs import trace
from lightbench.errors import ModelError, OutOfMemory, UsageError
from lightbench.records.failure import OWN, explain


class Raises(nn.Module):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def forward(self, _x):
        raise self.error


def explained(work):
    network = nn.Linear(2, 2) if isinstance(work, Exception) else work
    try:
        if isinstance(work, Exception):
            network = Raises(work)
        network(torch.ones(1, 3))
    except Exception as error:  # noqa: BLE001  whatever it is
        return explain(network, error)
    raise AssertionError("it did not fail")


class Unpacks(nn.Module):
    def forward(self, x):
        _, _, height, _ = x.shape
        return height


class Two(nn.Module):
    def forward(self, x, mask):
        return x * mask


class Asks(nn.Module):
    def forward(self, x):
        assert x.shape[1] == 4, "four channels"
        return x


class Views(nn.Module):
    def forward(self, x):
        return x.view(2, 2)


class Embeds(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(4, 2)

    def forward(self, x):
        return self.table(x)


@pytest.mark.parametrize(
    "network", [nn.Linear(4, 4), nn.Conv2d(4, 4, 3), Unpacks(), Two(), Asks(), Views(), Embeds()]
)
def test_an_input_that_does_not_fit_is_asked_about(network):
    assert "--input" in explained(network).hint


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("'Net' object has no attribute 'conv'"),
        NameError("name 'F' is not defined"),
        ImportError("No module named 'einops'"),
        NotImplementedError("this size is not implemented"),
        KeyError("stem"),
        ZeroDivisionError("division by zero"),
        RecursionError("maximum recursion depth exceeded"),
        TypeError("forward() got an unexpected keyword argument 'scale'"),
        TypeError("'NoneType' object is not callable"),
        RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn"),
        RuntimeError("Inference tensors cannot be saved for backward."),
        RuntimeError("Expected all tensors to be on the same device"),
        RuntimeError("Couldn't load custom C++ ops."),
        FileNotFoundError("weights.pt"),
    ],
)
def test_what_no_input_could_help_is_not_blamed_on_it(error):
    found = explained(error)
    assert isinstance(found, ModelError)
    assert type(error).__name__ in found.message
    assert found.hint == OWN
    assert "--input" not in OWN


def test_memory_that_runs_out_is_not_the_networks():
    assert isinstance(explained(RuntimeError("CUDA out of memory")), OutOfMemory)


def test_a_fault_of_our_counting_is_told_as_ours_with_the_operator(monkeypatch):
    def broken(_self, _func, _work, _args, _out):
        raise IndexError

    # The code of `add` where it really is, so that its frames are of that file.
    code = broken.__code__.replace(co_filename=trace.__file__)
    monkeypatch.setattr(trace.Tracer, "add", type(broken)(code, {}))
    with pytest.raises(ModelError) as raised:
        lb.count(nn.ReLU(), input="4")
    assert raised.value.message.startswith(
        "a fault of lightbench's counting, in aten::relu: IndexError"
    )
    assert "report it" in raised.value.hint


def test_a_network_that_fails_while_it_is_counted_is_not_called_our_fault():
    with pytest.raises(ModelError, match="the forward pass failed in Two") as raised:
        lb.count(Two(), input="4")
    assert "forward takes (x, mask)" in raised.value.hint


def test_an_error_that_is_ours_already_stays_what_it_is():
    error = UsageError("no such input.", "Try another one.")
    assert explained(error) is error


@pytest.mark.parametrize(
    "said", ["CUDA Out Of Memory. Tried", "DefaultCPUAllocator: Can't allocate memory"]
)
def test_memory_has_run_out_however_that_is_spelled(said):
    assert isinstance(explained(RuntimeError(said)), OutOfMemory)
