"""What nobody says of how a network is run is as in its baseline: a check beside other settings compares nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from lightbench import devices
from lightbench.errors import LightbenchError
from lightbench.records import Case, Record
from lightbench.records.axes import AXES
from lightbench.records.inputs import inputs_text
from lightbench.studies.check.naming import respelled

WHERE = ("device", "options")


def as_saved(case: Case, said: Collection[str], baseline: Sequence[Record]) -> Case:
    """The case that the baseline has of this network, but for the axes that are ``said``: of several one that agrees in
    those, and the latest of them; ``case`` itself where there is none, or it is among them. Where its device is not
    available here, counts can still be compared: the device stays the case's own."""
    fields = ("inputs" if name == "input" else name for name in said)
    kept = {name: getattr(case, name) for name in fields}
    saved = [r.case for r in respelled(baseline, [case]) if r.case.model == case.model]
    if not saved or case in saved:
        return case
    agree = [one for one in saved if replace(one, **kept) == one]
    found = replace((agree or saved)[-1], **kept)
    if _available(found):
        return found
    return replace(found, **{name: getattr(case, name) for name in WHERE})


def _available(case: Case) -> bool:
    try:
        return devices.find(case.device, case.options).unavailable() is None
    except LightbenchError:  # of another version, or of a package that is not here
        return False


def differs(case: Case, usual: Case) -> str:
    """In which settings a case differs from the usual one, as they are typed: ``--batch 8 --threads 1``."""
    words = [
        word
        for name, axis in AXES.items()
        if getattr(case, name) != getattr(usual, name)
        for word in axis.words(getattr(case, name)) or (axis.option, str(getattr(case, name)))
    ]
    words += [f"--{option}" for option in case.options if option not in usual.options]
    if case.inputs != usual.inputs:
        words += ["--input", inputs_text(case.inputs)]
    return " ".join(words)
