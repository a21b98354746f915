"""Networks that break a guideline, and what lint finds in them."""

from __future__ import annotations

from functools import partial

from torch import nn

from lightbench import count
from lightbench.studies.lint.find import find_all
from lightbench.studies.lint.linted import linted

conv = partial(nn.Conv2d, bias=False)


def look(network, shape="8x10x10", card=None, **settings):
    return linted(network, count(network, input=shape, **settings).costs, card)


def findings(network, shape="8x10x10", card=None, **settings):
    return find_all(look(network, shape, card, **settings))


def strained(network, shape="8x10x10", card=None):
    return {f.guideline for f in findings(network, shape, card) if f.guideline != "-"}


class Block(nn.Module):
    """Layers with a ``forward`` of their own: what lint calls a block."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def chain(n, c=8, kernel=3):
    """A block of convolutions in series, of equal width."""
    return nn.Sequential(Block(*(conv(c, c, kernel, padding=kernel // 2) for _ in range(n))))
