"""The action for GitHub: its pins, and its script run by bash on clones like those of a runner."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

TEXT = (Path(__file__).parents[2] / "action.yml").read_text()
ACTION = yaml.safe_load(TEXT)
STEPS = ACTION["runs"]["steps"]
(CHECK,) = [step for step in STEPS if step.get("name") == "lightbench check"]


def test_it_is_a_composite_action_with_these_inputs():
    assert ACTION["runs"]["using"] == "composite"
    assert list(ACTION["inputs"]) == [
        "against", "baseline", "models", "args", "lightbench", "python-version", "working-directory",
    ]  # fmt: skip
    assert all(given["description"] for given in ACTION["inputs"].values())
    assert not any(given.get("required") for given in ACTION["inputs"].values())


def test_every_action_is_pinned_by_its_whole_commit_with_its_version_beside_it():
    lines = re.findall(r"uses: *(.*)", TEXT)
    assert len(lines) == sum("uses" in step for step in STEPS) == 1
    for line in lines:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)


def test_no_input_is_text_of_a_script():
    """``${{ }}`` in a script would run what an input holds."""
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert len(scripts) == 2
    assert not any("${{" in script for script in scripts)
    assert all(step["shell"] == "bash" for step in STEPS if "run" in step)


def test_every_input_is_used_and_every_used_one_exists():
    assert set(re.findall(r"inputs\.([a-z-]+)", TEXT)) == set(ACTION["inputs"])


def git(where, *arguments):
    settings = ["-c", "user.name=x", "-c", "user.email=x@x", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", "-C", str(where), *settings, *arguments], capture_output=True,
                          text=True, check=True)  # fmt: skip
    return done.stdout.strip()


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """main has an old and a new base; the pull request, made from the old one, is merged into the new."""
    if not (shutil.which("bash") and shutil.which("git")):
        pytest.skip("needs bash and git")
    path = tmp_path_factory.mktemp("origin")
    git(path, "init", "-q")
    git(path, "commit", "-q", "--allow-empty", "-m", "old")
    git(path, "checkout", "-q", "-b", "change")
    git(path, "commit", "-q", "--allow-empty", "-m", "change")
    git(path, "checkout", "-q", "main")
    git(path, "commit", "-q", "--allow-empty", "-m", "new")
    git(path, "checkout", "-q", "--detach")
    git(path, "merge", "-q", "--no-ff", "change", "-m", "merge\n\nparent of nothing")
    git(path, "update-ref", "refs/pull/1/merge", "HEAD")
    return path


class Runner:
    """A clone, and what the script calls lightbench with there."""

    def __init__(self, origin, tmp_path, ref="refs/pull/1/merge", depth=1):
        self.clone, self.bin = tmp_path / "clone", tmp_path / "bin"
        self.origin, self.ref = origin, ref
        git(tmp_path, "init", "-q", str(self.clone))
        git(self.clone, "remote", "add", "origin", origin.as_uri())
        shallow = [f"--depth={depth}"] if depth else []
        git(self.clone, "fetch", "-q", *shallow, "origin", f"+{ref}:refs/remotes/pull/1/merge")
        git(self.clone, "checkout", "-q", "refs/remotes/pull/1/merge")
        self.bin.mkdir()
        fake = self.bin / "lightbench"
        fake.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\nexit ${STATUS:-0}\n')
        fake.chmod(0o755)

    def commit(self, name):
        return git(self.origin, "rev-parse", name)

    def __call__(self, status=0, **inputs):
        variables = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.bin),
            "STATUS": str(status),
            "GITHUB_REF": self.ref,
            "GITHUB_SHA": git(self.clone, "rev-parse", "HEAD"),
            **dict.fromkeys(CHECK["env"], ""),
            **inputs,
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", CHECK["run"]],
            cwd=self.clone, env=variables, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        return done.stdout.split("\0")[:-1]


@pytest.fixture
def runner(origin, tmp_path):
    return Runner(origin, tmp_path)


def test_a_pull_request_is_compared_with_the_base_it_was_merged_into(runner):
    """Not with the older one that the event names; and a shallow clone gets it."""
    called = runner(MODELS="net", PULL_REQUEST_BASE=runner.commit("change^"))
    assert called == ["check", f"--against={runner.commit('main')}", "--", "net"]
    assert runner.commit("main") != runner.commit("change^")


def test_a_whole_clone_needs_no_fetch(origin, tmp_path):
    runner = Runner(origin, tmp_path, depth=0)
    git(runner.clone, "remote", "remove", "origin")
    assert runner(MODELS="net")[1] == f"--against={runner.commit('main')}"


def test_another_checkout_is_compared_with_the_base_of_the_event(origin, tmp_path):
    runner = Runner(origin, tmp_path, ref="refs/heads/change")
    base = runner.commit("main")
    assert runner(PULL_REQUEST_BASE=base)[1] == f"--against={base}"
    elsewhere = {
        "GITHUB_REF": "refs/pull/1/merge",
        "GITHUB_SHA": runner.commit("refs/pull/1/merge"),
    }
    assert runner(PULL_REQUEST_BASE=base, **elsewhere)[1] == f"--against={base}"


@pytest.mark.parametrize("name", ["main", "origin/main"])
def test_a_branch_is_fetched_by_its_name(name, runner):
    assert runner(AGAINST=name)[1] == f"--against={runner.commit('main')}"


def test_a_baseline_takes_the_place_of_the_base(runner):
    base = runner.commit("main")
    called = runner(BASELINE="a b.json", PULL_REQUEST_BASE=base)
    assert called == ["check", "--baseline=a b.json", "--"]


def test_outside_a_pull_request_nothing_is_made_up(runner):
    assert runner(GITHUB_REF="refs/heads/main", MODELS="net") == ["check", "--", "net"]


def test_networks_and_options_are_words_and_nothing_in_them_runs(runner):
    called = runner(
        GITHUB_REF="", MODELS=" a.py:Net\n$(touch x)\n*  `id` ; --strict ",
        ARGS="--strict\n--tolerance 3%",
    )  # fmt: skip
    assert called == [
        "check", "--strict", "--tolerance", "3%", "--", "a.py:Net", "$(touch", "x)", "*", "`id`", ";",
        "--strict",
    ]  # fmt: skip
    assert not (runner.clone / "x").exists()


def test_what_to_compare_with_is_no_option_of_git(runner, tmp_path):
    made = tmp_path / "made"
    with pytest.raises(AssertionError, match="fatal|invalid"):
        runner(AGAINST=f"--upload-pack=touch {made};")
    assert not made.exists()


@pytest.mark.parametrize("status", [1, 3, 4])
def test_the_exit_code_of_the_check_is_that_of_the_step(status, runner):
    assert runner(status=status, GITHUB_REF="")[0] == "check"
