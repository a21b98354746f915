"""What ONNX Runtime runs a network by: its own kernels for the CPU, or a provider of other kernels.

Only a wheel that was built with a provider has it, and of these wheels an environment holds one. ONNX Runtime takes the
CPU without an error where the provider that it is asked for is not there, or does not start: that is refused here.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from lightbench.errors import NotAvailable, UsageError

CPU = "CPUExecutionProvider"


class Provider(NamedTuple):
    """As ONNX Runtime calls it, the wheel that has it, and settings without which it would not compute in float32."""

    name: str
    wheel: str = "onnxruntime"
    settings: Mapping[str, str] = MappingProxyType({})


PROVIDERS = {
    "cuda": Provider("CUDAExecutionProvider", "onnxruntime-gpu", {"use_tf32": "0"}),
    "tensorrt": Provider("TensorrtExecutionProvider", "onnxruntime-gpu"),
    "openvino": Provider(
        "OpenVINOExecutionProvider",
        "onnxruntime-openvino",
        {"device_type": "CPU", "precision": "FP32"},
    ),
    "cann": Provider("CANNExecutionProvider", "onnxruntime-cann"),
    "directml": Provider("DmlExecutionProvider", "onnxruntime-directml"),
    "coreml": Provider("CoreMLExecutionProvider"),  # on a Mac
}
WHEELS = tuple(dict.fromkeys(provider.wheel for provider in PROVIDERS.values()))


def session(model: bytes | Path, settings: Any, options: Sequence[str]) -> Any:
    """Of ONNX Runtime, by the provider that the options name, with the CPU for operators that it has not. Raises
    UsageError for two of them, NotAvailable for one that is not there or does not start."""
    import onnxruntime

    asked = [PROVIDERS[word] for word in options if word in PROVIDERS]
    if len(asked) > 1:
        raise UsageError(
            f"a network runs by one provider, not by {' and '.join(one.name for one in asked)}.",
            "Make two rows of them: --engine onnxruntime:cuda,onnxruntime:tensorrt.",
        )
    own = Provider(CPU)
    (one,) = asked or [own]
    if one.name not in (there := onnxruntime.get_available_providers()):
        raise NotAvailable(
            f"this onnxruntime has no {one.name}: it has {', '.join(there)}.",
            _which_has(one),
        )
    ways = [(one.name, dict(one.settings)), CPU] if asked else [CPU]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = onnxruntime.InferenceSession(model, settings, providers=ways, enable_fallback=0)
    if (first := made.get_providers()[0]) != one.name:
        raise NotAvailable(
            f"{one.name} does not start: ONNX Runtime would run the network by {first}.",
            "Are its driver and libraries there, in the versions that this onnxruntime was built for?",
        )
    return made


def _which_has(one: Provider) -> str:
    if one.wheel == "onnxruntime":
        return f"The wheel onnxruntime has {one.name} on the systems that have what it needs."
    return (
        f"The wheel {one.wheel} has it, and takes onnxruntime's place:"
        f" pip uninstall onnxruntime && pip install {one.wheel}"
    )
