"""Operators that take functions count what those run, and attention with functions as attention."""

from __future__ import annotations

import pytest
import torch
from call import Call, image
from torch import nn
from torch._higher_order_ops import associative_scan, scan, while_loop
from torch._higher_order_ops.map import map as each
from torch.nn.attention.flex_attention import create_block_mask, flex_attention
from torch.utils.checkpoint import checkpoint

from lightbench.costs.count import count_costs
from lightbench.errors import ModelError

pytestmark = pytest.mark.filterwarnings("ignore")


def costs_of(function, *args, **parts):
    network = Call(function, **parts)
    return count_costs(network, lambda device: (tuple(x.to(device) for x in args), {}))


def choose(m, x):
    return torch.cond(x.sum() > 0, m.a, lambda v: m.b(v) + m.b(v), (x,))


@pytest.mark.parametrize(("sign", "madds"), [(1, 128), (-1, 256)])
def test_of_a_choice_the_branch_that_is_taken_counts(sign, madds):
    layers = {"a": nn.Linear(16, 8), "b": nn.Linear(16, 8)}
    costs = costs_of(choose, sign * torch.ones(1, 16), **layers)
    assert (costs.madds, costs.uncounted, costs.traced) == (madds, {}, "real")
    assert {op.path for op in costs.ops if op.madds} == {"a" if sign > 0 else "b"}


def test_a_choice_without_values_is_told_in_the_users_words():
    with torch.device("meta"):
        layers = {"a": nn.Linear(16, 8), "b": nn.Linear(16, 8)}
    with pytest.raises(ModelError, match=r"torch\.cond chooses by a value") as told:
        costs_of(choose, torch.ones(1, 16), **layers)
    assert "Tracer" not in str(told.value)


def add(a, b):
    return a + b


LOOPS = {
    "while_loop": (
        lambda m, x: while_loop(
            lambda i, v: i < 3, lambda i, v: (i + 1, m.a(v)), (torch.tensor(0), x[0])
        ),
        3,
    ),
    "scan": (lambda m, x: scan(lambda c, v: (m.a(c) + v, m.a(v)), x[0], x), 10),
    "map": (lambda m, x: each(m.a, x), 5),
    "associative_scan": (lambda m, x: associative_scan(add, m.a(x[0]), 0, combine_mode="generic"), 1),
    "checkpoint": (lambda m, x: checkpoint(m.a, x[0], use_reentrant=False), 1),
    "compiled region": (lambda m, x: torch.compiler.nested_compile_region(m.a)(x[0]), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOPS)
def test_of_a_loop_every_turn_counts(name):
    function, turns = LOOPS[name]
    costs = costs_of(function, image(5, 1, 16), a=nn.Linear(16, 16))
    assert (costs.madds, costs.uncounted) == (turns * 256, {})
    assert {op.path for op in costs.ops if op.madds} == {"a"}


def masked(m, q):
    length = q.shape[2]
    mask = create_block_mask(lambda b, h, i, j: i >= j, None, None, length, length, device=q.device)
    return flex_attention(q, q, q, block_mask=mask)


FLEX = {
    "plain": (lambda m, q: flex_attention(q, q, q), 4 * 128 * 128 * 32),
    "other keys": (lambda m, q: flex_attention(q, q[:, :, :64], q[:, :, :64, :8]), 4 * 128 * 64 * 24),
    "grouped queries": (lambda m, q: flex_attention(q, q[:, :2], q[:, :2], enable_gqa=True), 4 * 128 * 128 * 32),
    "scored": (lambda m, q: flex_attention(q, q, q, score_mod=lambda s, b, h, i, j: s + i - j), 4 * 128 * 128 * 32),
    "masked": (masked, 4 * 128 * 128 * 32),  # eager computes every position
}  # fmt: skip


@pytest.mark.parametrize("name", FLEX)
def test_flex_attention_is_attention(name):
    function, madds = FLEX[name]
    costs = costs_of(function, image(1, 4, 128, 16))
    assert (costs.madds, costs.uncounted) == (madds, {})
    assert [op.kind for op in costs.ops if op.madds] == ["attention"]


def test_a_count_leaves_the_compiler_as_it_was():
    layers = {"a": nn.Linear(16, 8), "b": nn.Linear(16, 8)}
    costs_of(choose, torch.ones(1, 16), **layers)
    compiled = torch.compile(layers["a"], backend="eager", fullgraph=True)
    assert torch.equal(compiled(torch.ones(1, 16)), layers["a"](torch.ones(1, 16)))
