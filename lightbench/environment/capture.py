"""What machine and software a measurement was made on, and what about them spoils it.

``comparable`` facts must be equal before two stored times may be compared; ``noted`` ones help to
explain them. An unknown fact is None and never stops a measurement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from lightbench.environment import machine, waiting
from lightbench.environment.machine import Source
from lightbench.environment.version import VERSION
from lightbench.records import Environment
from lightbench.units import count

T = TypeVar("T")

DIRTY = "-dirty"  # how git marks a commit whose files were changed

COMPARABLE: dict[str, Callable[[Source], str | int | None]] = {
    "cpu": machine.cpu,
    "architecture": lambda source: source.platform.machine() or None,
    "logical_cores": lambda source: source.psutil.cpu_count(),
    "physical_cores": lambda source: source.psutil.cpu_count(logical=False),
    "usable_cores": machine.usable_cores,
    "cpu_quota_percent": machine.cpu_quota_percent,
    "os": lambda source: source.platform.system() or None,
    "python": lambda source: ".".join(source.platform.python_version_tuple()[:2]),
    "torch": lambda source: str(source.torch.__version__) if source.torch else None,
    "torch_build": machine.torch_build,
    "cpu_capability": lambda source: (
        source.torch.backends.cpu.get_cpu_capability() if source.torch else None
    ),
    "settings": machine.settings,
}

NOTED: dict[str, Callable[[Source], str | int | float | None]] = {
    "governor": machine.governor,
    "governor_driver": machine.governor_driver,
    "turbo": machine.turbo,
    "throttle_count": machine.throttle_count,
    "power": machine.power,
    "load_1min": lambda source: float(source.psutil.getloadavg()[0]),
    "memory_total_bytes": lambda source: int(source.psutil.virtual_memory().total),
    "memory_free_bytes": lambda source: int(source.psutil.virtual_memory().available),
    "kernel": lambda source: source.platform.release() or None,
    "commit": machine.commit,
    "lightbench": lambda _: VERSION,
    "time": lambda _: datetime.now(UTC).isoformat(timespec="seconds"),
}


def _known(read: Callable[[Source], T], source: Source) -> T | None:
    try:
        return read(source)
    except Exception:  # noqa: BLE001  machines differ without end; what cannot be read is unknown
        return None


def capture(
    *,
    threads: int | None,
    extra: Mapping[str, str | int | None] | None = None,
    source: Source | None = None,
) -> Environment:
    """The environment of a measurement with ``threads`` threads (None: unknown).

    ``extra`` are comparable facts that only the device or engine knows, such as the GPU and its
    driver. Capture before the first measurement: afterwards the load is our own.
    """
    source = source or Source()
    facts: dict[str, str | int | None] = {
        name: _known(read, source) for name, read in COMPARABLE.items()
    }
    return Environment(
        comparable={
            **facts,
            "threads": threads,
            **waiting.facts(threads, source.environ),
            **(extra or {}),
        },
        noted={name: _known(read, source) for name, read in NOTED.items()},
    )


def warnings(environment: Environment, before: Environment | None = None) -> tuple[str, ...]:
    """What about this machine spoils timings: one sentence each, with what to do about it.
    With ``before``, an earlier capture, also what happened in between."""
    found = (_busy(environment), _slow_clock(environment), _hot(environment, before))
    return tuple(sentence for sentences in found for sentence in sentences)


def _number(environment: Environment, name: str) -> float | None:
    value = {**environment.noted, **environment.comparable}.get(name)
    return None if value is None or isinstance(value, str) else value


def _busy(environment: Environment) -> Iterator[str]:
    """Threads against cores: at most one sentence, the gravest."""
    logical = _number(environment, "logical_cores")
    if logical is None:
        return
    quota = _number(environment, "cpu_quota_percent")
    usable = _number(environment, "usable_cores") or logical
    cores = usable if quota is None else min(usable, quota / 100)
    # Where it is known what others used meanwhile, `contention` says what is to be said: of the load
    # of the last minute some may be our own work.
    watched = _number(environment, "others_cores") is not None
    load = 0.0 if watched else _number(environment, "load_1min") or 0.0
    free = min(cores, logical - round(load))
    threads = _number(environment, "threads")
    if cores < 1:
        yield (
            f"This container may use {count(cores, 2)} cores, so calls are stopped half way: give "
            "it one core or more."
        )
    elif threads is not None and threads > cores:
        yield (
            f"{count(threads)} threads share {count(cores, 2)} cores, so they wait for each other: "
            f"try --threads {math.floor(cores)}."
        )
    elif threads is not None and threads > free:
        yield (
            f"Other programs keep {count(load, 2)} of {count(logical)} cores busy and this run "
            f"wants {count(threads)}: close them, or use fewer threads."
        )
    elif load > logical / 2:
        yield (
            f"Other programs keep {count(load, 2)} of {count(logical)} cores busy: close them, or "
            "expect wide intervals."
        )


# With these drivers "powersave" is the usual name for a clock that follows the load.
_SELF_GOVERNING = ("intel_pstate", "amd-pstate-epp")


def _slow_clock(environment: Environment) -> Iterator[str]:
    governors = str(environment.noted.get("governor") or "").split(", ")
    if "powersave" in governors and environment.noted.get("governor_driver") not in _SELF_GOVERNING:
        yield (
            "The CPU is held at a low frequency (governor powersave): try "
            "`sudo cpupower frequency-set -g performance`."
        )
    if environment.noted.get("power") == "battery":
        yield "The machine runs on battery, which slows it down: plug it in."


def _hot(environment: Environment, before: Environment | None) -> Iterator[str]:
    now = _number(environment, "throttle_count")
    then = None if before is None else _number(before, "throttle_count")
    if now is not None and then is not None and now > then:
        yield "The CPU was slowed down for heat while it was measured: let it cool, and try again."
