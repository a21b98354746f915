"""MAdds/s of four kinds of convolution (FasterNet, Table 1)."""

from __future__ import annotations

from lightbench.studies.sweep.plan import Point, Sweep

CLAIM = "Fewer MAdds in a convolution mean fewer MAdds per second"
ROW = "operator"
# c x side x side: 96 x 56 x 56 at width x1, 192 x 28 x 28 at x2, ... as the stages of FasterNet.
CHANNELS = {"aligned": 96}
SIDE = 56
STRONGEST = {"aligned": "depthwise"}
BY_DEFAULT = False  # of FasterNet, not of the guidelines


def sweep(channels: str, width: int) -> Sweep:
    """Ten layers of each at one stage. Their MAdds differ: compare the MAdds/s."""
    c, side = CHANNELS[channels] * width, SIDE // width
    layers = {
        "dense 3x3": ("grouped", {"c": c, "kernel": 3}),
        "16 groups": ("grouped", {"c": c, "kernel": 3, "groups": 16}),
        "depthwise": ("grouped", {"c": c, "kernel": 3, "groups": c}),
        "partial 1/4": ("partial", {"c": c}),
    }
    points = tuple(
        Point(label, stack, settings, size=(side, side))
        for label, (stack, settings) in layers.items()
    )
    return Sweep(
        "operators",
        points,
        reference="dense 3x3",
        channels=channels,
        width=width,
        per_madd=True,
        launch=True,
    )
