"""What needs not be tried: a case for which memory does not suffice, or that is larger than such a one."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lightbench import units
from lightbench.errors import OutOfMemory
from lightbench.models.widths import width_of
from lightbench.records import Case, Costs, InputSpec
from lightbench.records.inputs import inputs_text


def refuse(case: Case, spent: Iterable[Case]) -> None:
    """Raises OutOfMemory for a case that differs from one of ``spent``, which are out of memory, only
    in that its batch, its input or its network's width is larger."""
    for other in spent:
        if said := _larger(case, other):
            raise OutOfMemory(f"not tried: {said} is out of memory.")


def _larger(case: Case, than: Case) -> str:
    """In what ``than`` is smaller and otherwise the same, in words; "" if it is not."""
    if case.batch > than.batch and msgspec.structs.replace(case, batch=than.batch) == than:
        return f"batch {than.batch}"
    if _more(case, than) and msgspec.structs.replace(case, inputs=than.inputs) == than:
        return f"input {inputs_text(than.inputs)}"
    (network, width), (other, less) = width_of(case.model), width_of(than.model)
    alike = network == other and msgspec.structs.replace(case, model=than.model) == than
    return f"width {less:g}" if alike and width > less else ""


def _more(case: Case, than: Case) -> bool:
    """Is every tensor at least as large in each of its dimensions, and one larger?"""
    pairs = list(zip(case.inputs, than.inputs, strict=False))
    if len(case.inputs) != len(than.inputs) or case.inputs == than.inputs:
        return False
    return all(
        a == b
        or (
            isinstance(a, InputSpec)
            and isinstance(b, InputSpec)
            and msgspec.structs.replace(a, shape=b.shape) == b
            and len(a.shape) == len(b.shape)
            and all(x >= y for x, y in zip(a.shape, b.shape, strict=True))
        )
        for a, b in pairs
    )


def check_memory(costs: Costs, case: Case, free: int | None) -> None:
    """Say so before the operating system kills the process: of ``free`` bytes (None: not known) a lower bound is
    needed. Raises OutOfMemory."""
    needed = costs.param_bytes + max(
        (op.read_bytes + op.write_bytes for op in costs.ops), default=0
    )
    if free is not None and needed > free:
        raise OutOfMemory(
            f"out of memory: {case.model} at batch {case.batch} needs more than {units.size(needed)},"
            f" and {units.size(free)} are free.",
            "Try a smaller --batch or --input.",
        )
