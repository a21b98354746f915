"""Which rules hold for which engine: a file of a rule says so itself."""

from __future__ import annotations

from lightbench import registry

USUAL = ("eager",)  # of a rule that does not say


def rules_for(*, fused: bool) -> tuple[str, ...]:
    """The rules for eager PyTorch, or for engines that fold norms and merge activations. None is imported."""
    kind, names = "fused" if fused else "eager", registry.names("lint rule")
    return tuple(n for n in names if kind in (registry.literal("lint rule", n, "ENGINES") or USUAL))
