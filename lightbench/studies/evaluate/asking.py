"""All images of a data set, shown to all networks in one pass: what each of them answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lightbench import units
from lightbench.datasets import Data, Split
from lightbench.datasets.support.preparation import Preparation
from lightbench.devices import Device
from lightbench.records import Case
from lightbench.runner.control import Say
from lightbench.studies.evaluate.answers import Answers, answers_of, joined
from lightbench.studies.evaluate.pictures import batch, batches, called, save_some
from lightbench.studies.evaluate.ready import (
    Calibration,
    Known,
    Ready,
    calibration_said,
    make_ready,
)

Calibrations = dict[Preparation, Calibration]


def all_ready(
    cases: Sequence[Case],
    known: Sequence[Known],
    data: Data,
    split: Split,
    device: Device,
    say: Say,
) -> list[Ready]:
    """Every network on the engine of every case, in a session of the device. Raises a LightbenchError."""
    ways = list(dict.fromkeys(one.how for one in known))
    size = max(case.batch for case in cases)
    first = batch(split, range(min(size, len(split.images))), ways).images
    ready: list[Ready] = []
    with _calibrations(data, ways, cases) as calibrations:
        for case in cases:
            for one in known:
                say(f"{len(ready) + 1} of {len(cases) * len(known)}: {case.model} on {case.engine}")
                calibration = calibrations.get(one.how)
                ready.append(
                    make_ready(case, one, first[one.how], len(split.classes), device, calibration)
                )
    return ready


def ask(ready: Sequence[Ready], split: Split, say: Say) -> list[Answers]:
    """What each of them answers to all images, of which the last batch may have fewer. Raises a LightbenchError."""
    ways, size = list(dict.fromkeys(one.known.how for one in ready)), ready[0].case.batch
    parts: list[list[Answers]] = [[] for _ in ready]
    number, seen = len(split.images), 0
    for some in batches(split, size, ways):
        say(f"{units.exact(seen)} of {units.exact(number)} images")
        for one, own in zip(ready, parts, strict=True):
            rows = one.answer(some.images[one.known.how])
            own.append(answers_of(rows, some.labels, probabilities=one.known.probabilities))
        seen += len(some.labels)
    return [joined(own) for own in parts]


@contextmanager
def _calibrations(
    data: Data, ways: Sequence[Preparation], cases: Sequence[Case]
) -> Iterator[Calibrations]:
    """Images for learning from which int8 learns its ranges, where nothing else is named for it."""
    if all(case.dtype != "int8" or case.calibration is not None for case in cases):
        yield {}
        return
    with TemporaryDirectory() as folder:
        found = {}
        for i, how in enumerate(ways):
            place = Path(folder, str(i))
            place.mkdir()
            found[how] = calibration_said(*save_some(data, how, place), called(data))
        yield found
