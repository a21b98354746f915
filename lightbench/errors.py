"""What can go wrong, as one short tree; each error knows its exit code and says the next step."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_CODES = {
    0: "ok",
    1: "a check found a regression",
    2: "usage or bad input",
    3: "unclear under --strict, or some cases failed",
    4: "device, package or comparison not available",
    70: "a fault in lightbench itself: please report it",
    129: "interrupted by SIGHUP: the terminal is gone",
    130: "interrupted by SIGINT: Ctrl-C",
    143: "interrupted by SIGTERM: a job is cancelled",
}
FAULT, INTERRUPTED = 70, 130
REPORT_IT = (
    "this is a fault in lightbench itself."
    " Please report it with the lines above and the command you ran."
)


class LightbenchError(Exception):
    """Anything that lightbench can explain: ``message`` says what was wrong, ``hint`` what to do next."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(LightbenchError):
    """The request itself cannot be right: an option, a shape, a file name, a setting."""


LONGEST_NAME = 200  # characters; what is longer was not typed, and takes minutes to be compared


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Names that the user may have meant, the nearest first."""
    if len(name) > LONGEST_NAME:
        return []
    known = [one for one in known if len(one) <= LONGEST_NAME]
    begun = sorted((one for one in known if name and one.startswith(name)), key=len)
    return list(dict.fromkeys([*begun, *get_close_matches(name, known, n=most)]))[:most]


class UnknownName(UsageError):
    """A model, device, engine, format or convention that does not exist; suggests the nearest one."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        if not isinstance(name, str):  # from Python: a network, where a name is expected
            name = f"a {type(name).__name__}"
        near = nearest(name, known)
        did_you_mean = f"Did you mean {' or '.join(near)}? " if near else ""
        super().__init__(
            f"no {kind} is called {name!r}.",
            f"{did_you_mean}{hint or f'`lightbench list {kind}s` shows them all.'}",
        )


class NotThere(UsageError):
    """A Python file that is not there, or has no class or function of the name that was asked for."""


class UntrustedCode(UsageError):
    """A record or a suite names a Python file; it is not run unless the user says so."""


class ModelError(LightbenchError):
    """A network that cannot be built, or whose forward pass raises: names the module and the shapes."""


class UncountedOps(LightbenchError):
    """Under ``--strict``: the network uses operators that have no cost rule."""

    exit_code = 3


class OutOfMemory(LightbenchError):
    """The case does not fit into the device's memory."""

    exit_code = 3


class StoreError(LightbenchError):
    """A result file that cannot be read or written; names the file and the line."""


class NotAvailable(LightbenchError):
    """This machine lacks what was asked for."""

    exit_code = 4


class MissingPackage(NotAvailable):
    """An optional package is not installed, or does not load."""


# Packages that only some things need, as pyproject.toml asks for them.
OPTIONAL = {
    "ai-edge-litert": ">=2.1",
    "flatbuffers": ">=25.2.10",
    "fvcore": ">=0.1.5.post20221221",
    "mindspore": ">=2.10",
    "ncnn": ">=1.0.20261020",  # those before bring OpenCV, and number inputs that are not read otherwise
    "nncf": ">=3.1",
    "onnx": ">=1.20",
    "onnxruntime": ">=1.24.1",
    "onnxscript": ">=0.6",
    "openvino": ">=2026.1",
    "pnnx": ">=20261020",
    "ruamel.yaml": ">=0.18",
    "safetensors": ">=0.5",
    "scikit-learn": ">=1.6",
    "tabulate": ">=0.9",
    "tensorboard": ">=2.20",
    "thop": ">=0.1.1.post2209072238",
    "timm": ">=1.0.3",
    "torchvision": ">=0.25",
}
# The same without what they ask for: of that most is not used, and takes 400 MB. No extra can say so.
ALONE = {"executorch": ">=1.5,<1.6", "torchao": ">=0.18,<0.19"}


def how_to_install(*packages: str) -> str:
    """The command for some of `OPTIONAL` and `ALONE`. It names the package itself and no extra of ours: on the public
    index the name lightbench is another project's."""
    commands = (("pip install --no-deps", ALONE), ("pip install", OPTIONAL))
    said = []
    for command, bounds in commands:
        if names := [f'"{name}{bounds[name]}"' for name in packages if name in bounds]:
            said.append(" ".join((command, *names)))
    return " && ".join(said)


class DeviceUnavailable(NotAvailable):
    """The device is not there, or not ready."""
