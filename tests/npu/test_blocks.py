"""The times of one block on torch_npu are right, and tests like these find it where they are wrong."""

import json

import pytest
from npu_runs import HERE, KNOWN, NETWORKS, wrong

INSIDE = """
import inspect, json, sys, textwrap
sys.path.insert(0, FOLDER)
import torch
from lightbench import devices; from lightbench.runner import prepare as profiler
from lightbench.devices.support import accelerator as _accelerator
from lightbench.errors import UsageError
from lightbench.records import Case, InputSpec

def case(model, shape, device):
    return Case(model=model, inputs=(InputSpec.parse(shape),), device=device, batch=2)

def output(model, shape, device):
    found = devices.find(device)
    with found.session(threads=1):
        program = profiler.prepare(case(model, shape, device), found).program
        with program.context():
            return program.call().cpu()

answer = {}
npu = devices.find("npu:0")
with npu.session(threads=1):
    work = profiler.prepare(case(NETWORKS + ":TenKernels", "8", "npu:0"), npu).program
    with work.context():  # as a warm-up does: what PyTorch imports at the first events is not launching
        npu._block(work.call, 3, npu._events())
    source = textwrap.dedent(inspect.getsource(_accelerator.Accelerator._block))
    for name, (old, new) in MUTATIONS.items():
        assert source.count(old) == 1 or not old, (name, source)
        scope = dict(vars(_accelerator))
        exec("from __future__ import annotations\\n" + source.replace(old, new, 1), scope)
        block = scope["_block"]
        def read(events):
            try:
                with work.context():
                    reading = block(npu, work.call, 3, events)
            except RuntimeError as error:
                return str(error)
            return [reading.device_s, reading.launch_s, reading.wall_s]
        answer[name] = [read(npu._events()), read(None)]

cpu, accelerated = (output("shufflenet_v2_x0_5", "3x64x64", name) for name in ("cpu", "npu:0"))
answer["off"] = (cpu - accelerated).abs().max().item()
answer["finite"] = bool(cpu.isfinite().all()) and cpu.std().item() > 0

def refused(options=(), layout="contiguous", dtype="float32", mode="infer"):
    try:
        devices.find("npu:0", options).refuse(layout=layout, dtype=dtype, mode=mode)
    except UsageError as error:
        return str(error)

answer["refused"] = [
    refused(layout="channels_last"), refused(dtype="float64"), refused(["graph"], mode="train"),
]
answer["taken"] = [refused(["graph"]), refused(mode="train"), refused(dtype="float16")]
print("\\n" + json.dumps(answer))
"""

MUTATIONS = {
    "none": ("", ""),
    "no synchronize": ("    self.synchronize()\n    end =", "    end ="),
    "events swapped": (
        "events[0].elapsed_time(events[1])",
        "events[1].elapsed_time(events[0])",
    ),
    "events around the last call": (
        "        output = call()",
        "        events and events[0].record()\n        output = call()",
    ),
}


@pytest.fixture(scope="session", params=[0, 1], ids=["queue off", "queue on"])
def inside(child, request):
    """What one process, which uses lightbench as a library, says."""
    settings = {"FOLDER": str(HERE), "NETWORKS": str(NETWORKS), "MUTATIONS": MUTATIONS}
    given = "\n".join(f"{name} = {value!r}" for name, value in settings.items())
    done = child(f"{given}\n{INSIDE}", TASK_QUEUE_ENABLE=request.param, **KNOWN)
    assert done.code == 0, done.err
    return json.loads(done.out.splitlines()[-1])


def test_a_network_gives_on_the_npu_what_it_gives_on_the_cpu(inside):
    assert inside["finite"]
    assert inside["off"] < 1e-5


def test_a_block_reads_the_length_of_its_kernels(inside):
    with_events, without = inside["none"]
    assert wrong(*with_events) == set()
    assert wrong(*without) == {"no time of the device"}


def test_without_synchronisation_the_times_are_found_to_be_wrong(inside):
    with_events, without = inside["no synchronize"]
    assert "wall below the kernels" in wrong(*without)
    assert "must be completed before calculating elapsed time" in with_events


@pytest.mark.parametrize("mutation", ["events swapped", "events around the last call"])
def test_with_events_in_the_wrong_place_the_times_are_found_to_be_wrong(inside, mutation):
    with_events, _ = inside[mutation]
    assert "device below the kernels" in wrong(*with_events)


def test_what_an_npu_cannot_do_is_refused_before_it_is_tried(inside):
    assert inside["refused"] == [
        "npu has no channels-last layout.\n  Leave --channels-last out.",
        "npu has no float64.\n  Try --dtype float32.",
        "a graph holds one forward pass, not a training step.\n  Leave one out.",
    ]
    assert inside["taken"] == [None, None, None]
