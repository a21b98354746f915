"""`check --against`: what the other side of a network is, and which side a message is about.

Networks are counted in this process, each version inside `loaded_from` as in the process that does it.
"""

import json
import os
import subprocess
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from lightbench.cli import run
from lightbench.studies.check import gate as checking
from lightbench.studies.check import worker
from lightbench.studies.check.versions import no_other_version
from lightbench.studies.compare.comparison import Comparison

SOURCE = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.norm = nn.BatchNorm2d(width)
        self.act = nn.ReLU()

    def forward(self, x):
        x = self.conv(x)
        x = self.norm(x)
        return self.act(x)
"""
WIDE = SOURCE.replace("width=8", "width=128")
PARAMS, WIDE_PARAMS = (
    8 * 28 + 16,
    128 * 28 + 256,
)  # of 3x3 kernels on 3 channels with a bias, and norms


def git(*arguments, cwd=None):
    names = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false",
             "-c", "protocol.file.allow=always")  # fmt: skip
    done = subprocess.run(["git", *names, *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(files):
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def commit(files=(), remove=()):
    write(dict(files))
    for name in remove:
        Path(name).unlink()
    git("add", "-A")
    git("commit", "-qm", "one more", "--allow-empty")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with ``net.py``, in which we stand."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def count(version):
        said = []
        worker._count(msgspec.json.encode(version), lambda kind, value: said.append(value))
        return said[-1]

    monkeypatch.setattr(checking, "count_apart", count)
    git("init", "-q", "-b", "main")
    commit({"net.py": SOURCE})
    return folder


def check(*models, against="HEAD", more=(), capsys):
    """Exit code, and the rows by model and metric."""
    options = ["--against", against, "--no-latency", "-q", "--input", "3x16x16", "--format", "json"]
    code = run(["check", *options, *more, *models])
    rows = json.loads(capsys.readouterr().out or '{"rows": []}')["rows"]
    return code, {(row["model"], row["metric"]): row for row in rows}


def compared(rows, model):
    row = rows[model, "params"]
    return row["before"], row["now"], row["note"]


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


REWRITTEN = '"""Another."""\nimport math\n' + "".join(
    f"def helper_{i}(x):\n    return math.sqrt(x) + {i}\n\n" for i in range(40)
)


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


# --- whose fault


def note_of(rows, model):
    return rows[model, "latency_s"]["note"]


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
