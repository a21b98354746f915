"""Dense convolutions for grouped ones, in blocks made narrower inside until multiply-adds are equal."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from lightbench.studies.lint import chains
from lightbench.studies.lint.linted import Finding, Linted
from lightbench.studies.lint.surgery import Patient

ANSWERS = "retrained"
COUNTED = True


def rewrite(network: nn.Module, looked_at: Linted, findings: Sequence[Finding]) -> int:
    """In blocks whose convolutions follow one another: what comes in and goes out of such a block keeps its channels,
    as a shortcut may be added there."""
    patient = Patient(network, looked_at.ops)
    strained = {i for finding in findings for i in finding.ops}
    done = 0
    for path, rows in looked_at.blocks.items():
        chain = chains.chain_in(looked_at.ops, rows)
        if strained.isdisjoint(chain) or not chains.is_free(patient, rows, chain):
            continue
        chains.narrow(patient, rows, chain, chains.scale_at_equal_madds(looked_at.ops, chain))
        groups = {looked_at.ops[i].groups for i in strained.intersection(chain)}
        _shuffle_no_more(network.get_submodule(path), groups)
        done += 1
    return done


def _shuffle_no_more(block: nn.Module, groups: set[int]) -> None:
    """A block that keeps its number of groups for a shuffle of channels keeps 1: there is nothing to mix."""
    if getattr(block, "groups", None) in groups and not isinstance(block, nn.Conv2d):
        block.groups = 1  # type: ignore[assignment]
