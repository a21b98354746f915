"""Attention of kernels that only accelerators have: every query meets every key, twice, by formula."""

from __future__ import annotations

import pytest
import torch

from lightbench.costs.rules.attention import ATTENTION

# batch, heads, queries, keys, width of query and key, width of value
B, H, L, S, E, V = 2, 3, 5, 7, 8, 16


def rule(name):
    return next(rule for rule, names in ATTENTION.items() if name in names.split())


def empty(*shape):
    return torch.empty(shape, device="meta")


def of(*shape, to=()):
    """Query, key and value of these shapes, and the arguments ``to`` that follow them."""
    query, key, value = (empty(*s) for s in shape)
    return (query, key, value, *to)


SEQUENCE_FIRST = [(B, L, H, E), (B, S, H, E), (B, S, H, V)]
HEADS_FIRST = [(B, H, L, E), (B, H, S, E), (B, H, S, V)]


@pytest.mark.parametrize("name", ["_flash_attention_forward", "_efficient_attention_forward"])
def test_a_flash_kernel_has_its_heads_behind_the_sequence(name):
    work = rule(name)(of(*SEQUENCE_FIRST), (empty(B, L, H, V), empty(B, H, L)))
    assert work.madds == B * H * L * S * (E + V)
    assert work.outputs == 1  # the log-sum-exp is a by-product


def test_of_sequences_one_after_the_other_each_query_meets_as_many_keys_as_the_longest_has():
    tokens, longest = 11, 6
    packed = of(
        (tokens, H, E), (tokens, H, E), (tokens, H, V), to=(empty(3), empty(3), longest, longest)
    )
    work = rule("_flash_attention_forward")(packed, (empty(tokens, H, V),))
    assert work.madds == tokens * H * longest * (E + V)


def test_the_kernel_that_fills_what_it_is_given_does_not_read_it():
    into = empty(B, L, H, V)
    work = rule("_flash_attention_forward_no_dropout_inplace")((into, *of(*SEQUENCE_FIRST)), None)
    assert work.madds == B * H * L * S * (E + V)
    assert work.reads == {0: 0}


def test_cudnns_kernel_has_its_heads_before_the_sequence_or_is_told_the_longest():
    cudnn = rule("_cudnn_attention_forward")
    work = cudnn(of(*HEADS_FIRST, to=(None, None, None, L, S)), (empty(B, H, L, V),))
    assert (work.madds, work.outputs) == (B * H * L * S * (E + V), 1)
    told = cudnn(of(*HEADS_FIRST, to=(None, empty(3), empty(3), L, 4)), (empty(B, H, L, V),))
    assert told.madds == B * H * L * 4 * (E + V)


def test_nn_multihead_attention_in_one_kernel_projects_four_times():
    """3 E and E wide, and tokens meet all of their sequence twice."""
    x, key, heads = empty(B, L, E), empty(B, S, E), 2
    work = rule("_native_multi_head_attention")((x, key, key, E, heads), None)
    assert work.madds == B * L * E * 4 * E + 2 * B * L * S * E
    assert (work.weights, work.outputs) == ((5, 6, 7, 8), 1)


def test_an_encoder_layer_in_one_kernel_has_two_more_products():
    inner = 32
    args = [empty(B, L, E), E, *[None] * 12, empty(inner, E)]
    work = rule("_transformer_encoder_layer_fwd")(tuple(args), None)
    assert work.madds == B * L * (4 * E * E + 2 * L * E + 2 * E * inner)
