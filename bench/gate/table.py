"""The table of what `run.py` measured: how often each gate failed, and of how many."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lightbench.stats.bootstrap import upper_bound

LIMIT = 0.05


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def gates(entries: list[dict]) -> list[tuple[str, list[dict], object]]:
    """Every gate: its name, what it was run on, and when it fails."""
    checks = [e for e in entries if e["tool"] == "check"]
    runs = [e for e in entries if e["tool"] == "pytest-benchmark"]
    return [
        ("lightbench check", checks, lambda e: e["exit"] == 1),
        *(
            (f"pytest-benchmark `{name}:5%`", runs, lambda e, name=name: e[name] > LIMIT)
            for name in ("mean", "median", "min")
        ),
    ]


def table(entries: list[dict]) -> str:
    known = [e["known"] for e in entries if e["tool"] == "dose"]
    dose = ", ".join(f"+{k[0]:.1%} ({k[1]:.1%} to {k[2]:.1%})" for k in known)
    lines = [
        f"| gate | identical code fails | at most (95 %) | {dose} is found |",
        "|---|---:|---:|---:|",
    ]
    for name, found, fails in gates(entries):
        same = [fails(e) for e in found if e["dose"] == 0]
        dosed = [fails(e) for e in found if e["dose"]]
        bound = upper_bound(sum(same), len(same))
        lines.append(
            f"| {name} | {sum(same)} of {len(same)} | {bound:.1%} | {sum(dosed)} of {len(dosed)} |"
        )
    checks = [e for e in entries if e["tool"] == "check" and e["dose"] == 0]
    said = sorted({str(e["verdict"]) for e in checks})
    verdicts = ", ".join(f"{v} {sum(e['verdict'] == v for e in checks)}" for v in said)
    seconds = sorted(e["wall_s"] for e in checks)
    loads = [e["load"] for e in entries if "load" in e]
    took = (
        f"Identical code was judged: {verdicts}. A check took {seconds[len(seconds) // 2]:.0f} s"
        f" ({seconds[0]:.0f} to {seconds[-1]:.0f}), two runs of pytest-benchmark about 8 s."
    )
    load = f"Load {min(loads):.1f} to {max(loads):.1f}, of which our own process is 1."
    lines += ["", took, load]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(read(Path(sys.argv[1]))))
