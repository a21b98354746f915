"""`lightbench check` and `baseline` in a project of their own: what is compared with what."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import lightbench as lb
from lightbench.cli import run
from lightbench.records import store
from lightbench.runner.control import Control
from lightbench.studies.check import gate as checking
from lightbench.studies.check import judge

NET = """
from torch import nn
from layers import WIDTH

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, WIDTH, 3)

    def forward(self, x):
        return self.conv(x)
"""
RUN = ["--threads", "1", "--input", "3x16x16"]
pytestmark = pytest.mark.usefixtures("forked")


# The same files committed at the same time are the same commit, in any folder.
DATES = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2026-01-02T03:04:05Z")


def git(*arguments):
    author = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    return subprocess.run(
        ["git", *author, *arguments],
        env=os.environ | DATES, check=True, capture_output=True, text=True,
    )  # fmt: skip


def repository(folder, monkeypatch):
    """One with a network of 8 channels, in which we stand from now on."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    (folder / "net.py").write_text(NET)
    (folder / "layers.py").write_text("WIDTH = 8\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        git(*command)
    return folder


@pytest.fixture
def project(tmp_path, monkeypatch):
    return repository(tmp_path, monkeypatch)


def widen(project, width):
    (project / "layers.py").write_text(f"WIDTH = {width}\n")


def answer(arguments, capsys):
    """Exit code, the rows by metric, and what was said on stderr."""
    code = run([*arguments, "--format", "json"])
    said = capsys.readouterr()
    rows = json.loads(said.out)["rows"] if said.out else []
    return code, {row["metric"]: row for row in rows}, said.err


@pytest.fixture
def measured(monkeypatch):
    """No process is started: what would be compared is noted, and found to be as fast."""
    seen = []
    real = checking._tools

    def tools(how, *, comparisons):
        made = real(how, comparisons=comparisons)

        def compare(a, b, tolerance):
            seen.append((a, b, tolerance))
            from lightbench.models.sources.source_trees import Tree
            from lightbench.studies.compare.pairs import Gate, Side, compare_sides

            sides = [
                Side(v.case, tree=Tree(Path(v.root), Path(v.instead_of)), label=v.label)
                for v in (a, b)
            ]
            return compare_sides(*sides, Gate(0.9, 0.3), Control(trusted=how.control.trusted))

        return judge.Tools(compare, made.measure, made.costs)

    monkeypatch.setattr(checking, "_tools", tools)
    return seen


@pytest.mark.slow
def test_the_old_source_is_measured_beside_the_new(project, measured, capsys):
    widen(project, 9)
    code, rows, _ = answer(["check", "net.py:Net", "--against", "HEAD", *RUN], capsys)
    ((a, b, tolerance),) = measured
    assert a.root != b.root == str(project.resolve())
    assert tolerance == 0.02
    assert (rows["params"]["before"], rows["params"]["now"]) == (8 * 28, 9 * 28)
    assert rows["params"]["state"] == "ok"  # told, and limited by budgets only
    assert code == 0
    assert git("status", "--short").stdout == " M layers.py\n"
    assert len(git("worktree", "list").stdout.splitlines()) == 1


@pytest.mark.slow
def test_a_budget_in_the_project_is_a_limit(project, measured, capsys):
    (project / "lightbench.toml").write_text(
        'models = ["net.py:Net"]\nthreads = 1\ninput = "3x16x16"\ntolerance = "5%"\n'
        '[budgets."net.py:Net"]\nmadds = 1000\nlatency_s = "+7%"\n'
    )
    code, rows, _ = answer(["check", "--against", "HEAD"], capsys)
    assert code == 1
    assert rows["madds"]["verdict"] == "over budget"
    assert measured[0][2] == 0.07
    assert measured[0][0].case.threads == 1


@pytest.mark.slow
def test_budgets_alone_need_no_other_side(project, capsys):
    (project / "lightbench.toml").write_text('[budgets."*"]\nparams = 224\n')
    code, rows, _ = answer(["check", "net.py:Net", "--input", "3x16x16"], capsys)
    assert (code, rows["params"]["verdict"]) == (0, "in budget")
    widen(project, 9)
    code, rows, _ = answer(["check", "net.py:Net", "--input", "3x16x16"], capsys)
    assert (code, rows["params"]["verdict"]) == (1, "over budget")


@pytest.mark.slow
def test_what_was_found_is_kept_for_a_report(project, capsys):
    (project / "lightbench.toml").write_text('[budgets."*"]\nparams = 224\n')
    widen(project, 9)
    check = ["check", "net.py:Net", "--input", "3x16x16", "--store", "new/c.jsonl"]
    assert answer(check, capsys)[0] == 1
    (record,) = store.read("new/c.jsonl")
    assert (record.study, record.case.model, record.check.against) == (
        "check",
        "net.py:Net",
        "budgets",
    )
    found = {metric.metric: (metric.verdict, metric.state) for metric in record.check.metrics}
    assert found["params"] == ("over budget", "regression")
    assert "Checks" in [part.title for part in lb.report("new/c.jsonl").document.sections]


@pytest.mark.slow
def test_a_new_network_has_nothing_to_be_compared_with(project, measured, capsys):
    (project / "new.py").write_text(NET)
    code, rows, _ = answer(["check", "new.py:Net", "--against", "HEAD", *RUN], capsys)
    assert (code, rows["latency_s"]["verdict"], measured) == (0, "new", [])
    strict = ["check", "new.py:Net", "--against", "HEAD", "--strict", *RUN]
    assert answer(strict, capsys)[0] == 4  # nothing was found out of it


COUNT = ("--against", "HEAD", "--input", "3x16x16", "--no-latency")


@pytest.mark.slow
@pytest.mark.parametrize("how", [COUNT, ("--against", "HEAD", *RUN)])
def test_a_new_class_in_an_old_file_is_new_and_leaves_the_others(project, how, measured, capsys):
    with (project / "net.py").open("a") as file:
        file.write("class Extra(Net):\n    pass\n")
    code = run(["check", "net.py:Net", "net.py:Extra", *how, "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert (code, found["title"].split(".py")[0]) == (0, "Not compared: net")
    verdicts = {(row["model"], row["metric"]): row["verdict"] for row in found["rows"]}
    assert verdicts["net.py:Extra", "latency_s"] == "new"
    assert verdicts["net.py:Net", "params"] == "equal"
    assert run(["check", "net.py:Typo", *how]) == 2  # it is nowhere


@pytest.mark.slow
def test_a_network_that_is_no_file_is_the_same_at_every_commit(project, measured, capsys):
    code, rows, _ = answer(["check", "shufflenet_v2_x0_5", "--against", "HEAD"], capsys)
    assert (code, rows["latency_s"]["state"], measured) == (4, "not comparable", [])


def test_a_network_that_no_longer_runs_is_not_comparable_and_no_regression(
    project, measured, capsys
):
    (project / "layers.py").write_text("WIDTH = 'wide'\n")
    code, rows, _ = answer(["check", "net.py:Net", "--against", "HEAD", *RUN], capsys)
    assert (code, rows["latency_s"]["state"]) == (4, "not comparable")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The baseline of a project's first commit, measured once."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = repository(tmp_path_factory.mktemp("saved"), monkeypatch)
        code = run(["baseline", "save", "net.py:Net", *RUN, "--sessions", "2", "--seconds", "0.3"])
    assert code == 0
    return folder / "lightbench-baseline.jsonl"


@pytest.fixture
def baseline(project, saved):
    return Path(shutil.copy(saved, project))


CHECK = ["check", "net.py:Net", "--baseline", "lightbench-baseline.jsonl", *RUN]


@pytest.mark.slow
def test_a_baseline_is_rebuilt_from_its_commit_and_counts_are_exact(
    project, baseline, measured, capsys
):
    (first, second) = store.read(baseline)
    assert first.environment.noted["commit"] == git("rev-parse", "HEAD").stdout.strip()
    assert first.samples and second.costs.params == 8 * 28
    code, rows, _ = answer(CHECK, capsys)
    assert len(measured) == 1  # side by side with the commit, not beside stored samples
    assert (code, rows["madds"]["verdict"]) == (0, "equal"), rows["latency_s"]
    widen(project, 9)
    code, rows, _ = answer(CHECK, capsys)
    assert code == 1
    assert rows["madds"]["verdict"] == "more"


@pytest.mark.slow
def test_without_latency_nothing_is_run(project, baseline, measured, capsys):
    code, rows, _ = answer([*CHECK, "--no-latency"], capsys)
    assert (code, measured, set(rows)) == (0, [], {"params", "madds", "mem_access", "mem_bytes"})


def moved(baseline, **facts):
    """The baseline, as if it came from elsewhere: other facts, a commit that is not here."""
    records = store.read(baseline)
    baseline.unlink()
    for record in records:
        where = record.environment
        there = type(where)(
            comparable={**where.comparable, **facts}, noted={**where.noted, "commit": "0" * 40}
        )
        fields = {f: getattr(record, f) for f in record.__struct_fields__}
        store.append(baseline, [type(record)(**{**fields, "environment": there})])


@pytest.mark.slow
def test_another_machine_is_not_comparable_but_counts_are(project, baseline, measured, capsys):
    moved(baseline, cpu="another")
    code, rows, _ = answer(CHECK, capsys)
    assert (code, measured) == (4, [])
    assert "cpu: another, here" in rows["latency_s"]["note"]
    assert rows["madds"]["verdict"] == "equal"


@pytest.mark.slow
def test_the_same_machine_without_the_commit_compares_with_stored_samples(
    project, baseline, measured, capsys
):
    moved(baseline)
    _, rows, _ = answer(CHECK, capsys)
    assert measured == []
    assert "stored sessions" in rows["latency_s"]["note"]
    assert rows["latency_s"]["state"] != "not comparable"


def test_a_baseline_does_not_make_code_run_that_was_not_typed(project, baseline, capsys):
    code, _, said = answer(["check", "--baseline", str(baseline)], capsys)
    assert code == 2
    assert "--trust-code" in said


@pytest.mark.slow
def test_another_case_of_the_baseline_is_named(project, baseline, measured, capsys):
    typed = ["check", "net.py:Net", "--baseline", str(baseline), "--threads", "1"]
    code, rows, _ = answer([*typed, "--input", "3x12x12"], capsys)  # not said, it is as saved
    assert code == 4
    assert "inputs" in rows["latency_s"]["note"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check"], 2),
        (["check", "net.py:Net"], 2),
        (["check", "net.py:Net", "--against", "nosuch"], 4),
        (["check", "net.py:Net", "--against", "--help"], 2),
        (["check", "nosuch.py:Net", "--against", "HEAD"], 2),
        (["check", "net.py:Net", "--against", "HEAD", "--baseline", "x.jsonl"], 2),
        (["check", "net.py:Net", "--baseline", "missing.jsonl"], 2),
        (["check", "net.py:Net", "--against", "HEAD", "--old-python", "python"], 2),
        (["check", "net.py:Nett", "--against", "HEAD"], 2),
        (["check", "net.py:Nett", "--against", "HEAD", "--no-latency"], 2),
        (["check", "net.py:Net", "--against", "HEAD", "--seconds", "nan"], 2),
        (["check", "net.py:Net", "--against", "HEAD", "--seconds", "-1"], 2),
        (["check", "net.py:Net", "--against", "HEAD", "--device", "cuda"], 4),
        (["check", "net.py:Net", "--against", "HEAD", "--tolerance", "-1%"], 2),
        (["baseline", "save"], 2),
    ],
)
def test_bad_input_is_never_a_regression(project, arguments, code, capsys):
    assert run(arguments) == code
    capsys.readouterr()


@pytest.mark.slow
def test_outside_a_repository_there_is_nothing_to_check_out(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "layers.py").write_text("WIDTH = 8\n")
    assert run(["check", "net.py:Net", "--against", "HEAD"]) == 4
    capsys.readouterr()


@pytest.mark.slow
def test_two_real_processes_find_a_network_that_is_twice_as_slow(project, capsys):
    widen(project, 400)
    arguments = ["check", "net.py:Net", "--against", "HEAD", *RUN[:2], "--seconds", "2"]
    code, rows, _ = answer([*arguments, "--input", "3x64x64"], capsys)
    assert code == 1
    assert "again in a fresh process" in rows["latency_s"]["note"]


@pytest.mark.slow
def test_counts_are_compared_with_a_commit_without_running_anything(project, measured, capsys):
    widen(project, 9)
    typed = ["check", "net.py:Net", "--against", "HEAD", "--no-latency", *RUN]
    code, rows, _ = answer(typed, capsys)
    assert (code, measured) == (0, [])
    assert (rows["params"]["before"], rows["params"]["now"]) == (8 * 28, 9 * 28)


@pytest.mark.slow
def test_a_budget_that_was_not_checked_is_no_pass_under_strict(project, capsys):
    (project / "lightbench.toml").write_text('[budgets."*"]\nmem_bytes = "+1%"\nlatency_s = 1\n')
    typed = ["check", "net.py:Net", "--no-latency", "--strict", "--input", "3x16x16"]
    code, rows, _ = answer(typed, capsys)
    assert code == 3
    assert rows["mem_bytes"]["verdict"] == rows["latency_s"]["verdict"] == "not checked"


CRASH = NET.replace("return self.conv(x)", "import os; os._exit(1)")


@pytest.mark.slow
def test_a_network_that_ends_its_process_is_not_comparable_and_leaves_the_others(project, capsys):
    (project / "crash.py").write_text(CRASH)
    (project / "lightbench.toml").write_text('[budgets."*"]\nparams = 1\n')
    arguments = ["check", "crash.py:Net", "net.py:Net", "--no-latency", "--input", "3x16x16"]
    code = run([*arguments, "--format", "json"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert code == 1
    assert [(r["model"], r["state"]) for r in rows[:1]] == [("crash.py:Net", "not comparable")]
    assert "exit code 1" in rows[0]["note"]
    assert ("net.py:Net", "over budget") in [(r["model"], r["verdict"]) for r in rows]
    assert run(arguments[:2] + arguments[3:]) == 4
    capsys.readouterr()


@pytest.mark.slow
def test_an_interrupt_of_a_networks_own_is_not_the_users(project, capsys):
    (project / "stops.py").write_text(NET.replace("return self.conv(x)", "raise KeyboardInterrupt"))
    typed = ["check", "stops.py:Net", "--no-latency", "--input", "3x16x16", "--format", "json"]
    (project / "lightbench.toml").write_text('[budgets."*"]\nparams = 1\n')
    assert run(typed) == 4
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert "KeyboardInterrupt" in row["note"]


LATE = NET.replace("        return", "        from layers import WIDTH\n        return")


@pytest.mark.slow
def test_an_import_while_it_runs_is_not_taken_for_the_old_version(project, capsys):
    (project / "net.py").write_text(LATE)
    git("commit", "-qam", "late")
    typed = ["check", "net.py:Net", "--against", "HEAD", *RUN, "--seconds", "1"]
    code, rows, _ = answer(typed, capsys)
    assert (code, rows["latency_s"]["state"]) == (4, "not comparable")
    assert "layers" in rows["latency_s"]["note"]


@pytest.mark.slow
def test_files_that_are_opened_by_a_relative_name_are_of_their_version(project, measured, capsys):
    (project / "width.txt").write_text("8")
    (project / "layers.py").write_text(
        'from pathlib import Path\nWIDTH = int(Path("width.txt").read_text())\n'
    )
    git("add", "-A")
    git("commit", "-qm", "file")
    (project / "width.txt").write_text("9")
    _, rows, _ = answer(["check", "net.py:Net", "--against", "HEAD", *RUN], capsys)
    assert (rows["params"]["before"], rows["params"]["now"]) == (8 * 28, 9 * 28)
