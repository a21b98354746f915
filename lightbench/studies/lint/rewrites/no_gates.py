"""Squeeze-and-excite out of a network."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from lightbench.studies.lint.linted import Finding, Linted
from lightbench.studies.lint.surgery import Patient

ANSWERS = "retrained"


def rewrite(network: nn.Module, looked_at: Linted, findings: Sequence[Finding]) -> int:
    """Gates that are a module of their own, which does nothing else."""
    patient, done = Patient(network, looked_at.ops), 0
    for finding in findings:
        path = finding.layer
        inside = [
            i
            for i, op in enumerate(looked_at.ops)
            if op.path == path or op.path.startswith(f"{path}.")
        ]
        if inside == list(finding.ops) and patient.whole(path) is not None:
            patient.put(path, nn.Identity())
            done += 1
    return done
