"""Small networks of every kind on which tools that count differ; each is built by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from call import image
from networks_attention import ATTENTION
from networks_functions import FUNCTIONS
from networks_layers import LAYERS
from torch import Tensor, nn

Built = tuple[nn.Module, tuple[Any, ...]]
NETWORKS: dict[str, Callable[[], Built]] = {}


def hand(name: str, network: Callable[[], nn.Module], *shapes: Any) -> None:
    def build() -> Built:
        args = (s if isinstance(s, Tensor) else image(*s) for s in shapes)
        return network().eval(), tuple(args)

    NETWORKS[name] = build


for _name, (_network, _shapes) in {**LAYERS, **ATTENTION, **FUNCTIONS}.items():
    _many = isinstance(_shapes, tuple) and not isinstance(_shapes[0], int)
    hand(_name, _network, *(_shapes if _many else (_shapes,)))
