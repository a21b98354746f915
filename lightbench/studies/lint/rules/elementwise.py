"""G4: operators with few or no MAdds that read and write whole maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lightbench.records import Kind, Op
from lightbench.studies.lint.linted import Finding, Linted

GUIDELINE = "G4"
ENGINES = ("eager", "fused")

OR_FUSED = ", or fusing engine"
# Kind of operator -> cause and advice. The paper counts depthwise convolution as element-wise, since
# it has as little arithmetic for what it moves (section 2, G4).
CAUSES: dict[Kind, tuple[str, str]] = {
    "norm": ("norm", "fewer, or ones that fold"),
    "activation": ("activation", f"fewer{OR_FUSED}"),
    "element-wise": ("addition or the like", f"fewer{OR_FUSED}"),
    "data movement": ("shuffle or copy", "merge, or keep in place"),
    "depthwise conv": ("depthwise conv", "fewer channels in it"),
}


FOLD = "fold into its layer"


def find(network: Linted) -> Iterator[Finding]:
    """One finding for each cause and advice in each block; the cost is all that these operators move. For an engine
    that folds and merges it is what is left then: norms behind a convolution, and most activations, are no cause."""
    for path, rows in network.blocks.items():
        for kind, (cause, usual) in CAUSES.items():
            for advice, found in _by_advice(network, rows, kind, usual).items():
                moved = sum(network.moved(network.ops[i]) for i in found)
                if not moved:
                    continue
                yield Finding(
                    GUIDELINE,
                    path or "(network)",
                    f"{len(found)} x {cause}",
                    advice,
                    moved,
                    network.estimate_s(found),
                    tuple(found),
                    rows,
                    kind=cause,
                    rewrite="fold_norms" if advice == FOLD else "",
                )


def _by_advice(
    network: Linted, rows: Sequence[int], kind: Kind, usual: str
) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for i in rows:
        op = network.ops[i]
        if op.kind == kind and not (network.fused and _disappears(op)):
            advice = FOLD if kind == "norm" and _folds(op) else usual
            advice = advice.removesuffix(OR_FUSED) if network.fused else advice
            found.setdefault(advice, []).append(i)
    return found


def _disappears(op: Op) -> bool:
    """Is it part of another operator where engines fold and merge?"""
    return not op.fused_bytes or (op.kind == "norm" and _folds(op))


def _folds(op: Op) -> bool:
    """Is it a batch norm right behind a convolution or linear layer? The fused account has it folded
    then: at most a bias is left of what it moves."""
    return op.fused_bytes < op.mem_bytes
