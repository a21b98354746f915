"""What a project has in its CI today: one pytest-benchmark of its network, with the defaults."""

from __future__ import annotations

import torch
from net import Net


def test_net(benchmark):
    torch.set_num_threads(1)
    network = Net().eval()
    image = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        benchmark(network, image)
