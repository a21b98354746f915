"""Build a network without memory for its weights, on the meta device, and leave what is no part of it
real."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import torch
from torch.utils._device import DeviceContext, _device_constructors


class _Meta(DeviceContext):
    """``torch.device("meta")``, but not for the body of a module that is imported meanwhile: tables
    that it makes are kept for every later network."""

    def __init__(self, caller: FrameType) -> None:
        super().__init__(torch.device("meta"))
        self.caller = caller

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in _device_constructors() and self._importing():
            return func(*args, **(kwargs or {}))
        return super().__torch_function__(func, types, args, kwargs)  # type: ignore[no-untyped-call]

    def _importing(self) -> bool:
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  there is no other way that is cheap
        while frame and frame is not self.caller:
            if frame.f_code.co_name == "<module>":
                return True
            frame = frame.f_back
        return False


def without_memory() -> _Meta:
    """Inside, tensors that a network makes have a shape and no values."""
    return _Meta(sys._getframe(1))  # noqa: SLF001


def told(first: Exception, second: Exception) -> Exception:
    """Which of two failures is told, of a network built without memory and then with it. What the
    first try has left behind may be all that the second one fails of, so it is the first, unless that
    is one of tensors without values."""
    return second if "meta" in str(first).lower() else first
