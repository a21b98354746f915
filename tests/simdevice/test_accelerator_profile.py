"""A device that another package brings, from its name to a record: in this process, and in one of its own."""

import pytest

POWER_W = 100.0

PROFILE = """
from pathlib import Path
import lightbench, msgspec
from lightbench.errors import LightbenchError

common = dict(input="16x8x8", seconds=1.0, rel=0.5, threads=1)
(plain,) = lightbench.profile("example_conv_g4", device="sim:1", **common).records
full = lightbench.profile("example_conv_g4", device="sim:0,1", batch=2,
                          options=["h2d", "energy", "cold-cache"], **common).records

def refused(**settings):
    try:
        lightbench.profile("example_conv_g4", **{**common, **settings})
    except LightbenchError as error:
        return str(error)

import torch, simdevice
from lightbench import devices
network = lightbench.load_model("example_conv_g4").to("sim:1").eval()
with torch.inference_mode():
    before = simdevice.launches()
    network(torch.zeros(1, 16, 8, 8).to("sim:1"))
    kernels = simdevice.launches() - before - 1
answer(
    plain=msgspec.to_builtins(plain), full=msgspec.to_builtins(full), kernels=kernels,
    named=devices.named("sim:0,1"), pid=os.getpid(), log=Path(os.environ["SIM_LOG"]).read_text(),
    unknown=refused(device="sim", options=["graph"]), beyond=refused(device="sim:2"),
)
"""


@pytest.fixture(scope="module", params=["in this process", "in a process of its own"])
def profiled(request, with_plugin):
    apart = request.param == "in a process of its own"
    return {**with_plugin(PROFILE, SIM_APART="1" if apart else ""), "apart": apart}


@pytest.mark.slow
def test_a_record_has_the_three_times_of_every_call(profiled):
    samples, length_s = profiled["plain"]["samples"], profiled["kernels"] * 2e-3
    assert profiled["kernels"] >= 1
    assert len(samples["wall_s"]) == len(samples["device_s"]) == len(samples["launch_s"])
    assert min(samples["device_s"]) >= length_s
    assert min(samples["wall_s"]) >= length_s
    assert samples["to_device_s"] == samples["to_host_s"] == []


def test_the_latency_is_that_of_the_device(profiled):
    samples, latency = profiled["plain"]["samples"], profiled["plain"]["latency"]
    assert latency["min_s"] == min(samples["device_s"])


def test_a_record_says_which_device_it_was(profiled):
    case, where = profiled["plain"]["case"], profiled["plain"]["environment"]
    assert case["device"] == where["comparable"]["device"] == "sim:1"
    assert where["comparable"]["accelerator"] == "simulated 1"
    assert where["noted"]["clock_mhz_median"] == 1500


def test_the_peak_is_the_networks_bytes_and_more(profiled):
    plain = profiled["plain"]
    assert plain["peak_memory_bytes"] > plain["costs"]["param_bytes"]


def test_every_device_has_a_record_with_all_that_was_asked_for(profiled):
    assert profiled["named"] == ["sim:0", "sim:1"]
    assert [record["case"]["device"] for record in profiled["full"]] == ["sim:0", "sim:1"]
    for record in profiled["full"]:
        samples = record["samples"]
        assert record["case"]["options"] == ["cold-cache", "energy", "h2d"]
        assert len(samples["to_device_s"]) == len(samples["to_host_s"]) == len(samples["wall_s"])
        assert min(samples["to_device_s"]) >= 5e-3
        assert min(samples["to_host_s"]) >= 5e-3


def test_energy_is_per_image(profiled):
    for record in profiled["full"]:
        length_s = min(record["samples"]["device_s"])
        assert record["energy_j"] >= 0.9 * POWER_W * length_s / 2  # a batch of two


def test_what_it_cannot_do_is_said(profiled):
    assert "sim has no option 'graph'" in profiled["unknown"]
    assert "Known: cold-cache, h2d, energy." in profiled["unknown"]
    assert "there is no sim:2 here" in profiled["beyond"]


def test_a_device_that_wants_a_process_of_its_own_has_one_and_no_other_does(profiled):
    lines = [line.split() for line in profiled["log"].splitlines()]
    own = str(profiled["pid"])
    assert len(lines) == 3  # sessions
    if profiled["apart"]:
        assert own not in [pid for pid, _ in lines]
        assert len({pid for pid, _ in lines}) == 3
        assert {strict for _, strict in lines} == {"1"}
    else:
        assert lines == [[own, "None"]] * 3
