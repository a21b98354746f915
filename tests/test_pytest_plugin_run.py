"""The pytest plugin in a run of pytest: what fails there, what it imports, and the file of timings."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from types import SimpleNamespace

import pytest

from lightbench.pytest_plugin import _ENTRIES, pytest_testnodedown

# The plugin is there by its entry point; where the package was installed before there was one, by name.
INSTALLED = any(e.value == "lightbench.pytest_plugin" for e in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "lightbench.pytest_plugin")


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
