"""Would the tests notice? A copy of the package gets one small fault at a time, and its tests run:
``python tests/mutants.py [PATH] [--sample N] [--seed S]``, or ``make mutants``.

Scripts of our own since mutmut changes only what stands in functions without a decorator, not the tables of
rules, tolerances and bounds that matter most here, and cosmic-ray starts a process a fault, in which importing
PyTorch takes three seconds: here it is imported once, and each fault is in a fork. POSIX only.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

import hypothesis
import matplotlib.figure  # noqa: F401  what takes long to import, once for all
import pandas  # noqa: F401
import pytest
import torch  # noqa: F401

TOP = Path(__file__).parents[1]
sys.path.insert(0, str(TOP / "tests/shared"))

from faults import Fault, faults  # noqa: E402

ENOUGH = 0.95
OPTIONS = (
    *("-x", "-m", "not alone and not slow", "--tb=no", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # Hypothesis is there already
)
MEMORY_BYTES = 8 * 2**30  # a fault may fill it
GOLDEN = ("operators", "cases", "quantized", "shapes", "memory_access", "nested", "higher_order")
TESTS = {  # what gets faults, and the tests that are of it
    "lightbench/studies/check/judge.py": ("tests/studies/check/test_[bgj]*.py",),
    "lightbench/studies/guidelines/verdict.py": ("tests/studies/guidelines/test_*.py",),
    "lightbench/timing": ("tests/timing/test_*.py",),
    "lightbench/records": ("tests/records/test_*.py",),
    "lightbench/stats": ("tests/stats/test_*.py",),
    "lightbench/costs/rules": (
        *(f"tests/golden/test_{name}.py" for name in GOLDEN),
        "tests/costs/**/test_*.py",
    ),
}
SAME = TOP / "tests/mutants.txt"


class Quickest:
    """A plugin of pytest: the quickest tests first, by how long they took without a fault."""

    def __init__(self, known: Path) -> None:
        self.known = known
        lines = known.read_text().splitlines() if known.exists() else []
        self.took_s = {name: float(seconds) for seconds, name in (x.split(" ", 1) for x in lines)}

    def pytest_collection_modifyitems(self, items):
        items.sort(key=lambda item: self.took_s.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report):
        self.took_s[report.nodeid] = self.took_s.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self):
        if not self.known.exists():
            self.known.write_text("".join(f"{s} {name}\n" for name, s in self.took_s.items()))


class Tests:
    """Tests that run together, in forks of this process, on what is in ``copy``."""

    def __init__(self, files: list[str], copy: Path) -> None:
        self.files, self.copy, self.log = files, copy, copy / "log"
        self.known = copy / f"{files[0].replace('/', '.')}.{len(files)}"
        begin = time.monotonic()
        if not self.pass_in(3600):
            sys.exit(f"Without any fault they fail: {' '.join(files)}\n{self.log.read_text()}")
        self.limit_s = 10 + 3 * (time.monotonic() - begin)

    def pass_in(self, limit_s: float) -> bool:
        """Do they all, in this time? An endless loop is noticed too."""
        if (child := os.fork()) == 0:
            self._run()
        ends = time.monotonic() + limit_s
        try:
            while time.monotonic() < ends:
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    return status == 0
                time.sleep(0.01)
            return False
        finally:
            with suppress(ProcessLookupError):  # also what tests have started
                os.killpg(child, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(child, 0)

    def _run(self):
        code = 70
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
            out = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            os.chdir(self.copy)
            os.environ["PYTHONPATH"] = str(self.copy)  # for processes that tests start
            sys.path.insert(0, str(self.copy))
            asked = [*OPTIONS, f"--basetemp={self.copy}/tmp", *self.files]
            code = int(pytest.main(asked, plugins=[Quickest(self.known)]))
        except BaseException:  # noqa: BLE001  whatever it was, the fork ends here
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)


def tests_of(path: str, copy: Path, ready: dict[str, Tests]) -> list[Tests]:
    """Those that are called as the file, and then all others that are of it."""
    patterns = next(tests for top, tests in TESTS.items() if Path(path).is_relative_to(top))
    files = sorted(str(f.relative_to(copy)) for pattern in patterns for f in copy.glob(pattern))
    named = f"test_{Path(path).stem}"
    own = [file for file in files if Path(file).stem.startswith(named)]
    for some in (own, [file for file in files if file not in own]):
        if some and str(some) not in ready:
            ready[str(some)] = Tests(some, copy)
    return [ready[str(some)] for some in (own, [f for f in files if f not in own]) if some]


def chosen(only: str, sample: int | None, seed: int) -> dict[str, list[Fault]]:
    """File -> its faults: of all that is named, or as many as there is time for. Those that no test can
    notice are left out: each is a line of mutants.txt, ``PATH: CHANGE``, below its reason."""
    same = set(SAME.read_text().splitlines())
    tops = [TOP / top for top in TESTS]
    files = [file for top in tops for file in (sorted(top.rglob("*.py")) or [top])]
    every = [
        (path, fault)
        for path in dict.fromkeys(str(file.relative_to(TOP)) for file in files)
        if Path(path).is_relative_to(only)
        for fault in faults((TOP / path).read_text())
        if f"{path}: {fault.change}" not in same
    ]
    if sample is not None and sample < len(every):
        drawn = random.Random(seed).sample(range(len(every)), sample)
        every = [every[i] for i in sorted(drawn)]
    found: dict[str, list[Fault]] = {}
    for path, fault in every:
        found.setdefault(path, []).append(fault)
    return found


def survivors(path: str, some: list[Fault], copy: Path, tests: list[Tests]) -> list[Fault]:
    """Those faults of a file that all its tests pass with."""
    file, alive = copy / path, []
    compiled = Path(importlib.util.cache_from_source(file))
    right = file.read_text()
    for fault in [*some, Fault(0, "", right)]:  # and right again
        file.write_text(fault.source)
        compiled.unlink(missing_ok=True)  # Python tells versions apart by size and second
        if fault.line and all(each.pass_in(each.limit_s) for each in tests):
            alive.append(fault)
            print(f"{path}:{fault.line}: {fault.change}", flush=True)
    return alive


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("only", nargs="?", default="lightbench", help="a folder or a file of it")
    parser.add_argument("--sample", type=int, help="as many faults, drawn at random")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    asked = parser.parse_args()
    found = chosen(asked.only, asked.sample, asked.seed)
    if not found:
        sys.exit(f"No tests are known for {asked.only}, only for {', '.join(TESTS)}.")

    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]  # any example is enough
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None, phases=phases)
    hypothesis.settings.load_profile("mutants")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # after cleaning up
    gc.freeze()  # what is imported is not looked through again in every fork
    total = sum(map(len, found.values()))
    killed, ready = 0, {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / TOP.name
        theirs = shutil.ignore_patterns(".*", "__pycache__", "build", "report", "*.egg-info")
        shutil.copytree(TOP, copy, ignore=theirs)
        for path, some in found.items():
            noticed = len(some) - len(survivors(path, some, copy, tests_of(path, copy, ready)))
            killed += noticed
            print(f"{path}: {noticed} of {len(some)} noticed", flush=True)
    print(f"{killed} of {total} noticed: {killed / total:.1%}, where {ENOUGH:.0%} are enough.")
    return int(killed < ENOUGH * total)


if __name__ == "__main__":
    sys.exit(main())
