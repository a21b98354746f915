"""The same network in bfloat16."""

from __future__ import annotations

from collections.abc import Iterator

from lightbench.records import Case

ANSWERS = "rounded"
KIND = "precision"


def settings(case: Case) -> Iterator[dict[str, str]]:
    """Where the engine is PyTorch's own."""
    if case.engine == "eager" and case.dtype == "float32":
        yield {"dtype": "bfloat16"}
