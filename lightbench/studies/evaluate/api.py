"""Evaluating from Python."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from lightbench import datasets, devices
from lightbench.costs.precision import own_dtype
from lightbench.errors import UsageError
from lightbench.process import patched, switches
from lightbench.records import Case, Record
from lightbench.runner.control import Say, unsaid
from lightbench.runner.given import Model, check_model, dtypes_of
from lightbench.runner.how import DType
from lightbench.runner.plan import plan
from lightbench.runner.session import here, process_kept
from lightbench.studies.evaluate.asking import all_ready, ask
from lightbench.studies.evaluate.known import known_of
from lightbench.studies.evaluate.pictures import called
from lightbench.studies.evaluate.ready import able
from lightbench.studies.evaluate.records import records_of
from lightbench.studies.evaluate.samples import Sample, draw_samples, pick
from lightbench.studies.evaluate.table import classes_view, evaluations_view, rows_of
from lightbench.studies.learned import Learned
from lightbench.studies.result import Shown
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCH = 100


@dataclass(frozen=True, repr=False)
class Evaluated(Shown):
    """What `evaluate` found: ``records``, of which everything else is made; and some of the images with what the first
    case with the first weights answers to them."""

    records: tuple[Record, ...]
    samples: tuple[Sample, ...]

    drawn_as = "evaluate"

    @property
    def view(self) -> View:  # type: ignore[override]
        return evaluations_view(self.records)

    @property
    def classes(self) -> View:
        """The accuracy of each class, as a table."""
        return classes_view(self.records)

    def samples_figure(self) -> Figure:
        """Some of the images with what is answered to them, as matplotlib's figure."""
        first = rows_of(self.records)[0]
        words = (
            first.record.case.model,
            first.found.data,
            first.found.weights or "",
            first.record.case.engine,
        )
        return draw_samples(self.samples, words, first.found.images)


def evaluate(
    model: Model,
    *,
    data: str,
    weights: str | Sequence[str] | None = None,
    batch: int = BATCH,
    engine: str | Sequence[str] = "eager",
    dtype: DType | Sequence[str | torch.dtype] = None,
    calibration: str | None = None,
    device: str = "cpu",
    threads: int | None = None,
    layout: str = "contiguous",
    input: str | None = None,  # noqa: A002  the word of the command line
    trusted: bool = True,
    say: Say = unsaid,
) -> Evaluated:
    """How many of a data set's images for testing a network answers rightly: top-1 with its interval, top-5, loss,
    calibration, each class's accuracy and what is taken for what. Every image counts once.

    ``model`` is a name (see `load_model`) or a module, of which a copy is asked; ``data`` is "digits", "cifar10:PATH",
    ... ``weights`` are a file, "torchvision:DEFAULT", or several of them, such as one of each seed; None: as the network
    is. With several engines or precisions each is a case, that all weights are evaluated with; ``batch`` images are
    answered at once, which changes time and memory alone. Int8 is calibrated on images for learning of the same data,
    or on ``calibration``.

    Before anything is computed it raises UsageError for data that are not there or broken, weights that do not fit, and
    another number of classes than the network's; UnknownName, ModelError, DeviceUnavailable, MissingPackage.
    """
    check_model(model)
    of, hardware = datasets.find(data), devices.answering(device)
    split = of.split(train=False)
    split.check(say)
    axes = {
        "device": [devices.one(device)],
        "engine": _several(engine),
        "dtype": _several(dtypes_of(dtype)),
        "layout": [layout],
        "threads": [threads],
        "batch": [batch],
        "calibration": [calibration],
    }
    with process_kept(), switches.kept(), patched.given_back():
        known = [
            known_of(model, source, of, split, input=input, trusted=trusted)
            for source in _several(weights)
        ]
        cases = _cases(known[0].learned, axes, trusted=trusted)
        with hardware.session(threads=threads) as active:
            where = here(hardware, cases[0].device, active)
            ready = all_ready(cases, known, of, split, hardware, say)
            found = ask(ready, split, say)
            records = records_of(
                ready,
                found,
                run=uuid.uuid4().hex[:12],
                data=called(of),
                classes=split.classes,
                device=hardware,
                where=where,
            )
    return Evaluated(records, pick(split, found[0]))


def _several(value: Any) -> list[Any]:
    """One value, or several, each once. Raises UsageError for none."""
    found = [value] if value is None or isinstance(value, str) else list(dict.fromkeys(value))
    if not found:
        raise UsageError(
            "of weights, engines and precisions one at least is asked for, or nothing is said."
        )
    return found


def _cases(one: Learned, axes: dict[str, list[Any]], *, trusted: bool) -> list[Case]:
    """Every engine in every precision that there is. Raises UsageError, UnknownName."""
    own = {"inputs": (one.input,), "dtype": own_dtype(one.network)}
    found, _ = plan([one.model], at_hand={one.model: own}, trusted=trusted, **axes)
    return able(found)
