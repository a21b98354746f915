"""Every operator is captured as it was called, can be called again, and leaves the network alone."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from breaking import conv
from timed_operators import Everything, Operators
from torch import nn

from lightbench import count
from lightbench.errors import ModelError
from lightbench.studies.lint.verify import capture

# What is captured.


def test_every_operator_is_captured_as_it_was_called_and_can_be_called_again():
    """In place, with keywords, on views: each call runs the operator that was counted, again."""
    network = Everything().eval()
    ops = count(network, input="4x6x6").layers
    captured = capture(network, partial(network, torch.randn(1, 4, 6, 6)), range(len(ops)))
    assert list(captured) == list(range(len(ops)))
    for i, op in enumerate(ops):
        for _ in range(2):
            with torch.inference_mode(), Operators() as seen:
                captured[i].call()
            assert seen.names[0] == op.op, (i, op.op, seen.names)


def test_a_captured_call_has_the_tensors_that_the_network_had():
    """What the second convolution got was the first one's output, not the input."""
    network = nn.Sequential(conv(2, 3, 1), conv(3, 5, 1)).eval()
    x = torch.randn(1, 2, 4, 4)
    captured = capture(network, partial(network, x), (1,))
    with torch.inference_mode():
        torch.testing.assert_close(captured[1].call(), network(x))


def test_a_captured_call_has_its_keyword_arguments():
    class Thrice(nn.Module):
        def forward(self, x):
            return torch.add(x, x, alpha=2)

    x = torch.randn(1, 2, 4, 4)
    captured = capture(Thrice(), partial(Thrice(), x), (0,))
    with torch.inference_mode():
        torch.testing.assert_close(captured[0].call(), 3 * x)


def test_only_what_was_asked_for_is_kept():
    network = nn.Sequential(*(conv(2, 2, 1) for _ in range(5))).eval()
    assert set(capture(network, partial(network, torch.randn(1, 2, 4, 4)), (1, 3))) == {1, 3}


def test_a_network_that_raises_is_named_with_its_module():
    class Raises(nn.Module):
        def forward(self, x):
            raise KeyError("stage5")

    network = nn.Sequential(conv(2, 2, 1), nn.Sequential(nn.ReLU(), Raises())).eval()
    with pytest.raises(
        ModelError, match=r"failed in Raises `1\.1` with 1x2x4x4: KeyError: 'stage5'"
    ):
        capture(network, partial(network, torch.randn(1, 2, 4, 4)), (0,))


def test_buffers_and_training_flags_are_given_back_after_a_capture_and_after_a_failure():
    network = Everything()
    network.norm.train()
    network.conv.eval()
    x = torch.randn(1, 4, 6, 6)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    capture(network, partial(network, x), (0,))
    with pytest.raises(ModelError):
        capture(network, partial(network, x[:, :1]), (0,))
    assert (network.norm.training, network.conv.training) == (True, False)
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())
