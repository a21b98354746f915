"""What must hold on a real device; run it where there is one: `pytest tests/hardware`."""

from __future__ import annotations

import pytest
import torch

import lightbench
from lightbench import devices
from lightbench.models import sources
from lightbench.models.inputs import make_inputs, settle_norms

NET = "shufflenet_v2_x0_5"
AGREE = 0.05


def network_on(device):
    source = sources.find(NET)
    torch.manual_seed(0)
    network, inputs = source.build().eval(), make_inputs(source.inputs, batch=8)
    settle_norms(network, inputs)
    return network.to(device.torch_device), tuple(x.to(device.torch_device) for x in inputs)


def median_device_s(device, call, n=50):
    with device.session(threads=1):
        step = device.step(call, torch.inference_mode)
        step(10)
        return sorted(step(1).device_s for _ in range(n))[n // 2]


def test_a_network_gives_what_it_gives_on_the_cpu(accelerator):
    source = sources.find(NET)
    torch.manual_seed(0)
    network, inputs = source.build().eval(), make_inputs(source.inputs, batch=2)
    settle_norms(network, inputs)
    with torch.inference_mode(), accelerator.session(threads=None):
        expected = network(*inputs)
        network.to(accelerator.torch_device)
        found = network(*(x.to(accelerator.torch_device) for x in inputs)).cpu()
    # TF32 and HF32 keep 10 bits of the mantissa
    torch.testing.assert_close(found, expected, rtol=2e-2, atol=2e-2)


def test_the_device_is_never_slower_than_the_wall(accelerator):
    run = lightbench.profile(NET, device=accelerator.torch_device, seconds=2)
    samples = run.record.samples
    assert samples.device_s
    pairs = zip(samples.device_s, samples.wall_s, strict=True)
    assert sum(device > wall * 1.02 + 20e-6 for device, wall in pairs) <= len(samples.wall_s) // 20


@pytest.mark.parametrize("name", ["g1", "g2", "g3", "g4"])
def test_a_guideline_has_a_verdict(name, accelerator):
    study = lightbench.guidelines(name, device=accelerator.torch_device, widths=(1,), seconds=5)
    assert all(record.status == "ok" for record in study.records)
    assert study.findings


def test_device_time_is_that_of_triton(cuda):
    """triton.testing.do_bench empties the L2 cache before each call, as --cold-cache does."""
    testing = pytest.importorskip("triton.testing")
    network, inputs = network_on(cuda)
    with torch.inference_mode():
        theirs = testing.do_bench(lambda: network(*inputs), return_mode="median") * 1e-3
    cold = devices.find("cuda:0", ("cold-cache",))
    ours = median_device_s(cold, lambda: network(*inputs))
    assert ours == pytest.approx(theirs, rel=AGREE)


def test_device_time_of_a_graph_is_the_sum_of_its_kernels(cuda):
    network, inputs = network_on(cuda)
    graph = devices.find("cuda:0", ("graph",))
    ours = median_device_s(graph, lambda: network(*inputs))
    with (
        torch.inference_mode(),
        torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile,
    ):
        for _ in range(10):
            network(*inputs)
        torch.cuda.synchronize()
    kernels_s = sum(event.self_device_time_total for event in profile.key_averages()) * 1e-6 / 10
    # a replay also has the gaps of about a microsecond between kernels
    assert kernels_s * (1 - AGREE) <= ours <= kernels_s * 1.5


def test_a_graph_is_no_slower_than_the_calls_it_replays(cuda):
    network, inputs = network_on(cuda)
    plain = median_device_s(cuda, lambda: network(*inputs))
    graph = median_device_s(devices.find("cuda:0", ("graph",)), lambda: network(*inputs))
    assert graph <= plain * (1 + AGREE)
