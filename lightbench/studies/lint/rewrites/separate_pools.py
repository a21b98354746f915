"""A max-pooling of k x k as one along each axis: the same maxima, of 2 k values instead of k^2."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from lightbench.studies.lint.linted import Finding, Linted
from lightbench.studies.lint.surgery import Patient

ANSWERS = "same"


def rewrite(network: nn.Module, looked_at: Linted, findings: Sequence[Finding]) -> int:
    """Those that are a module of their own, square, and return no indices."""
    patient, done = Patient(network, looked_at.ops), 0
    for i in (i for finding in findings for i in finding.ops):
        pool = patient.alone(i)
        if type(pool) is not nn.MaxPool2d or pool.return_indices:
            continue
        k, s, p, d = (
            x if isinstance(x, tuple) else (x, x)
            for x in (pool.kernel_size, pool.stride, pool.padding, pool.dilation)
        )
        one = nn.MaxPool2d((1, k[1]), (1, s[1]), (0, p[1]), (1, d[1]), ceil_mode=pool.ceil_mode)
        other = nn.MaxPool2d((k[0], 1), (s[0], 1), (p[0], 0), (d[0], 1), ceil_mode=pool.ceil_mode)
        patient.put(looked_at.ops[i].path, nn.Sequential(one, other))
        done += 1
    return done
