"""A case that is larger than one for which memory did not suffice is not tried."""

from __future__ import annotations

import msgspec
import pytest
from torch import nn

import lightbench as lb
from lightbench.errors import ModelError, OutOfMemory
from lightbench.models import sources
from lightbench.records import Case, InputSpec
from lightbench.runner import beyond
from lightbench.workers import journal


def case(model="mobilenet_v2", shape=(3, 224, 224), **settings):
    return Case(model=model, inputs=(InputSpec(shape=shape),), **settings)


@pytest.mark.parametrize(
    ("larger", "smaller", "said"),
    [
        ({"batch": 128}, {"batch": 64}, "batch 64"),
        ({"shape": (3, 512, 512)}, {}, "input 3x224x224"),
        ({"shape": (3, 224, 225)}, {}, "input 3x224x224"),
        ({"model": "mobilenet_v2_x1_4"}, {}, "width 1"),
        ({"model": "n.py:Net(width=2)"}, {"model": "n.py:Net"}, "width 1"),
    ],
)
def test_what_is_larger_in_one_thing_alone_is_not_tried(larger, smaller, said):
    with pytest.raises(OutOfMemory, match=f"^not tried: {said} is out of memory.$"):
        beyond.refuse(case(**larger), [case(**smaller)])
    beyond.refuse(case(**smaller), [case(**larger)])  # the other way around it may fit


@pytest.mark.parametrize(
    "other",
    [
        {"batch": 128, "engine": "onnxruntime"},
        {"batch": 128, "dtype": "bfloat16"},
        {"batch": 128, "shape": (3, 32, 32)},
        {"shape": (3, 512, 64)},
        {"shape": (512, 512)},
        {"model": "resnet50"},
        {"model": "mobilenet_v1_x1_4"},
        {"model": "mobilenet_v2_x0_5", "batch": 128},
        {},
    ],
)
def test_what_differs_in_more_or_is_smaller_in_something_is_tried(other):
    beyond.refuse(case(**other), [case(batch=64)])
    beyond.refuse(case(**other), [])


class Hungry(nn.Module):
    """Asks for more memory than there is from batch 4 on."""

    def __init__(self):
        super().__init__()
        self.calls = []
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        if x.shape[0] >= 4 and x.device.type == "cpu":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried too much")
        return self.linear(x)


def test_a_profile_keeps_what_fits_and_says_what_was_not_tried():
    batches = [1, 2, 4, 8, 16]
    found = lb.profile(Hungry(), input=(4,), batch=batches, seconds=0.05, rel=0.5, threads=1)
    assert [r.case.batch for r in found.records if r.latency] == [1, 2]
    first, *others = [r.failure for r in found.records if r.failure]
    assert first.message.startswith("out of memory: RuntimeError: DefaultCPUAllocator")
    assert {f.message for f in others} == {"not tried: batch 4 is out of memory."}
    assert {f.exit_code for f in (first, *others)} == {3}


def test_a_smaller_one_that_comes_later_is_tried():
    found = lb.profile(Hungry(), input=(4,), batch=[8, 2], seconds=0.05, rel=0.5, threads=1)
    assert [bool(r.latency) for r in found.records] == [False, True]


@pytest.fixture
def fallen(monkeypatch):
    known = {}
    monkeypatch.setattr(journal, "fallen", known)
    return known


def test_one_that_was_killed_as_linux_kills_for_memory_is_out_of_memory(fallen):
    fallen["net at batch 64"] = "ended the process: killed by SIGKILL, in its first call"
    with pytest.raises(OutOfMemory, match="as Linux does when memory runs out"):
        sources.refuse_fallen("net at batch 64")
    sources.refuse_fallen("net")  # and with batch 1 it may run


def test_one_that_crashed_is_at_fault_itself(fallen):
    fallen["net"] = "ended the process: killed by SIGSEGV, in its first call"
    with pytest.raises(ModelError, match="SIGSEGV"):
        sources.refuse_fallen("net")


def test_inputs_that_are_no_tensors_must_be_the_same():
    from lightbench.records.input_grammar import parse_inputs

    def of(*texts, **settings):
        return msgspec.structs.replace(case(**settings), inputs=parse_inputs(texts))

    beyond.refuse(of("64", "scale=0.5"), [of("32", "scale=0.25")])
    with pytest.raises(OutOfMemory, match="input 32, scale=0.5"):
        beyond.refuse(of("64", "scale=0.5"), [of("32", "scale=0.5")])
