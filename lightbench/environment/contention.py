"""Who else wanted the processor while something was timed: read before and after, and judged here.

The clock of the calling thread does not tell: threads of OpenMP spin, so that a call which waits for
one of them is on the CPU all the time. The scheduler does tell. Linux keeps for every thread how long
it was ready to run and had no core (``schedstat``): that is about us, for any number of threads. Where
it is not kept, what all cores did, less what we did ourselves, has to do.

Measured with ShuffleNet V2 on two shared cores: threads waited for 0.01 % (one) and 0.4 % (two) of
the time when alone; beside programs of the lowest priority for up to 2 %, and were hardly slower;
beside one or two of their own priority for 36 to 50 %, and took 1.6 to 4 times as long. Threads were
put aside 3 to 53 times a second when nothing was wrong and 95 to 250 times when it was, which is kept
but too close together to judge by.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from lightbench import units
from lightbench.environment import machine
from lightbench.environment.machine import Source
from lightbench.records import CONTENDED, Environment, Record

T = TypeVar("T")

# Of the time that our threads had work to do: so much of it lost, and they were disturbed. As much as
# `stats.CPU_SHARE` allows one thread, two and a half times what harmless neighbours took.
LOST = 0.05
TICKS_S = 0.05  # of CPU time: cores are counted in ticks of 10 ms, which less cannot be told from
TICK_S = 0.01  # /proc/stat counts in these, whatever the kernel's own tick (USER_HZ, proc_stat(5))


@dataclass(frozen=True)
class Contention:
    """What happened in a window of time; None is unknown.

    ``others_cores``: how many cores other programs used on average, of those that this process may
    use, ``shared_cores``. ``waited``: the fraction of the time in which our threads were ready to run
    and had no core. ``stolen``: what the hypervisor took from us; ``limited``: for how long a
    container's CPU limit stopped us; both as fractions of our threads' time. ``preempted_per_s``: how
    often one of our threads was put aside. Raises ValueError for what is negative or no number.
    """

    others_cores: float | None = None
    shared_cores: int | None = None
    waited: float | None = None
    stolen: float | None = None
    limited: float | None = None
    preempted_per_s: float | None = None

    def __post_init__(self) -> None:
        for name in NAMES:
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is a number from 0 on, got {value!r}")

    @property
    def noted(self) -> dict[str, float | None]:
        """As a record's environment keeps it."""
        return {name: None if (v := getattr(self, name)) is None else round(v, 4) for name in NAMES}


NAMES = tuple(field.name for field in fields(Contention))


def of(environment: Environment) -> Contention:
    """What a record's environment has noted; all of it unknown in older ones."""
    noted = {name: environment.noted.get(name) for name in NAMES}
    known: dict[str, Any] = {k: v for k, v in noted.items() if isinstance(v, (int, float))}
    try:
        return Contention(**known)
    except ValueError:  # a file may say anything
        return Contention()


def reasons(environment: Environment) -> tuple[str, ...]:
    """What says that the times of this environment are too long because of others; one sentence each,
    which begins with "contended".

    Waiting counts from 5 % of the time on. Threads that are more than the cores wait for each other,
    and where the system does not say how long threads wait there is only what others used: it counts
    as far as it is more than our threads left free, from 5 % of what they want.
    """
    seen, threads = of(environment), environment.comparable.get("threads")
    found = [_waited(seen, threads if isinstance(threads, int) else None)]
    if seen.stolen is not None and seen.stolen > LOST:
        found.append(
            f"{CONTENDED}: the hypervisor took {units.percent(seen.stolen)} of its time (steal)."
        )
    if seen.limited is not None and seen.limited > LOST:
        found.append(
            f"{CONTENDED}: the container's CPU limit stopped it for {units.percent(seen.limited)} of the"
            " time."
        )
    return tuple(sentence for sentence in found if sentence)


def _waited(seen: Contention, threads: int | None) -> str:
    others = ""
    if seen.others_cores is not None and seen.shared_cores:
        used, all_ = units.count(seen.others_cores, 2), units.count(seen.shared_cores)
        others = f"other programs used {used} of {all_} cores meanwhile"
    alone = threads is None or seen.shared_cores is None or threads <= seen.shared_cores
    if seen.waited is not None and alone:
        if seen.waited <= LOST:
            return ""
        said = f"its threads waited {units.percent(seen.waited)} of the time for a core"
        taken = others if (seen.others_cores or 0) > LOST else ""
        return f"{CONTENDED}: {', and '.join(filter(None, (taken, said)))}."
    if not others or threads is None:
        return ""
    assert seen.others_cores is not None
    assert seen.shared_cores is not None
    wanted = min(threads, seen.shared_cores)
    too_many = seen.others_cores - (seen.shared_cores - wanted)
    return f"{CONTENDED}: {others}." if too_many > LOST * wanted else ""


def decides(environment: Environment) -> bool:
    """Is it known how long threads waited? Then the thread's clock has nothing to add: what else a
    call waits for is its own affair."""
    return of(environment).waited is not None


def seen_in(record: Record) -> str:
    """Its reasons, without the word: "other programs used 1.2 of 2 cores meanwhile"."""
    said = (
        w.removeprefix(CONTENDED).lstrip(": ").rstrip(".")
        for w in record.warnings
        if w.startswith(CONTENDED)
    )
    return "; ".join(said)


@dataclass(frozen=True)
class Reading:
    """Counters at one moment, all of them since something began: only differences mean something."""

    clock_s: float
    cores: Mapping[int, tuple[float, float]] | None = None  # busy and stolen seconds of each
    own_s: float | None = None  # CPU time of this process and those it has started
    threads: Mapping[str, tuple[float, float, int | None]] = field(default_factory=dict)
    limited_s: float | None = None


@contextmanager
def watching(
    threads: int | None,
    *,
    clock: Callable[[], float],
    source: Source | None = None,
    top: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Look before and after; what is given is filled in afterwards, with `Contention.noted`. ``top``
    is the process whose children are all ours, if not this one."""
    source = source or Source()
    seen: dict[str, Any] = {}
    before = read(source, clock=clock, top=top)
    try:
        yield seen
    finally:
        seen.update(between(before, read(source, clock=clock, top=top), threads).noted)


def read(source: Source, *, clock: Callable[[], float], top: int | None = None) -> Reading:
    """The counters of this machine now; what it does not tell is None."""
    return Reading(
        clock_s=clock(),
        cores=_known(lambda: _cores(source)),
        own_s=_known(lambda: _own(source, top)),
        threads=_known(lambda: _threads(source)) or {},
        limited_s=_known(lambda: _limited(source)),
    )


def between(before: Reading, after: Reading, threads: int | None) -> Contention:
    """What happened between two readings. Counters that went backwards, as some do after a core was
    taken away or a machine moved, count as standing still."""
    seconds = after.clock_s - before.clock_s
    if seconds <= 0:
        return Contention()
    ran, waited, preempted = _of_threads(before, after)
    cores = used(before, after)
    wanted = max(min(threads or 1, cores[0]) if cores else threads or 1, 1) * seconds
    own = _gone(before.own_s, after.own_s)
    others = None if cores is None or own is None else max(cores[1] - own, 0.0)
    stolen = None
    if cores is not None and own is not None:
        share = min(own / cores[1], 1.0) if cores[1] > 0 else 1.0
        stolen = cores[2] * share if cores[2] > TICKS_S else 0.0
    limited = _gone(before.limited_s, after.limited_s)
    return Contention(
        others_cores=None if others is None else others / seconds if others > TICKS_S else 0.0,
        shared_cores=None if cores is None else cores[0],
        waited=waited / (ran + waited) if ran > 0 else None,
        stolen=None if stolen is None else min(stolen / wanted, 1.0),
        limited=None if limited is None else min(limited / wanted, 1.0),
        preempted_per_s=None if preempted is None else preempted / seconds,
    )


def used(before: Reading, after: Reading) -> tuple[int, float, float] | None:
    """How many cores there were all the time, and the seconds that they were busy and stolen
    altogether. None where that is not known, or is not counted: nothing is never busy."""
    if before.cores is None or after.cores is None:
        return None
    both = before.cores.keys() & after.cores.keys()
    if not both or not any(after.cores[core][0] for core in both):
        return None
    busy, stolen = (
        sum(max(after.cores[core][i] - before.cores[core][i], 0.0) for core in both) for i in (0, 1)
    )
    return len(both), busy, stolen


def _gone(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else max(after - before, 0.0)


def _of_threads(before: Reading, after: Reading) -> tuple[float, float, int | None]:
    """Seconds run and waited, and how often put aside, of all threads that are still there; one that
    has begun meanwhile began at nothing."""
    ran = waited = 0.0
    preempted: int | None = None
    for thread, (ran_s, waited_s, aside) in after.threads.items():
        then = before.threads.get(thread, (0.0, 0.0, 0))
        ran += max(ran_s - then[0], 0.0)
        waited += max(waited_s - then[1], 0.0)
        if aside is not None:
            preempted = (preempted or 0) + max(aside - (then[2] or 0), 0)
    return ran, waited, preempted


def _known(read_it: Callable[[], T]) -> T | None:
    try:
        return read_it()
    except Exception:  # noqa: BLE001  machines differ without end; what cannot be read is unknown
        return None


def _cores(source: Source) -> dict[int, tuple[float, float]] | None:
    """Busy and stolen seconds of every core that this process may use. What guests of a hypervisor
    here used is in "user" and "nice" already, and in further fields once more (proc_stat(5))."""
    stat = source.text("proc/stat")
    if stat is None:
        times = source.psutil.cpu_times(percpu=True)
        busy = ("user", "nice", "system", "irq", "softirq", "interrupt", "dpc")
        found = {
            i: (sum(getattr(core, name, 0.0) for name in busy), getattr(core, "steal", 0.0))
            for i, core in enumerate(times)
        }
    else:
        found = {}
        for line in stat.splitlines():
            name, *numbers = line.split()
            if name.startswith("cpu") and name != "cpu":
                ticks = [int(number) * TICK_S for number in numbers] + [0.0] * 8
                user, nice, system, _idle, _wait, irq, softirq, stolen = ticks[:8]
                found[int(name[3:])] = (user + nice + system + irq + softirq, stolen)
    process = source.psutil.Process()
    if not hasattr(process, "cpu_affinity"):
        return found or None
    usable = process.cpu_affinity()
    # A container may number its cores by itself: then it is not known which of them are ours.
    return {core: found[core] for core in usable} if found.keys() >= set(usable) else None


def _own(source: Source, top: int | None) -> float:
    """CPU seconds of a process and all that it has started, whether they have ended or not."""
    process = source.psutil.Process() if top is None else source.psutil.Process(top)
    times = process.cpu_times()
    total = float(times.user + times.system)
    total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    for child in process.children(recursive=True):
        ended = _known(child.cpu_times)
        if ended is not None:
            total += ended.user + ended.system
            total += getattr(ended, "children_user", 0.0) + getattr(ended, "children_system", 0.0)
    return total


def _threads(source: Source) -> dict[str, tuple[float, float, int | None]]:
    """Seconds on a core and waiting for one, and how often put aside, of every thread of this
    process: schedstat(5) of /proc has the first two in nanoseconds."""
    found = {}
    for folder in (source.root / "proc/self/task").iterdir():
        task = f"proc/self/task/{folder.name}"
        numbers = (source.text(f"{task}/schedstat") or "").split()
        status = source.text(f"{task}/status") or ""
        aside = _known(lambda said=status: int(said.split("nonvoluntary_ctxt_switches:")[1].split()[0]))  # type: ignore[misc]  # fmt: skip
        ran_s, waited_s = (int(n) * 1e-9 for n in numbers[:2]) if len(numbers) > 1 else (0.0, 0.0)
        found[folder.name] = (ran_s, waited_s, aside)
    return found


def _limited(source: Source) -> float | None:
    """For how many seconds the CPU limits of this process's groups have stopped what is in them: the
    tightest counts, as those above stop it as well."""
    stopped = []
    for base, first_version in machine.cpu_groups(source):
        said = (source.text(f"{base}/cpu.stat") or "").split()
        values = dict(zip(said[::2], said[1::2], strict=False))
        name, unit = ("throttled_time", 1e-9) if first_version else ("throttled_usec", 1e-6)
        if name in values:
            stopped.append(int(values[name]) * unit)
    return max(stopped, default=None)
