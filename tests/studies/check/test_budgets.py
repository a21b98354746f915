"""Budgets and settings of a project: read with care, and refused by name."""

import pytest

from lightbench.errors import UnknownName, UsageError
from lightbench.studies.check.budgets import Limit, find_config, limits_of, read_config


def write(folder, text, name="lightbench.toml"):
    path = folder / name
    path.write_text(text)
    return path


def test_budgets_are_absolute_relative_or_both(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(
        tmp_path,
        """
        tolerance = "3%"
        [budgets."*"]
        params = 5
        [budgets."net.py:Net"]
        madds = 150e6
        mem_bytes = "+1%"
        latency_s = [0.02, "3%"]
        """,
    )
    config = read_config(path)
    assert limits_of(config, "net.py:Net") == {
        "params": Limit(5.0, None),
        "madds": Limit(150e6, None),
        "mem_bytes": Limit(None, 0.01),
        "latency_s": Limit(0.02, 0.03),
    }
    assert set(limits_of(config, "other")) == {"params"}


def test_pyproject_holds_the_same_table(tmp_path):
    write(tmp_path, "[tool.lightbench]\nmodels = ['a']\n", "pyproject.toml")
    inside = tmp_path / "deep"
    inside.mkdir()
    path = find_config(inside)
    assert path == tmp_path / "pyproject.toml"
    assert read_config(path).models == ("a",)


def test_the_prefix_may_stand_in_our_own_file_too(tmp_path):
    assert read_config(write(tmp_path, "[tool.lightbench]\nthreads = 1\n")).axes == {"threads": 1}


def test_a_pyproject_that_is_odd_is_none_of_ours(tmp_path):
    write(tmp_path, "tool = 1\n", "pyproject.toml")
    (tmp_path / ".git").mkdir()
    assert find_config(tmp_path) is None


def test_a_project_without_a_table_has_no_configuration(tmp_path):
    write(tmp_path, "[tool.other]\n", "pyproject.toml")
    (tmp_path / ".git").mkdir()
    assert find_config(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        "models = 'a'",
        "bugdets = {}",
        "[budgets.a]\nmadds = true",
        "[budgets.a]\nmadds = -1",
        "[budgets.a]\nmadds = nan",
        "[budgets.a]\nmadds = 'a lot'",
        "[budgets.a]\nmadds = '-5%'",
        "[budgets.a]\nmadds = []",
        "models = ['a']\n[budgets.b]\nmadds = 1",
        "a = " + "[" * 100_000,
        "seconds = [1",
    ],
)
def test_a_configuration_that_says_nothing_sensible_is_refused(tmp_path, text):
    with pytest.raises(UsageError):
        read_config(write(tmp_path, text))


def test_a_metric_nobody_knows_is_named_with_its_neighbour(tmp_path):
    with pytest.raises(UnknownName, match="madd"):
        read_config(write(tmp_path, "[budgets.a]\nmadd = 1"))
