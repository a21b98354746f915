"""G2: group convolutions read and write wide maps for few MAdds."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lightbench.records import Op
from lightbench.studies.lint.channels import channels
from lightbench.studies.lint.linted import Finding, Linted
from lightbench.studies.lint.slowdown import slowdown

GUIDELINE = "G2"
ENGINES = ("eager", "fused")


def find(network: Linted) -> Iterator[Finding]:
    """Every grouped convolution that is not depthwise. The cost is what its memory access is above
    that of one group with the same input and MAdds (section 2, G2).

    With g groups there are c1 c2 k^2 / g MAdds a position. One group has as many, and as many
    weights, with c2 / g channels of output: of g groups' output (g - 1) / g is there because of the
    groups. For the 1x1 convolution of the paper that is B (g - 1) / c1 elements. It is said in
    elements of output since it holds for any filter and stride so, and for transposed convolutions,
    which have their MAdds at the positions of the input.
    """
    for i, op in enumerate(network.ops):
        if op.kind != "grouped conv" or not op.madds or op.weight is None:
            continue
        c_in, c_out = channels(op)
        narrow = [max(round(c / math.sqrt(op.groups)), 1) for c in (c_in, c_out)]
        elements = op.writes * (op.groups - 1) / op.groups
        yield Finding(
            GUIDELINE,
            op.path or "(network)",
            f"{op.groups} groups, {c_in} -> {c_out}",
            f"{narrow[0]} -> {narrow[1]} channels in one group have the same MAdds",
            elements * (op.write_bytes / op.writes if op.writes else 4.0),
            _estimate(network, op),
            (i,),
            (i,),
            (narrow[0], narrow[1], op.weight[-1] if len(op.weight) > 2 else 1),
            kind="group convolution",
            change="one group, equal MAdds",
            rewrite="one_group",
        )


def _estimate(network: Linted, op: Op) -> float | None:
    """Its time on the device beside that of one group, from the card's sweep of group counts."""
    card = network.card
    if card is None or not card.groups:
        return None
    points = [
        (float(groups), p.per_madd.ratio)
        for p in card.groups
        if isinstance(groups := p.point.settings.get("groups"), int) and groups > 0
    ]
    if not points:
        return None
    dense = op.weight is not None and math.prod(op.weight[2:]) > 1
    rate = card.madds_per_s["dense conv" if dense else "pointwise conv"].value
    return op.madds / rate * max(slowdown(points, op.groups) - 1, 0.0)
