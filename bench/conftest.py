"""One way to run a case of a topic (see measure.py) under pytest-benchmark."""

from __future__ import annotations

from collections import defaultdict

import pytest
from measure import ROUNDS, interleaved, quiet

from lightbench.formats import markdown
from lightbench.views.table import View

RESULTS = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=ROUNDS, help=f"interleaved rounds ({ROUNDS})")


def pytest_configure(config):
    config.stash[RESULTS] = defaultdict(dict)


@pytest.fixture
def holds(benchmark, pytestconfig):
    """Measure a case: lightbench's own reading by pytest-benchmark, all of them side by side in
    ``extra_info``. Fails if an interval lies beyond its target."""

    def check(topic, case):
        rounds = pytestconfig.getoption("rounds")
        with quiet():
            readers = topic.readers(case)
            found = interleaved(readers, rounds)
            benchmark.pedantic(next(iter(readers.values())), rounds=rounds)
        pytestconfig.stash[RESULTS][topic][case] = found
        claims = topic.claims(case, found)
        benchmark.extra_info |= {c.says: c.found._asdict() | {"verdict": c.verdict} for c in claims}
        missed = [str(claim) for claim in claims if claim.verdict == "missed"]
        if missed:
            pytest.fail("\n".join(missed), pytrace=False)

    return check


def pytest_terminal_summary(terminalreporter, config):
    for topic, results in config.stash[RESULTS].items():
        terminalreporter.write_line("\n" + markdown.render(View(topic.table(results), None)))
