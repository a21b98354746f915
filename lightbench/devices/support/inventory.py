"""What this machine can run on: every device of every plugin, and why others cannot be used.

Nothing is started: what is known of an NPU comes from the process that probes for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lightbench import devices, registry
from lightbench.errors import LightbenchError


@dataclass(frozen=True, kw_only=True)
class Found:
    """One device, or the plugin that finds none. ``reason`` and ``hint`` are of what cannot be used."""

    device: str  # as --device takes it: "npu:1"; "npu" where there is none
    usable: bool
    torch_device: str | None = None
    product: str | None = None
    memory_bytes: int | None = None
    about: str = ""  # first line of the plugin
    reason: str = ""
    hint: str = ""
    facts: Mapping[str, str | int | None] = field(default_factory=dict)


def everything() -> tuple[Found, ...]:
    """The devices of all plugins, in the order of `registry.names`."""
    return tuple(found for kind in registry.names("device") for found in _of(kind))


def automatic(found: Iterable[Found]) -> str:
    """What ``--device auto`` takes of these: as `devices.automatic`, but a plugin that raises is one
    that is not there."""
    usable = {one.device.removesuffix(":0"): one.device for one in found if one.usable}
    return next((usable[kind] for kind in devices.PREFERRED if kind in usable), "cpu")


def unusable(device: str, error: BaseException, about: str = "") -> Found:
    """A device that cannot be used, from the exception that says so."""
    if isinstance(error, LightbenchError):
        reason, hint = error.message, error.hint
    else:
        said = " ".join(str(error).split())
        reason = f"it fails with {type(error).__name__}{f': {said}' if said else ''}".rstrip(".")
        reason, hint = f"{reason}.", "Does its driver fit? Update or uninstall what it comes from."
    return Found(device=device, usable=False, about=about, reason=reason, hint=hint)


def _of(kind: str) -> Iterator[Found]:
    about = registry.summary("device", kind)
    try:
        plugin = registry.load("device", kind)
        names = [kind]
        if hasattr(plugin, "count"):
            names = [f"{kind}:{i}" for i in range(plugin.count())] or [kind]
    except Exception as error:  # noqa: BLE001  drivers fail in ways of their own: each is a row
        yield unusable(kind, error, about)
        return
    for name in names:
        try:
            yield _one(name, about)
        except Exception as error:  # noqa: BLE001
            yield unusable(name, error, about)


def _one(name: str, about: str) -> Found:
    device = devices.find(name)
    if reason := device.unavailable():
        return unusable(name, reason, about)
    return Found(
        device=name,
        usable=True,
        torch_device=device.torch_device,
        product=device.product(),
        memory_bytes=device.total_memory(),
        about=about,
        facts=dict(device.facts()),
    )


def data(found: Sequence[Found]) -> list[dict[str, Any]]:
    """The same for JSON."""
    auto = automatic(found)
    return [{**asdict(one), "auto": one.device == auto} for one in found]
