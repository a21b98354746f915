"""What operators cost: by formula, the same with values as without, and every one of PyTorch's decided."""

from __future__ import annotations

from importlib import import_module

import pytest
import torch
import torch.nn.functional as F
from call import Call, image
from operators import CALLS, LAYERS, SEQUENCE, X
from torch import nn
from torch.utils import _pytree as pytree

from lightbench.costs import count
from lightbench.costs.count import count_costs
from lightbench.costs.plans import plan_of

pytestmark = pytest.mark.filterwarnings("ignore")
aten = torch.ops.aten


def on(args):
    def make(device):
        if device != "meta":
            return args, {}
        strided = torch.strided
        return pytree.tree_map_only(
            torch.Tensor, lambda t: t.to("meta") if t.layout is strided else t, args
        ), {}

    return make


def costs_of(function, *args, **parts):
    return count_costs(Call(function, **parts), on(args))


# Multiply-adds by formula. m is the network: its parameters are m.w, ...

FLOAT8 = torch.float8_e4m3fn
ONE = torch.ones(())
BFLOAT = torch.bfloat16


def grouped(left, right, ends=None):
    offsets = None if ends is None else torch.tensor(ends, dtype=torch.int32)
    return lambda m: torch._grouped_mm(image(*left).bfloat16(), image(*right).bfloat16(), offsets)


PRODUCTS = {
    "experts: rows by group": (grouped((8, 16), (2, 16, 32), [4, 8]), 8 * 16 * 32),
    "columns by group": (grouped((2, 24, 16), (16, 8), [3, 8]), 24 * 16 * 8),
    "inner dimension by group": (grouped((24, 16), (16, 8), [8, 16]), 24 * 16 * 8),
    "a batch as groups": (grouped((2, 24, 16), (2, 16, 8)), 2 * 24 * 16 * 8),
    "float8": (
        lambda m: torch._scaled_mm(
            image(16, 32).to(FLOAT8), image(48, 32).to(FLOAT8).t(), ONE, ONE, out_dtype=torch.float32
        ),
        16 * 32 * 48,
    ),
    "int8": (
        lambda m: torch._int_mm(torch.ones(32, 8).to(torch.int8), torch.ones(8, 16).to(torch.int8)),
        32 * 8 * 16,
    ),
    "addmm_": (lambda m: image(5, 5).addmm_(image(5, 7), image(7, 5)), 175),
    "baddbmm_": (lambda m: image(2, 5, 5).baddbmm_(image(2, 5, 7), image(2, 7, 5)), 350),
    "addbmm_": (lambda m: image(5, 5).addbmm_(image(2, 5, 7), image(2, 7, 5)), 350),
    "addmv_": (lambda m: image(5).addmv_(image(5, 7), image(7)), 35),
    "addr": (lambda m: torch.addr(image(5, 7), image(5), image(7)), 35),
    "mm(out=)": (lambda m: torch.mm(image(5, 7), image(7, 5), out=image(5, 5)), 175),
    "conv_tbc": (lambda m: torch.conv_tbc(image(9, 2, 4), image(3, 4, 5), image(5)), 7 * 2 * 3 * 4 * 5),
    "bilinear": (lambda m: F.bilinear(image(2, 20), image(2, 30), image(40, 20, 30)), 2 * 24000),
    "einsum of three": (
        lambda m: torch.einsum("bi,ij,bj->b", image(2, 5), image(5, 7), image(2, 7)),
        2 * 5 * 7 + 2 * 7,
    ),
    "gradient of a convolution": (
        lambda m: aten.convolution_backward(
            image(2, 8, 6, 6), image(2, 4, 8, 8), image(8, 4, 3, 3), None,
            [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [True, True, False],
        ),
        2 * (2 * 36 * 8 * 4 * 9),
    ),
    "its gradient for the filters alone": (
        lambda m: aten.convolution_backward(
            image(2, 8, 6, 6), image(2, 4, 8, 8), image(8, 4, 3, 3), None,
            [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [False, True, False],
        ),
        2 * 36 * 8 * 4 * 9,
    ),
    "gradient of attention": (
        lambda m: aten._scaled_dot_product_flash_attention_for_cpu_backward(
            *[image(1, 2, 10, 8)] * 5, image(1, 2, 10), 0.0, False
        ),
        2 * 10 * 10 * (3 * 8 + 2 * 8),
    ),
    "attention of one query for all": (
        lambda m: F.scaled_dot_product_attention(image(1, 1, 4, 6), *[image(3, 2, 5, 6)] * 2),
        3 * 2 * 4 * 5 * 12,
    ),
    "attention of sequences one after the other": (
        lambda m: aten._efficient_attention_forward(
            *(image(1, n, 3, 8).to("meta") for n in (10, 14, 14)), None,
            torch.tensor([0, 4, 10]), torch.tensor([0, 8, 14]), 6, 8, 0.0, 0,
        ),
        10 * 3 * 8 * 16,
    ),
    "int8 weights": (
        lambda m: aten._weight_int8pack_mm(
            image(3, 16).bfloat16(), torch.ones(8, 16).to(torch.int8), torch.ones(8).bfloat16()
        ),
        3 * 16 * 8,
    ),
    "sparse @ dense": (lambda m: torch.eye(64).to_sparse() @ image(64, 8), 64 * 8),
    "CSR @ dense": (lambda m: torch.eye(64).to_sparse_csr() @ image(64, 8), 64 * 8),
    "CSC @ dense": (lambda m: torch.eye(64).to_sparse_csc() @ image(64, 8), 64 * 8),
    "blocks @ dense": (lambda m: torch.eye(64).to_sparse_bsr((4, 4)) @ image(64, 8), 16 * 16 * 8),
    "dense @ CSR": (lambda m: image(8, 64) @ torch.eye(64).to_sparse_csr(), 64 * 8),
    "sparse @ vector": (lambda m: torch.eye(64).to_sparse() @ image(64), 64),
    "sparse @ sparse": (lambda m: torch.sparse.mm(torch.eye(64).to_sparse(), torch.eye(64).to_sparse()), 64),
    "sparse.addmm": (
        lambda m: torch.sparse.addmm(image(64, 8), torch.eye(64).to_sparse(), image(64, 8)), 64 * 8
    ),
    "sampled": (
        lambda m: torch.sparse.sampled_addmm(torch.eye(64).to_sparse_csr(), image(64, 8), image(8, 64)),
        64 * 8,
    ),
    "linear with a CSR weight": (lambda m: F.linear(image(8, 64), torch.eye(64).to_sparse_csr()), 64 * 8),
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_what_multiplies_is_counted(name):
    function, madds = PRODUCTS[name]
    costs = costs_of(lambda m, x: function(m), X)
    assert (costs.madds, costs.uncounted) == (madds, {})


def test_a_deformable_convolution_counts_as_a_convolution():
    tensors, sizes = (
        "Tensor x, Tensor w, Tensor o, Tensor m, Tensor b",
        "int a, int c, int d, int e",
    )
    schema = f"({tensors}, {sizes}, int f, int g, int groups, int h, bool u) -> Tensor"
    if "torchvision::deform_conv2d" not in torch._C._dispatch_get_all_op_names():
        torch.library.define("torchvision::deform_conv2d", schema)
    meta = "CompositeExplicitAutograd"
    own = torch.library.Library("torchvision", "IMPL")
    own.impl("deform_conv2d", lambda x, w, *_: x.new_empty(2, 16, 5, 5), meta, allow_override=True)

    def run(m, x):
        steps = (1, 1, 1, 1, 1, 1, 2, 1)
        return torch.ops.torchvision.deform_conv2d(x, m.w, x, x, m.b, *steps, False)

    costs = costs_of(run, image(2, 8, 5, 5), w=image(16, 4, 3, 3), b=image(16))
    assert costs.madds == 2 * 25 * 16 * 4 * 9
    assert [(op.kind, op.groups, op.weights) for op in costs.ops] == [("grouped conv", 2, 592)]
    own._destroy()


# What is read and written.

STATE = image(1, 1000, 64)
ROW, AT, FIRST = image(1, 1, 64), torch.tensor([3]), torch.tensor([0])
THREE = torch.tensor([[1, 2, 3]])
MOVED = {
    "index_copy_": (lambda m, c, k, i: c.index_copy_(1, i, k), 2 * 256 + 8),
    "c[:, i] = k": (lambda m, c, k, i: c.__setitem__((slice(None), i), k), 2 * 256 + 8),
    "c[:, 3] = k": (lambda m, c, k, i: c.__setitem__((slice(None), 3), k[:, 0]), 2 * 256),
    "index_fill_": (lambda m, c, k, i: c.index_fill_(1, i, 0.0), 256 + 8),
    "scatter_": (lambda m, c, k, i: c.scatter_(1, i.expand(1, 1, 64), k), 2 * 256 + 8),
    "index_add_": (lambda m, c, k, i: c.index_add_(1, i, k), 3 * 256 + 8),
    "scatter_add_": (lambda m, c, k, i: c.scatter_add_(1, i.expand(1, 1, 64), k), 3 * 256 + 8),
    "accumulating index_put_": (lambda m, c, k, i: c.index_put_((FIRST, i), k[0], True), 3 * 256 + 16),
    "a copy of it all": (lambda m, c, k, i: c.index_copy(1, i, k), 2 * 256000 + 256 + 8),
    "masked_fill_": (lambda m, c, k, i: c.masked_fill_(c[:, :, :1] > 0, 0.0), 256000 * 2 + 4000 + 2000),
    "embedding_bag": (lambda m, c, k, i: F.embedding_bag(THREE, c[0]), 3 * 8 + 3 * 256 + 256),
}  # fmt: skip


@pytest.mark.parametrize("name", MOVED)
def test_a_row_written_into_a_cache_costs_that_row(name):
    function, size = MOVED[name]
    assert costs_of(function, STATE, ROW, AT).mem_bytes == size


def test_a_sparse_matrix_moves_its_values_and_their_places():
    def run(m, x):
        return m.a @ x

    x = image(64, 8)
    coo = costs_of(run, x, a=nn.Buffer(torch.eye(64).to_sparse()))
    assert coo.mem_bytes == 64 * 4 + 2 * 64 * 8 + 2 * 64 * 8 * 4
    assert (coo.ops[0].weights, coo.ops[0].reads) == (64 + 2 * 64, 64 * 8)
    csr = costs_of(run, x, a=torch.eye(64).to_sparse_csr())
    assert csr.mem_bytes == 64 * 4 + (65 + 64) * 8 + 2 * 64 * 8 * 4
    assert (csr.params, csr.param_bytes) == (64, 64 * 4 + (65 + 64) * 8)


def test_what_is_kept_for_a_gradient_is_a_by_product():
    flash = aten._scaled_dot_product_flash_attention_for_cpu
    costs = costs_of(lambda m, q: flash(q, q, q)[0], image(1, 4, 10, 16))
    assert costs.mem_bytes == 4 * 4 * 10 * 16 * 4  # three read, one written, no log-sum-exp


# With values and without.


def rows(network, args, how):
    """Every number of every row, when run as one of count's attempts."""
    network = network.eval()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(count, "_attempts", lambda _parts, scripted: [how])
        costs = count_costs(network, on(args))
    sizes = [
        "kind",
        "madds",
        "reads",
        "writes",
        "weights",
        "read_bytes",
        "write_bytes",
        "weight_bytes",
        "fused_bytes",
    ]
    return costs.uncounted, [tuple(getattr(op, size) for size in sizes) for op in costs.ops]


META, REAL = ("meta", torch.inference_mode), ("real", torch.inference_mode)


@pytest.mark.parametrize("name", CALLS)
def test_values_change_nothing_about_what_an_operator_costs(name):
    network = Call(lambda m, x: CALLS[name](x))
    uncounted, without = rows(network, (X,), META)
    assert uncounted == {}
    assert rows(network, (X,), REAL) == ({}, without)
    assert len(without) > 0


@pytest.mark.parametrize("name", LAYERS)
def test_values_change_nothing_about_what_a_layer_costs(name):
    build, inputs = LAYERS[name]
    network, args = build(), [SEQUENCE + i for i in range(inputs)]
    assert rows(network, args, META) == rows(network, args, REAL)


@pytest.mark.parametrize(("on_cpu", "casts"), [(True, 3), (False, 0)])
def test_what_autocast_casts_is_counted_with_and_without_a_look_at_values(on_cpu, casts):
    def run(m, x):
        with torch.autocast("cpu", torch.bfloat16, enabled=on_cpu):
            return m.a(x)

    def look(m, x):
        return run(m, x) if m.b or x.sum() < 1e9 else x

    layer = nn.Linear(16, 8)
    sides = [costs_of(look, image(2, 16), a=layer, b=kind) for kind in (True, False)]
    assert [op.op for op in sides[0].ops].count("to") == casts
    assert sides[0].ops == sides[1].ops[3:]  # a sum, a comparison and a question


# Every operator that PyTorch has.

# A name -> why it may be met without a rule. Whatever else has none is to be decided: multiplies
# it (a row in lightbench/costs/rules), or not (a name in rules/plain.py or rules/movement.py)?
UNDECIDED = {
    "of ExecuTorch's and torchao's packages, which only their own tools call": (
        "quantized_decomposed::add quantized_decomposed::add_relu quantized_decomposed::embedding_2bit"
        " quantized_decomposed::embedding_4bit quantized_decomposed::embedding_byte"
        " quantized_decomposed::mixed_linear quantized_decomposed::mixed_mm"
        " torchao::dequantize_affine_float8_non_decomposed torchao::quantize_affine_float8_non_decomposed"
    ),
    "training: optimizers and loss scaling": (
        "aten::_amp_foreach_non_finite_check_and_unscale aten::_amp_update_scale"
        " aten::_fused_adagrad aten::_fused_adam aten::_fused_adamw aten::_fused_sgd"
        " inductor::accumulate_grad"
    ),
    "forms of old TorchScript": "aten::quantized_lstm aten::quantized_gru",
    "of compilers, with no work of their own": (
        "prims::_sink_tokens mkldnn::_get_mkldnn_serialized_md mkldnn::_nbytes mkldnn::data_ptr"
        " prims::_low_memory_max_pool_offsets_to_indices prims::_low_memory_max_pool_with_offsets"
        " prims::_unsafe_index_put prims::inductor_cvt_e8m0_rceil prims::inductor_force_stride_order"
        " prims::inductor_lookup_seed prims::inductor_randint prims::inductor_random"
        " prims::prepare_softmax_online"
    ),
    "made for PyTorch's tests": "aten::_foobar",
}
# Tools, not networks: other spaces are communication, profiling and PyTorch's own tests.
SPACES = [
    "aten",
    "prims",
    "quantized",
    "_quantized",
    "quantization",
    "sparse",
    "mkldnn",
    "mkldnn_prepacked",
    "mkl",
    "onednn",
    "inductor",
    "rngprims",
    "inductor_prims",
    "_native",
    "torchvision",
    "torchao",
    "quantized_decomposed",
]


def all_operators():
    """Also those that come with compilers and quantisers, which other tests may have imported."""
    import_module("torch._inductor.lowering")
    import_module("torch.ao.quantization.fx._decomposed")
    for name in sorted(torch._C._dispatch_get_all_op_names()):
        space, _, rest = name.partition("::")
        base, _, overload = rest.partition(".")
        if space in SPACES:
            packet = getattr(getattr(torch.ops, space), base, None)
            operator = getattr(packet, overload or "default", None)
            if operator is not None:
                yield operator


def test_every_operator_of_pytorch_is_decided():
    allowed = {name for names in UNDECIDED.values() for name in names.split()}
    undecided = set()
    for operator in all_operators():
        plan, name = plan_of(operator), operator._schema.name
        if plan.action == "compute" and plan.rule is None and "::_test" not in name:
            undecided.add(name.rstrip("_"))
    assert sorted(undecided - allowed) == []


def test_every_operator_that_takes_functions_is_decided():
    import torch._higher_order_ops  # noqa: F401
    from torch._C import DispatchKey
    from torch._ops import _higher_order_ops

    from lightbench.costs.higher_order import HIGHER_ORDER, OPAQUE

    # Those call their function without asking a dispatch mode.
    plain = [
        "custom_function_call",
        "autograd_function_apply",
        "flat_apply",
        "wrap",
        "wrap_with_set_grad_enabled",
        "wrap_with_autocast",
        "dynamo_bypassing_wrapper",
        "wrap_activation_checkpoint",
        "tag_activation_checkpoint",
    ]
    eager = (DispatchKey.CompositeExplicitAutograd, DispatchKey.CPU)
    unknown = {
        name
        for name, operator in _higher_order_ops.items()
        if not any(key in operator.py_kernels for key in eager)
        and name not in (*HIGHER_ORDER, *OPAQUE, *plain)
    }
    assert unknown - {"graphsafe_run_with_rng_state", "run_dtensor_rng_op"} == set()  # CUDA only


@pytest.mark.parametrize(
    ("derived", "kind"),
    [
        (aten.addmm_.default, "matmul"),
        (aten.baddbmm.out, "matmul"),
        (aten.relu_.default, "activation"),
        (aten.gt_.Scalar, "element-wise"),
        (aten.permute_copy.default, "data movement"),
        (aten.native_layer_norm_backward.default, "other"),
        (aten._foreach_add_.Scalar, "element-wise"),
        (torch.ops.prims.exp.default, "element-wise"),
    ],
    ids=str,
)
def test_variants_of_an_operator_do_what_it_does(derived, kind):
    x, y = image(3, 3), image(3, 3)
    assert plan_of(derived).rule((x, x, y), x).kind == kind


def test_the_gradient_of_what_multiplies_is_not_taken_for_nothing():
    from lightbench.costs.rules import _derived

    for name in ("mm", "convolution", "linear", "lstm", "_cudnn_rnn", "_grouped_mm"):
        assert _derived(f"aten::{name}_backward") is None


@torch.library.custom_op("lightbench_tests::rand_like_mm_like", mutates_args=())
def named_as_if_made(x: torch.Tensor) -> torch.Tensor:
    return x @ x


def test_the_name_of_a_strangers_operator_says_nothing():
    costs = costs_of(lambda m, x: named_as_if_made(x), image(3, 3))
    assert costs.uncounted == {"lightbench_tests::rand_like_mm_like": 1}
