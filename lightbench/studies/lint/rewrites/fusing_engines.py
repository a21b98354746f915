"""The same network on engines that fold norms and merge activations and additions."""

from __future__ import annotations

from collections.abc import Iterator

from lightbench.engines.support import named
from lightbench.errors import LightbenchError
from lightbench.records import Case
from lightbench.runner import abilities

ANSWERS = "same"
KIND = "engine"
# Compiling takes a minute, and on a processor a runtime fuses as much.
ENGINES = {"cpu": ("onnxruntime", "openvino"), "null": ()}
ELSEWHERE = ("compile",)


def settings(case: Case) -> Iterator[dict[str, str]]:
    """Those that are installed here and can do what the case asks for."""
    if case.engine != "eager" or case.layout != "contiguous":
        return
    for engine in ENGINES.get(case.device.partition(":")[0], ELSEWHERE):
        try:
            abilities.packages_of(named.find(engine), case.dtype)
        except LightbenchError:
            continue
        yield {"engine": engine}
