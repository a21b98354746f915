"""Accuracy against time, from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightbench import datasets
from lightbench.errors import UsageError
from lightbench.records import Record
from lightbench.studies.evaluate.api import evaluate
from lightbench.studies.profile.api import profile
from lightbench.studies.profile.settings import REL, SECONDS
from lightbench.studies.result import Shown
from lightbench.studies.tradeoff.drawing import draw_tradeoff
from lightbench.studies.tradeoff.points import Point, points_of
from lightbench.studies.tradeoff.table import tradeoff_view
from lightbench.studies.train.api import train
from lightbench.studies.train.progress import parts
from lightbench.studies.train.training import LAST
from lightbench.views.table import View

EPOCHS = 10  # a small budget

Say = Callable[[str], None]

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Tradeoff(Shown):
    """What `tradeoff` found: ``records`` of times and of evaluations."""

    records: tuple[Record, ...]

    @property
    def points(self) -> tuple[Point, ...]:
        """Each network's time and accuracy."""
        return points_of(self.records)

    @property
    def view(self) -> View:  # type: ignore[override]
        return tradeoff_view(self.records)

    def plot(self) -> Figure:
        """Accuracy against time. Raises UsageError where no network has both."""
        return draw_tradeoff(self.records)


def tradeoff(
    *models: str,
    data: str,
    folder: str | Path,
    seeds: Sequence[int] = (0,),
    epochs: int = EPOCHS,
    device: str = "cpu",
    engine: str | Sequence[str] = "eager",
    threads: int | None = None,
    input: str | None = None,  # noqa: A002  the word of the command line
    rel: float = REL,
    seconds: float = SECONDS,
    trusted: bool = True,
    say: Say = lambda _text: None,
    keep: Callable[[Record], None] = lambda _record: None,
    **training: Any,
) -> Tradeoff:
    """Train each network on a small budget, evaluate it, and time it for one image beside the others.

    Each model and seed has a folder of its own below ``folder``: what was trained there, under the same settings, is not
    trained again. ``training`` are more settings of `lightbench.train`. Times are with as many ``threads`` as said, on
    each ``engine``, and so are the evaluations. Raises UsageError for what does not go together, ModelError for a
    training that diverges, DeviceUnavailable, MissingPackage.
    """
    if not models or not seeds:
        raise UsageError("no model or no seed is named.", "Try --models mobilenet_v1_cifar,shufflenet_v2_x0_5_cifar.")  # fmt: skip
    datasets.find(data)
    records: list[Record] = []
    for model in dict.fromkeys(models):
        files = []
        for seed in dict.fromkeys(seeds):
            place = Path(folder) / f"{_plain(model)}-{seed}"
            told = f"{model}, seed {seed}: "
            say(f"{told}training")
            trained = train(
                model, data=data, folder=place, device=device, seed=seed, epochs=epochs, trusted=trusted,
                threads=threads, input=input, resume=(place / LAST).exists(), say=say,
                progress=lambda e, step, told=told: say(told + ", ".join(parts(e, step, epochs))),  # type: ignore[misc]
                **training,
            )  # fmt: skip
            files.append(str(trained.weights))
        say(f"{model}: evaluation")
        found = evaluate(
            model, data=data, weights=files, device=device, engine=engine, threads=threads, input=input,
            trusted=trusted,
        )  # fmt: skip
        records += found.records
        for record in found.records:
            keep(record)
    say("times, side by side")
    timed = profile(
        *models, device=device, engine=engine, threads=threads, input=input, rel=rel, seconds=seconds,
        trusted=trusted, keep=keep,
    )  # fmt: skip
    return Tradeoff((*timed.records, *records))


def _plain(name: str) -> str:
    """A model's name as that of a folder."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)
