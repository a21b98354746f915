"""What a simulated device computes is what the CPU computes, one kernel for each operator."""

import pytest

NETWORK = """
import copy
from torch import nn
import torch.nn.functional as F

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.Hardswish())
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.squeeze, self.excite = nn.Conv2d(16, 4, 1), nn.Conv2d(4, 16, 1)
        self.classify = nn.Linear(32, 10)

    def forward(self, x):
        x = self.stem(x)                                        # 3 kernels
        y = self.depthwise(x)                                   # 1
        scale = F.relu(self.squeeze(F.adaptive_avg_pool2d(y, 1)))  # 3
        y = y * F.hardsigmoid(self.excite(scale))               # 3
        x = torch.cat([x, y], 1)                                # 1
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)  # 1: views, and a copy
        return self.classify(F.max_pool2d(x, 2).mean((2, 3))).softmax(1)  # 4

torch.manual_seed(0)
on_cpu, images = Network(), torch.rand(2, 3, 32, 32)
on_sim, images_there = copy.deepcopy(on_cpu).to("sim:1"), images.to("sim:1")

def off(a, b):
    return (a - b.cpu()).abs().max().item()
"""


@pytest.fixture(scope="module")
def values(on_sim):
    return on_sim(
        NETWORK
        + """
expected, got = on_cpu(images), on_sim(images_there)
for probabilities in expected, got:
    probabilities.square().sum().backward()
gradients = [off(p.grad, q.grad) for p, q in zip(on_cpu.parameters(), on_sim.parameters())]
buffers = [off(p, q) for p, q in zip(on_cpu.buffers(), on_sim.buffers())]

with torch.inference_mode():
    before, waits_before = simdevice.launches(), simdevice.waits()
    still_got = on_sim.eval()(images_there)
    launches, waits = simdevice.launches() - before, simdevice.waits() - waits_before
    still_expected = on_cpu.eval()(images)
    half = on_sim.half()(images_there.half())

answer(
    device=str(got.device), train=off(expected, got), gradients=max(gradients), buffers=max(buffers),
    eval=off(still_expected, still_got), half=off(still_expected, half.float()), dtype=str(half.dtype),
    launches=launches, waits=waits,
)
""",
        devices=2,
    )


def test_a_network_gives_what_it_gives_on_the_cpu(values):
    assert values["device"] == "sim:1"
    assert values["train"] < 1e-5
    assert values["eval"] < 1e-5


def test_a_network_learns_what_it_learns_on_the_cpu(values):
    assert values["gradients"] < 1e-5
    assert values["buffers"] < 1e-5


def test_a_network_runs_in_half_precision(values):
    assert values["dtype"] == "torch.float16"
    assert values["half"] < 1e-2


def test_each_operator_is_one_kernel_and_views_are_none(values):
    assert values["launches"] == 16


def test_a_network_does_not_wait_by_itself(values):
    assert values["waits"] == 0


@pytest.mark.slow
def test_nothing_of_a_network_stays_on_the_device(on_sim):
    code = """
on_sim(images_there).sum().backward()
there = torch.accelerator.memory_allocated(1)
del on_sim, images_there
answer(there=there, left=torch.accelerator.memory_allocated(1))
"""
    facts = on_sim(NETWORK + code, devices=2)
    assert facts["there"] > 0
    assert facts["left"] == 0


@pytest.mark.slow
def test_operators_that_resize_or_look_at_their_tensors_differently(on_sim):
    facts = on_sim("""
ones = torch.ones(4, device="sim")
out = torch.empty(0, device="sim")
torch.add(ones, 1, out=out)
view = ones.unfold(0, 2, 2)
view[1] = 5
answer(
    out=out.tolist(), resized=torch.ones(2, device="sim").resize_(3).fill_(7).tolist(),
    seen=ones.tolist(), bits=ones.view(torch.int32)[0].item(),
    channels_last=torch.rand(1, 2, 3, 3, device="sim").to(memory_format=torch.channels_last).stride(),
)
""")
    assert facts["out"] == [2, 2, 2, 2]
    assert facts["resized"] == [7, 7, 7]
    assert facts["seen"] == [1, 1, 5, 5]
    assert facts["bits"] == 0x3F800000
    assert facts["channels_last"] == [18, 1, 6, 2]
