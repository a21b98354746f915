"""G4: activations that cost arithmetic besides the map that they read and write."""

from __future__ import annotations

from collections.abc import Iterator

from lightbench.studies.lint.linted import Finding, Linted

GUIDELINE = "G4"
ENGINES = ("eager", "fused")
NAMES = {
    "hardswish": "h-swish",
    "silu": "SiLU",
    "gelu": "GELU",
    "mish": "Mish",
    "elu": "ELU",
    "celu": "CELU",
    "selu": "SELU",
    "softplus": "Softplus",
    "tanh": "tanh",
}


def find(network: Linted) -> Iterator[Finding]:
    """On maps; the gates of squeeze-and-excite have another rule. A device card knows one activation, so what another one
    costs above ReLU has no estimate: `lightbench lint --try` measures it."""
    for path, rows in network.blocks.items():
        for name, words in NAMES.items():
            found = [
                i
                for i in rows
                if network.ops[i].op.rstrip("_") == name and len(network.ops[i].output) == 4
                if max(network.ops[i].output[2:]) > 1
            ]
            if found:
                yield Finding(
                    GUIDELINE,
                    path or "(network)",
                    f"{len(found)} x {words}",
                    "ReLU",
                    sum(network.moved(network.ops[i]) for i in found),
                    None,
                    tuple(found),
                    tuple(found),
                    kind=f"activation: {words}",
                    rewrite="plain_activations",
                )
