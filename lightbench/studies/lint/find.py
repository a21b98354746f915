"""All rules over one network: findings, the dearest first."""

from __future__ import annotations

from lightbench import registry
from lightbench.studies.lint.holds import rules_for
from lightbench.studies.lint.linted import Finding, Linted


def find_all(network: Linted) -> list[Finding]:
    """Of the rules that hold for its engine; those that take most time, told by the engine or estimated with a card, first; then
    those of which no time is known, by memory access."""
    found = [
        finding
        for name in rules_for(fused=network.fused)
        for finding in registry.load("lint rule", name).find(network)
    ]
    return sorted(found, key=_dear, reverse=True)


def _dear(finding: Finding) -> tuple[bool, float, float]:
    seconds = finding.measured.median if finding.measured else finding.estimate_s
    return seconds is not None, seconds or 0.0, finding.mem_bytes
