"""Rules of users for operators of their own: `lightbench.register_rule`."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest
import torch
from torch import nn

import lightbench
from lightbench.costs import registered
from lightbench.costs.plans import PLANS
from lightbench.costs.version import counting
from lightbench.errors import UncountedOps, UsageError


@torch.library.custom_op("lightbench_rules::mm", mutates_args=())
def mm(x: torch.Tensor, w: torch.Tensor, *, scale: float = 1.0) -> torch.Tensor:
    return x @ w * scale


@mm.register_fake
def _(x, w, *, scale=1.0):
    return x.new_empty(x.shape[0], w.shape[1])


class Net(nn.Module):
    def __init__(self, call=mm):
        super().__init__()
        self.w = nn.Parameter(torch.ones(64, 128))
        self.call = call

    def forward(self, x):
        return self.call(x, self.w)


@pytest.fixture(autouse=True)
def _nothing_is_left_registered(monkeypatch):
    monkeypatch.setattr(registered, "_registered", {})
    registered._entry_points.cache_clear()
    registered._load.cache_clear()
    PLANS.clear()
    yield
    registered._entry_points.cache_clear()
    registered._load.cache_clear()
    PLANS.clear()


def counted(**settings):
    return lightbench.count(Net(), args=(torch.ones(8, 64),), **settings).costs


def madds_of(args, out):
    return out.numel() * args[0].shape[-1]


FORMS = {
    "a name": "lightbench_rules::mm",
    "one overload": "lightbench_rules::mm.default",
    "a packet": torch.ops.lightbench_rules.mm,
    "an overload": torch.ops.lightbench_rules.mm.default,
    "what custom_op returned": mm,
}


@pytest.mark.parametrize("form", FORMS)
def test_an_operator_counts_what_its_rule_says(form):
    assert counted().uncounted == {"lightbench_rules::mm": 1}
    assert lightbench.register_rule(FORMS[form], madds_of) is madds_of
    costs = counted()
    assert (costs.madds, costs.uncounted) == (8 * 64 * 128, {})
    # a product: the paper's memory access counts it, its weight among the weights
    assert (costs.mem_access, costs.ops[0].weights) == (8 * 64 + 8 * 128 + 64 * 128, 64 * 128)


def test_it_is_a_decorator_whose_function_gets_every_argument_by_position():
    seen = []

    @lightbench.register_rule("lightbench_rules::mm")
    def rule(args, out):
        seen.append((tuple(args[1].shape), args[2], tuple(out.shape)))
        return 5

    assert counted().madds == 5
    assert seen == [((64, 128), 1.0, (8, 128))]


def test_a_rule_may_say_more_than_multiply_adds():
    work = lightbench.Work("attention", madds=7, reads={0: 3}, outputs=1)
    lightbench.register_rule("lightbench_rules::mm", lambda args, out: work)
    (row,) = counted().ops
    assert (row.kind, row.madds, row.reads) == ("attention", 7, 3)


def test_a_rule_for_an_operator_that_has_one_replaces_it():
    network = nn.Linear(4, 4)
    lightbench.register_rule("aten::linear", lambda args, out: 1)
    assert lightbench.count(network, input="4").costs.madds == 1


@pytest.mark.parametrize(
    ("operator", "hint"),
    [
        ("lightbench_rules::mn", "Did you mean lightbench_rules::mm"),
        ("lightbench_rules::mm.out", "Did you mean lightbench_rules::mm"),
        ("mm", "namespace::name"),
        ("qqqqqqqq::zzzzzzzzz", "Import the package"),
        (madds_of, "namespace::name"),
    ],
)
def test_what_is_no_operator_is_told(operator, hint):
    with pytest.raises(UsageError) as told:
        lightbench.register_rule(operator, madds_of)
    assert hint in str(told.value)


@pytest.mark.parametrize("wrong", [-1, 2.5, True, None, "many"])
def test_what_is_no_number_of_multiply_adds_is_told_with_the_operator(wrong):
    lightbench.register_rule("lightbench_rules::mm", lambda args, out: wrong)
    with pytest.raises(UsageError, match="the rule of lightbench_rules::mm gave"):
        counted()


@pytest.mark.parametrize("fails", [lambda args, _out: args[9], lambda args: 1])
def test_a_rule_that_fails_is_told_as_the_rules_fault(fails):
    lightbench.register_rule("lightbench_rules::mm", fails)
    with pytest.raises(UsageError, match="the rule of lightbench_rules::mm failed"):
        counted()


def test_a_rule_that_is_no_function_is_told():
    with pytest.raises(UsageError, match="must be a function"):
        lightbench.register_rule("lightbench_rules::mm", 5)


def test_a_strict_count_names_the_way_out():
    with pytest.raises(UncountedOps) as told:
        counted(strict=True)
    assert "lightbench.register_rule" in told.value.hint


def test_counts_of_other_rules_are_other_numbers():
    before = counting()
    lightbench.register_rule("lightbench_rules::mm", madds_of)
    one = counting()
    lightbench.register_rule("lightbench_rules::mm", lambda args, out: 2)
    assert len({before, one, counting()}) == 3
    lightbench.register_rule("lightbench_rules::mm", madds_of)
    assert counting() == one


def brings_rules(monkeypatch, text):
    point = EntryPoint("lightbench_rules", text, registered.GROUP)
    monkeypatch.setattr(
        registered, "entry_points", lambda group: [point] * (group == registered.GROUP)
    )


def test_a_package_brings_the_rules_of_its_operators(monkeypatch):
    module = ModuleType("a_package_of_rules")
    module.__getattr__ = lambda name: lightbench.register_rule("lightbench_rules::mm", madds_of)
    monkeypatch.setitem(sys.modules, "a_package_of_rules", module)
    brings_rules(monkeypatch, "a_package_of_rules:rules")
    assert counted().madds == 8 * 64 * 128


def test_a_package_whose_rules_do_not_load_is_named_and_costs_only_its_own(monkeypatch):
    brings_rules(monkeypatch, "a_package_that_is_not_there")
    assert lightbench.count(nn.Linear(4, 4), input="4").costs.madds == 16
    with pytest.warns(UserWarning, match="rules of lightbench_rules.*a_package_that_is_not_there"):
        assert counted().uncounted == {"lightbench_rules::mm": 1}
