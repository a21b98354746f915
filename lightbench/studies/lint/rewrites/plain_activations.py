"""ReLU for activations that cost arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from lightbench.studies.lint.linted import Finding, Linted
from lightbench.studies.lint.surgery import Patient

ANSWERS = "retrained"
DEAR = (nn.Hardswish, nn.SiLU, nn.GELU, nn.Mish, nn.ELU, nn.CELU, nn.SELU, nn.Softplus, nn.Tanh)


def rewrite(network: nn.Module, looked_at: Linted, findings: Sequence[Finding]) -> int:
    """PyTorch's own, that are modules; one that several layers share stays."""
    patient, done = Patient(network, looked_at.ops), 0
    for i in (i for finding in findings for i in finding.ops):
        module = patient.alone(i)
        if type(module) in DEAR:
            inplace = bool(getattr(module, "inplace", False))
            patient.put(looked_at.ops[i].path, nn.ReLU(inplace=inplace))
            done += 1
    return done
