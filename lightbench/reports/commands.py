"""The commands that measure given records again.

Names come last, behind ``--``: whatever one looks like, it is a name there and no option.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from lightbench import registry
from lightbench.devices.support.options import device_options
from lightbench.records import Case, Record, SweepPoint
from lightbench.records.axes import AXES, SETUP
from lightbench.records.collection import Evidence, is_anchor
from lightbench.records.input_grammar import NONE
from lightbench.records.inputs import InputSpec
from lightbench.studies.card.card import EXPERIMENT
from lightbench.studies.card.stored import card_runs, cards
from lightbench.studies.guidelines.plan import SETS, short_name
from lightbench.studies.roofline.among import rooflines
from lightbench.studies.roofline.ceilings import is_peak
from lightbench.studies.sweep.axes import AXES as SWEPT
from lightbench.units import shape, unicode

STORE, CARD = "runs.jsonl", "card.jsonl"
Words = tuple[str, ...]

# Study -> what measures it. A check is in none: its other side is a commit or a file, which a reader
# may not have.
STUDIES: dict[str, Words] = {
    "profile": ("profile",),
    "layers": ("layers", "--measure"),
    "kernels": ("layers", "--measure"),
    "lint": ("lint",),
    "crosscheck": ("count", "--crosscheck"),
}
# Those that take one name -> what that is.
ONE_EACH = {"layers": "model", "lint": "model", "sweep": "axis"}
FIRST = ("device-card", "roofline")
CONSTANT = re.compile(r"c=([0-9]+), constant (MAdds|width)")  # as `plan_axis` names its channels


def commands(records: Sequence[Record]) -> list[str]:
    """One for all records that it would measure, in the order of the first of each, device cards and rooflines
    before what uses them; and one that makes a report of it all. A record of a sweep is measured
    with its whole sweep. What lightbench cannot measure again, as an axis that it does not know,
    is left out."""
    evidence = Evidence(tuple(records))
    setups = {_setup(card.record.case) for card in cards(evidence)}
    on_map, widths, peaks = _on_map(records), _widths(records), _peaks(evidence)
    groups: dict[Words, dict[str | None, None]] = {}  # a command without its names -> the names
    for record in (
        record for record in records if not is_anchor(record)
    ):  # they come by themselves
        case, point = record.case, record.sweep
        name: str | None = case.model
        if point is None:
            words = _network(record, carded=_setup(case) in setups)
        elif point.run in card_runs(evidence) or point.experiment == EXPERIMENT:
            words, name = ("device-card", *_setup(case), "--card", CARD), None
        elif is_peak(record):  # of an engine's run also those of eager
            words, name = peaks.get(record.id, ()), None
        elif point.experiment in registry.names("guideline"):
            words = (*_guideline(case, point), *widths[_guideline(case, point), point.experiment])
            name = short_name(point.experiment)
        else:
            words, name = _sweep(on_map.get(point.run, record)), point.experiment
        if words:
            groups.setdefault(words, {})[name] = None
    order = sorted(groups.items(), key=lambda group: group[0][0] not in FIRST)
    lines = [_line(words, tuple(n for n in names if n is not None)) for words, names in order]
    made_of = (STORE, CARD) if setups else (STORE,)
    return [*lines, _joined(("lightbench", "report", *made_of, "-o", "report.html"))]


def _line(words: Words, names: Words) -> str:
    command, *options = words
    if command != "device-card":
        options += ["--store", STORE]
    line = _joined(("lightbench", command, *options))
    if command in ONE_EACH and len(names) > 1:
        one = ONE_EACH[command]
        return f'for {one} in {_joined(names)}; do {line} -- "${one}"; done'
    return f"{line} -- {_joined(names)}" if names else line


def _joined(words: Iterable[str]) -> str:
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    r"""A word for the shell. What a document would not show as it is becomes ASCII, $'a\x0ab', of
    which bash, zsh and ksh make the same bytes again."""
    if word.isprintable():
        return shlex.quote(word)
    code = (
        chr(b) if 32 <= b < 127 and chr(b) not in "'\\" else f"\\x{b:02x}"
        for b in unicode(word).encode()
    )
    return f"$'{''.join(code)}'"


def _setup(case: Case) -> Words:
    """The options that all commands have."""
    return _axes(case, *SETUP)


def _axes(case: Case, *names: str) -> Words:
    return tuple(word for name in names for word in AXES[name].words(getattr(case, name)))


def _network(record: Record, *, carded: bool) -> Words:
    if record.study not in STUDIES:
        return ()
    case, words = record.case, list(STUDIES[record.study])
    if record.study != "crosscheck":  # counting needs no device
        words += _setup(case)
    words += _axes(case, "batch")
    for one in map(str, case.inputs or (NONE,)):
        words += ["--input", one]
    if record.study == "profile":
        words += _axes(case, "mode", "calibration")
        words += [f"--{option}" for option in case.options if option in device_options()]
    if record.study == "lint" and carded:
        words += ["--card", CARD]
    verified = any(finding.measured_s for finding in record.findings or ())
    if verified and case.engine == "eager":  # others tell times of their own
        words.append("--verify")
    return tuple(words)


def _guideline(case: Case, point: SweepPoint) -> Words:
    """A command for guidelines, without the widths: those that agree in it are one command."""
    words = ["guidelines", *_setup(case), *_axes(case, "batch")]
    channels, _, geometry = point.channels.partition(" ")
    if channels in SETS:
        words += ["--channels", channels]
    if geometry in registry.literal("guideline", "g4_elementwise", "OPTIONS")["geometry"]:
        words += ["--geometry", geometry]
    return tuple(words)


def _widths(records: Sequence[Record]) -> dict[tuple[Words, str], Words]:
    """The widths at which each guideline was measured, for each of its commands."""
    found: dict[tuple[Words, str], set[int]] = {}
    for r in records:
        if r.sweep and r.sweep.experiment in registry.names("guideline"):
            key = _guideline(r.case, r.sweep), r.sweep.experiment
            found.setdefault(key, set()).add(r.sweep.width)
    return {key: ("--widths", ",".join(map(str, sorted(w)))) for key, w in found.items()}


def _on_map(records: Sequence[Record]) -> dict[str, Record]:
    """Run -> a record of it on the sweep's own map, not on one pixel."""
    return {r.sweep.run: r for r in records if r.sweep and not r.sweep.launch}


def _peaks(evidence: Evidence) -> dict[str, Words]:
    """Record -> what measures the roofline that it is a peak of: of several that of another engine than eager."""
    return {
        peak.id: ("roofline", *_setup(ceilings.record.case))
        for ceilings in rooflines(evidence)
        for peak in ceilings.records
    }


def _sweep(record: Record) -> Words:
    """What all points of a sweep have in common, from any that stands on its own map."""
    case, point = record.case, record.sweep
    if point is None or point.experiment not in SWEPT:
        return ()
    words = ["sweep", *_setup(case)]
    if point.experiment != "batch":
        words += _axes(case, "batch")
    if known := CONSTANT.fullmatch(point.channels):
        words += ["--channels", known[1], "--constant", known[2].lower()]
    sizes = [one.shape[1:] for one in case.inputs if isinstance(one, InputSpec)]
    if sizes and len(sizes[0]) == 2 and point.experiment != "resolution" and not point.launch:
        words += ["--input", shape(sizes[0])]
    return tuple(words)
