"""An architecture of timm without weights, counted by lightbench and by PyTorch's own counter."""

from __future__ import annotations

import hashlib
from types import ModuleType

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lightbench.costs.count import count_costs
from lightbench.models.torchvision import import_torchvision


def imported() -> ModuleType:
    """timm, which imports torchvision, and fails where its compiled operators do not load."""
    import_torchvision()
    import timm

    return timm


def architectures() -> list[str]:
    """The names of all of them."""
    return list(imported().list_models())


def madds(network: torch.nn.Module, x: torch.Tensor) -> int:
    """FlopCounterMode, with attention as the products that it is made of."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as found:
            network(x)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return int(found.get_total_flops()) // 2


def faults(name: str, *, recounted: bool = True) -> list[str]:
    """What is wrong with lightbench's count of an architecture: nothing, if all is well. That PyTorch
    counts it too, where it is ``recounted``, takes longer than all the rest."""
    with torch.device("meta"):
        network = imported().create_model(name).eval().requires_grad_(False)
        x = torch.empty(1, *network.default_cfg["input_size"])
    costs = count_costs(network, lambda device: ((x.to(device),), {}))
    expected = {
        "traced": "meta",
        "uncounted": {},
        "params": sum(p.numel() for p in network.parameters()),
    }
    if recounted:
        expected["madds"] = madds(network, x)
    return [
        f"{what} {getattr(costs, what)}, not {value}"
        for what, value in expected.items()
        if getattr(costs, what) != value
    ]


def sampled(names: list[str], seed: str, share: int) -> list[str]:
    """One in ``share`` of the names, others for another seed."""

    def drawn(name: str) -> bool:
        digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
        return int.from_bytes(digest[:4]) % share == 0

    return [name for name in names if drawn(name)]
