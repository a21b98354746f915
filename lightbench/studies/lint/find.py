"""All rules over one network: findings, the dearest first."""

from __future__ import annotations

from lightbench import registry
from lightbench.studies.lint.holds import rules_for
from lightbench.studies.lint.linted import Finding, Linted


def find_all(network: Linted) -> list[Finding]:
    """Of the rules that hold for its engine; sorted by time, estimated or told by the engine, where there is a card, else by memory
    access."""
    found = [
        finding
        for name in rules_for(fused=network.fused)
        for finding in registry.load("lint rule", name).find(network)
    ]
    if network.card is not None:
        return sorted(found, key=lambda f: (-_seconds(f), -f.mem_bytes))
    return sorted(found, key=lambda f: -f.mem_bytes)


def _seconds(finding: Finding) -> float:
    return finding.measured.median if finding.measured else finding.estimate_s or 0.0
