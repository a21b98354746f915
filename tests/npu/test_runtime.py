"""What lightbench relies on in torch_npu, asked of its own binary; and that the simulation under it can
tell right from wrong: with kernels of known length, a time that was not waited for is too short.

A child takes seconds to import torch_npu: what one child can answer is asked once, and several tests
read the answers. Upper bounds are generous: the processors are shared. Lower bounds are strict.
"""

import json

import pytest
from torch_npu_child import SETUP

# values


NETWORK = """
from torch import nn
import torch.nn.functional as F

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.Hardswish())
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.squeeze, self.excite = nn.Conv2d(16, 4, 1), nn.Conv2d(4, 16, 1)
        self.classify = nn.Linear(32, 10)

    def forward(self, x):
        x = self.stem(x)
        y = self.depthwise(x)
        y = y * F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(y, 1)))))
        x = torch.cat([x, y], 1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)  # channel shuffle
        return self.classify(F.max_pool2d(x, 2).mean((2, 3)))

torch.manual_seed(0)
network, images = Network().eval(), torch.rand(2, 3, 32, 32)
with torch.inference_mode():
    on_cpu = network(images)

network, images = network.to("npu"), images.to("npu")
with torch.inference_mode():
    on_npu = network(images)
    half = network.half()(images.half())
network.float().train()

optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
losses = []
for _ in range(5):
    optimizer.zero_grad()
    loss = F.cross_entropy(network(images), torch.tensor([1, 2], device="npu"))
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

try:
    images.to(memory_format=torch.channels_last)
except RuntimeError as error:
    channels_last = str(error)

answer(
    device=str(on_npu.device),
    off=(on_npu.cpu() - on_cpu).abs().max().item(),
    half=str(half.dtype),
    half_off=(half.float().cpu() - on_cpu).abs().max().item(),
    losses=losses,
    channels_last=channels_last,
    queue=torch.npu.get_task_queue_enable(),
)
"""


@pytest.fixture(scope="module", params=[0, 1], ids=["queue off", "queue on"])
def queue(request):
    """TASK_QUEUE_ENABLE: whether torch_npu hands kernels to a thread that launches them."""
    return request.param


@pytest.fixture(scope="module")
def network(facts, queue):
    return facts(NETWORK, TASK_QUEUE_ENABLE=queue)


def test_a_network_gives_on_an_npu_what_it_gives_on_the_cpu(network, queue):
    assert network["device"] == "npu:0"
    assert network["off"] < 1e-5
    assert network["queue"] == queue


def test_a_network_runs_in_half_precision(network):
    assert network["half"] == "torch.float16"
    assert network["half_off"] < 1e-2


def test_a_network_trains(network):
    assert network["losses"][-1] < network["losses"][0]


def test_channels_last_is_refused(network):
    assert "Only contiguous_format or preserve_format is supported" in network["channels_last"]


# times


TIMES = """
x = torch.zeros(8, device="npu")
other = torch.npu.Stream()

def ten_kernels():
    for _ in range(10):
        x.relu_()

def ten_kernels_on_each_of_two_streams():
    with torch.npu.stream(other):
        ten_kernels()
    ten_kernels()

def ms(work, wait):
    torch.npu.synchronize()
    start = time.perf_counter()
    work()
    wait()
    return (time.perf_counter() - start) * 1e3

def by_events(kind):
    before, after = kind(enable_timing=True), kind(enable_timing=True)
    before.record()
    ten_kernels()
    after.record()
    try:
        before.elapsed_time(after)
        too_early = None
    except RuntimeError as error:
        too_early = str(error)
    after.synchronize()
    return before.elapsed_time(after), too_early

nobody, everybody = (lambda: None), torch.accelerator.synchronize
ms(ten_kernels_on_each_of_two_streams, everybody)  # the first call of anything is slow
answer(
    waited_for={
        "torch.accelerator.synchronize": ms(ten_kernels, everybody),
        "torch.npu.synchronize": ms(ten_kernels, torch.npu.synchronize),
        "torch.npu.Stream.synchronize": ms(ten_kernels, torch.npu.current_stream().synchronize),
        "torch.Tensor.cpu": ms(ten_kernels, x.cpu),
    },
    launched=ms(ten_kernels, nobody),
    by_events={"torch.Event": by_events(torch.Event), "torch.npu.Event": by_events(torch.npu.Event)},
    on_two_streams=ms(ten_kernels_on_each_of_two_streams, everybody),
)
"""
KERNEL_MS = 10
TEN_KERNELS_MS, GENEROUS_MS = 10 * KERNEL_MS, 50 * KERNEL_MS


@pytest.fixture(scope="module")
def times(facts, queue):
    return facts(TIMES, TASK_QUEUE_ENABLE=queue, SIMCANN_KERNEL_US=1000 * KERNEL_MS)


def test_kernels_are_launched_before_they_have_run(times):
    assert times["launched"] < TEN_KERNELS_MS


def test_who_waits_reads_the_length_of_the_kernels(times):
    assert len(times["waited_for"]) == 4
    for how, ms in times["waited_for"].items():
        assert TEN_KERNELS_MS <= ms < GENEROUS_MS, how


@pytest.mark.parametrize("event", ["torch.Event", "torch.npu.Event"])
def test_events_read_the_length_of_the_kernels(times, event):
    ms, _ = times["by_events"][event]
    assert TEN_KERNELS_MS <= ms < GENEROUS_MS


def test_reading_an_event_too_early_is_refused_by_torch_and_waits_in_torch_npu(times):
    _, refused = times["by_events"]["torch.Event"]
    assert "must be completed before calculating elapsed time" in refused
    _, refused = times["by_events"]["torch.npu.Event"]
    assert refused is None


def test_two_streams_run_at_the_same_time(times):
    assert TEN_KERNELS_MS <= times["on_two_streams"] < 2 * TEN_KERNELS_MS


# operators without a kernel


WITHOUT_KERNEL = {
    "torch.lgamma": "aten::lgamma.out",  # none in torch_npu
    "torch.nn.functional.hardswish": "simcann::hardswish",  # taken away
}
CALL_BOTH = f"""
x, seen = torch.rand(4, device="npu"), {{}}
for call in {list(WITHOUT_KERNEL)}:
    try:
        seen[call] = str(eval(call)(x).device)
    except RuntimeError as error:
        seen[call] = str(error)
print("\\n" + json.dumps(seen))
"""


def test_an_operator_without_a_kernel_falls_back_to_the_cpu_with_a_warning_on_stderr(child):
    done = child(SETUP + CALL_BOTH, SIMCANN_NO_KERNEL="hardswish,gelu")
    assert json.loads(done.out.splitlines()[-1]) == dict.fromkeys(WITHOUT_KERNEL, "npu:0")
    for name in WITHOUT_KERNEL.values():
        caution = f"CAUTION: The operator '{name}' is not currently supported on the NPU backend"
        assert caution in done.err


def test_an_operator_without_a_kernel_is_an_error_where_falling_back_is_forbidden(child):
    forbidden = {"SIMCANN_NO_KERNEL": "hardswish", "TORCH_NPU_FALLBACK_CPU_DISABLE": 1}
    seen = json.loads(child(SETUP + CALL_BOTH, **forbidden).out.splitlines()[-1])
    for call, name in WITHOUT_KERNEL.items():
        assert f"The operator '{name}' would execute its main computation on CPU" in seen[call]
        assert "CPU fallback is disabled by TORCH_NPU_FALLBACK_CPU_DISABLE=1" in seen[call]
