"""`check --against`: of what fails it is said on which side, and what to do."""

import json

import pytest
from against import check, compared, note_of
from msgspec.structs import replace
from net_versions import PARAMS, SOURCE, WIDE, WIDE_PARAMS, commit, git, write

from lightbench.cli import run
from lightbench.studies.check import gate as checking
from lightbench.studies.check.versions import no_other_version
from lightbench.studies.compare.comparison import Comparison

# --- whose fault


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "model", "side"),
    [
        ("import nothing_of_the_kind\n", "", "net.py:Net", "at HEAD~1: "),
        ("", "import nothing_of_the_kind\n", "net.py:Net", "here: "),
        ("class (\n", "", "net.py:Net", "at HEAD~1: "),
    ],
)
def test_what_does_not_load_is_said_of_its_side(project, old, new, model, side, capsys):
    commit({"net.py": old + SOURCE})
    commit({"net.py": new + SOURCE})
    code, rows = check(model, against="HEAD~1", capsys=capsys)
    assert code == 4
    assert note_of(rows, model).startswith(side)


def test_an_argument_that_the_old_class_does_not_take_is_its_side_and_budgets_hold_still(
    project, capsys
):
    commit({"net.py": SOURCE.replace("width=8", "").replace("width", "8")})
    commit({"net.py": SOURCE, "lightbench.toml": '[budgets."*"]\nparams = 1\n'})
    code, rows = check("net.py:Net(width=8)", against="HEAD~1", capsys=capsys)
    assert note_of(rows, "net.py:Net(width=8)").startswith("at HEAD~1: Net cannot be built")
    assert (code, rows["net.py:Net(width=8)", "params"]["verdict"]) == (1, "over budget")


@pytest.mark.slow
def test_an_ignored_file_that_is_imported_is_the_same_for_both_sides(project, capsys):
    package = {"pkg/__init__.py": "from ._version import version\n", "pkg/net.py": SOURCE}
    commit({**package, ".gitignore": "_version.py\n"})
    commit({"pkg/net.py": WIDE})
    write({"pkg/_version.py": 'version = "1.2"\n'})
    code, rows = check("pkg/net.py:Net", against="HEAD~1", capsys=capsys)
    before, now, note = compared(rows, "pkg/net.py:Net")
    assert (code, before, now) == (0, PARAMS, WIDE_PARAMS)
    assert "git ignores pkg/_version.py: both sides have what is here" in note


def test_a_file_that_no_commit_has_is_named_where_the_old_side_needs_it(project, capsys):
    reading = SOURCE + "from pathlib import Path\nPath('width.txt').read_text()\n"
    commit({"net.py": reading, ".gitignore": "width.txt\n"})
    write({"width.txt": "8"})
    code, rows = check("net.py:Net", capsys=capsys)
    assert code == 4
    assert note_of(rows, "net.py:Net").startswith("at HEAD: ")
    assert "No commit has width.txt, which is here" in note_of(rows, "net.py:Net")


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


@pytest.mark.slow
def test_a_pointer_of_lfs_in_the_place_of_source_is_said(project, capsys):
    commit({"net.py": POINTER})
    commit({"net.py": SOURCE})
    code, rows = check("net.py:Net", against="HEAD~1", capsys=capsys)
    assert code == 4
    assert "Pointers of git LFS are in the place of net.py" in note_of(rows, "net.py:Net")
    code, rows = check("net.py:Net", against="HEAD~2", capsys=capsys)
    assert (code, rows["net.py:Net", "params"]["verdict"]) == (0, "equal")


def test_a_pointer_is_no_reason_for_an_error_of_something_else(project, capsys):
    commit({"data.bin": POINTER, "net.py": "import nothing_of_the_kind\n"})
    _, rows = check("net.py:Net", capsys=capsys)
    assert "LFS" not in note_of(rows, "net.py:Net")
    commit({"net.py": SOURCE + "raise ValueError('invalid load key')\n"})
    _, rows = check("net.py:Net", capsys=capsys)
    assert "data.bin" in note_of(rows, "net.py:Net")


@pytest.fixture
def with_submodule(project, tmp_path):
    """The network's layers are in a submodule, whose width was 8 and is 128."""
    lib = tmp_path / "lib"
    lib.mkdir()
    (lib / "width.py").write_text("WIDTH = 8\n")
    git("init", "-q", cwd=lib), git("add", "-A", cwd=lib), git("commit", "-qm", "1", cwd=lib)
    git("submodule", "--quiet", "add", str(lib), "lib")
    commit(
        {
            "net.py": SOURCE.replace("width=8", "width=WIDTH").replace(
                "nn\n", "nn\nfrom lib.width import WIDTH\n", 1
            )
        }
    )
    (project / "lib" / "width.py").write_text("WIDTH = 128\n")
    git("commit", "-qam", "2", cwd=project / "lib")
    commit()
    return project


def test_a_submodule_is_that_of_the_commit(with_submodule, capsys):
    code, rows = check("net.py:Net", against="HEAD~1", capsys=capsys)
    assert (code, *compared(rows, "net.py:Net")[:2]) == (0, PARAMS, WIDE_PARAMS)
    assert len(git("worktree", "list", cwd="lib").splitlines()) == 1
    assert len(git("worktree", "list").splitlines()) == 1


def test_a_submodule_that_is_empty_is_said(with_submodule, capsys):
    git("submodule", "deinit", "--force", "lib")
    code, rows = check("net.py:Net", capsys=capsys)
    assert code == 4
    assert note_of(rows, "net.py:Net").startswith("here: ")
    assert "git submodule update --init" in note_of(rows, "net.py:Net")


def test_what_git_refuses_is_told_in_its_own_words_with_what_to_do(project, monkeypatch):
    """As of a container's job, whose checkout is another user's."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    said = no_other_version("net.py:Net")
    assert "dubious ownership" in said
    assert f"git config --global --add safe.directory {project}" in said
    monkeypatch.delenv("GIT_TEST_ASSUME_DIFFERENT_OWNER")
    assert no_other_version("mobilenet_v2").endswith("the same at every commit.")


def test_a_row_keeps_the_hint_of_its_error(project, monkeypatch, capsys):
    git("branch", "feature/x")
    git("clone", "-q", "--depth", "1", f"file://{project}", "../shallow")
    git("clone", "-q", str(project), "../full")
    monkeypatch.chdir("../shallow")
    assert "fetch-depth: 0" in note_of(
        check("net.py:Net", against="HEAD~1", capsys=capsys)[1], "net.py:Net"
    )
    monkeypatch.chdir("../full")
    assert "origin/feature/x" in note_of(
        check("net.py:Net", against="feature/x", capsys=capsys)[1], "net.py:Net"
    )


def test_a_filter_that_cannot_run_is_left_out(project, capsys):
    commit({".gitattributes": "*.key filter=crypt\n", "a.key": "x"})
    git("config", "filter.crypt.smudge", "there-is-no-such-program")
    git("config", "filter.crypt.required", "true")
    assert check("net.py:Net", capsys=capsys)[0] == 0


# --- the same of what is timed, without timing it


def timed(model, capsys, monkeypatch, a, b):
    """The answer where the two sides are found to be these records."""

    def compare(old, new, tolerance):
        return Comparison(
            a=a, b=b, names=(old.label, new.label), tolerance=tolerance, confidence=0.9, looks=1,
            seconds=1.0, ratio=None, verdict="not comparable",
        )  # fmt: skip

    real = checking._tools
    monkeypatch.setattr(
        checking, "_tools", lambda how, **k: real(how, **k)._replace(compare=compare)
    )
    code = run(["check", model, "--against", "HEAD", "-q", "--threads", "1", "--format", "json"])
    said = capsys.readouterr()
    rows = {row["metric"]: row for row in json.loads(said.out)["rows"]} if said.out else {}
    return code, rows, said.err


def failed(make_record, error, message):
    broken = make_record(failure=message, costs=False)
    return replace(broken, failure=replace(broken.failure, error=error))


@pytest.mark.parametrize(
    ("error", "code", "state", "note"),
    [
        ("NotThere", 0, "one-sided", "at HEAD 'net.py' has no 'Net': it is new"),
        ("UsageError", 4, "not comparable", "at HEAD: "),
        ("ModelError", 4, "not comparable", "at HEAD: "),
    ],
)
def test_a_failure_of_the_old_side_is_its_own(
    project, make_record, monkeypatch, capsys, error, code, state, note
):
    old = failed(make_record, error, "'net.py' has no 'Net'.")
    answer, rows, _ = timed("net.py:Net", capsys, monkeypatch, old, make_record())
    assert (answer, rows["latency_s"]["state"]) == (code, state)
    assert rows["latency_s"]["note"].startswith(note)
    assert rows["params"]["now"] == 11_689_512  # of the record


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ("NotThere", 4, "and at HEAD it has"),
        ("UsageError", 2, "here: "),
        ("ModelError", 4, "here: "),
    ],
)
def test_a_failure_of_this_side_is_its_own(
    project, make_record, monkeypatch, capsys, error, code, said
):
    new = failed(make_record, error, "'net.py' has no 'Net'.")
    answer, rows, err = timed("net.py:Net", capsys, monkeypatch, make_record(), new)
    assert answer == code
    assert said in (rows["latency_s"]["note"] if rows else err)
