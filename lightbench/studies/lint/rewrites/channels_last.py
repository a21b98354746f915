"""The same network in NHWC, which libraries of convolutions often compute in anyway."""

from __future__ import annotations

from collections.abc import Iterator

from lightbench.records import Case

ANSWERS = "same"
KIND = "layout"


def settings(case: Case) -> Iterator[dict[str, str]]:
    """Where the engine is PyTorch's own."""
    if case.engine == "eager" and case.layout == "contiguous":
        yield {"layout": "channels_last"}
