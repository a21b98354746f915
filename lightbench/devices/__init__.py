"""One door to every device: names as users write them -> what runs there.

A plugin is a module with ``at(index, options)``, which gives a `Device`; where a machine may have
several of the kind it also has ``count()``, where it can be asked for something of its own a table
``OPTIONS``. Nothing is imported to list the plugins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lightbench import registry, units
from lightbench.devices.support.base import Device
from lightbench.errors import UsageError

AUTO = "auto"
PREFERRED = ("cuda", "npu", "xpu", "mps", "cpu")  # what `auto` tries, in this order
GPU = ("cuda", "xpu", "mps")  # what people call by this name; the first one where there is none
_ASCEND = re.compile(r"ascend(?:-?[0-9]{3}\w*)?")  # also as npu-smi calls it: Ascend910B3


def find(name: str, options: Sequence[str] = ()) -> Device:
    """The device of a name as `named` gives it: ``cpu``, ``npu:1``. ``options`` are how it is to run
    what it is given: "graph", "cold-cache". Raises UnknownName, UsageError."""
    kind, _, index = name.partition(":")
    device: Device = registry.load("device", kind).at(int(index or 0), tuple(options))
    for option in options:
        if option not in device.known:
            known = (
                f"Known: {', '.join(device.known)}."
                if device.known
                else "Options are for accelerators."
            )
            raise UsageError(f"{kind} has no option {option!r}.", known)
    return device


def named(text: str) -> list[str]:
    """The devices of what a user writes: ``npu``, ``npu:5``, ``npu:0,1``, ``cuda:1,cpu``, ``gpu``, ``Ascend910B3``,
    ``auto``. Those that a machine may have several of have their number. Raises UnknownName, UsageError."""
    if not isinstance(text, str):
        raise UsageError(f"a device is a name, got {units.told(text)}.", 'Try device="cuda:1".')
    if text == AUTO:
        return [automatic()]
    found: list[str] = []
    kind = ""
    for part in text.split(","):
        match = re.fullmatch(
            r"(?:([^\s:,]*[^\s:,0-9][^\s:,]*)(?::([0-9]{1,4}))?|([0-9]{1,4}))", part.strip()
        )
        if match is None or (match[3] and not kind):
            raise UsageError(
                f"cannot read the device {text!r}.", "Write it as cpu, npu, npu:1 or npu:0,1."
            )
        kind, index = (kind, match[3]) if match[3] else (_kind(match[1]), match[2])
        several = hasattr(registry.load("device", kind), "count")
        if index is not None and not several:
            raise UsageError(
                f"there is only one {kind}: it has no number.", f"Try --device {kind}."
            )
        found.append(f"{kind}:{int(index or 0)}" if several else kind)
    return list(dict.fromkeys(found))


def _kind(word: str) -> str:
    """The plugin that people mean by a word: in capitals, or as its maker calls it."""
    known, lower = registry.names("device"), word.lower()
    if word in known:
        return word
    if lower == "gpu":
        return next((kind for kind in GPU if find(kind).unavailable() is None), GPU[0])
    if _ASCEND.fullmatch(lower):
        return "npu"
    return lower if lower in known else word


def one(text: str) -> str:
    """The same where only one device makes sense. Raises UnknownName, UsageError."""
    names = named(text)
    if len(names) > 1:
        raise UsageError(
            f"this takes one device, got {text!r}.", "Run it once for each: --device " + names[0]
        )
    return names[0]


def answering(text: str) -> Device:
    """The one device on which a network is to compute something, which null does not. Raises UnknownName, UsageError,
    DeviceUnavailable."""
    found = find(one(text))
    if reason := found.unavailable():
        raise reason
    if found.torch_device == "meta":
        raise UsageError(f"{text!r} computes nothing, so it answers nothing.", "Try --device cpu.")
    return found


def automatic() -> str:
    """The first of `PREFERRED` that can be used."""
    for kind in PREFERRED:
        (name,) = named(kind)
        if find(name).unavailable() is None:
            return name
    return "cpu"


__all__ = ["AUTO", "Device", "automatic", "find", "named", "one"]
