"""Profiles from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

from torch import nn

from lightbench.costs.precision import own_dtype
from lightbench.errors import UsageError
from lightbench.models.inputs import Inputs
from lightbench.records import Costs, Latency, Record
from lightbench.runner import run
from lightbench.runner.given import (
    Args,
    Kwargs,
    Model,
    defaults_of,
    handed_over,
    ready,
    specs_beside,
    spread,
)
from lightbench.runner.how import Axes, control_of, naming, said, spelled
from lightbench.runner.plan import plan
from lightbench.studies.profile.settings import REL, SECONDS, Settings
from lightbench.studies.profile.table import profile_view
from lightbench.studies.result import Shown, Source
from lightbench.studies.roofline import given as handed
from lightbench.studies.roofline.ceilings import is_peak
from lightbench.timing.stopping import Rule
from lightbench.views.table import View

ORDER = (
    "device",
    "engine",
    "threads",
    "dtype",
    "calibration",
    "mode",
    "layout",
)  # of the cases; the batch is last


@dataclass(frozen=True, repr=False)
class Profile(Shown):
    """What `profile` found: ``records``, one per case; with a single one its fields are at hand. ``known`` is what
    they are held against: peaks, and what was timed both with these and with the records."""

    records: tuple[Record, ...]
    known: tuple[Record, ...] = ()

    drawn_as = "profile"

    @property
    def view(self) -> View:  # type: ignore[override]
        return profile_view(self.records, self.known)

    @property
    def record(self) -> Record:
        """The only record. Raises ValueError if there are several."""
        (record,) = self.records
        return record

    @property
    def costs(self) -> Costs | None:
        """Params, MAdds and memory access of the only record."""
        return self.record.costs

    @property
    def latency(self) -> Latency | None:
        """The latency of the only record."""
        return self.record.latency


@naming
@spelled(Axes)
def profile(
    *models: Model | Sequence[Model] | Mapping[str, Model],
    options: Sequence[str] = (),
    input: Inputs = None,  # noqa: A002  the word of the command line
    args: Args = None,
    kwargs: Kwargs = None,
    roofline: Source = None,
    rel: float = REL,
    seconds: float = SECONDS,
    trusted: bool = True,
    anchored: bool = False,
    **how: Unpack[Axes],
) -> Profile:
    """Count and time networks, side by side; where an axis has several values, every combination is a
    case.

    A model is a name (see `load_model`), or a module, of which a copy is timed; several may be in a list, and
    modules in a dictionary, or under keywords, by what they are to be called: ``profile({"ours": net})`` or
    ``profile(ours=net)``. ``batch`` is 1 and
    ``dtype`` float32 (of a module: its own) unless said; ``args`` are ready inputs for a module, of
    any form, and say the batch: it is the first size of the first tensor; ``kwargs`` are ready ones by
    name, beside ``args`` or ``input``. ``rel`` is how well each
    median is to be known (0.01: its 95 % interval within 1 %), ``seconds`` how long each case may
    take for it. ``device`` is "cpu", "cuda:1", "npu:0,1", "auto"; ``options`` are those of an
    accelerator, "graph", "cold-cache", "h2d", "energy", or of the CPU: "memory",
    "energy", "flush-denormal". ``calibration`` is from what int8 learns its ranges: a folder of images,
    or a .npy or .pt file of inputs.

    Of ``stored`` records those are taken that are still of the same network and of this machine, and
    as good as asked for; none with ``force``. ``keep`` gets every new record; with ``anchored`` also
    those of two or three networks more, by which times of this run can be compared with those of
    others (see `lightbench.report`). With a ``roofline``, a file of peaks or what `lightbench.roofline`
    gave, or with peaks that are ``stored``, the answer has the roofline and the efficiency of each network
    that is run as these were; one in whose settings none were is refused where ``roofline`` says them.
    A case that fails is a record that says so. Raises UsageError for what fits no case, DeviceUnavailable.
    """
    listed, called = spread(models)
    if not listed:
        raise UsageError("no model is named.", 'Try lightbench.profile("mobilenet_v2").')
    settings = Settings(rel=rel, seconds=seconds)
    args, kwargs = ready(args, kwargs, input=input, batch=how.get("batch"))
    names, given = handed_over(listed, args, kwargs, called)
    own = next((own_dtype(one.network) for one in given.values()), "float32")
    axes = {name: _list(value) for name, value in said(how).items()}
    cases, errors = plan(
        names,
        inputs=specs_beside(input, args, kwargs, own),
        at_hand={name: defaults_of(of) for name, of in given.items()},
        trusted=trusted,
        **{name: axes[name] for name in ORDER if name in axes},
        options=[tuple(sorted(set(_list(options))))],
        batch=axes.get("batch", [None]),
    )
    control, new = control_of(how, trusted=trusted), list[Record]()
    held = handed.held(roofline)
    stored = [*filter(is_peak, held), *control.stored]
    if held:
        able = [case for i, case in enumerate(cases) if i not in errors]
        handed.check_fits(stored, able)

    def keep(record: Record) -> None:
        new.append(record)
        control.keep(record)

    records = run.run(
        cases,
        rule=Rule(rel=settings.rel, max_s=settings.seconds),
        control=replace(control, stored=stored, keep=keep),
        given=given,
        errors=errors,
        anchored=anchored or bool(held),
    )
    return Profile(tuple(records), (*held, *control.stored, *new))


def _list(value: Any) -> list[Any]:
    one = isinstance(value, (str, nn.Module)) or not isinstance(value, Iterable)
    return [value] if one else list(value)
