"""Every case that makes other counters go wrong is counted to the last multiply-add."""

from __future__ import annotations

import random

import pytest
import torch
from call import Call, image
from cases import CASES
from torch import nn
from torch.utils import _pytree as pytree

from lightbench.costs.count import count_costs
from lightbench.errors import ModelError

pytestmark = pytest.mark.filterwarnings("ignore")  # TorchScript and quantization are deprecated


def on(args):
    def make(device):
        if device != "meta":
            return args, {}
        return pytree.tree_map_only(
            torch.Tensor, lambda t: torch.empty_like(t, device="meta"), args
        ), {}

    return make


@pytest.mark.parametrize("name", CASES)
def test_counts_exactly(name):
    network, args, madds = CASES[name]()
    costs = count_costs(network, on(args))
    assert (costs.madds, costs.uncounted) == (madds, {})


@pytest.mark.parametrize("name", CASES)
def test_a_second_count_equals_the_first(name):
    network, args, _ = CASES[name]()
    assert count_costs(network, on(args)) == count_costs(network, on(args))


def test_only_networks_that_look_at_values_or_hide_their_weights_run_on_real_tensors():
    real = {
        name
        for name, build in CASES.items()
        if count_costs(build()[0], on(build()[1])).traced == "real"
    }
    assert real == {
        "branch_on_a_value",
        "gradient_inside_forward",
        "packed_sequence",
        "quantized_linear",
        "scripted_module",
        "traced_module",
    }


# What a count leaves behind: nothing.


class Remembers(nn.Module):
    """Does in ``forward`` what networks should not do, but do."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.5)
        self.seen = []
        self.fails = fails
        self.register_buffer("calls", torch.zeros(1))
        self.register_buffer("number", torch.tensor(7))
        self.register_buffer("state", torch.ones(4))

    def forward(self, x):
        self.calls += 1
        self.number.add_(1)
        self.state.zero_()
        self.state[:2].copy_(torch.rand(2))
        self.last = self.drop(self.norm(self.conv(x)))
        self.seen.append(self.last)
        torch.rand(3)
        random.random()
        if self.fails:
            raise RuntimeError("no")
        return self.last if x.is_meta or x.sum() > -1e9 else x


def state_of(network):
    return {
        "training": [m.training for m in network.modules()],
        "attributes": [sorted(m.__dict__) for m in network.modules()],
        "hooks": [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in network.modules()],
        "tensors": {k: (id(v), v.clone()) for k, v in network.state_dict(keep_vars=True).items()},
        "gradients": [(p.requires_grad, p.grad) for p in network.parameters()],
        "random": (torch.get_rng_state(), random.getstate()),
        "fast path": torch.backends.mha.get_fastpath_enabled(),
        "inference": torch.is_inference_mode_enabled(),
    }


def assert_same(a, b):
    assert a.keys() == b.keys()
    assert [v for k, v in a["tensors"].items() if not torch.equal(v[1], b["tensors"][k][1])] == []
    assert [v[0] for v in a["tensors"].values()] == [v[0] for v in b["tensors"].values()]
    assert torch.equal(a["random"][0], b["random"][0])
    assert a["random"][1] == b["random"][1]
    for key in a.keys() - {"tensors", "random"}:
        assert a[key] == b[key], key


@pytest.mark.parametrize("fails", [False, True])
def test_a_network_in_training_with_a_frozen_norm_comes_back_as_it_was(fails):
    network = Remembers(fails=fails).train()
    network.norm.eval()
    inputs = on((image(1, 3, 8, 8),))
    before = state_of(network)
    if fails:
        with pytest.raises(ModelError):
            count_costs(network, inputs)
    else:
        count_costs(network, inputs)
    assert_same(before, state_of(network))
    assert network.seen == []
    assert not hasattr(network, "last")


def test_a_network_that_needed_real_tensors_comes_back_as_it_was():
    network = Remembers().train()
    network.forward = lambda x: Remembers.forward(network, x + float(x.sum()))
    inputs = on((image(1, 3, 8, 8),))
    before = state_of(network)
    assert count_costs(network, inputs).traced == "real"
    assert_same(before, state_of(network))
    assert network.calls == 0


def test_a_failed_count_does_not_poison_the_next_one():
    good = nn.Linear(16, 4)
    with pytest.raises(ModelError):
        count_costs(Remembers(fails=True), on((image(1, 3, 8, 8),)))
    assert count_costs(good, on((image(1, 16),))).madds == 64


def test_a_compiled_network_still_compiles_after_it_was_counted():
    from torch._dynamo.testing import CompileCounter

    torch._dynamo.reset()
    counter = CompileCounter()
    network = torch.compile(nn.Sequential(nn.Linear(16, 4), nn.ReLU()), backend=counter)
    assert count_costs(network, on((image(1, 16),))).madds == 64
    assert counter.frame_count == 0  # the count ran the module behind it
    network(image(1, 16))
    assert counter.frame_count == 1


def test_an_eager_network_compiles_after_it_was_counted():
    from torch._dynamo.testing import CompileCounter

    torch._dynamo.reset()
    counter = CompileCounter()
    network = nn.Sequential(nn.Linear(16, 4), nn.ReLU())
    count_costs(network, on((image(1, 16),)))
    torch.compile(network, backend=counter)(image(1, 16))
    assert counter.frame_count == 1


def test_weights_are_neither_copied_nor_read():
    network = nn.Linear(16, 4)
    network.weight.data.fill_(float("nan"))
    pointer = network.weight.data_ptr()
    count_costs(network, on((image(1, 16),)))
    assert network.weight.data_ptr() == pointer


# What a reader is told.


def test_rows_say_which_call_of_which_module_they_belong_to():
    conv = nn.Conv2d(8, 8, 3, padding=1)

    def run(m, x):
        return m.b(m.a(m.a(x)))

    costs = count_costs(Call(run, a=conv, b=conv), on((image(1, 8, 10, 10),)))
    assert [(op.path, op.call, op.module) for op in costs.ops] == [
        ("a", 0, "Conv2d"),
        ("a", 1, "Conv2d"),
        ("a", 2, "Conv2d"),
    ]


@torch.library.custom_op("lightbench_tests::twice", mutates_args=())
def twice(x: torch.Tensor) -> torch.Tensor:
    return x + x


def test_an_operator_without_a_rule_is_listed_by_name():
    costs = count_costs(Call(lambda m, x: twice(x)), on((image(1, 16),)))
    assert costs.uncounted == {"lightbench_tests::twice": 1}


def test_a_forward_that_raises_is_told_with_module_and_shapes():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(4, 8, 3))
    with pytest.raises(
        ModelError, match=r"in Conv2d `1` with 1x8x6x6: RuntimeError: Given groups=1"
    ):
        count_costs(network, on((image(1, 3, 8, 8),)))


def test_a_network_without_weights_that_looks_at_values_is_told():
    with torch.device("meta"):
        network = nn.Linear(16, 4)
    with pytest.raises(ModelError):
        count_costs(
            Call(lambda m, x: m.a(x) if m.a(x).sum() > 0 else x, a=network), on((image(1, 16),))
        )


def test_shared_parameters_are_counted_once():
    a, b = nn.Linear(16, 16), nn.Linear(16, 16)
    b.weight = a.weight
    costs = count_costs(nn.Sequential(a, b), on((image(1, 16),)))
    assert costs.params == 256 + 16 + 16
    assert costs.param_bytes == 4 * (256 + 16 + 16)


@pytest.mark.parametrize(
    ("layer", "shape", "kind"),
    [
        (nn.Conv2d(8, 16, 3), (1, 8, 9, 9), "dense conv"),
        (nn.Conv2d(8, 16, 1), (1, 8, 9, 9), "pointwise conv"),
        (nn.Conv2d(8, 16, 1, groups=2), (1, 8, 9, 9), "grouped conv"),
        (nn.Conv2d(8, 16, 3, groups=8), (1, 8, 9, 9), "depthwise conv"),
        (nn.Linear(8, 4), (1, 8), "linear"),
        (nn.BatchNorm2d(8), (1, 8, 9, 9), "norm"),
        (nn.GELU(), (1, 8), "activation"),
        (nn.Hardswish(), (1, 8), "activation"),
        (nn.MaxPool2d(2), (1, 8, 9, 9), "pooling"),
        (nn.AdaptiveAvgPool2d(1), (1, 8, 9, 9), "pooling"),
        (nn.Upsample(scale_factor=2), (1, 8, 9, 9), "data movement"),
        (nn.PixelShuffle(2), (1, 8, 9, 9), "data movement"),
    ],
)
def test_a_layer_has_its_kind(layer, shape, kind):
    (op,) = count_costs(layer, on((image(*shape),))).ops
    assert op.kind == kind


@pytest.mark.parametrize(
    ("product", "c_in", "kind"),
    [
        (lambda x, w: x @ w, 16, "linear"),
        (lambda x, w: x @ w.view(2, 8, 4)[0], 8, "linear"),
        (lambda x, w: x @ w.t().contiguous().t(), 16, "matmul"),
    ],
)
def test_a_product_with_a_parameter_is_a_linear_layer_unless_it_was_copied(product, c_in, kind):
    network = Call(lambda m, x: product(x, m.w), w=image(16, 4))
    assert count_costs(network, on((image(1, c_in),))).ops[-1].kind == kind


def test_views_move_nothing():
    def run(m, x):
        a, b = x.flatten(2).transpose(1, 2).unsqueeze(0).squeeze(0).chunk(2, 1)
        return a, b[:, :3].expand(-1, -1, 4)

    assert count_costs(Call(run), on((image(1, 4, 4, 4),))).ops == ()
