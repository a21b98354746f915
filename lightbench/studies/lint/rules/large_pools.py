"""G4: max-pooling of large windows, which looks at every value k^2 times."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from lightbench.studies.lint.linted import Finding, Linted

GUIDELINE = "G4"
ENGINES = ("eager", "fused")
LARGE = (
    5  # along each axis 2 k values instead of k^2: 6 of 9 are not worth a second pass over the map
)


def find(network: Linted) -> Iterator[Finding]:
    """Modules of 5 x 5 and more. The cost is what they move; time has no estimate, as a card times no pooling."""
    for i, op in enumerate(network.ops):
        pool = network.modules.get(op.path)
        if op.op != "max_pool2d" or not isinstance(pool, nn.MaxPool2d):
            continue
        k = pool.kernel_size if isinstance(pool.kernel_size, tuple) else (pool.kernel_size,) * 2
        if min(k) < LARGE:
            continue
        yield Finding(
            GUIDELINE,
            op.path or "(network)",
            f"max-pooling of {k[0]}x{k[1]}",
            f"1x{k[1]}, then {k[0]}x1",
            network.moved(op),
            None,
            (i,),
            (i,),
            kind="large max-pooling",
            change="one axis after the other",
            rewrite="separate_pools",
        )
