"""Inputs of every form on the command line, in suites, in lightbench.toml and in stored records."""

from __future__ import annotations

import json

import pytest

from lightbench.records import store
from lightbench.reports import commands

NET = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 32, bias=False)
class Named(Net):
    def forward(self, *, parts, scale): return self.linear(parts["x"][0]) * scale
class Alone(Net):
    def forward(self): return self.linear(self.linear.weight)
"""
NAMED = ("--input", "parts={x: [64]}", "--input", "scale=0.5")
NULL = ("--device", "null", "--threads", "1")
MADDS = 64 * 32


@pytest.fixture
def net(tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return "net.py:Named"


def madds(answer):
    assert answer.code == 0, answer.err
    return sum(row["madds"] for row in json.loads(answer.out))


def test_every_command_takes_them(net, lightbench):
    as_json = ("--format", "json")
    assert madds(lightbench("count", net, *NAMED, "--batch", "3", *as_json)) == 3 * MADDS
    assert madds(lightbench("count", "net.py:Alone", "--input", "none", *as_json)) == 32 * MADDS
    assert madds(lightbench("layers", net, *NAMED, *as_json)) == MADDS
    for command in (
        ["lint", net, *NAMED],
        ["layers", net, *NAMED, "--measure", "--seconds", "0.1"],
    ):
        assert lightbench(*command, *NULL).code == 0
    other = "input=parts={x: [=1x64]},input=scale=-0.5"
    answer = lightbench("compare", net, *NAMED, "--b", other, "--seconds", "0.1", *NULL)
    assert answer.code == 0, answer.err
    assert "input parts={x: [=1x64]}, scale=-0.5" in " ".join(answer.out.split())


def test_what_is_stored_is_not_measured_again_and_its_command_is_what_was_typed(net, lightbench):
    profile = ("profile", net, *NAMED, *NULL, "--seconds", "0.05", "--store", "runs.jsonl")
    assert lightbench(*profile).code == 0
    assert "stored: 1 of 1" in lightbench(*profile).err
    other = ["--input", "parts={x: [=1x64]}", "--input", "scale=0.5"]
    assert "stored" not in lightbench("profile", net, *other, *profile[6:]).err
    first = store.read("runs.jsonl")[0]
    words = commands._network(first, carded=False)
    assert " ".join(words).endswith("--input parts={x: [64]} --input scale=0.5")
    assert [str(one) for one in first.case.inputs] == ["parts={x: [64]}", "scale=0.5"]


@pytest.mark.slow
def test_suites_and_configurations_have_them(net, lightbench, tmp_path):
    said = 'input = ["parts={x: [64]}", "scale=0.5"]\n'
    (tmp_path / "suite.toml").write_text(f'models = ["{net}"]\n{said}rel = 1.0\nseconds = 0.05\n')
    answer = lightbench(
        "profile", "--suite", "suite.toml", "--trust-code", *NULL, "--format", "json"
    )
    assert json.loads(answer.out)[0]["costs"]["madds"] == MADDS, answer.err
    (tmp_path / "lightbench.toml").write_text(
        f'models = ["{net}"]\n{said}[budgets."{net}"]\nmadds = 10\n'
    )
    answer = lightbench("check", "--no-latency")
    assert answer.code == 1, answer.err
    assert "parts" not in answer.err


def test_a_batch_that_applies_to_nothing_is_said(net, lightbench):
    answer = lightbench("profile", "net.py:Alone", "--input", "none", "--batch", "1,8", *NULL)
    assert answer.code == 2
    assert "a batch of 8 does not apply: no input has a batch dimension" in answer.err
