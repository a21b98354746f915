"""Where the time of a call goes: operator by operator, or by an engine's own profile."""

from __future__ import annotations

from msgspec.structs import asdict

from lightbench.records import Case, Record
from lightbench.studies.layers import on_engine
from lightbench.studies.layers.api import layers as measure_layers
from lightbench.studies.layers.settings import Settings
from lightbench.studies.task import EAGER, Task, forward_only, settings_of

ORDER = 20


def gather(task: Task, settings: Settings) -> None:
    """Every case of eager, and of an engine that tells times of its own."""

    def measure(case: Case) -> Record:
        return measure_layers(
            case.model,
            **settings_of(case),
            **asdict(settings),
            trusted=task.control.trusted,
            progress=task.control.progress,
        ).record

    task.each("layers", measure, unable=_unable, also=("kernels",))


def _unable(case: Case) -> str:
    return forward_only(case) or ("" if case.engine == EAGER else on_engine.unable(case))
