"""`check --against`: a side that is no other version of the network is said to be none."""

from pathlib import Path

import pytest
from against import check, compared
from net_versions import PARAMS, REWRITTEN, SOURCE, WIDE, WIDE_PARAMS, commit, git, write

# --- a side that is no other version


def test_a_file_that_git_ignores_has_no_other_version(project, capsys):
    write({".gitignore": "mine.py\n", "mine.py": SOURCE})
    code, rows = check("mine.py:Net", capsys=capsys)
    assert (code, rows["mine.py:Net", "latency_s"]["state"]) == (4, "not comparable")
    assert "git ignores mine.py" in rows["mine.py:Net", "latency_s"]["note"]


def test_a_link_that_leads_out_of_the_repository_is_said(project, tmp_path, capsys):
    (tmp_path / "outside.py").write_text(SOURCE)
    Path("link.py").symlink_to(tmp_path / "outside.py")
    commit()
    code, rows = check("link.py:Net", capsys=capsys)
    assert code == 4
    assert str(tmp_path / "outside.py") in rows["link.py:Net", "latency_s"]["note"]


@pytest.mark.slow
def test_a_link_within_the_repository_is_compared_by_its_own_name(project, capsys):
    commit({"impl/wide.py": REWRITTEN + WIDE}, remove=["net.py"])
    Path("net.py").symlink_to("impl/wide.py")
    code, rows = check("net.py:Net", against="HEAD~1", capsys=capsys)
    assert (code, *compared(rows, "net.py:Net")[:2]) == (0, PARAMS, WIDE_PARAMS)


@pytest.mark.slow
def test_a_whole_path_in_a_link_leads_both_sides_to_one_file_and_is_said(project, capsys):
    Path("link.py").symlink_to(project / "net.py")
    commit()
    commit({"net.py": WIDE})
    code, rows = check("link.py:Net", against="HEAD~1", capsys=capsys)
    assert (code, rows["link.py:Net", "latency_s"]["state"]) == (4, "not comparable")


@pytest.mark.slow
def test_of_two_repositories_each_has_its_own_commit_and_it_is_said_whose(
    project, tmp_path, capsys
):
    other = tmp_path / "other"
    other.mkdir()
    (other / "net.py").write_text(WIDE)
    git("init", "-q", cwd=other), git("add", "-A", cwd=other), git("commit", "-qm", "1", cwd=other)
    code, rows = check("net.py:Net", f"{other}/net.py:Net", capsys=capsys)
    assert compared(rows, "net.py:Net")[:2] == (PARAMS, PARAMS)
    before, now, note = compared(rows, f"{other}/net.py:Net")
    assert (code, before, now) == (0, WIDE_PARAMS, WIDE_PARAMS)
    assert f"HEAD is of {other}" in note


@pytest.mark.slow
def test_both_sides_being_the_same_is_said(project, capsys):
    assert (
        "nothing of it has changed"
        in compared(check("net.py:Net", capsys=capsys)[1], "net.py:Net")[2]
    )
    write({"net.py": WIDE})
    git("update-index", "--assume-unchanged", "net.py")
    before, now, note = compared(check("net.py:Net", capsys=capsys)[1], "net.py:Net")
    assert (before, now, note) == (PARAMS, WIDE_PARAMS, "")


def test_an_installed_copy_is_neither_version(project, tmp_path, monkeypatch, capsys):
    files = {"src/pack_9/__init__.py": "", "src/pack_9/net.py": SOURCE}
    commit({**files, "bench/m.py": "from pack_9.net import Net\n"})
    copy = tmp_path / "site-packages" / "pack_9"
    copy.mkdir(parents=True)
    (copy / "__init__.py").touch()
    (copy / "net.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(copy.parent))
    commit({"src/pack_9/net.py": WIDE})
    code, rows = check("bench/m.py:Net", against="HEAD~1", capsys=capsys)
    assert (code, rows["bench/m.py:Net", "latency_s"]["state"]) == (4, "not comparable")
    assert "uses pack_9 from somewhere else" in rows["bench/m.py:Net", "latency_s"]["note"]
