"""G4: maps that are made larger between values, which costs several reads for each that is written."""

from __future__ import annotations

from collections.abc import Iterator

from lightbench.studies.lint.linted import Finding, Linted

GUIDELINE = "G4"
ENGINES = ("eager", "fused")
READS = {
    "upsample_linear1d": 2,
    "upsample_bilinear2d": 4,
    "upsample_trilinear3d": 8,
    "upsample_bicubic2d": 16,
}


def find(network: Linted) -> Iterator[Finding]:
    """Linear and cubic interpolation. The cost is what is moved; time has no estimate, as a card times none."""
    for i, op in enumerate(network.ops):
        name = op.op.removeprefix("_").removesuffix("_aa")
        if name in READS and op.writes > op.reads:
            yield Finding(
                GUIDELINE,
                op.path or "(network)",
                f"{name.removeprefix('upsample_')}, {READS[name]} reads a value",
                "nearest, or fewer channels first",
                network.moved(op),
                None,
                (i,),
                (i,),
                kind="interpolation",
                change="nearest, or after a 1x1",
            )
