"""What was found out about a case -> its record, with what a reader must know about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from lightbench import devices, units
from lightbench.environment import capture, contention
from lightbench.errors import LightbenchError
from lightbench.records import (
    CONTENDED,
    SCHEMA,
    Case,
    Costs,
    Environment,
    Failure,
    Record,
    Run,
    Samples,
)
from lightbench.runner.session import here
from lightbench.timing.summary import contended, summarize

if TYPE_CHECKING:
    from lightbench.runner.prepare import Prepared


def measured(
    prepared: Prepared, samples: Samples, where: Environment, run: Run | None = None
) -> Record:
    """The record of a case that was timed, with what a reader must know about it; to be made in the
    session, as a later call shows some of that. ``run`` is that of all that were timed in the same
    rounds."""
    if prepared.first_call_s is not None:
        samples = msgspec.structs.replace(samples, first_call_s=prepared.first_call_s)
    case, latency = prepared.case, summarize(samples)
    said = [
        *prepared.warnings,
        *(prepared.again(samples) if samples.stop != "interrupted" else ()),
        *capture.warnings(where),
        *disturbed(samples, where),
    ]
    if samples.throttled_rounds:
        said.append(
            f"{units.count(samples.throttled_rounds)} rounds were thrown away: the device was slowed down."
        )
    return Record(
        schema=SCHEMA,
        time=_now(),
        case=case,
        status="ok",
        environment=_noting(prepared, where),
        costs=prepared.costs,
        samples=samples,
        latency=latency,
        peak_memory_bytes=prepared.peak_memory_bytes,
        warnings=tuple(said),
        identity=prepared.identity,
        run=run,
        outputs=prepared.outputs,
        conversion=prepared.conversion,
    )


def counted(prepared: Prepared, where: Environment) -> Record:
    """The record of a case that was made ready and then not timed."""
    return Record(
        schema=SCHEMA,
        time=_now(),
        case=prepared.case,
        status="ok",
        environment=_noting(prepared, where),
        costs=prepared.costs,
        warnings=prepared.warnings,
        identity=prepared.identity,
    )


def failed(case: Case, error: Exception, where: Environment) -> Record:
    """The record of a case that has no result. An error that is not ours to explain is raised."""
    if not isinstance(error, LightbenchError):
        raise error
    return Record(
        schema=SCHEMA,
        time=_now(),
        case=case,
        status="failed",
        environment=where,
        failure=Failure(
            error=type(error).__name__,
            message=error.message,
            hint=error.hint,
            exit_code=error.exit_code,
        ),
    )


def disturbed(samples: Samples, where: Environment) -> tuple[str, ...]:
    """What says that these times are too long because of others, in an environment that has noted
    what went on meanwhile; where it has not, or not how long threads waited, their clock says."""
    if reasons := contention.reasons(where):
        return reasons
    threads = where.comparable.get("threads")
    if not contention.decides(where) and contended(
        samples, threads if isinstance(threads, int) else None
    ):
        return (f"{CONTENDED}: other programs used this CPU meanwhile.",)
    return ()


def untimed(case: Case, costs: Costs | None = None, **more: Any) -> Record:
    """The record of a case that was looked at and not timed. ``more`` are fields that need no time:
    ``identity``, ``found``, ``warnings``. The environment is that of the case's device, as
    if it were timed now. Raises UnknownName, UsageError."""
    device = devices.find(case.device, case.options)
    return Record(
        schema=SCHEMA,
        time=_now(),
        case=case,
        status="ok",
        environment=here(device, case.device, device.host_threads(case.threads)),
        costs=costs,
        **more,
    )


def _noting(prepared: Prepared, where: Environment) -> Environment:
    """With how it was run, where that is not as usual."""
    if not prepared.takes_gradients:
        return where
    return msgspec.structs.replace(where, noted={**where.noted, "autograd": "no_grad"})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
