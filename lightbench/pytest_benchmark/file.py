"""The file of pytest-benchmark's ``--benchmark-json``: written from samples, and read whoever wrote it.

Readers of that format take what they know by key: keys and statistics are those of pytest-benchmark 5
(``pytest_benchmark.stats.Stats``), in seconds per call.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from lightbench import files, units
from lightbench.environment import machine
from lightbench.environment.machine import Source
from lightbench.environment.version import VERSION
from lightbench.errors import StoreError
from lightbench.records.axes import AXES

FORMAT = "5.1.0"  # the pytest-benchmark whose keys these are
WHAT_IT_IS = "It has to be what pytest writes with --benchmark-json or --lightbench-json."
SHORTEST_S, LONGEST_S = 1e-12, 1e9  # what is outside is no time of a call

Keys = tuple[str, ...]  # one inside the other

# What must be equal before two runs may be compared -> where it stands; the first that is there.
FACTS: dict[str, tuple[Keys, ...]] = {
    "cpu": (("cpu", "brand_raw"), ("cpu", "brand")),
    "cores": (("cpu", "count"),),
    "machine": (("machine",),),
    "system": (("system",),),
    "python": (("python_implementation",),),
    "python_version": (("python_version",),),
    "torch": (("torch",),),
}
# The same of one benchmark.
SETTINGS: dict[str, tuple[Keys, ...]] = {
    "timer": (("options", "timer"),),
    **{name: (("extra_info", name),) for name in (*AXES, "inputs")},
}


@dataclass(frozen=True)
class Entry:
    """One benchmark to write: ``times_s`` are seconds per call, each the mean of ``iterations`` calls.
    Raises ValueError for times that are none."""

    name: str
    fullname: str  # with the file, as in pytest's node id
    times_s: Sequence[float]
    group: str | None = None
    iterations: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    extra_info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.times_s or not all(math.isfinite(t) and t > 0 for t in self.times_s):
            raise ValueError("a benchmark needs times, finite and above zero")


@dataclass(frozen=True)
class Benchmark:
    """One benchmark as it was read. With a ``problem`` its times are None."""

    name: str
    min_s: float | None = None
    median_s: float | None = None
    iqr_s: float | None = None  # between the quartiles
    settings: Mapping[str, str | None] = field(default_factory=dict)
    problem: str = ""

    @property
    def spread(self) -> float | None:
        """Between the quartiles, as a fraction of the median."""
        return None if self.iqr_s is None or not self.median_s else self.iqr_s / self.median_s


@dataclass(frozen=True)
class Run:
    """One file: ``facts`` decide whether it may be compared with another; None is unknown."""

    facts: Mapping[str, str | None]
    benchmarks: tuple[Benchmark, ...]


def stats(times_s: Sequence[float], iterations: int = 1) -> dict[str, Any]:
    """The statistics of a benchmark under pytest-benchmark's names."""
    ordered = sorted(times_s)
    centre, spread = mean(ordered), stdev(ordered) if len(ordered) > 1 else 0
    q1, q3 = _quartile(ordered), _quartile(ordered[::-1])
    iqr = q3 - q1
    low, high = q1 - 1.5 * iqr, q3 + 1.5 * iqr  # Tukey's fences
    beyond_stddev = sum(not centre - spread <= t <= centre + spread for t in ordered)
    beyond_fences = sum(not low <= t <= high for t in ordered)
    total = sum(times_s)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": centre,
        "stddev": spread,
        "rounds": len(ordered),
        "median": median(ordered),
        "iqr": iqr,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": beyond_fences,
        "stddev_outliers": beyond_stddev,
        "outliers": f"{beyond_stddev};{beyond_fences}",
        "ld15iqr": min(t for t in ordered if t >= low),
        "hd15iqr": max(t for t in ordered if t <= high),
        "ops": len(ordered) / total,
        "total": total,
        "iterations": iterations,
        "data": list(times_s),
    }


def _quartile(ordered: Sequence[float]) -> float:
    """The first quartile, or of descending values the third: the median of that half of an even
    number of values, of an odd number Wikipedia's third method (Quartile, Computing methods)."""
    n, rest = divmod(len(ordered), 4)
    if len(ordered) == 1:
        return ordered[0]
    if rest in {0, 2}:
        return median(ordered[: len(ordered) // 2])
    if rest == 1:
        return 0.25 * ordered[n - 1] + 0.75 * ordered[n]
    return 0.75 * ordered[n] + 0.25 * ordered[n + 1]


def write(path: str | Path, entries: Sequence[Entry], *, source: Source | None = None) -> None:
    """Write one run, made here and now. Neither a host's name nor a folder is in it. Raises
    StoreError where the file cannot be written."""
    source = source or Source()
    content = {
        "machine_info": _machine_info(source),
        "commit_info": _commit_info(source),
        "benchmarks": [
            {
                "group": entry.group,
                "name": entry.name,
                "fullname": entry.fullname,
                "params": None,
                "param": None,
                "extra_info": dict(entry.extra_info),
                "options": dict(entry.options),
                "stats": stats(entry.times_s, entry.iterations),
            }
            for entry in entries
        ],
        "datetime": datetime.now(UTC).isoformat(),
        "version": FORMAT,
    }
    text = json.dumps(content, indent=4, allow_nan=False)  # ASCII: holds halves of characters, too
    files.write(path, text + "\n")


def _machine_info(source: Source) -> dict[str, Any]:
    platform = source.platform
    try:
        brand = machine.cpu(source)
    except Exception:  # noqa: BLE001  machines differ without end; what cannot be read is unknown
        brand = None
    return {
        "node": "",
        "processor": platform.processor(),
        "machine": platform.machine(),
        "python_compiler": platform.python_compiler(),
        "python_implementation": platform.python_implementation(),
        "python_implementation_version": platform.python_version(),
        "python_version": platform.python_version(),
        "python_build": list(platform.python_build()),
        "release": platform.release(),
        "system": platform.system(),
        "cpu": {"brand_raw": brand, "count": source.psutil.cpu_count()},
        "torch": str(source.torch.__version__) if source.torch else None,
        "lightbench": VERSION,
    }


def _commit_info(source: Source) -> dict[str, Any]:
    try:
        commit = machine.commit(source)
    except Exception:  # noqa: BLE001  no repository, no git, a slow disk
        commit = None
    return {
        "id": commit.removesuffix("-dirty") if commit else "unversioned",
        "time": None,
        "author_time": None,
        "dirty": bool(commit and commit.endswith("-dirty")),
        "project": "",
        "branch": "(unknown)",
    }


def read(path: str | Path) -> Run:
    """Read a file of pytest-benchmark, or of ours. A benchmark without usable times has a problem, and
    is no error. Raises StoreError for what is no such file."""
    try:
        content = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}.", WHAT_IT_IS) from error
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path} is not JSON: {error}.", WHAT_IT_IS) from error
    found = content.get("benchmarks") if isinstance(content, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise StoreError(f"{path} has no list of benchmarks.", WHAT_IT_IS)
    info = content.get("machine_info")
    return Run(_texts(info, FACTS), tuple(_benchmark(one, i) for i, one in enumerate(found, 1)))


def _benchmark(one: dict[str, Any], i: int) -> Benchmark:
    names = [one.get(key) for key in ("fullname", "name")]
    name = next((n for n in names if isinstance(n, str) and n), None)
    if name is None:
        return Benchmark(f"benchmark {units.exact(i)}", problem="it has no name")
    settings = _texts(one, SETTINGS)
    least, middle = (_number(one, ("stats", key)) for key in ("min", "median"))
    if least is None or middle is None or not SHORTEST_S <= least <= middle <= LONGEST_S:
        said = [_text(_at(one, ("stats", key))) or units.DASH for key in ("min", "median")]
        problem = f"its minimum {said[0]} and median {said[1]} are no times"
        return Benchmark(name, settings=settings, problem=problem)
    iqr = _number(one, ("stats", "iqr"))
    known = iqr is not None and 0 <= iqr <= LONGEST_S
    return Benchmark(name, least, middle, iqr if known else None, settings)


def _at(value: Any, keys: Keys) -> Any:
    """What stands there; None where nothing does."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _number(value: Any, keys: Keys) -> float | None:
    found = _at(value, keys)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    try:
        return float(found) if math.isfinite(found) else None
    except OverflowError:  # an int beyond every float
        return None


def _text(value: Any) -> str | None:
    """A fact as text of a bearable length; unknown is None."""
    if value in (None, "", [], {}):
        return None
    return str(value)[:80] if isinstance(value, (str, int, float)) else type(value).__name__


def _texts(value: Any, where: Mapping[str, tuple[Keys, ...]]) -> dict[str, str | None]:
    texts = {
        name: next((text for keys in paths if (text := _text(_at(value, keys)))), None)
        for name, paths in where.items()
    }
    if python := texts.get("python_version"):
        texts["python_version"] = ".".join(
            python.split(".")[:2]
        )  # fixes do not change what it runs
    return texts
