"""An engine that runs no PyTorch, and a network that it converts."""

import sys
from types import ModuleType

import pytest
import torch
from plain_engine import NETWORK

from lightbench import registry
from lightbench.engines import Program


@pytest.fixture
def engine(monkeypatch, tmp_path):
    """``made`` are the files, in order; what ``off`` is set to is added to each answer."""
    module = ModuleType("a_test_of_converted.plain")
    module.PACKAGES, module.DTYPES, module.made, module.off = ("torch",), ("float32",), [], 0.0
    module.OPTIONS = {"defaults": "as it comes"}
    module.asked = []

    def convert(network, inputs, keywords):
        module.made.append(network.weight.detach().numpy().tobytes())
        return module.made[-1] + network.bias.detach().numpy().tobytes()

    def quantize(network, samples):
        module.samples = samples
        return convert(network, *samples[0])

    def load(model, inputs, *, threads, dtype, options):
        module.asked.append((threads, dtype, options))
        (x,) = inputs
        numbers = torch.frombuffer(bytearray(model), dtype=torch.float32).reshape(-1, 1)
        width = len(numbers) // 5
        weight, bias = numbers[: 4 * width].reshape(width, 4), numbers[4 * width :].reshape(-1)
        return Program(lambda: x @ weight.T + bias + module.off, torch.inference_mode)

    module.convert, module.load, module.quantize = convert, load, quantize
    convert.__module__ = quantize.__module__ = module.__name__
    real, literal = registry.load, registry.literal
    monkeypatch.setattr(
        registry,
        "literal",
        lambda kind, name, what: (
            getattr(module, what) if name == "plain" else literal(kind, name, what)
        ),
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(
        registry, "load", lambda kind, name: module if name == "plain" else real(kind, name)
    )
    names = registry.names
    monkeypatch.setattr(
        registry, "names", lambda kind: (*names(kind), *(["plain"] if kind == "engine" else []))
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return module


@pytest.fixture
def net(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(NETWORK)
    return f"{file}:Net"
