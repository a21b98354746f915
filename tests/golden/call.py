"""Networks whose forward is one function, and where those of a kind are kept by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

Cases = dict[str, Callable[[], tuple[nn.Module, tuple[Any, ...], int]]]


def into(cases: Cases) -> Any:
    def case(build: Callable[[], tuple[nn.Module, tuple[Any, ...], int]]) -> Any:
        cases[build.__name__] = build
        return build

    return case


class Call(nn.Module):
    """A network whose forward is a function of itself and its inputs."""

    def __init__(self, function: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        for name, part in parts.items():
            if isinstance(part, Tensor):
                setattr(self, name, nn.Parameter(part))
            else:
                setattr(self, name, part)
        self.function = function

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(self, *args, **kwargs)


def image(*shape: int) -> Tensor:
    return torch.randn(shape)
