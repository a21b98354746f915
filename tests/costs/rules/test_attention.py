"""Attention of kernels that only accelerators have: every query meets every key, twice, by formula."""

from __future__ import annotations

import pytest
import torch
from schemas import arguments, operators, places

from lightbench.costs.rules import rule_of
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


TOKENS, ALL_KEYS, LONGEST = 11, 17, 6  # of sequences one after the other
TOLD = {
    **dict.fromkeys(("cum_seq_q", "cum_seq_k", "cu_seqlens_q", "cu_seqlens_k"), empty(4)),
    **dict.fromkeys(("max_q", "max_seqlen_q"), 5),
    **dict.fromkeys(("max_k", "max_seqlen_k"), LONGEST),
}
PACKED = {
    "query": empty(TOKENS, H, E),
    "key": empty(ALL_KEYS, H, E),
    "value": empty(ALL_KEYS, H, V),
    "out": empty(TOKENS, H, V),
    **dict.fromkeys(("grad_out", "grad_out_"), empty(TOKENS, H, V)),
}
OF_PACKED = """
    _flash_attention_forward _efficient_attention_forward _cudnn_attention_forward
    _flash_attention_forward_no_dropout_inplace
"""


@pytest.mark.parametrize("operator", operators(OF_PACKED), ids=str)
def test_of_sequences_one_after_the_other_each_query_meets_as_many_keys_as_the_longest_has(
    operator,
):
    args = arguments(operator, PACKED | TOLD)
    work = rule_of(operator)(args, (PACKED["out"], None))
    assert work.madds == TOKENS * H * LONGEST * (E + V)


@pytest.mark.parametrize("operator", operators(OF_PACKED), ids=str)
def test_where_only_queries_are_packed_each_meets_all_keys(operator):
    starts = {"cum_seq_k": None, "cu_seqlens_k": None}
    cudnn = "cudnn" in operator._schema.name
    keys = {"key": empty(H, S, E) if cudnn else empty(S, H, E)}
    work = rule_of(operator)(arguments(operator, PACKED | TOLD | keys | starts), (PACKED["out"],))
    assert work.madds == TOKENS * H * S * (E + V)


OF_PACKED_BACKWARD = """
    _flash_attention_backward _efficient_attention_backward _cudnn_attention_backward
"""


@pytest.mark.parametrize("operator", operators(OF_PACKED_BACKWARD), ids=str)
def test_the_gradient_of_sequences_one_after_the_other_meets_as_many(operator):
    """Scores (E), gradients of value and scores (V each), of query and key (E each)."""
    work = rule_of(operator)(arguments(operator, PACKED | TOLD), None)
    assert work.madds == TOKENS * H * LONGEST * (3 * E + 2 * V)


BACKWARD = """
    _scaled_dot_product_flash_attention_backward _scaled_dot_product_flash_attention_for_cpu_backward
    _scaled_dot_product_efficient_attention_backward _scaled_dot_product_cudnn_attention_backward
    _scaled_dot_product_fused_attention_overrideable_backward _cudnn_attention_backward
    _flash_attention_backward _efficient_attention_backward
"""


@pytest.mark.parametrize("operator", operators(BACKWARD), ids=str)
def test_a_gradient_of_attention_is_five_products(operator):
    name = operator._schema.name
    heads_first = "scaled_dot" in name or "cudnn" in name
    query, key, value = of(*(HEADS_FIRST if heads_first else SEQUENCE_FIRST))
    gradient = empty(*query.shape[:-1], V)
    given = dict.fromkeys(("grad_out", "grad_out_"), gradient)
    given |= {"query": query, "key": key, "value": value, "max_q": L, "max_k": S}
    work = rule_of(operator)(arguments(operator, given), None)
    assert (work.kind, work.madds) == ("attention", B * H * L * S * (3 * E + 2 * V))
    one = {name: empty(*value.shape[1:]) for name, value in given.items() if name[:3] != "max"}
    work = rule_of(operator)(arguments(operator, one), None)
    assert work.madds == H * L * S * (3 * E + 2 * V)


FORWARD = """
    scaled_dot_product_attention _scaled_dot_product_flash_attention
    _scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention
    _scaled_dot_product_cudnn_attention _scaled_dot_product_fused_attention_overrideable
    _scaled_dot_product_attention_math_for_mps _triton_scaled_dot_attention
"""


@pytest.mark.parametrize("operator", operators(FORWARD), ids=str)
def test_every_query_meets_every_key_twice(operator):
    settings = [None] * (len(operator._schema.arguments) - 3)
    result = (empty(B, H, L, V), empty(B, H, L))
    work = rule_of(operator)(of(*HEADS_FIRST, to=settings), result)
    assert (work.kind, work.madds, work.outputs) == ("attention", B * H * L * S * (E + V), 1)
    one = of((H, L, E), (H, S, E), (H, S, V), to=settings)
    assert rule_of(operator)(one, empty(H, L, V)).madds == H * L * S * (E + V)


def test_the_kernel_that_fills_what_it_is_given_does_not_read_it():
    into = empty(B, L, H, V)
    work = rule("_flash_attention_forward_no_dropout_inplace")((into, *of(*SEQUENCE_FIRST)), None)
    assert work.madds == B * H * L * S * (E + V)
    assert work.reads == {0: 0}


def test_cudnns_kernel_has_its_heads_before_the_sequence():
    cudnn = rule("_cudnn_attention_forward")
    work = cudnn(of(*HEADS_FIRST, to=(None, None, None, L, S)), (empty(B, H, L, V),))
    assert (work.madds, work.outputs) == (B * H * L * S * (E + V), 1)


def test_an_encoder_layer_in_one_kernel_has_two_more_products():
    inner = 32
    args = [empty(B, L, E), E, *[None] * 12, empty(inner, E)]
    work = rule("_transformer_encoder_layer_fwd")(tuple(args), None)
    assert work.madds == B * L * (4 * E * E + 2 * L * E + 2 * E * inner)


@pytest.mark.parametrize(
    "operator", operators("_native_multi_head_attention _triton_multi_head_attention"), ids=str
)
def test_nn_multihead_attention_in_one_kernel_projects_four_times(operator):
    """3 E and E wide, and tokens meet all of their sequence twice."""
    given = {"query": empty(B, L, E), "embed_dim": E}
    work = rule_of(operator)(arguments(operator, given), None)
    assert work.weights == places(operator, "qkv_weight qkv_bias proj_weight proj_bias")
    assert (work.kind, work.outputs) == ("attention", 1)
    assert work.madds == B * L * E * 4 * E + 2 * B * L * L * E


@pytest.mark.parametrize("operator", operators("_transformer_encoder_layer_fwd"), ids=str)
def test_an_encoder_layer_finds_its_arguments_where_the_schema_says(operator):
    given = {"src": empty(B, L, E), "embed_dim": E, "ffn_weight_1": empty(32, E)}
    work = rule_of(operator)(arguments(operator, given), None)
    assert (work.kind, work.madds) == ("attention", B * L * (4 * E * E + 2 * L * E + 2 * E * 32))
