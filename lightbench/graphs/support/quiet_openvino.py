"""OpenVINO's package, without what it tells others."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lightbench.errors import ModelError


def openvino() -> Any:
    """The package. It would tell an analytics host of each import: without its telemetry package it uses a
    stub of its own, which sends nothing."""
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def name_of(port: Any) -> str:
    """What an input or output of a model is called; where it has no name, what its node is called."""
    names = port.names
    return str(port.any_name if names else port.node.friendly_name)


@contextmanager
def explained() -> Iterator[None]:
    """What OpenVINO raises is many lines of where it was raised; the last one says why."""
    try:
        yield
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ModelError(f"OpenVINO says: {lines[-1] if lines else 'nothing'}") from error
