"""The loop of training on torch_npu's own binary and a simulated CANN: what it learns is what the CPU learns."""

import pytest

LEARN = """
import warnings
warnings.simplefilter("ignore")
from lightbench import devices
from lightbench.studies.train import making, seeds
from lightbench.studies.train.loop import learn, test
from lightbench.studies.train.settings import Settings
from lightbench.studies.train.together import Together

def network():
    seeds.begin(0, -1)
    nn = torch.nn
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(256, 2))

def data():
    # two classes: bright above, or below
    torch.manual_seed(1)
    x, y = torch.rand(64, 1, 8, 8), torch.arange(64) % 2
    x[y == 0, :, :4] += 1
    x[y == 1, :, 4:] += 1
    return list(zip(x.split(16), y.split(16)))

def losses(name):
    where = devices.find(name)
    with where.session(threads=1):
        device = torch.device(where.torch_device)
        settings = Settings(epochs=4, batch=16, lr=0.05, optimizer=OPTIMIZER, ema=0.5, clip=5.0)
        learner = making.make(network(), settings, device, Together(), steps=4)
        found = [learn(learner, data(), 4, epoch, lambda step: None).loss for epoch in range(4)]
        seen = test(learner.tested, data(), device)
        return found, seen.accuracy, {p.device.type for p in learner.network.parameters()}.pop()

answer(npu=losses("npu:0"), cpu=losses("cpu"))
"""


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_network_learns_on_the_npu_what_it_learns_on_the_cpu(facts, optimizer):
    found = facts(f"OPTIMIZER = {optimizer!r}\n" + LEARN)
    losses, accuracy, where = found["npu"]
    assert where == "npu"
    assert losses[-1] < 0.5 * losses[0]
    assert accuracy == 1.0
    assert losses == pytest.approx(found["cpu"][0], rel=1e-3)


def test_where_torch_cuda_means_the_npu_training_on_cuda_is_refused_with_a_sentence(
    child, tmp_path
):
    (tmp_path / "run.py").write_text(
        "import torch, torch_npu\n"
        "from torch_npu.contrib import transfer_to_npu\n"
        "from lightbench.__main__ import main\n"
        "import sys\n"
        "sys.argv[1:] = 'train mobilenet_v1_cifar --data digits --device cuda'.split()\n"
        "main()\n"
    )
    done = child(f"import runpy; runpy.run_path({str(tmp_path / 'run.py')!r}, run_name='__main__')", cwd=tmp_path)  # fmt: skip
    assert done.code == 4
    assert "transfer_to_npu has rewired it" in done.err
    assert "Traceback" not in done.err
