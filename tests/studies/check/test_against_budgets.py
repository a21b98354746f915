"""`check --against`: budgets that nothing was held to are said."""

import pytest
from against import check
from net_versions import SOURCE, commit, git, write

# --- budgets that nothing was held to

BUDGET = '[budgets."net.py:Net"]\nparams = 1\n'


@pytest.mark.slow
def test_a_budget_of_no_model_that_was_checked_is_said_and_fails_strictly(project, capsys):
    write({"lightbench.toml": BUDGET})
    code, rows = check("net.py:Net(8)", capsys=capsys)
    assert (code, rows["net.py:Net", "params"]["verdict"]) == (0, "not checked")
    assert "no such model was checked" in rows["net.py:Net", "params"]["note"]
    assert check("net.py:Net(8)", more=["--strict"], capsys=capsys)[0] == 4


@pytest.mark.slow
def test_a_part_of_the_projects_list_leaves_the_budgets_of_the_others(project, capsys):
    write({"lightbench.toml": f'models = ["net.py:Net", "net.py:Net(4)"]\n{BUDGET}'})
    assert check("net.py:Net(4)", more=["--strict"], capsys=capsys)[0] == 0


@pytest.mark.slow
def test_a_budget_in_the_folder_of_the_file_is_not_overlooked(project, capsys):
    write({"svc/net.py": SOURCE, "svc/lightbench.toml": BUDGET})
    git("add", "-A"), git("commit", "-qm", "svc")
    code, rows = check("svc/net.py:Net", more=["--strict"], capsys=capsys)
    assert code == 4
    (note,) = [row["note"] for row in rows.values() if row["verdict"] == "not checked"]
    assert "--config svc/lightbench.toml" in note
    config = ["--config", "svc/lightbench.toml"]
    assert check("svc/net.py:Net", more=config, capsys=capsys)[0] == 1


@pytest.mark.slow
def test_a_configuration_above_names_its_files_from_its_own_folder(project, monkeypatch, capsys):
    commit({"svc/a.txt": "", "lightbench.toml": f'models = ["net.py:Net"]\n{BUDGET}'})
    monkeypatch.chdir("svc")
    code, rows = check(capsys=capsys)
    assert (code, rows["../net.py:Net", "params"]["verdict"]) == (1, "over budget")
