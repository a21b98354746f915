"""A network with its weights, made ready to be asked on an engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import torch
from torch import Tensor

from lightbench.datasets.support.preparation import Preparation
from lightbench.devices import Device
from lightbench.engines.support import named
from lightbench.errors import LightbenchError, UsageError
from lightbench.records import Case, InputSpec
from lightbench.records.arguments import tensors_in
from lightbench.records.failure import explain
from lightbench.runner import abilities
from lightbench.runner.conversion.calibration_files import digest
from lightbench.runner.conversion.converted import on_engine
from lightbench.runner.given import Given
from lightbench.runner.prepare import Prepared, prepare
from lightbench.studies.evaluate.pictures import padded
from lightbench.studies.learned import Learned
from lightbench.studies.rows import rows_in
from lightbench.workers import journal


class Calibration(NamedTuple):
    """A file of images for learning, from which int8 learns its ranges, and what a record says of it."""

    file: str
    said: str


class Known(NamedTuple):
    """A network with weights from ``source``, as it was said; ``how`` are images made ready for it, ``name`` of the network
    if it was built by one. ``probabilities``: it ends in softmax."""

    learned: Learned
    source: str | None
    how: Preparation
    name: str | None
    probabilities: bool


class Ready(NamedTuple):
    """The same on the engine of a case, to tell ``classes`` apart."""

    case: Case
    known: Known
    classes: int
    prepared: Prepared

    def answer(self, images: Tensor) -> Tensor:
        """What it answers to some images (N x C x H x W, at most as many as the batch of its case): N x classes, in
        float64. Raises a LightbenchError."""
        (fed,) = tensors_in(self.prepared.fed)
        with torch.no_grad():
            fed.copy_(padded(images, self.case.batch))
        try:
            with journal.held("timed", on_engine(self.case)), self.prepared.program.context():
                output = self.prepared.program.call()
                rows = rows_in(output, self.case.batch, self.classes, self.case.model)
        except LightbenchError:
            raise
        except BaseException as error:
            journal.let_through(error)
            raise explain(self.prepared.network, error) from error
        return rows[: len(images)]


def make_ready(
    case: Case,
    known: Known,
    images: Tensor,
    classes: int,
    device: Device,
    calibration: Calibration | None,
) -> Ready:
    """In a session of the device; ``images`` are the first ones that it will be asked about, as large as the weights want
    them. Raises a LightbenchError."""
    case = msgspec.structs.replace(case, inputs=(InputSpec(shape=tuple(images.shape[1:])),))
    given = Given(known.learned.network, (padded(images, case.batch),), name=known.name)
    if calibration is None or case.dtype != "int8" or case.calibration is not None:
        return Ready(case, known, classes, prepare(case, device, given))
    prepared = prepare(msgspec.structs.replace(case, calibration=calibration.file), device, given)
    assert prepared.conversion is not None  # of whatever computes in int8
    made = msgspec.structs.replace(prepared.conversion, calibrated_on=calibration.said)
    return Ready(case, known, classes, prepared._replace(conversion=made))


def calibration_said(file: str, many: int, data: str) -> Calibration:
    """As a record says it, with a hash of what is in the file: 64 images for learning of digits (3fa9c1d2). Raises
    UsageError."""
    return Calibration(file, f"{many} images for learning of {data} ({digest(file)[:8]})")


def able(cases: Sequence[Case]) -> list[Case]:
    """Of all engines in all precisions those that there are. Raises UsageError where that leaves nothing of one that was
    asked for, MissingPackage for what an engine needs."""
    refused: dict[Case, UsageError] = {}
    for case in cases:
        try:
            abilities.refuse(case)
        except UsageError as error:
            refused[case] = error
    found = [case for case in cases if case not in refused]
    for case, reason in refused.items():
        if not any(case.engine == one.engine for one in found) or not any(
            case.dtype == one.dtype for one in found
        ):
            raise reason
    for case in found:
        if abilities.converts(engine := named.find(case.engine)):
            abilities.packages_of(engine, case.dtype)
    return found
