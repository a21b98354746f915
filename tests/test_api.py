"""lightbench in Python: what a caller gets, and what a caller gets back as it was."""

from __future__ import annotations

import random
import sys
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench import registry
from lightbench.errors import ModelError, UnknownName, UsageError

QUICK = {"seconds": 0.02, "rel": 1.0, "threads": 1}


NULL = {"seconds": 0.02, "device": "null"}


class Small(nn.Module):
    """A frozen batch norm, dropout, and a counter that its forward moves."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(8, 5)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        self.kept = self.conv(x)
        return self.head(self.drop(self.norm(self.kept)).mean((2, 3)))


class Raises(Small):
    def forward(self, x):
        super().forward(x)
        raise KeyError("gone")


IMAGE = {"input": "3x16x16"}


def state(network):
    """Everything about a network, and around it, that a measurement could leave changed."""
    return {
        "attributes": [
            {k: v for k, v in vars(m).items() if not k.startswith("_")} for m in network.modules()
        ],
        "hooks": [
            [list(v) for k, v in vars(m).items() if "hook" in k and isinstance(v, dict)]
            for m in network.modules()
        ],
        "tensors": {k: (id(v), v.dtype, v.device, v.stride()) for k, v in tensors(network).items()},
        "values": {k: v.detach().tolist() for k, v in tensors(network).items()},
        "gradients": {
            k: (p.requires_grad, None if p.grad is None else p.grad.tolist())
            for k, p in network.named_parameters()
        },
        "random": (random.getstate(), torch.get_rng_state().tolist()),
        "threads": torch.get_num_threads(),
        "modes": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
    }


def tensors(network):
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def used(kind=Small):
    """A network in the middle of somebody's training: modes, gradients and hooks all differ."""
    network = kind()
    network.train()
    network.norm.eval()
    network.conv.weight.requires_grad_(False)
    network.head.weight.grad = torch.ones_like(network.head.weight)
    network.conv.register_forward_hook(lambda *_: None)
    return network


# What comes back as it was.


@pytest.mark.parametrize("kind", [Small, Raises])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mode": "train"},
        {"dtype": "bfloat16"},
        {"layout": "channels_last"},
        {"dtype": "float64", "mode": "train", "layout": "channels_last"},
        {"device": "null", "mode": "train"},
    ],
)
def test_a_module_and_its_surroundings_are_as_before(settings, kind):
    network = used(kind)
    before = state(network)
    profile = lb.profile(network, batch=[2, 3], **IMAGE, **{**QUICK, **settings})
    assert {record.status for record in profile.records} == {"failed" if kind is Raises else "ok"}
    assert state(network) == before
    assert network(torch.zeros(1, 3, 8, 8)).requires_grad if kind is Small else True


@pytest.mark.parametrize("kind", [Small, Raises])
def test_a_module_that_is_counted_is_as_before(kind):
    network = used(kind)
    before = state(network)
    if kind is Raises:
        with pytest.raises(ModelError):
            lb.count(network, **IMAGE)
    else:
        lb.count(network, **IMAGE)
    assert state(network) == before


def test_everything_is_as_before_after_ctrl_c():
    network = used()
    before = state(network)

    def stop(_now):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        lb.profile(network, progress=stop, **IMAGE, **QUICK)
    assert state(network) == before
    (record,) = raised.value.records
    assert record.samples.stop == "interrupted"


@pytest.mark.slow
def test_a_network_by_name_draws_no_random_numbers_of_the_callers():
    before = random.getstate(), torch.get_rng_state().tolist()
    lb.profile("shufflenet_v2_x0_5", mode="train", input="3x32x32", batch=2, **QUICK)
    lb.count("shufflenet_v2_x0_5").crosscheck()
    assert (random.getstate(), torch.get_rng_state().tolist()) == before


def test_threads_are_set_for_each_case_and_put_back(monkeypatch):
    before, seen = torch.get_num_threads(), []

    class Watching(nn.Conv2d):
        def forward(self, x):
            if not x.is_meta:
                seen.append(torch.get_num_threads())
            return super().forward(x)

    profile = lb.profile(Watching(3, 4, 3), threads=[1, 3], seconds=0.02, rel=1.0, **IMAGE)
    assert sorted(set(seen)) == [1, 3]
    assert [r.environment.comparable["threads"] for r in profile.records] == [1, 3]
    assert torch.get_num_threads() == before


# What is measured.


def test_what_is_timed_is_in_the_precision_mode_and_layout_that_the_record_says():
    seen = set()

    class Watching(nn.Conv2d):
        def forward(self, x):
            if not x.is_meta:
                last = x.is_contiguous(memory_format=torch.channels_last)
                seen.add((x.dtype, self.weight.dtype, self.training, last, tuple(x.shape)))
            return super().forward(x)

    lb.profile(
        Watching(3, 4, 3), dtype="bfloat16", mode="train", layout="channels_last", batch=2,
        **IMAGE, **QUICK,
    )  # fmt: skip
    assert seen == {(torch.bfloat16, torch.bfloat16, True, True, (2, 3, 16, 16))}
    seen.clear()
    lb.profile(Watching(3, 4, 3), **IMAGE, **QUICK)
    assert seen == {(torch.float32, torch.float32, False, False, (1, 3, 16, 16))}


def test_a_module_is_measured_in_its_own_precision_unless_told():
    record = lb.profile(Small().bfloat16(), **IMAGE, **QUICK).record
    assert (record.status, record.case.dtype) == ("ok", "bfloat16")
    assert record.costs.param_bytes == lb.count(Small().bfloat16(), **IMAGE).costs.param_bytes
    told = lb.profile(Small().bfloat16(), dtype="float32", **IMAGE, **NULL).record
    assert told.case.dtype == "float32"


def test_half_the_bits_are_half_the_bytes():
    full, half = (lb.count("example_conv_g4", dtype=d).costs for d in ("float32", "bfloat16"))
    assert full.mem_bytes == 2 * half.mem_bytes
    assert full.param_bytes == 2 * half.param_bytes == 4 * full.params
    assert full.madds == half.madds


@pytest.mark.parametrize("mode", ["infer", "train"])
def test_every_call_in_train_mode_is_forward_backward_and_step_and_none_in_infer_mode(mode):
    forward, backward = [], []

    class Watching(nn.Linear):
        def forward(self, x):
            if x.is_meta:
                return super().forward(x)
            forward.append(self.weight._version)  # an optimizer's step makes a new version
            y = super().forward(x)
            if y.requires_grad:
                y.register_hook(lambda _: backward.append(1))
            return y

    record = lb.profile(Watching(3, 4), input="3", mode=mode, **QUICK).record
    assert record.status == "ok"
    assert len(forward) > 30
    assert len(backward) == (len(forward) if mode == "train" else 0)
    assert len(set(forward)) == (len(forward) if mode == "train" else 1)


def test_ready_inputs_say_batch_and_shape():
    record = lb.profile(Small(), args=(torch.zeros(4, 3, 16, 16),), **NULL).record
    assert record.case.batch == 4
    assert list(map(str, record.case.inputs)) == ["3x16x16"]
    assert record.throughput == pytest.approx(4 / 0.001)
    words = lb.profile(
        nn.Embedding(9, 2), args=(torch.zeros(6, 5, dtype=torch.long),), **NULL
    ).record
    assert (words.case.batch, list(map(str, words.case.inputs))) == (6, ["5:int64"])


def test_ready_inputs_may_be_of_any_form_and_come_back_unchanged():
    class Takes(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 2)

        def forward(self, parts):
            return {"y": self.linear(parts["x"][0])}

    inputs = {"x": [torch.ones(7, 3)], "n": 3}
    record = lb.profile(Takes(), args=(inputs,), dtype="bfloat16", **QUICK).record
    assert (record.status, record.case.batch, record.case.dtype) == ("ok", 7, "bfloat16")
    assert inputs["x"][0].dtype == torch.float32


def test_two_modules_of_one_class_are_two_rows_and_many_values_every_combination():
    small, large = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 8, 3)
    profile = lb.profile(small, large, batch=[1, 2], mode=["infer", "train"], **IMAGE, **NULL)
    assert [(r.case.model, r.case.mode, r.case.batch) for r in profile.records] == [
        (model, mode, batch)
        for model in ("Conv2d", "Conv2d#2")
        for mode in ("infer", "train")
        for batch in (1, 2)
    ]
    assert profile.records[0].costs.params == 4 * 27 + 4
    assert profile.records[4].costs.params == 8 * 27 + 8


def test_a_module_beside_a_name():
    profile = lb.profile(nn.Conv2d(16, 4, 3), "example_conv_g4", input="16x8x8", **NULL)
    assert [record.status for record in profile.records] == ["ok", "ok"]


def test_a_stored_record_is_never_taken_for_a_module_of_the_same_name():
    first = lb.profile(nn.Conv2d(3, 4, 3), **IMAGE, **NULL)
    second = lb.profile(nn.Conv2d(3, 8, 3), stored=first.records, **IMAGE, **NULL)
    assert second.costs.params == 8 * 27 + 8


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_compiled_module_and_a_traced_one_are_timed():
    network = nn.Conv2d(3, 4, 3)
    traced = torch.jit.trace(network, torch.zeros(1, 3, 16, 16))
    compiled = torch.compile(network, backend="eager")
    records = lb.profile(traced, compiled, **IMAGE, **QUICK).records
    assert [record.status for record in records] == ["ok", "ok"]
    assert {record.costs.madds for record in records} == {4 * 27 * 14 * 14}


# What is refused.


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        ((), {}, "no model is named"),
        ((3,), {}, "a model is a name or a torch.nn.Module, got 3"),
        ((Small,), {}, r"Build it first: Small\(\)"),
        (("mobilenet_v2",), {"batch": "ten"}, "a batch is a whole number .* got 'ten'"),
        (("mobilenet_v2",), {"batch": 1.5}, "got 1.5"),
        (("mobilenet_v2",), {"batch": True}, "got True"),
        (("mobilenet_v2",), {"batch": [1, 0]}, "got 0"),
        (("mobilenet_v2",), {"threads": "two"}, "threads cannot be 'two'"),
        (("mobilenet_v2",), {"dtype": "int8"}, "not in int8"),
        (("mobilenet_v2",), {"layout": "nhwc"}, "no layout is called 'nhwc'"),
        (("mobilenet_v2",), {"device": "tpu"}, "no device is called 'tpu'"),
        (("mobilenet_v2",), {"rel": float("nan")}, "above zero, got nan"),
        (("mobilenet_v2",), {"input": "3xx"}, "cannot read the input shape"),
        (("mobilenet_v2",), {"args": (1,)}, "args are for modules"),
        ((nn.ReLU(),), {"args": (1,), "batch": 2}, "args say the batch"),
    ],
)
def test_what_cannot_be_right_raises_one_sentence(arguments, settings, words):
    with pytest.raises(UsageError, match=words):
        lb.profile(*arguments, **settings)


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        (3, {}, "a model is a name"),
        ("mobilenet_v22", {}, "Did you mean mobilenet_v2"),
        ("mobilenet_v2", {"dtype": "float"}, "no dtype is called 'float'"),
        ("mobilenet_v2", {"batch": 0}, "got 0"),
    ],
)
def test_count_refuses_the_same(model, settings, words):
    with pytest.raises(UsageError, match=words):
        lb.count(model, **settings)


def test_an_unknown_convention_suggests_the_nearest():
    counted = lb.count("example_conv_g4")
    with pytest.raises(UnknownName, match="Did you mean thop"):
        counted.convention("thopp")


@pytest.mark.parametrize(
    ("network", "words"),
    [(nn.LazyLinear(3), "Call it once with an input"), ("lock", "cannot be copied")],
)
def test_a_module_that_cannot_be_copied_is_a_row_that_says_so(network, words):
    if network == "lock":
        network = Small()
        network.lock = sys.stdout  # no stream can be copied
    record = lb.profile(network, **IMAGE, **NULL).record
    assert words in f"{record.failure.message} {record.failure.hint}"


# What it looks like.


def test_the_repr_is_the_table_of_the_command_line_and_of_the_notebook():
    profile = lb.profile("example_conv_g4", "nope", batch=[1, 2], **NULL)
    table = registry.load("format", "table").render(profile.view)
    assert repr(profile) == table.rstrip("\n")
    assert "1.00" in repr(profile)
    assert profile._repr_markdown_().count("| example_conv_g4") in (0, 2)
    html = profile._repr_html_()
    assert html.count("example_conv_g4") >= 2
    assert "<table" in html
    ElementTree.fromstring(f"<x>{html[html.index('<table') : html.index('</table>') + 8]}</x>")


def test_pandas_gets_raw_values_in_columns_named_with_their_units():
    profile = lb.profile("example_conv_g4", batch=[1, 4], **NULL)
    frame = profile.to_pandas()
    assert list(frame["batch"]) == [1, 4]
    assert list(frame["latency_s"]) == [0.001, 0.001]
    assert list(frame["madds"]) == [record.costs.madds for record in profile.records]
    assert lb.count("example_conv_g4").to_pandas()["params"][0] == 32 * 9 * 4 + 32


def test_the_fields_of_one_record_are_at_hand_and_of_several_are_not():
    profile = lb.profile("example_conv_g4", **NULL)
    assert profile.latency.median_s == 0.001
    assert profile.latency.rel == 0
    assert profile.costs == lb.count("example_conv_g4").costs
    with pytest.raises(ValueError, match="unpack"):
        _ = lb.profile("example_conv_g4", batch=[1, 2], **NULL).costs


def test_totals_are_the_sums_of_the_layers_and_the_batch_multiplies_them():
    one, eight = (lb.count("shufflenet_v2_x0_5", batch=batch).costs for batch in (1, 8))
    for total in ("madds", "mem_access", "mem_bytes", "fused_bytes"):
        assert getattr(one, total) == sum(getattr(op, total) for op in one.ops)
    assert eight.madds == 8 * one.madds
    assert eight.params == one.params


def test_load_model_builds_what_count_counts():
    network = lb.load_model("shufflenet_v2_x0_5")
    assert (
        sum(p.numel() for p in network.parameters()) == lb.count("shufflenet_v2_x0_5").costs.params
    )
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
