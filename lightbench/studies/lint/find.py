"""All rules over one network: findings, the dearest first."""

from __future__ import annotations

from lightbench import registry
from lightbench.studies.lint.linted import Finding, Linted


def find_all(network: Linted) -> list[Finding]:
    """Sorted by estimated time where there is a card, else by memory access."""
    found = [
        finding
        for name in registry.names("lint rule")
        for finding in registry.load("lint rule", name).find(network)
    ]
    if network.card is not None:
        return sorted(found, key=lambda f: (-(f.estimate_s or 0.0), -f.mem_bytes))
    return sorted(found, key=lambda f: -f.mem_bytes)
