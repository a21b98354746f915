"""Why layers take their time: each part of a network that was taken apart, below the ceilings of its device."""

from __future__ import annotations

from collections.abc import Sequence

from lightbench.records import Record
from lightbench.records.collection import Evidence
from lightbench.records.links import NONE
from lightbench.studies.layers.kernels import EngineBreakdown
from lightbench.studies.layers.shares import Part, layers_of
from lightbench.studies.layers.why import Below, Why
from lightbench.studies.roofline.among import ceilings_for, rooflines, unlike
from lightbench.studies.roofline.beside import DRIFTED
from lightbench.studies.roofline.placed import Layer, Placed, together
from lightbench.studies.roofline.table import BUSY, beyond

APART = "The peaks are of another run: the machine may have changed since, and with it each share of the roofline."


def why_of(record: Record, known: Sequence[Record]) -> Why:
    """What the peaks among ``known`` records say of each part of a record that holds times of layers; nothing, and why,
    where none are of its setup and machine."""
    evidence = Evidence((*known, record))
    ceilings = ceilings_for(evidence, record)
    if ceilings is None:
        return _unknown(evidence, record)
    drift = evidence.drift(ceilings.record, record)

    def placed(part: Part) -> Placed:
        layer = Layer(part.name, "", None)
        return together(record, layer, part.ops, ceilings, part.time, drift)

    def below(part: Part) -> Below:
        one = placed(part)
        efficiency = one.efficiency.median if one.efficiency else None
        return Below(one.bound, efficiency, one.roofline_s if part.ops else None)

    parts = _layers(record)
    wrong = [part.name or "(network)" for part in parts if placed(part).beyond]
    sentences = (
        *((DRIFTED if drift else APART,) if drift != NONE else ()),
        *((BUSY,) if ceilings.contended else ()),
        *beyond(wrong),
    )
    return Why(below, sentences)


def _unknown(evidence: Evidence, record: Record) -> Why:
    if not rooflines(evidence):
        return Why()
    theirs = unlike(evidence, record)[0] or "of a forward pass"
    return Why(sentences=(f"bound by: not known, since the peaks are of {theirs}.",))


def _layers(record: Record) -> Sequence[Part]:
    return EngineBreakdown(record).layers if record.kernels else layers_of(record)
