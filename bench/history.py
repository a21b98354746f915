"""What `lightbench history` of 100,000 records takes in a fresh process: python bench/history.py [RECORDS]

Generated, not measured: 20 series (10 networks at 2 batches) of 900 commits with 5 records each, and in
each of the 4,500 runs 2 anchors. A
record holds 30 samples by two clocks, 3 operators and an environment of 27 facts: about 3,840 bytes.
From the commit in the middle on every network is 5 % slower, in noise of 2 %.

On two cores of an AMD EPYC (Python 3.11, the file in the page cache) 100,000 records, 406 MB, took 6.1 s
(5.9 s to 6.5 s); before runs were held against one another by their anchors, 384 MB took 3.4 s.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from hashlib import sha1
from pathlib import Path

from measure import ROUNDS, Claim, clocked, estimate, interleaved, verdict, with_interval

from lightbench import units
from lightbench.formats import markdown
from lightbench.records import (
    SCHEMA,
    Case,
    Costs,
    Environment,
    Identity,
    InputSpec,
    Op,
    Record,
    Run,
    Samples,
    store,
)
from lightbench.timing.summary import summarize
from lightbench.views.table import Column, Table, View

TITLE = "A history of 100,000 records"
CASES = ("100000",)
HISTORY, PYTHON = "lightbench history", "python"
HISTORY_S = 5.0
MAIN = "from lightbench.cli import main; main()"
MODELS, BATCHES, REPEATS, ANCHORS = 10, (1, 8), 5, 2
SAMPLES, OPERATORS = 30, 3
KEPT = tempfile.TemporaryDirectory()  # goes with the process

Times = Mapping[str, list[float]]  # command -> seconds, round by round


def records(number: int) -> Iterator[Record]:
    """So many records, commit by commit."""
    rng = random.Random(0)
    commits = number // ((MODELS * len(BATCHES) + ANCHORS) * REPEATS)
    for commit in range(commits):
        where = _environment(commit)
        slower = 1.05 if commit >= commits // 2 else 1.0
        for repeat in range(REPEATS):
            for model in range(MODELS):
                for batch in BATCHES:
                    session = rng.gauss(1, 0.02) * slower * 0.010 * batch * (1 + model)
                    yield _record(rng, f"net{model}", batch, session, where, commit, repeat)
            for anchor in range(ANCHORS):
                yield _record(rng, f"anchor{anchor}", 1, 0.002, where, commit, repeat, anchor=True)


def _record(
    rng: random.Random,
    model: str,
    batch: int,
    time_s: float,
    where: Environment,
    commit: int,
    repeat: int,
    *,
    anchor: bool = False,
) -> Record:
    samples = Samples(
        wall_s=tuple(time_s * rng.uniform(0.99, 1.05) for _ in range(SAMPLES)),
        cpu_s=tuple(time_s * rng.uniform(0.98, 1.0) for _ in range(SAMPLES)),
        first_call_s=time_s * 5,
        warmup_calls=3,
        stop="converged",
    )
    day, second = divmod(commit * 600 + repeat, 86_400)
    return Record(
        schema=SCHEMA,
        time=f"2026-{1 + day // 28:02}-{1 + day % 28:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+00:00",
        case=Case(model=model, inputs=(InputSpec(shape=(3, 224, 224)),), batch=batch, threads=2),
        status="ok",
        environment=where,
        costs=_costs(batch),
        samples=samples,
        latency=summarize(samples),
        identity=Identity(structure="0" * 16 if anchor else f"{commit:016x}", counting="1" * 16),
        run=Run(id=f"{commit}-{repeat}", anchor=anchor, rel=0.01, max_s=10.0),
    )


@cache
def _costs(batch: int) -> Costs:
    ops = tuple(
        Op(
            path=f"features.{i}.conv",
            module="Conv2d",
            op="convolution",
            kind="pointwise conv",
            madds=102_760_448 * batch,
            reads=401_408 * batch,
            writes=401_408 * batch,
            weights=16_384,
            read_bytes=1_605_632 * batch,
            write_bytes=1_605_632 * batch,
            weight_bytes=65_536,
            fused_bytes=3_276_800 * batch,
            input=(batch, 128, 56, 56),
            output=(batch, 128, 56, 56),
            weight=(128, 128, 1, 1),
            stride=(1, 1),
        )
        for i in range(OPERATORS)
    )
    totals = {
        name: sum(getattr(op, name) for op in ops)
        for name in ("madds", "mem_access", "mem_bytes", "fused_bytes")
    }
    return Costs(
        params=49_152, param_bytes=196_608, activations=1_204_224 * batch, ops=ops, **totals
    )


def _environment(commit: int) -> Environment:
    return Environment(
        comparable={
            "allocator": "freed memory kept",
            "architecture": "x86_64",
            "cpu": "AMD EPYC 7B13",
            "cpu_capability": "AVX2",
            "cpu_quota_percent": None,
            "device": "cpu",
            "logical_cores": 2,
            "os": "Linux",
            "physical_cores": 1,
            "python": "3.11",
            "settings": None,
            "threads": 2,
            "torch": "2.12.0" if commit < 300 else "2.13.0",
            "torch_build": "MKL 2024.2, oneDNN 3.12.0, OpenMP 201511, BLAS mkl",
            "usable_cores": 2,
        },
        noted={
            "commit": sha1(str(commit).encode()).hexdigest(),
            "governor": "performance",
            "governor_driver": "acpi-cpufreq",
            "kernel": "6.8.0-1021-gcp",
            "lightbench": "0.1.0",
            "load_1min": 0.25,
            "memory_free_bytes": 6_442_450_944 + commit,
            "memory_total_bytes": 8_589_934_592,
            "power": None,
            "throttle_count": 0,
            "time": "2026-01-02T03:04:05+00:00",
            "turbo": "on",
        },
    )


@cache
def stored(number: int) -> Path:
    """The records as `lightbench profile --store` leaves them."""
    path = Path(KEPT.name, f"{number}.jsonl")
    store.append(path, records(number))
    return path


def readers(case: str) -> dict[str, Callable[[], float]]:
    """Seconds from the start of a process to its end."""
    commands = {HISTORY: (MAIN, "history", str(stored(int(case)))), PYTHON: ("pass",)}
    return {
        name: clocked(
            partial(
                subprocess.run,
                (sys.executable, "-c", *command),
                check=True,
                stdout=subprocess.DEVNULL,
            )
        )
        for name, command in commands.items()
    }


def claims(case: str, found: Times) -> list[Claim]:
    """The whole command is done in 5 seconds."""
    return [Claim(HISTORY, estimate(found[HISTORY]), at_most=HISTORY_S, text=units.seconds)]


def table(results: Mapping[str, Times]) -> Table:
    """One row a number of records."""
    columns = (
        Column("records", "records", units.exact),
        Column("bytes", "file", units.size),
        Column("wall_s", "time", with_interval(units.seconds)),
        Column("python_s", PYTHON, with_interval(units.seconds)),
        Column("target_s", "at most", units.seconds),
        Column("verdict", "verdict", "{}".format, align="left"),
    )
    rows = [
        (
            int(case),
            stored(int(case)).stat().st_size,
            estimate(found[HISTORY]),
            estimate(found[PYTHON]),
            HISTORY_S,
            verdict(claims(case, found)),
        )
        for case, found in results.items()
    ]
    note = f"{SAMPLES} samples by two clocks and {OPERATORS} operators in each record."
    return Table(TITLE, columns, tuple(rows), (note,))


def main() -> None:
    """Measure, and print the table."""
    number = sys.argv[1] if len(sys.argv) > 1 else CASES[0]
    found = interleaved(readers(number), ROUNDS)
    print(markdown.render(View(table({number: found}), None)))


if __name__ == "__main__":
    main()
