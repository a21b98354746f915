"""Scaling from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import msgspec

from lightbench.errors import LightbenchError, UsageError
from lightbench.models.inputs import Inputs, specs_of
from lightbench.models.widths import at_width
from lightbench.records import Case, InputSpec, Record
from lightbench.records.inputs import Input
from lightbench.runner import run
from lightbench.runner.given import Model, check_model, defaults_of, handed_over
from lightbench.runner.how import Axes, control_of, said, spelled
from lightbench.runner.plan import plan
from lightbench.studies.profile.api import ORDER
from lightbench.studies.profile.settings import REL, SECONDS
from lightbench.studies.result import Shown
from lightbench.studies.scaling.axes import AXES as GROWS
from lightbench.studies.scaling.axes import RESOLUTION, WIDTH
from lightbench.studies.scaling.knee import Knee, knee
from lightbench.studies.scaling.series import Series, all_series
from lightbench.studies.scaling.settings import Settings
from lightbench.studies.scaling.table import scaling_view
from lightbench.timing.stopping import Rule
from lightbench.views.table import View

BATCHES = (1, 2, 4, 8, 16)  # unless something else grows


@dataclass(frozen=True, repr=False)
class Scaling(Shown):
    """What `scaling` measured: ``records``, of which everything else is made, and what grows in them."""

    records: tuple[Record, ...]
    axis: str

    drawn_as = "scaling"

    @property
    def view(self) -> View:  # type: ignore[override]
        return scaling_view(self.records, self.axis)

    @property
    def series(self) -> list[Series]:
        """The points of each network under each setting, the smallest first."""
        return all_series(self.records, self.axis)

    @property
    def knees(self) -> list[Knee | None]:
        """Of each series, see `knee`."""
        return [knee(series) for series in self.series]


@spelled(Axes)
def scaling(
    *models: Model,
    input: Inputs = None,  # noqa: A002  the word of the command line
    resolution: int | Sequence[int] | None = None,
    width: float | Sequence[float] | None = None,
    rel: float = REL,
    seconds: float = SECONDS,
    trusted: bool = True,
    **how: Unpack[Axes],
) -> Scaling:
    """Time networks while one thing grows: ``batch``, ``threads``, ``resolution`` (the side of square
    images) or ``width`` (a multiplier that the network's builder takes), whichever has several values;
    the batch, 1 to 16, where none has.

    Several models, engines, precisions or devices are so many series. Points of the same threads are timed
    in the same rounds. One that runs out of memory ends its series: what is larger is not tried, and says
    so. Raises UsageError for what fits no case, DeviceUnavailable.
    """
    if not models:
        raise UsageError("no model is named.", 'Try lightbench.scaling("mobilenet_v2").')
    for model in models:
        check_model(model)
    sides, widths = (tuple(_list(() if given is None else given)) for given in (resolution, width))
    settings = Settings(resolution=sides, width=widths, rel=rel, seconds=seconds)
    axes = {name: _list(value) for name, value in said(how).items()}
    axis = grows({**axes, RESOLUTION: sides, WIDTH: widths})
    if not axes.get("batch") and axis == "batch":
        axes["batch"] = list(BATCHES)
    for name in ("batch", "threads"):
        axes[name] = _rising(axes.get(name, [None]))
    names, given = handed_over(models, None)
    if widths and given:
        raise UsageError(
            "a network that is built has the width that it has.", "Name the code: net.py:Net."
        )
    cases, errors = _cases(
        [at_width(n, w) for n in names for w in sorted(widths)] or names,
        _inputs(input, sides),
        {name: defaults_of(of) for name, of in given.items()},
        {name: axes[name] for name in (*ORDER, "batch") if name in axes},
        trusted=trusted,
    )
    rule = Rule(rel=settings.rel, max_s=settings.seconds)
    control = control_of(how, trusted=trusted)
    records = run.run(cases, rule=rule, control=control, given=given, errors=errors)
    return Scaling(tuple(records), axis)


def grows(asked: Mapping[str, Sequence[Any]]) -> str:
    """The one axis that has several values, the batch if none has. Raises UsageError for two."""
    several = [name for name in GROWS if len(asked.get(name, ())) > 1]
    if len(several) > 1:
        options = " and ".join(f"--{name}" for name in several)
        raise UsageError(
            f"one thing grows and all else is equal: {options} have several values.",
            f"Give --{several[-1]} one value, or leave it out.",
        )
    if not several and len(asked.get("batch", ())) == 1:
        raise UsageError(
            "nothing grows: --batch has one value.",
            "Try --batch 1,2,4,8, or give --threads, --resolution or --width several values.",
        )
    return several[0] if several else "batch"


def _inputs(typed: Inputs, sides: Sequence[int]) -> list[tuple[Input, ...] | int | None]:
    """What networks are called with: as typed, their own (None), or their own at each of these sides."""
    if sides and typed is not None:
        raise UsageError(
            "--resolution says how large the network's own input is, and --input says it too.",
            "Leave one of them out.",
        )
    return [*sorted(sides)] if sides else [specs_of(typed)]


def _cases(
    names: Sequence[str],
    inputs: Sequence[tuple[Input, ...] | int | None],
    at_hand: Mapping[str, Mapping[str, Any]],
    axes: Mapping[str, Sequence[Any]],
    *,
    trusted: bool,
) -> tuple[list[Case], dict[int, LightbenchError]]:
    cases: list[Case] = []
    errors: dict[int, LightbenchError] = {}
    for one in inputs:
        typed = None if isinstance(one, int) else one
        found, wrong = plan(names, inputs=typed, at_hand=at_hand, trusted=trusted, **axes)
        errors |= {len(cases) + i: error for i, error in wrong.items()}
        cases += [at_side(case, one) for case in found] if isinstance(one, int) else found
    return cases, errors


def at_side(case: Case, side: int) -> Case:
    """The same with square images of this height. Raises UsageError for one without images."""
    sized = tuple(
        msgspec.structs.replace(spec, shape=(spec.shape[0], side, side))
        if isinstance(spec, InputSpec) and len(spec.shape) == 3
        else spec
        for spec in case.inputs
    )
    if sized == case.inputs and not any(getattr(s, "shape", ())[1:] == (side, side) for s in sized):
        raise UsageError(f"{case.model} takes no images: it has no resolution.", "Try --batch.")
    return msgspec.structs.replace(case, inputs=sized)


def _rising(values: Iterable[Any]) -> list[Any]:
    """The smallest first, each once; what is no number is left to whoever checks it."""
    once = list(dict.fromkeys(values))
    whole = all(isinstance(value, int) for value in once)
    return sorted(once) if whole else once


def _list(value: Any) -> list[Any]:
    one = isinstance(value, str) or not isinstance(value, Iterable)
    return [value] if one else list(value)
