"""What a suite asks for besides profiles: one file is one study. Each has

``ORDER``, when its turn comes; ``Settings``, a struct whose fields are the keys of its table in the suite;
and ``gather(task: Task, settings: Settings) -> None``, which measures what is not stored yet and hands every
record to ``task.keep`` as soon as there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lightbench import registry
from lightbench.errors import UnknownName, UsageError
from lightbench.studies.task import Task

KIND = "study"


def read_settings(studies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The settings of each study that a suite asks for, in the order of their turns. Raises
    UnknownName, UsageError."""
    found = {}
    for name, table in studies.items():
        if name not in registry.names(KIND):
            raise UnknownName(
                "study", name, registry.names(KIND), "`lightbench list studies` shows them."
            )
        kind = registry.load(KIND, name).Settings
        try:
            found[name] = msgspec.convert(table, kind)
        except UsageError as error:
            raise UsageError(f"[{name}] of the suite: {error.message}", error.hint) from error
        except msgspec.ValidationError as error:
            known = ", ".join(kind.__struct_fields__) or "none"
            raise UsageError(
                f"cannot read [{name}] of the suite: {error}.", f"Known keys: {known}."
            ) from error
    return dict(sorted(found.items(), key=lambda item: registry.load(KIND, item[0]).ORDER))


def gather(settings: Mapping[str, Any], task: Task) -> None:
    """Run the studies of `read_settings`."""
    for name, of in settings.items():
        registry.load(KIND, name).gather(task, of)


__all__ = ["Task", "gather", "read_settings"]
