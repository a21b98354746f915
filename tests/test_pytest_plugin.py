"""The pytest plugin: what a budget and a comparison say."""

from __future__ import annotations

from math import log
from types import SimpleNamespace

import msgspec
import pytest
import torch
from torch import nn

from lightbench.errors import UnknownName, UsageError
from lightbench.pytest_plugin import Checks, LightbenchWarning
from lightbench.stats.ratio import Ratio
from lightbench.studies.compare import api as compared
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.count import api as counting

SLOWER = (0.05, 0.04, 0.06)
SAME = (0.0, -0.01, 0.01)


class Net(nn.Module):
    """Eight convolutions of 3 x 3 on 4 x 4; the k-th has k filters for one channel: 9 k weights."""

    def __init__(self, most=8):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(1, k, 3, padding=1, bias=False) for k in range(1, most + 1)
        )

    def forward(self, x):
        return sum(conv(x).mean() for conv in self.convs)


WEIGHTS = 9 * sum(range(1, 9))  # 324
MADDS = 16 * WEIGHTS  # each weight is used once at each of 4 x 4 positions
INPUT = {"input": "1x4x4"}
checks = Checks()


def failure(call, *args, **settings):
    with pytest.raises(AssertionError) as found:
        call(*args, **settings)
    return str(found.value)


def test_a_model_at_its_budget_passes():
    checks.assert_budget(Net(), params=WEIGHTS, madds=MADDS, **INPUT)


def test_a_budget_may_have_a_unit():
    assert MADDS == 5184
    checks.assert_budget(Net(), madds="5.184k", mem_bytes="1MB", **INPUT)
    failure(checks.assert_budget, Net(), madds="5.183k", **INPUT)


def test_a_model_one_above_its_budget_fails_and_says_by_how_much():
    said = failure(checks.assert_budget, Net(), madds=MADDS - 1, **INPUT)
    assert "Net is over its budget of 5,183 MAdds by 1 (0.02 %): it has 5,184." in said


def test_every_broken_budget_is_said():
    said = failure(checks.assert_budget, Net(), params=162, madds=1e6, mem_bytes=1, **INPUT)
    assert "budget of 162 params by 162 (100.0 %): it has 324." in said
    assert "budget of 1 bytes of memory access (eager)" in said
    assert "MAdds" not in said


@pytest.mark.parametrize("metric", ["params", "madds"])
def test_the_five_layers_that_cost_most_are_named(metric):
    total = {"params": WEIGHTS, "madds": MADDS}[metric]
    said = failure(checks.assert_budget, Net(), **{metric: 0}, **INPUT)
    layers = [line.split(": ") for line in said.splitlines() if line.startswith("  ")]
    assert [name for name, _ in layers] == [f"  convs.{k - 1} (Conv2d)" for k in (8, 7, 6, 5, 4)]
    assert layers[0][1] == f"{8 * total // 36:,}, 22.2 %"  # 8 of 1 + 2 + ... + 8


def test_a_budget_is_for_the_whole_batch():
    checks.assert_budget(Net(), madds=3 * MADDS, batch=3, **INPUT)
    failure(checks.assert_budget, Net(), madds=3 * MADDS - 1, batch=3, **INPUT)
    checks.assert_budget(Net(), madds=3 * MADDS, args=(torch.zeros(3, 1, 4, 4),))


@pytest.mark.parametrize("metric", ["mem_access", "mem_bytes", "fused_bytes"])
def test_memory_access_has_budgets_too(metric):
    # of a linear layer 3 -> 5 without bias: 3 read, 15 weights, 5 written, of 4 bytes each
    net, elements = nn.Linear(3, 5, bias=False), 3 + 15 + 5
    exact = elements if metric == "mem_access" else 4 * elements
    checks.assert_budget(net, **{metric: exact}, input="3")
    failure(checks.assert_budget, net, **{metric: exact - 1}, input="3")


def test_without_a_budget_nothing_can_be_asserted():
    with pytest.raises(UsageError, match="no budget is set"):
        checks.assert_budget(Net(), **INPUT)


def test_a_budget_of_something_else_is_refused_with_what_is_near():
    with pytest.raises(UnknownName, match="Did you mean madds"):
        checks.assert_budget(Net(), madd=1e6, **INPUT)


@pytest.mark.parametrize("limit", ["+1%", float("nan"), float("inf"), -1, True, [1], "5MB", "-5k"])
def test_a_budget_that_is_no_number_is_refused(limit):
    with pytest.raises(UsageError, match="the budget of madds"):
        checks.assert_budget(Net(), madds=limit, **INPUT)


def test_a_count_that_is_not_complete_is_no_pass(monkeypatch):
    count = counting.count

    def incomplete(model, **settings):
        found = count(model, **settings)
        costs = msgspec.structs.replace(found.costs, uncounted={"aten.\x1bstrange": 2})
        return SimpleNamespace(model=found.model, costs=costs, network=found.network)

    monkeypatch.setattr(counting, "count", incomplete)
    said = failure(checks.assert_budget, Net(), madds=1e12, **INPUT)
    assert r"not complete" in said
    assert r"aten.\x1bstrange (2)" in said
    checks.assert_budget(Net(), params=WEIGHTS, **INPUT)  # for which no operator is needed


def comparison(make_record, verdict, change, detectable=0.07):
    failed = "the network failed." if verdict == "not comparable" else None
    logs = [log(1 + fraction) for fraction in change]
    return Comparison(
        a=make_record("Net"),
        b=make_record("Net#2", failure=failed),
        names=("Net", "Net#2"),
        ratio=None if failed else Ratio(*logs, n=1204),
        tolerance=0.03,
        confidence=0.998,
        verdict=verdict,
        detectable=detectable,
        seconds=20.0,
    )


@pytest.fixture
def compare(monkeypatch, make_record):
    """Replace the measurement: ``compare("slower", "same")`` are the verdicts it gives in turn."""

    def scripted(*verdicts, **more):
        asked = []

        def measured(a, b, **settings):
            verdict = verdicts[len(asked)]
            asked.append((a, b, settings))
            change = SLOWER if verdict == "slower" else SAME
            return SimpleNamespace(comparison=comparison(make_record, verdict, change, **more))

        monkeypatch.setattr(compared, "compare", measured)
        return asked

    return scripted


@pytest.mark.parametrize("verdict", ["same", "faster"])
def test_the_same_and_the_faster_pass_without_a_word(compare, verdict):
    asked = compare(verdict)
    Checks(strict=True).assert_not_slower("new", "old")
    assert len(asked) == 1


def test_the_old_one_is_side_a_and_settings_are_handed_on(compare):
    asked = compare("same")
    checks.assert_not_slower("new", "old", tolerance=0.01, seconds=5, threads=2, input="3x8x8")
    ((a, b, settings),) = asked
    assert (a, b) == ("old", "new")
    assert (settings["tolerance"], settings["seconds"], settings["threads"]) == (0.01, 5, 2)
    assert settings["input"] == "3x8x8"


def test_twice_slower_fails_with_both_ratios(compare):
    asked = compare("slower", "slower")
    said = failure(checks.assert_not_slower, "new", "old")
    assert len(asked) == 2
    assert said.count("+5.0 % (+4.0 % to +6.0 %, 1,204 pairs)") == 2
    assert "new is slower than old" in said
    assert "Allowed: 3.0 %" in said


@pytest.mark.parametrize("second", ["same", "unclear", "faster"])
def test_slower_only_once_is_unclear(compare, second):
    compare("slower", second)
    with pytest.warns(LightbenchWarning, match="unclear whether new is slower") as caught:
        checks.assert_not_slower("new", "old")
    assert "+5.0 %" in str(caught[0].message)
    compare("slower", second)
    assert "unclear" in failure(Checks(strict=True).assert_not_slower, "new", "old")


def test_unclear_passes_with_a_warning_that_names_what_could_have_been_seen(compare):
    compare("unclear")
    with pytest.warns(LightbenchWarning, match=r"smallest slowdown .* 7\.0 %") as caught:
        checks.assert_not_slower("new", "old")
    assert caught[0].filename == __file__  # the warning points at the test


def test_unclear_fails_if_strict(compare):
    compare("unclear")
    assert "7.0 %" in failure(Checks(strict=True).assert_not_slower, "new", "old")


def test_with_too_few_pairs_no_slowdown_could_have_been_seen(compare):
    compare("unclear", detectable=None)
    with pytest.warns(LightbenchWarning, match="No slowdown could have been seen"):
        checks.assert_not_slower("new", "old")


@pytest.mark.parametrize("verdicts", [("not comparable",), ("slower", "not comparable")])
def test_what_could_not_be_measured_is_no_pass(compare, verdicts):
    compare(*verdicts)
    assert "the network failed." in failure(checks.assert_not_slower, "new", "old")
