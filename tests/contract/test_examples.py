"""What stands in examples/ runs: the block, the repository with a gate, and every cell of the notebook."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import lightbench as lb
from lightbench import cli
from lightbench.studies.check.project import read_config

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NOTEBOOKS = sorted(EXAMPLES.rglob("*.ipynb"))


def test_there_is_one_of_each_kind():
    assert [path.name for path in sorted(EXAMPLES.iterdir())] == [
        "README.md",
        "ci",
        "new_block",
        "notebook",
    ]
    assert len(NOTEBOOKS) == 1


@pytest.mark.parametrize("name", ["separable", "partial"])
def test_the_blocks_cost_what_their_formulas_say(name):
    c, side = 64, 24
    stem = 9 * 3 * c * side**2
    of_block = {"separable": 9 * c + c * c, "partial": 9 * (c // 4) ** 2 + c * c}[name]
    counted = lb.count(f'{EXAMPLES}/new_block/block.py:Net("{name}")', input="3x96x96")
    assert counted.costs.madds == stem + 4 * of_block * side**2 + 10 * c


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the repository with a gate, in which we stand."""
    folder = shutil.copytree(EXAMPLES / "ci", tmp_path / "project")
    monkeypatch.chdir(folder)
    (folder / ".git").mkdir()  # no other configuration is looked for above it
    return folder


def test_the_counts_of_the_gate_are_within_their_budgets(project, capsys):
    assert cli.run(["check", "--no-latency", "--format", "json", "-q"]) == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    for metric in ("params", "madds", "mem_bytes"):
        assert rows[metric]["now"] > 0
        assert rows[metric]["limit"]


def test_a_wider_network_breaks_them(project, capsys):
    net = project / "net.py"
    net.write_text(net.read_text().replace("width: int = 32", "width: int = 48"))
    assert cli.run(["check", "--no-latency", "-q"]) == 1
    assert "over budget" in capsys.readouterr().out


@pytest.mark.slow
def test_its_own_test_passes(project):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project, capture_output=True, text=True,
    )  # fmt: skip
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_its_test_and_its_configuration_say_the_same_budgets():
    config = read_config(EXAMPLES / "ci" / "pyproject.toml")
    ((_, budgets),) = config.budgets.items()
    tree = ast.parse((EXAMPLES / "ci" / "tests" / "test_net.py").read_text())
    (call,) = (
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and "assert_budget" in ast.dump(n.func)
    )
    said = {key.arg: key.value.value for key in call.keywords if key.arg != "input"}
    absolute = {
        m: v[0] if isinstance(v, list) else v for m, v in budgets.items() if m != "latency_s"
    }
    assert said == absolute


def test_its_workflow_takes_the_steps_that_the_docs_do():
    """Pinned actions are written twice: one is not forgotten when the other is moved."""
    own = yaml.safe_load((EXAMPLES / "ci/.github/workflows/latency.yml").read_text())
    _, _, shown = (ROOT / "docs" / "check.md").read_text().partition("```yaml\n")
    told = yaml.safe_load(shown.partition("```")[0])

    def uses(workflow):
        return [step["uses"] for step in workflow["jobs"]["latency"]["steps"] if "uses" in step]

    assert uses(own) == uses(told)
    assert own[True] == told[True] == "pull_request"  # YAML's word for on
    assert own["permissions"] == told["permissions"]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_of_a_notebook_runs_in_order(path, capsys):
    """As a kernel does it: what a cell ends with is shown, in HTML where it has that."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names, shown = {}, []
    for cell in cells:
        if cell["cell_type"] == "code":
            *body, last = ast.parse("".join(cell["source"])).body
            exec(compile(ast.Module(body, []), path.name, "exec"), names)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), path.name, "eval"), names)
                shown.append(value._repr_html_() if hasattr(value, "_repr_html_") else repr(value))
            else:
                exec(compile(ast.Module([last], []), path.name, "exec"), names)
    assert len(shown) >= 5
    assert all(shown)
    assert names["run"].latency.median_s > 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_keeps_no_output(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)
