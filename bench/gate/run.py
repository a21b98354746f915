"""False alarms and power of `lightbench check` and of pytest-benchmark's gates, in the same noise.

``python bench/gate/run.py --cycles 50 -o gate.jsonl``, then ``python bench/gate/table.py gate.jsonl``.

A project with one network is made in a temporary git repository. Each cycle runs, in random order:
`lightbench check --against HEAD` with nothing changed, and pytest-benchmark twice with nothing
changed; every second cycle the same again with a known slowdown of about 4 % in the working tree. The
slowdown is calibrated before, by one long interleaved run. An earlier file is continued.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
WANTED = 0.04
THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
STATISTICS = ("mean", "median", "min")


def calibrate(folder: Path) -> tuple[int, list[float]]:
    """How many extra convolutions make +4 %; and the slowdown that they are, with its interval."""
    eight = measure_dose(folder, 8, seconds=15)[0]
    dose = max(round(8 * WANTED / eight), 1)
    return dose, measure_dose(folder, dose, seconds=60)


def measure_dose(folder: Path, dose: int, *, seconds: float) -> list[float]:
    """The change of ``dose`` convolutions, and its 95 % interval, in pairs."""
    from lightbench import devices
    from lightbench.environment.allocator import keep_freed_memory
    from lightbench.records import Case, InputSpec
    from lightbench.runner import prepare
    from lightbench.stats.median import by_round
    from lightbench.stats.ratio import paired_ratio
    from lightbench.timing.rounds import collect
    from lightbench.timing.stopping import Rule

    keep_freed_memory()
    device = devices.find("cpu")
    steps = {}
    with device.session(threads=1):
        for name, k in (("a", 0), ("b", dose)):
            spec = (InputSpec.parse("3x224x224"),)
            case = Case(model=f"{folder}/net.py:Net(dose={k})", inputs=spec, threads=1)
            steps[name] = prepare.prepare(case, device).step
        end = [0.0]

        def enough(spent_s: float, _times) -> bool:
            end[0] = spent_s
            return spent_s >= seconds

        found = collect(
            steps,
            Rule(max_s=seconds),
            clock=time.perf_counter,
            rng=random.Random(0),
            enough=enough,
        )
    a, b = (by_round(found[side].times_s, found[side].samples_per_round) for side in "ab")
    ratio = paired_ratio(a, b)
    return [ratio.ratio - 1, ratio.low - 1, ratio.high - 1]


def make_project(folder: Path) -> None:
    for name in ("net.py", "bench_net.py"):
        shutil.copy(HERE / name, folder)
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "base"]):
        subprocess.run([*git, *command], cwd=folder, check=True)


def set_dose(folder: Path, dose: int) -> None:
    text = (HERE / "net.py").read_text().replace("DOSE = 0", f"DOSE = {dose}")
    (folder / "net.py").write_text(text)


def run_check(folder: Path, seconds: float) -> dict:
    """`lightbench check` as a project runs it."""
    began = time.perf_counter()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "lightbench", "check", "net.py:Net", "--against", "HEAD"),
            *("--threads", "1", "--seconds", str(seconds), "--format", "json"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    rows = json.loads(done.stdout)["rows"] if done.returncode in (0, 1, 4) else []
    latency = next((row for row in rows if row["metric"] == "latency_s"), {})
    keep = ("verdict", "state", "change", "low", "high", "note", "seconds")
    return {
        "exit": done.returncode,
        "wall_s": time.perf_counter() - began,
        **{key: latency.get(key) for key in keep},
    }


def run_benchmark(folder: Path) -> dict:
    """One run of pytest-benchmark: its statistics, in seconds."""
    out = folder / "benchmark.json"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "bench_net.py", f"--benchmark-json={out}"],
        cwd=folder,
        capture_output=True,
        check=True,
        env={**os.environ, **THREADS},
    )
    stats = json.loads(out.read_text())["benchmarks"][0]["stats"]
    return {name: stats[name] for name in STATISTICS}


def cycle(folder: Path, dose: int, seconds: float, rng: random.Random) -> list[dict]:
    """One comparison by each tool, in random order; both with the same dose in the working tree."""
    found = []
    for tool in rng.sample(["check", "pytest-benchmark"], 2):
        load = os.getloadavg()[0]
        if tool == "check":
            set_dose(folder, dose)
            entry = run_check(folder, seconds)
        else:
            set_dose(folder, 0)
            before = run_benchmark(folder)
            set_dose(folder, dose)
            after = run_benchmark(folder)
            entry = {name: after[name] / before[name] - 1 for name in STATISTICS}
        found.append({"tool": tool, "dose": dose, "load": load, "time": time.time(), **entry})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20, help="the budget of a check")
    parser.add_argument("--limit-s", type=float, default=1e9, help="begin no cycle after this")
    parser.add_argument("-o", "--output", type=Path, default=Path("gate.jsonl"))
    options = parser.parse_args()
    rng, began = random.Random(), time.perf_counter()
    with tempfile.TemporaryDirectory() as place, options.output.open("a") as out:
        folder = Path(place)
        make_project(folder)
        dose, known = calibrate(folder)
        print(json.dumps({"tool": "dose", "dose": dose, "known": known}), file=out, flush=True)
        print(f"dose {dose}: {known}", file=sys.stderr)
        for i in range(options.cycles):
            if time.perf_counter() - began > options.limit_s:
                break
            for k in (0, dose) if i % 2 else (0,):
                for entry in cycle(folder, k, options.seconds, rng):
                    print(json.dumps(entry), file=out, flush=True)
                    print(i, entry, file=sys.stderr)


if __name__ == "__main__":
    main()
