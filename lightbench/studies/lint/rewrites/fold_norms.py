"""Batch norms into the convolution or linear layer right before them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from lightbench.studies.lint.linted import Finding, Linted
from lightbench.studies.lint.surgery import Patient

ANSWERS = "same"
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def rewrite(network: nn.Module, looked_at: Linted, findings: Sequence[Finding]) -> int:
    """Those whose layer is called right before them, and by nobody else."""
    patient, done = Patient(network, looked_at.ops), 0
    for i in (i for finding in findings for i in finding.ops if i):
        layer, norm = patient.alone(i - 1), patient.alone(i)
        if not isinstance(norm, _BatchNorm) or norm.running_mean is None:
            continue
        if looked_at.ops[i - 1].output != looked_at.ops[i].input:
            continue
        if isinstance(layer, CONVOLUTIONS) and type(layer) in CONVOLUTIONS:
            folded: nn.Module = fuse_conv_bn_eval(layer, norm)
        elif type(layer) is nn.Linear:
            folded = fuse_linear_bn_eval(layer, norm)
        else:
            continue
        patient.put(looked_at.ops[i - 1].path, folded)
        patient.put(looked_at.ops[i].path, nn.Identity())
        done += 1
    return done
