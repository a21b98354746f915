"""Two sides from Python: models, or one model under two settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from lightbench.costs.precision import own_dtype
from lightbench.engines import NO_KEYWORDS
from lightbench.errors import ModelError, UsageError
from lightbench.models.inputs import Inputs
from lightbench.records import Case
from lightbench.runner.given import (
    Args,
    Given,
    Kwargs,
    Model,
    check_model,
    defaults_of,
    dtypes_of,
    handed_over,
    ready,
    specs_beside,
)
from lightbench.runner.how import How, control_of, said, spelled
from lightbench.runner.plan import plan
from lightbench.stats.verdict import TOLERANCE, Verdict
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.compare.drawing import draw_comparison
from lightbench.studies.compare.one_side import merged, side_names
from lightbench.studies.compare.pairs import Gate, Side, compare_sides
from lightbench.studies.compare.settings import SECONDS, Settings
from lightbench.studies.compare.table import compare_view, sentence
from lightbench.studies.result import Shown
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Compared(Shown):
    """What `compare` found; ``comparison`` has all of it."""

    comparison: Comparison

    @property
    def view(self) -> View:  # type: ignore[override]
        return compare_view(self.comparison)

    def plot(self) -> Figure:
        """How the ratios of pairs are spread. Raises UsageError where nothing was timed."""
        return draw_comparison(self.comparison, sentence(self.comparison))

    @property
    def verdict(self) -> Verdict:
        """Of b beside a: "slower", "same", "faster", "unclear", "not comparable"."""
        return self.comparison.verdict

    @property
    def change(self) -> float | None:
        """By what fraction b takes longer: 0.04 is 4 % slower."""
        return self.comparison.change


@spelled(How)
def compare(
    a: Model,
    b: Model | None = None,
    *,
    a_settings: Mapping[str, Any] | None = None,
    b_settings: Mapping[str, Any] | None = None,
    batch: int | None = None,
    mode: str = "infer",
    input: Inputs = None,  # noqa: A002  the word of the command line
    args: Args = None,
    kwargs: Kwargs = None,
    tolerance: float = TOLERANCE,
    seconds: float = SECONDS,
    comparisons: int = 1,
    trusted: bool = True,
    **how: Unpack[How],
) -> Compared:
    """Is ``b`` slower than ``a``? One call of each in turn, in random order, in this process.

    A model is a name (see `load_model`) or a module, of which a copy is timed; without ``b`` it is
    ``a`` again, under other settings. ``a_settings`` and ``b_settings`` say what one side does
    differently: {"threads": 2}, {"layout": "channels_last"}, {"engine": "compile"}. ``args`` are
    ready inputs for modules, and ``kwargs`` those by name. Differences up to ``tolerance`` (0.02 is 2 %) are none. It ends when the
    verdict is clear, after ``seconds`` at the latest, and is wrong about identical sides in at most
    1 % of runs of so many ``comparisons``. Raises UsageError for what fits no case,
    DeviceUnavailable.
    """
    for model in (a, *(() if b is None else (b,))):
        check_model(model)
    if b is None and not (a_settings or b_settings):
        raise UsageError(
            "there is nothing to compare: one model, and no setting of one side.",
            "Name two models, or what one side does differently: --b channels-last (in Python:"
            " b_settings={'layout': 'channels_last'}).",
        )
    settings = Settings(tolerance=tolerance, seconds=seconds)
    args, kwargs = ready(args, kwargs, input=input, batch=batch)
    shared = {**said(how), "batch": batch, "mode": mode, "input": input}
    models = [a, a if b is None else b]
    names, given = handed_over(models, args, kwargs)
    cases = [
        _case(name, merged(shared, own or {}), given.get(name), trusted=trusted)
        for name, own in zip(names, (a_settings, b_settings), strict=True)
    ]
    labels = side_names(*cases)
    one, other = (
        Side(case, given.get(name), label=label)
        for case, name, label in zip(cases, names, labels, strict=True)
    )
    found = compare_sides(
        one,
        other,
        Gate(settings.tolerance, settings.seconds, comparisons=comparisons),
        control_of(how, trusted=trusted),
    )
    return Compared(found)


def _case(name: str, settings: dict[str, Any], given: Given | None, *, trusted: bool) -> Case:
    """One side. Raises UsageError for what fits no case, and the error of a model that is not found."""
    options = tuple(sorted({*settings.pop("options", ())}))
    args, kwargs = (given.args, given.kwargs) if given else (None, NO_KEYWORDS)
    own = own_dtype(given.network) if given else "float32"
    settings["dtype"] = dtypes_of(settings.get("dtype"))
    inputs = settings.pop("input", None)
    ready(args, None, input=inputs, batch=settings.get("batch"))  # of one side alone, too
    planned, errors = plan(
        [name],
        inputs=specs_beside(inputs, args, kwargs, own),
        at_hand={name: defaults_of(given)} if given else None,
        trusted=trusted,
        options=[options],
        **{axis: [value] for axis, value in settings.items()},
    )
    for error in errors.values():
        if not isinstance(error, ModelError):  # such a network is there, and not comparable
            raise error
    if len(planned) > 1:
        raise UsageError("a side is one case.", "Name one device: --b device=cuda:1.")
    return planned[0]
