"""A second opinion on a time: the engine's maker has a benchmark program, and it is asked about the same file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import torch

from lightbench.engines.support import named
from lightbench.errors import LightbenchError, NotAvailable
from lightbench.records import Record
from lightbench.records.vendor import Vendor
from lightbench.runner.conversion import converted

if TYPE_CHECKING:
    from lightbench.runner.prepare import Prepared

SECONDS = 3.0


def with_vendor(record: Record, prepared: Prepared) -> Record:
    """The record, with what that program says; or with a warning that says why it says nothing. An engine without
    such a program has none to ask."""
    if not hasattr(named.find(record.case.engine), "vendor") or record.latency is None:
        return record
    try:
        return msgspec.structs.replace(record, vendor=_asked(record, prepared))
    except LightbenchError as error:
        said = f"no second opinion: {error.message}"
        return msgspec.structs.replace(record, warnings=(*record.warnings, said))


def _asked(record: Record, prepared: Prepared) -> Vendor:
    case = prepared.case
    if case.dtype != "float32" or named.options_of(case.engine):
        raise NotAvailable(
            f"{case.engine}'s own program is asked in float32, and with our settings."
        )
    assert prepared.identity is not None
    assert record.latency is not None
    what = (prepared.identity, prepared.costs)
    _, model, _ = converted.file_of(case, prepared.network, prepared.given, what)
    calls = max(10, int(SECONDS / record.latency.median_s))
    tool, min_s = named.find(case.engine).vendor(
        model, threads=torch.get_num_threads(), calls=calls
    )
    return Vendor(tool=tool, min_s=min_s)
