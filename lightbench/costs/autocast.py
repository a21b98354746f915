"""Does autocast change what runs? On meta tensors it does nothing, so that only values tell."""

from __future__ import annotations

from typing import Any

import torch


def may_cast(operator: Any) -> bool:
    """Has autocast a say in this operator on the CPU?"""
    schema = operator._schema
    name = f"{schema.name}.{schema.overload_name}" if schema.overload_name else schema.name
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(name, "AutocastCPU"))


class Autocast:
    """What one pass knows of the autocast regions that it is in.

    Inside an operator that autocast casts for, PyTorch says that autocast is off. How deep the
    regions are nested it always tells, and whether they are on, the operators beside it see.
    """

    def __init__(self) -> None:
        self._seen: dict[int, bool] = {}  # depth of nesting -> is it on?

    def casts(self, operator: Any, args: tuple[Any, ...], *, may_cast: bool) -> bool:
        """Could this operator's arguments have been cast? Asked of every operator, in order."""
        depth = torch.autocast_increment_nesting() - 1
        torch.autocast_decrement_nesting()
        if not depth:
            if self._seen:
                self._seen.clear()
            return False
        if may_cast:
            return self._seen.get(depth, True)
        if not _is_cast(operator, args):  # which may be autocast's own
            self._seen = {d: on for d, on in self._seen.items() if d < depth}
            self._seen[depth] = torch.is_autocast_enabled("cpu")
        return False


def _is_cast(operator: Any, args: tuple[Any, ...]) -> bool:
    if getattr(operator, "_opname", "") not in ("to", "_to_copy"):
        return False
    return len(args) < 2 or args[1] is not args[0].dtype
