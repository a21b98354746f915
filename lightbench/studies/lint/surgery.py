"""Take modules out of a network and put others in their place, where that cannot go wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from lightbench.records import Op


@dataclass(frozen=True)
class Patient:
    """A network that may be changed, and its operators as they were counted before."""

    network: nn.Module
    ops: Sequence[Op]

    def alone(self, i: int) -> nn.Module | None:
        """The module of an operator if that is its only one, and the module is called once and stands in one place."""
        path = self.ops[i].path
        if sum(op.path == path or op.path.startswith(f"{path}.") for op in self.ops) != 1:
            return None
        return self.whole(path)

    def whole(self, path: str) -> nn.Module | None:
        """A module with all that is in it; None for the network itself, and where it stands in several places."""
        modules = dict(self.network.named_modules(remove_duplicate=False))
        module = modules.get(path) if path else None
        times = Counter(map(id, modules.values()))
        return module if module is not None and times[id(module)] == 1 else None

    def put(self, path: str, module: nn.Module) -> None:
        """Replace what is at ``path``."""
        around, _, name = path.rpartition(".")
        setattr(self.network.get_submodule(around), name, module)
