"""Networks that every stored run times besides its own, so that runs can be compared with one another:
between two of them the machine may have changed, and what both timed shows by how much."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from lightbench.models import sources
from lightbench.records import Case, InputSpec, Record

# Two points of the device card, so that its speeds can be compared as well: one reads weights, the
# other starts operators. Neither writes maps so large that their memory is asked for anew in every
# call: whether it is, is luck of the heap, and made 26 ms of 16 ms from one run to the next.
NETWORKS = (
    ("stack:linear(c=1024, layers=4)", (1024,)),
    ("stack:elementwise(c=1, layers=100)", (1, 1, 1)),
)


def anchors(
    cases: Sequence[Case], stored: Iterable[Record], same: Callable[[Record], bool]
) -> list[Case]:
    """What is to be timed besides ``cases``, which share device, threads and options: for each way in
    which they are run the reference, which is the first network that ``stored`` holds, and two
    networks of ours. ``same`` says of a record whether its network and machine are still the same."""
    found: dict[Case, None] = {}
    for way in dict.fromkeys(map(_way, cases)):
        member = next(case for case in cases if _way(case) == way)
        reference = _reference(way, stored, same, typed={case.model for case in cases})
        found |= dict.fromkeys([reference] if reference else [])
        for model, shape in NETWORKS:
            own = {"model": model, "inputs": (InputSpec(shape=shape),), "batch": 1}
            own["calibration"] = None  # they take no images
            found[msgspec.structs.replace(member, **own)] = None
    return [case for case in found if case not in cases]


def _way(case: Case) -> tuple[object, ...]:
    """How a case is run: what must be equal before two times are held against one another."""
    return case.batch, case.engine, case.dtype, case.mode, case.layout, case.threads


def _reference(
    way: tuple[object, ...],
    stored: Iterable[Record],
    same: Callable[[Record], bool],
    typed: set[str],
) -> Case | None:
    """A file that only the store names is code that nobody asked to run."""
    for record in stored:
        asked = record.run is not None and not record.run.anchor and record.latency is not None
        trusted = not sources.is_file(record.case.model) or record.case.model in typed
        if asked and trusted and record.study == "profile" and _way(record.case) == way:
            return record.case if same(record) else None
    return None
