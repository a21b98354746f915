"""The commands that measure given records again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from lightbench import registry
from lightbench.evidence import Evidence
from lightbench.records import Case, Record
from lightbench.timing.card import EXPERIMENT

STORE, CARD = "runs.jsonl", "card.jsonl"


def commands(records: Sequence[Record]) -> list[str]:
    """One for all records that it would measure, in the order of the first of each, device cards
    before what uses them; and one that makes a report of it all. A record of a sweep that is no
    guideline is measured with its whole sweep."""
    found = Evidence(tuple(records)).cards
    cards = {r.sweep.run for card in found for r in card.records if r.sweep}
    setups = {_setup(card.record.case) for card in found}
    groups: dict[tuple[str, tuple[str, ...]], list[Record]] = {}
    for record in records:
        name = EXPERIMENT if record.sweep and record.sweep.run in cards else _name(record)
        options, where = _own(name, record), _setup(record.case)
        if name != "crosscheck":  # counting needs no device
            options = (*where, *options)
        if name == "lint" and where in setups:
            options = (*options, "--card", CARD)
        groups.setdefault((name, options), []).append(record)
    order = sorted(groups.items(), key=lambda group: group[0][0] != EXPERIMENT)
    lines = [line for (name, options), group in order for line in _lines(name, options, group)]
    return [*lines, _line("report", STORE, *([CARD] if found else []), "-o", "report.html")]


def _name(record: Record) -> str:
    """The command that measures a record, and for sweeps also which."""
    if record.sweep is None:
        return record.study
    known = (EXPERIMENT, *registry.names("guideline"))
    return record.sweep.experiment if record.sweep.experiment in known else "sweep"


def _lines(name: str, options: tuple[str, ...], group: Sequence[Record]) -> Iterator[str]:
    models = list(dict.fromkeys(record.case.model for record in group))
    store = ("--store", STORE)
    if name == "profile":
        yield _line("profile", *models, *options, *store)
    elif name in EACH:
        yield _each(models, EACH[name], (*options, *store))
    elif name == "check":
        pass  # its other side is a commit or a file, which a reader may not have
    elif name == EXPERIMENT:
        yield _line("device-card", *options, "--card", CARD)
    elif name != "sweep":
        widths = sorted({record.sweep.width for record in group if record.sweep})
        short = name.partition("_")[0] if name[:1] == "g" else name
        wide = ("--widths", ",".join(map(str, widths)))
        yield _line("guidelines", short, *options, *wide, *store)
    else:
        for axis in dict.fromkeys(record.sweep.experiment for record in group if record.sweep):
            yield _line("sweep", axis, *options, *store)


# Study -> what measures it for one network at a time.
EACH = {
    "layers": ("layers", "--measure"),
    "lint": ("lint",),
    "crosscheck": ("count", "--crosscheck"),
}


def _each(models: Sequence[str], words: tuple[str, ...], options: tuple[str, ...]) -> str:
    command, *more = words
    if len(models) == 1:
        return _line(command, models[0], *more, *options)
    named = " ".join(map(shlex.quote, models))
    rest = " ".join(map(shlex.quote, (*more, *options)))
    return f'for model in {named}; do lightbench {command} "$model" {rest}; done'


def _line(*words: str) -> str:
    return shlex.join(("lightbench", *words))


def _setup(case: Case) -> tuple[str, ...]:
    """The options that all commands have."""
    words = ["--device", case.device]
    if case.engine != "eager":
        words += ["--engine", case.engine]
    if case.threads is not None:
        words += ["--threads", str(case.threads)]
    if case.dtype != "float32":
        words += ["--dtype", case.dtype]
    if case.layout == "channels_last":
        words.append("--channels-last")
    return tuple(words)


def _own(name: str, record: Record) -> tuple[str, ...]:
    """The options that only some commands have."""
    case = record.case
    words: list[str] = []
    if name != EXPERIMENT:
        words += ["--batch", str(case.batch)]
    if record.sweep is None:
        for one in case.inputs:
            words += ["--input", str(one)]
    elif name not in (EXPERIMENT, "sweep") and record.sweep.channels:
        words += ["--channels", record.sweep.channels]
    if name == "profile":
        words += [] if case.mode == "infer" else ["--mode", case.mode]
        words += [f"--{option}" for option in case.options]
    return tuple(words)
