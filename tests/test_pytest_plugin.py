"""The pytest plugin: what a budget and a comparison say, and how a run of pytest shows it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from math import log
from types import SimpleNamespace

import msgspec
import pytest
import torch
from torch import nn

from lightbench.errors import UnknownName, UsageError
from lightbench.pytest_plugin import _ENTRIES, Checks, LightbenchWarning, pytest_testnodedown
from lightbench.stats.ratio import Ratio
from lightbench.studies.compare import api as compared
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.count import api as counting

# The plugin is there by its entry point; where the package was installed before there was one, by name.
INSTALLED = any(e.value == "lightbench.pytest_plugin" for e in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "lightbench.pytest_plugin")

SLOWER = (0.05, 0.04, 0.06)
SAME = (0.0, -0.01, 0.01)


class Net(nn.Module):
    """Eight convolutions of 3 x 3 on 4 x 4; the k-th has k filters for one channel: 9 k weights."""

    def __init__(self, most=8):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(1, k, 3, padding=1, bias=False) for k in range(1, most + 1)
        )

    def forward(self, x):
        return sum(conv(x).mean() for conv in self.convs)


WEIGHTS = 9 * sum(range(1, 9))  # 324
MADDS = 16 * WEIGHTS  # each weight is used once at each of 4 x 4 positions
INPUT = {"input": "1x4x4"}
checks = Checks()


def failure(call, *args, **settings):
    with pytest.raises(AssertionError) as found:
        call(*args, **settings)
    return str(found.value)


def test_a_model_at_its_budget_passes():
    checks.assert_budget(Net(), params=WEIGHTS, madds=MADDS, **INPUT)


def test_a_model_one_above_its_budget_fails_and_says_by_how_much():
    said = failure(checks.assert_budget, Net(), madds=MADDS - 1, **INPUT)
    assert "Net is over its budget of 5,183 MAdds by 1 (0.02 %): it has 5,184." in said


def test_every_broken_budget_is_said():
    said = failure(checks.assert_budget, Net(), params=162, madds=1e6, mem_bytes=1, **INPUT)
    assert "budget of 162 params by 162 (100.0 %): it has 324." in said
    assert "budget of 1 bytes of memory access (eager)" in said
    assert "MAdds" not in said


@pytest.mark.parametrize("metric", ["params", "madds"])
def test_the_five_layers_that_cost_most_are_named(metric):
    total = {"params": WEIGHTS, "madds": MADDS}[metric]
    said = failure(checks.assert_budget, Net(), **{metric: 0}, **INPUT)
    layers = [line.split(": ") for line in said.splitlines() if line.startswith("  ")]
    assert [name for name, _ in layers] == [f"  convs.{k - 1} (Conv2d)" for k in (8, 7, 6, 5, 4)]
    assert layers[0][1] == f"{8 * total // 36:,}, 22.2 %"  # 8 of 1 + 2 + ... + 8


def test_a_budget_is_for_the_whole_batch():
    checks.assert_budget(Net(), madds=3 * MADDS, batch=3, **INPUT)
    failure(checks.assert_budget, Net(), madds=3 * MADDS - 1, batch=3, **INPUT)
    checks.assert_budget(Net(), madds=3 * MADDS, args=(torch.zeros(3, 1, 4, 4),))


@pytest.mark.parametrize("metric", ["mem_access", "mem_bytes", "fused_bytes"])
def test_memory_access_has_budgets_too(metric):
    # of a linear layer 3 -> 5 without bias: 3 read, 15 weights, 5 written, of 4 bytes each
    net, elements = nn.Linear(3, 5, bias=False), 3 + 15 + 5
    exact = elements if metric == "mem_access" else 4 * elements
    checks.assert_budget(net, **{metric: exact}, input="3")
    failure(checks.assert_budget, net, **{metric: exact - 1}, input="3")


def test_without_a_budget_nothing_can_be_asserted():
    with pytest.raises(UsageError, match="no budget is set"):
        checks.assert_budget(Net(), **INPUT)


def test_a_budget_of_something_else_is_refused_with_what_is_near():
    with pytest.raises(UnknownName, match="Did you mean madds"):
        checks.assert_budget(Net(), madd=1e6, **INPUT)


@pytest.mark.parametrize("limit", ["+1%", float("nan"), float("inf"), -1, True, [1]])
def test_a_budget_that_is_no_number_is_refused(limit):
    with pytest.raises(UsageError, match="the budget of madds"):
        checks.assert_budget(Net(), madds=limit, **INPUT)


def test_a_count_that_is_not_complete_is_no_pass(monkeypatch):
    count = counting.count

    def incomplete(model, **settings):
        found = count(model, **settings)
        costs = msgspec.structs.replace(found.costs, uncounted={"aten.\x1bstrange": 2})
        return SimpleNamespace(model=found.model, costs=costs, network=found.network)

    monkeypatch.setattr(counting, "count", incomplete)
    said = failure(checks.assert_budget, Net(), madds=1e12, **INPUT)
    assert r"not complete" in said
    assert r"aten.\x1bstrange (2)" in said
    checks.assert_budget(Net(), params=WEIGHTS, **INPUT)  # for which no operator is needed


def comparison(make_record, verdict, change, detectable=0.07):
    failed = "the network failed." if verdict == "not comparable" else None
    logs = [log(1 + fraction) for fraction in change]
    return Comparison(
        a=make_record("Net"),
        b=make_record("Net#2", failure=failed),
        names=("Net", "Net#2"),
        ratio=None if failed else Ratio(*logs, n=1204),
        tolerance=0.03,
        confidence=0.998,
        verdict=verdict,
        detectable=detectable,
        seconds=20.0,
    )


@pytest.fixture
def compare(monkeypatch, make_record):
    """Replace the measurement: ``compare("slower", "same")`` are the verdicts it gives in turn."""

    def scripted(*verdicts, **more):
        asked = []

        def measured(a, b, **settings):
            verdict = verdicts[len(asked)]
            asked.append((a, b, settings))
            change = SLOWER if verdict == "slower" else SAME
            return SimpleNamespace(comparison=comparison(make_record, verdict, change, **more))

        monkeypatch.setattr(compared, "compare", measured)
        return asked

    return scripted


@pytest.mark.parametrize("verdict", ["same", "faster"])
def test_the_same_and_the_faster_pass_without_a_word(compare, verdict):
    asked = compare(verdict)
    Checks(strict=True).assert_not_slower("new", "old")
    assert len(asked) == 1


def test_the_old_one_is_side_a_and_settings_are_handed_on(compare):
    asked = compare("same")
    checks.assert_not_slower("new", "old", tolerance=0.01, seconds=5, threads=2, input="3x8x8")
    ((a, b, settings),) = asked
    assert (a, b) == ("old", "new")
    assert (settings["tolerance"], settings["seconds"], settings["threads"]) == (0.01, 5, 2)
    assert settings["input"] == "3x8x8"


def test_twice_slower_fails_with_both_ratios(compare):
    asked = compare("slower", "slower")
    said = failure(checks.assert_not_slower, "new", "old")
    assert len(asked) == 2
    assert said.count("+5.0 % (+4.0 % to +6.0 %, 1,204 pairs)") == 2
    assert "new is slower than old" in said
    assert "Allowed: 3.0 %" in said


@pytest.mark.parametrize("second", ["same", "unclear", "faster"])
def test_slower_only_once_is_unclear(compare, second):
    compare("slower", second)
    with pytest.warns(LightbenchWarning, match="unclear whether new is slower") as caught:
        checks.assert_not_slower("new", "old")
    assert "+5.0 %" in str(caught[0].message)
    compare("slower", second)
    assert "unclear" in failure(Checks(strict=True).assert_not_slower, "new", "old")


def test_unclear_passes_with_a_warning_that_names_what_could_have_been_seen(compare):
    compare("unclear")
    with pytest.warns(LightbenchWarning, match=r"smallest slowdown .* 7\.0 %") as caught:
        checks.assert_not_slower("new", "old")
    assert caught[0].filename == __file__  # the warning points at the test


def test_unclear_fails_if_strict(compare):
    compare("unclear")
    assert "7.0 %" in failure(Checks(strict=True).assert_not_slower, "new", "old")


def test_with_too_few_pairs_no_slowdown_could_have_been_seen(compare):
    compare("unclear", detectable=None)
    with pytest.warns(LightbenchWarning, match="No slowdown could have been seen"):
        checks.assert_not_slower("new", "old")


@pytest.mark.parametrize("verdicts", [("not comparable",), ("slower", "not comparable")])
def test_what_could_not_be_measured_is_no_pass(compare, verdicts):
    compare(*verdicts)
    assert "the network failed." in failure(checks.assert_not_slower, "new", "old")


def pytest_in(folder, *options):
    """pytest in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *PLUGIN, *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)


REAL = """
import os
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.body = nn.Sequential(*[nn.Linear(32, 32) for _ in range(layers)])

    def forward(self, x):
        return self.body(x)

ARGS = (torch.zeros(4, 32),)

def test_slower(lightbench):
    lightbench.assert_not_slower(Net(16), Net(1), seconds=0.2, args=ARGS)

def test_faster(lightbench, tmp_path):
    os.chdir(tmp_path)  # and stay there
    lightbench.assert_not_slower(Net(1), Net(16), seconds=0.2, args=ARGS)

def test_broken(lightbench):
    lightbench.assert_not_slower(Net(1), Net(1), seconds=0.2, args=(torch.zeros(4, 5),))

def test_budget(lightbench):
    lightbench.assert_budget(Net(1), params=1, input="32")
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """One run of pytest on real modules, and the folder that it left."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "test_real.py").write_text(REAL)
    return pytest_in(folder, "--lightbench-json=out.json", "-p", "no:benchmark", "-rA"), folder


@pytest.mark.slow
def test_sixteen_layers_are_slower_than_one_and_fail_where_they_are_asserted(real):
    run, _ = real
    assert run.returncode == 1, run.stderr
    assert "FAILED test_real.py::test_slower" in run.stdout
    assert "PASSED test_real.py::test_faster" in run.stdout
    assert "new is slower than old" in run.stdout
    assert "; again: +" in run.stdout


def test_a_failing_network_and_a_broken_budget_fail_without_our_own_lines(real):
    run, _ = real
    assert "FAILED test_real.py::test_broken" in run.stdout
    assert "Not comparable: " in run.stdout
    assert "Net is over its budget of 1 params by 1,055" in run.stdout  # 32 x 32 + 32 - 1
    assert "def assert_" not in run.stdout


def test_both_sides_are_written_once_for_each_measurement(real):
    run, folder = real
    content = json.loads((folder / "out.json").read_text())
    names = [one["fullname"].removeprefix("test_real.py::") for one in content["benchmarks"]]
    assert names == [
        *("test_slower::old", "test_slower::new"),
        *("test_slower::old again", "test_slower::new again"),
        *("test_faster::old", "test_faster::new"),
    ]
    assert {one["group"] for one in content["benchmarks"][:4]} == {"test_real.py::test_slower"}
    assert content["benchmarks"][0]["extra_info"]["threads"] == 1
    assert "6 timings are in" in run.stdout


UNCLEAR = """
import sys
from types import SimpleNamespace
from lightbench.stats.ratio import Ratio

none = SimpleNamespace(samples=None)
found = SimpleNamespace(
    verdict="unclear", ratio=Ratio(0.0, -0.1, 0.1, 7), change=0.0, names=("a", "b"),
    tolerance=0.03, detectable=0.12, a=none, b=none,
)
measured = SimpleNamespace(comparison=found)
sys.modules["lightbench.studies.compare.api"] = SimpleNamespace(compare=lambda *a, **k: measured)

def test_it(lightbench):
    lightbench.assert_not_slower("new", "old")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "ini", "code"),
    [((), "", 0), (("--lightbench-strict",), "", 1), ((), "lightbench_strict = true", 1)],
)
def test_strict_is_an_option_and_a_setting(tmp_path, options, ini, code):
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    (tmp_path / "test_it.py").write_text(UNCLEAR)
    run = pytest_in(tmp_path, *options)
    assert run.returncode == code, run.stdout
    assert "The smallest slowdown that this could have seen: 12.0 %" in run.stdout


def test_a_plugin_at_rest_imports_neither_torch_nor_pandas(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it(lightbench):\n"
        "    heavy = {'torch', 'numpy', 'pandas', 'msgspec', 'rich'} & {*sys.modules}\n"
        "    assert not heavy\n"
    )
    run = pytest_in(tmp_path, "-p", "no:hypothesispytest", "-p", "no:syrupy", "-p", "no:benchmark")
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
def test_beside_pytest_benchmark_both_write_their_file(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "def test_it(lightbench, benchmark):\n"
        "    benchmark.pedantic(int, rounds=3)\n"
        "    assert lightbench.strict is False\n"
    )
    run = pytest_in(tmp_path, "--benchmark-json=theirs.json", "--lightbench-json=ours.json")
    assert run.returncode == 0, run.stdout
    assert len(json.loads((tmp_path / "theirs.json").read_text())["benchmarks"]) == 1
    assert json.loads((tmp_path / "ours.json").read_text())["benchmarks"] == []


def test_a_file_that_cannot_be_written_is_said_before_anything_is_measured(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(): raise SystemExit\n")
    run = pytest_in(tmp_path, "--lightbench-json=none/out.json")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--lightbench-json none/out.json" in run.stderr
    assert "test_it" not in run.stdout


@pytest.mark.parametrize("name", ["test_it.py", "pytest.ini", "link"])
def test_the_file_of_timings_takes_the_place_of_json_alone(name, tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "link").symlink_to("test_it.py")
    held = (tmp_path / name).read_text()
    run = pytest_in(tmp_path, f"--lightbench-json={name}")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"--lightbench-json {name}: the file holds something else than JSON." in run.stderr
    assert (tmp_path / name).read_text() == held


@pytest.mark.slow
def test_a_file_that_cannot_be_written_in_the_end_is_no_pass_and_hides_no_result(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import os\ndef test_it():\n    os.mkdir('out.json')\n    print('seen')\n"
    )
    run = pytest_in(tmp_path, "--lightbench-json=out.json")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "1 passed" in run.stdout
    assert "lightbench: cannot write" in run.stdout


def test_only_collecting_leaves_the_file_as_it_is(tmp_path):
    (tmp_path / "out.json").write_text("kept")
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    pytest_in(tmp_path, "--lightbench-json=out.json", "--collect-only")
    assert (tmp_path / "out.json").read_text() == "kept"


WORKER = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    config.workeroutput = {}

def pytest_unconfigure(config):
    print("handed over:", config.workeroutput)
"""


def test_a_worker_of_xdist_hands_over_and_writes_no_file(tmp_path):
    (tmp_path / "conftest.py").write_text(WORKER)
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    run = pytest_in(tmp_path, "--lightbench-json=out.json", "-s")
    assert "handed over: {'lightbench': []}" in run.stdout
    assert not (tmp_path / "out.json").exists()


def test_what_workers_timed_is_gathered():
    config = SimpleNamespace(stash={_ENTRIES: [{"name": "a"}]})
    for output in ({"lightbench": [{"name": "b"}]}, {}):
        pytest_testnodedown(SimpleNamespace(config=config, workeroutput=output))
    pytest_testnodedown(SimpleNamespace(config=config))  # crashed
    assert config.stash[_ENTRIES] == [{"name": "a"}, {"name": "b"}]
