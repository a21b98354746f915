"""One dense convolution for a 1x1 and the depthwise one behind it (Fused-MBConv of EfficientNetV2)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from lightbench.studies.lint.linted import Finding, Linted
from lightbench.studies.lint.surgery import Patient

ANSWERS = "retrained"


def rewrite(network: nn.Module, looked_at: Linted, findings: Sequence[Finding]) -> int:
    """The dense one makes what the depthwise one made; the norm and activation in between go."""
    patient, done = Patient(network, looked_at.ops), 0
    for finding in findings:
        modules = [patient.alone(i) for i in finding.ops]
        expand, *between, depthwise = modules
        if type(expand) is not nn.Conv2d or type(depthwise) is not nn.Conv2d or None in between:
            continue
        dense = nn.Conv2d(
            expand.in_channels,
            depthwise.out_channels,
            depthwise.kernel_size,  # type: ignore[arg-type]
            depthwise.stride,  # type: ignore[arg-type]
            depthwise.padding,  # type: ignore[arg-type]
            depthwise.dilation,  # type: ignore[arg-type]
            bias=depthwise.bias is not None,
            padding_mode=depthwise.padding_mode,
            device=depthwise.weight.device,
            dtype=depthwise.weight.dtype,
        )
        for i in finding.ops[:-1]:
            patient.put(looked_at.ops[i].path, nn.Identity())
        patient.put(looked_at.ops[finding.ops[-1]].path, dense)
        done += 1
    return done
