"""G4: operators with few or no MAdds that read and write whole maps."""

from __future__ import annotations

from collections.abc import Iterator

from lightbench.lint._linted import Finding, Linted
from lightbench.records import Kind

GUIDELINE = "G4"

# Kind of operator -> cause and remedy. The paper counts depthwise convolution as element-wise, since
# it has as little arithmetic for what it moves (section 2, G4).
CAUSES: dict[Kind, tuple[str, str]] = {
    "norm": ("norm", "fold it into the convolution before it"),
    "activation": ("activation", "fewer or cheaper ones, or an engine that fuses them"),
    "element-wise": ("addition or the like", "fewer of them, or an engine that fuses them"),
    "data movement": ("shuffle or copy", "merge them, or keep the parts in place"),
    "depthwise conv": ("depthwise conv", "fewer channels in it"),
}


def find(network: Linted) -> Iterator[Finding]:
    """One finding for each cause in each block; the cost is all that these operators move."""
    for path, rows in network.blocks.items():
        for kind, (cause, remedy) in CAUSES.items():
            found = tuple(i for i in rows if network.ops[i].kind == kind)
            moved = sum(network.ops[i].mem_bytes for i in found)
            if not moved:
                continue
            yield Finding(
                GUIDELINE,
                path or "(network)",
                f"{len(found)} x {cause}",
                remedy,
                moved,
                network.estimate_s(found),
                found,
                rows,
            )
