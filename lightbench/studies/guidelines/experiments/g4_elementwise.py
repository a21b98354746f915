"""G4, element-wise: bottlenecks, ReLU and shortcut (Table 4)."""

from __future__ import annotations

from lightbench.studies.sweep.plan import Point, Sweep

CLAIM = "Element-wise operators take time, though they have no MAdds"
ROW = "operators"
# The paper does not print how wide its bottleneck is inside; this one fits its speeds.
INFERRED = "geometry c -> c/4 -> c/4 -> c: inferred, the paper does not print it"

OPTIONS = {"geometry": ("quarter", "uniform", "wide")}

# c at width x1; the paper has the same for both devices. Aligned: c / 4 is a multiple of 16.
CHANNELS = {"aligned": 64, "paper-gpu": 32, "paper-arm": 32}
ROWS = {
    "both": (True, True),
    "ReLU": (True, False),
    "shortcut": (False, True),
    "neither": (False, False),
}
STRONGEST = dict.fromkeys(CHANNELS, "both")


def sweep(channels: str, width: int, geometry: str = "quarter") -> Sweep:
    """The four combinations at c times ``width``. The reference has neither operator."""
    points = tuple(
        Point(
            label,
            "bottleneck",
            {
                "c": CHANNELS[channels] * width,
                "relu": relu,
                "shortcut": shortcut,
                "geometry": geometry,
            },
            note=INFERRED if geometry == "quarter" else "",
        )
        for label, (relu, shortcut) in ROWS.items()
    )
    return Sweep(
        "g4_elementwise",
        points,
        reference="neither",
        channels=channels if geometry == "quarter" else f"{channels} {geometry}",
        width=width,
        equal_madds=0.0,
        launch=True,
    )
