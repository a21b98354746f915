"""What every network costs that lightbench knows by name, beside its published accuracy; counted once, and kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec

from lightbench import files
from lightbench.costs.version import counting
from lightbench.errors import LightbenchError
from lightbench.models import sources
from lightbench.models.accuracy import Accuracy, published
from lightbench.models.torchvision_top1 import TOP1
from lightbench.records.inputs import Input
from lightbench.runner.identity import code_of
from lightbench.studies.count.api import count

WINDOW = 1.5  # a network is near so many multiply-adds with at most so many times more or less
FEWEST = 5  # that are shown as the nearest, however far they are

Count = Annotated[int, msgspec.Meta(ge=0)]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A network's costs at batch 1, in the input that it is made for; why it has none, in ``failure``."""

    model: str
    inputs: tuple[Input, ...] = ()
    params: Count | None = None
    madds: Count | None = None
    mem_access: Count | None = None
    mem_bytes: Count | None = None
    failure: str = ""

    @property
    def top1(self) -> Accuracy | None:
        """As published, for this input."""
        return published(self.model) if self.madds is not None else None


def names(library: str | None = None) -> list[str]:
    """Our own networks, and those of torchvision whose accuracy is published for the same input; or all of a library."""
    if library:
        return [f"{library}:{name}" for name in sources.library_names(library)]
    return [*sources.own_names(), *(f"torchvision:{name}" for name in TOP1)]


def costs_of(models: Sequence[str], say: Callable[[str], None] = lambda _text: None) -> list[Known]:
    """Of each network what it costs. What was counted before is read from a file, as long as the counting and the
    networks' code, or package, are the same."""
    before = _read()
    found: dict[str, Known] = {}
    try:
        for i, model in enumerate(models):
            key = _key(model)
            if key not in before:
                say(f"counting {model}, {i + 1} of {len(models)}")
            found[key] = before.get(key) or _counted(model)
    finally:  # also what an interrupted command has counted; a failure may be of what is installed later
        ours = {one.model for one in found.values()}
        others = {key: one for key, one in before.items() if one.model not in ours}
        new = {key: one for key, one in found.items() if not one.failure}
        if {**others, **new} != before:
            _write({**others, **new})
    return list(found.values())


def usual(known: Sequence[Known]) -> list[Known]:
    """Those made for the input that most are made for: multiply-adds of others buy something else."""
    inputs = Counter(one.inputs for one in known if one.madds)
    return [one for one in known if one.inputs == inputs.most_common(1)[0][0]] if inputs else []


def near(known: Sequence[Known], madds: float) -> list[Known]:
    """Those of about so many multiply-adds, the nearest first."""

    def distance(one: Known) -> float:
        return abs(math.log(one.madds / madds)) if one.madds else math.inf

    ordered = sorted((one for one in known if one.madds), key=distance)
    inside = sum(distance(one) <= math.log(WINDOW) for one in ordered)
    return ordered[: max(inside, FEWEST)]


def _counted(model: str) -> Known:
    try:
        one = count(model)
    except LightbenchError as error:
        return Known(model=model, failure=error.message)
    costs = one.costs
    return Known(
        model=model,
        inputs=one.case.inputs,
        params=costs.params,
        madds=costs.madds,
        mem_access=costs.mem_access,
        mem_bytes=costs.mem_bytes,
    )


def _key(model: str) -> str:
    code, packages = code_of(model)
    return " ".join((model, counting(), code, *packages))


def _file() -> Path:
    """It can be deleted at any time."""
    return files.cache() / "costs.json"


def _read() -> dict[str, Known]:
    try:
        return msgspec.json.decode(_file().read_bytes(), type=dict[str, Known])
    except (OSError, RuntimeError, msgspec.MsgspecError, UnicodeDecodeError):  # then it is counted
        return {}


def _write(kept: Mapping[str, Known]) -> None:
    """What cannot be kept is counted again."""
    with suppress(OSError, RuntimeError, LightbenchError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        files.write(_file(), msgspec.json.encode(kept, order="sorted"))
