"""Budgets and settings of a project: read with care, and refused by name."""

import pytest

from lightbench.errors import UnknownName, UsageError
from lightbench.studies.check.budgets import Limit, limits_of
from lightbench.studies.check.project import find_config, read_config, settings_of


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
    assert limits_of(config.budgets, "net.py:Net") == {
        "params": Limit(5.0, None),
        "madds": Limit(150e6, None),
        "mem_bytes": Limit(None, 0.01),
        "latency_s": Limit(0.02, 0.03),
    }
    assert set(limits_of(config.budgets, "other")) == {"params"}


def test_a_budget_may_have_a_unit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(
        tmp_path,
        """
        [budgets."net.py:Net"]
        params = "1.2 M"
        madds = "150M"
        mem_bytes = ["30MB", "+1%"]
        latency_s = ["20ms", "+3%"]
        peak_memory_bytes = "1 GiB"
        """,
    )
    assert limits_of(read_config(path).budgets, "net.py:Net") == {
        "params": Limit(1.2e6),
        "madds": Limit(150e6),
        "mem_bytes": Limit(30e6, 0.01),
        "latency_s": Limit(0.02, 0.03),
        "peak_memory_bytes": Limit(2**30),
    }


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("madds = '30MB'", "budget of madds: cannot read '30MB' as a count. Write 150M"),
        ("latency_s = '20M'", "budget of latency_s: cannot read '20M' as a time. Write 20ms"),
        (
            "mem_bytes = '30M'",
            "budget of mem_bytes: cannot read '30M' as a size in bytes. Write 30MB",
        ),
        ("latency_s = '0.02'", 'says neither a unit nor %. Write 0.02 without quotes, "20ms", or'),
    ],
)
def test_a_unit_of_something_else_or_none_is_refused_with_one_that_fits(tmp_path, budget, said):
    """A quoted 0.02 was a fraction once: which is meant?"""
    with pytest.raises(UsageError) as error:
        read_config(write(tmp_path, f"[budgets.a]\n{budget}"))
    assert said in " ".join(str(error.value).split())


def test_a_model_may_have_settings_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(
        tmp_path,
        """
        models = ["a", "net.py:Net"]
        threads = 1
        batch = 2
        [settings."./net.py:Net()"]
        input = "3x96x96"
        batch = 8
        mode = "train"
        """,
    )
    config = read_config(path)
    assert settings_of(config, "a") == {"threads": 1, "batch": 2}
    own = {"threads": 1, "batch": 8, "mode": "train", "input": "3x96x96"}
    assert settings_of(config, "net.py:Net") == own


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models = ['a']\n[settings.b]\nbatch = 1", "model of this project is called 'b'"),
        ("[settings.a]\nbacth = 1", "bacth"),
        ("[settings.a]\nbatch = 'x'", "batch"),
        ("[settings.'*']\nbatch = 1", "above the first table"),
        (
            "[settings.'n.py:N']\nbatch = 1\n[settings.'./n.py:N']\nbatch = 2",
            "two tables of settings",
        ),
    ],
)
def test_settings_that_nobody_could_mean_are_refused(tmp_path, text, said):
    with pytest.raises(UsageError) as error:
        read_config(write(tmp_path, text))
    assert said in str(error.value)


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
