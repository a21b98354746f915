"""`check --against`: what the other side of a network is, whatever it was called there, and what is only there."""

import pytest
from against import check, compared
from net_versions import PARAMS, REWRITTEN, SOURCE, WIDE, WIDE_PARAMS, commit, git, write

# --- what a network was called


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [("net.py", "model.py"), ("a b/net.py", "ü/[x]*.py"), ("pkg/net.py", "other/deep/net.py"), ("net.py", "-n.py")],
)  # fmt: skip
def test_a_file_that_was_renamed_is_compared_with_what_it_was(project, old, new, capsys):
    commit({old: SOURCE}, remove=() if old == "net.py" else ["net.py"])
    commit({new: WIDE}, remove=[old])
    code, rows = check("--", f"{new}:Net", against="HEAD~1", capsys=capsys)
    before, now, note = compared(rows, f"{new}:Net")
    assert (code, before, now) == (0, PARAMS, WIDE_PARAMS)
    assert note.startswith(f"renamed from {old}.")


@pytest.mark.slow
def test_git_need_not_know_of_the_move_and_its_index_stays(project, capsys):
    index = (project / ".git" / "index").read_bytes()
    (project / "net.py").rename("model.py")
    code, rows = check("model.py:Net", capsys=capsys)
    assert (code, *compared(rows, "model.py:Net")[:2]) == (0, PARAMS, PARAMS)
    assert (project / ".git" / "index").read_bytes() == index


def test_the_old_name_may_lead_to_the_new_one(project, capsys):
    git("mv", "net.py", "model.py")
    write({"net.py": "from model import Net\n"})
    code, rows = check("model.py:Net", capsys=capsys)
    assert (code, *compared(rows, "model.py:Net")[:2]) == (0, PARAMS, PARAMS)


@pytest.mark.slow
def test_a_file_of_a_sparse_checkout_is_there_at_the_commit(project, capsys):
    commit({"deep/net.py": SOURCE})
    git("sparse-checkout", "set", "elsewhere")
    write({"deep/net.py": WIDE})
    code, rows = check("deep/net.py:Net", capsys=capsys)
    assert (code, *compared(rows, "deep/net.py:Net")[:2]) == (0, PARAMS, WIDE_PARAMS)


def test_what_a_hook_sets_does_not_lead_git_elsewhere(project, monkeypatch, capsys):
    (project / "net.py").rename("model.py")
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    monkeypatch.setenv("GIT_TRACE", "1")
    code, rows = check("model.py:Net", capsys=capsys)
    assert (code, *compared(rows, "model.py:Net")[:2]) == (0, PARAMS, PARAMS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "remove", "model"),
    [
        ({"model.py": REWRITTEN + WIDE}, ["net.py"], "model.py:Net"),  # less than half is left
        ({"net.py": WIDE.replace("Net(", "Small(")}, [], "net.py:Small"),
        ({"model.py": WIDE.replace("Net(", "Small(")}, ["net.py"], "model.py:Small"),
        ({"net.py": "", "base.py": WIDE}, [], "base.py:Net"),
    ],
)
def test_a_class_is_followed_where_git_cannot(project, files, remove, model, capsys):
    commit({"base.py": "from torch import nn\n"})
    commit(files, remove)
    code, rows = check(model, against="HEAD~1", capsys=capsys)
    before, now, note = compared(rows, model)
    assert (code, before, now) == (0, PARAMS, WIDE_PARAMS)
    assert "net.py" in note


@pytest.mark.slow
@pytest.mark.parametrize(("place", "removed"), [("net.py", []), ("model.py", ["net.py"])])
def test_a_variant_beside_the_old_class_is_new(project, place, removed, capsys):
    commit({place: SOURCE + WIDE.replace("Net(", "Wide(")}, removed)
    wide = f"{place}:Wide"
    code, rows = check(wide, against="HEAD~1", capsys=capsys)
    assert (code, rows[wide, "latency_s"]["verdict"]) == (0, "new")
    assert "at HEAD~1" in rows[wide, "latency_s"]["note"]
    assert check(wide, against="HEAD~1", more=["--strict"], capsys=capsys)[0] == 4


# --- what is only there


@pytest.mark.slow
def test_a_class_that_only_the_commit_has_is_gone_and_the_others_are_checked(project, capsys):
    commit({"net.py": SOURCE + "class Old(Net):\n    pass\n"})
    commit({"net.py": SOURCE})
    code, rows = check("net.py:Old", "net.py:Net", against="HEAD~1", capsys=capsys)
    assert (code, rows["net.py:Old", "latency_s"]["verdict"]) == (4, "gone")
    assert rows["net.py:Net", "params"]["verdict"] == "equal"


def test_a_file_that_only_the_commit_has_is_gone_and_its_new_name_is_told(project, capsys):
    commit({"model.py": SOURCE}, remove=["net.py"])
    code, rows = check("net.py:Net", against="HEAD~1", capsys=capsys)
    assert (code, rows["net.py:Net", "latency_s"]["verdict"]) == (4, "gone")
    assert "model.py" in rows["net.py:Net", "latency_s"]["note"]
    assert check("nowhere.py:Net", capsys=capsys)[0] == 2


@pytest.mark.slow
def test_a_model_that_the_project_no_longer_lists_is_said(project, capsys):
    commit({"lightbench.toml": 'models = ["net.py:Net", "old.py:Net"]\n', "old.py": SOURCE})
    commit({"lightbench.toml": 'models = ["net.py:Net"]\n'})
    code, rows = check(against="HEAD~1", capsys=capsys)
    assert (code, rows["old.py:Net", "latency_s"]["verdict"]) == (0, "gone")
    assert check(against="HEAD~1", more=["--strict"], capsys=capsys)[0] == 4
    assert check(against="HEAD", more=["--strict"], capsys=capsys)[0] == 0


@pytest.mark.slow
def test_a_listed_model_that_was_renamed_is_not_gone(project, capsys):
    commit({"lightbench.toml": 'models = ["net.py:Net"]\n'})
    commit({"lightbench.toml": 'models = ["model.py:Net"]\n', "model.py": SOURCE}, ["net.py"])
    code, rows = check(against="HEAD~1", more=["--strict"], capsys=capsys)
    assert code == 0
    assert {model for model, _ in rows} == {"model.py:Net"}
