"""What was answered, as records: one for each case and each weights."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lightbench import units
from lightbench.devices import Device
from lightbench.models.weights import TORCHVISION
from lightbench.records import Environment, Record
from lightbench.records.facets import differing
from lightbench.records.findings import Evaluation
from lightbench.runner.conversion.calibration_files import name_of
from lightbench.runner.outputs import UNKNOWN
from lightbench.runner.record import counted as record_of
from lightbench.studies.evaluate.answers import Answers, counted
from lightbench.studies.evaluate.ready import Known, Ready

OTHER_CLASSES = "its weights name other classes than {} has: they are taken to be the same ones in the same order."
NO_NUMBERS = "its answers to {} of {} images are no numbers: they count as wrong."
TIES = (
    "to {} of {} images two classes are the most probable: the first of them counts as its answer."
)


def records_of(
    ready: Sequence[Ready],
    found: Sequence[Answers],
    *,
    run: str,
    data: str,
    classes: tuple[str, ...],
    device: Device,
    where: Environment,
) -> tuple[Record, ...]:
    """One for each that was asked, in that order; each held against the first with the same weights."""
    plain = [_record(one, device, where) for one in ready]
    differs = differing(plain)
    records = []
    for one, answers, record in zip(ready, found, plain, strict=True):
        first = next(i for i, other in enumerate(ready) if other.known is one.known)
        beside = found[first] if ready[first] is not one else None
        words = [word for facet in differs for word in facet.said(plain[first])]
        evaluation = Evaluation(
            run=run,
            data=data,
            weights=_called(one.known),
            digest=one.known.learned.weights.digest,
            seed=_seed(one.known),
            classes=classes,
            **counted(answers, len(classes)),
            against=", ".join(words) if beside else "",
            disagreed=int((answers.predicted != beside.predicted).sum()) if beside else None,
        )
        said = (*record.warnings, *_said(one.known, answers, evaluation))
        records.append(msgspec.structs.replace(record, found=evaluation, warnings=said))
    return tuple(records)


def _record(one: Ready, device: Device, where: Environment) -> Record:
    """What is known of it without its answers. What concerns only times is left out, and that accuracy is not known."""
    prepared = one.prepared
    slow = device.concerns()
    return msgspec.structs.replace(
        record_of(prepared, where),
        case=one.case,
        warnings=tuple(
            said for said in prepared.warnings if said not in slow and not said.endswith(UNKNOWN)
        ),
        outputs=prepared.outputs,
        conversion=prepared.conversion,
    )


def _seed(known: Known) -> int | None:
    """With which the weights were learnt; of published ones nobody says it."""
    about = known.learned.about
    return None if about is None or _published(known) else about.seed


def _published(known: Known) -> bool:
    return known.source is not None and known.source.startswith(TORCHVISION)


def _called(known: Known) -> str | None:
    """The weights' own name, without the way there."""
    if known.source is None or _published(known):
        return known.source
    return name_of(known.source)


def _said(known: Known, answers: Answers, found: Evaluation) -> list[str]:
    """What a reader must know, a sentence each."""
    about, images = known.learned.about, units.exact(found.images)
    none, tied = sum(found.unanswered), int(answers.tied.sum())
    sentences = (
        (about is not None and about.classes != found.classes, OTHER_CLASSES.format(found.data)),
        (none, NO_NUMBERS.format(units.exact(none), images)),
        (tied, TIES.format(units.exact(tied), images)),
    )
    return [said for so, said in sentences if so]
