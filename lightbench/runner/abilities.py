"""What an engine can do, and in words what it cannot."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

import msgspec

from lightbench import registry
from lightbench.engines.support import named
from lightbench.errors import MissingPackage, UsageError, how_to_install
from lightbench.records import Case
from lightbench.records.case import FLOATS, WIDE


def converts(engine: ModuleType) -> bool:
    """Is it one that runs no PyTorch?"""
    return hasattr(engine, "load")


def built_as(case: Case) -> Case:
    """The case as which its network is built and counted: an engine that runs no PyTorch is given float32, and
    itself computes in less where that is asked for."""
    if case.dtype in WIDE or not converts(named.find(case.engine)):
        return case
    return msgspec.structs.replace(case, dtype="float32")


def refuse(case: Case) -> None:
    """Raises UsageError for what the engine of a case cannot do, UnknownName for one that is not there."""
    engine, name = named.find(case.engine), named.name_of(case.engine)
    if not converts(engine):
        if case.dtype not in FLOATS:
            raise UsageError(
                f"{name} computes in {', '.join(FLOATS)}, not in {case.dtype}.",
                f"Try --engine {' or '.join(_computing_in(case.dtype))}, which quantize a network.",
            )
        return
    if case.mode != "infer":
        raise UsageError(f"{name} trains no networks.", "Try --engine eager.")
    if case.device.partition(":")[0] not in ("cpu", "null"):
        raise UsageError(f"{name} runs on the CPU here.", "Try --device cpu, or --engine eager.")
    if case.layout != "contiguous":
        raise UsageError(
            f"{name} lays images out as it likes: there is no --channels-last for it.",
            "Leave it out, or try --engine eager.",
        )
    if case.dtype not in engine.DTYPES:
        raise UsageError(
            f"{name} computes in {' and '.join(engine.DTYPES)} here, not in {case.dtype}.",
            f"Try --engine {' or '.join(_computing_in(case.dtype))}.",
        )
    if case.dtype != "float32" and named.DEFAULTS in named.options_of(case.engine):
        raise UsageError(
            f"{case.engine} computes in what it likes.",
            f"Leave out --dtype, or try --engine {name}.",
        )


def _computing_in(dtype: str) -> list[str]:
    """The engines that do; those of PyTorch itself compute in all of its own."""
    known = {name: registry.literal("engine", name, "DTYPES") for name in registry.names("engine")}
    return [name for name, dtypes in known.items() if dtype in (dtypes or FLOATS)]


def packages_of(engine: ModuleType, dtype: str = "float32") -> tuple[str, ...]:
    """What it needs to compute in a precision, with versions, and those of a converter that has its own environment.
    Raises MissingPackage."""
    needed = getattr(engine, "PACKAGES", ())
    if dtype == "int8":
        needed += getattr(engine, "QUANTIZERS", ())
    found = []
    for package in needed:
        instead = getattr(engine, "INSTEAD", {}).get(package, ())
        here = next(filter(None, map(_with_version, (package, *instead))), None)
        if here is None:
            raise MissingPackage(
                f"{package} is not installed, which the engine {engine.__name__.rpartition('.')[2]} needs.",
                how_to_install(*needed),
            )
        found.append(here)
    if hasattr(engine, "of_its_converter"):
        found += engine.of_its_converter(dtype)
    return tuple(found)


def _with_version(package: str) -> str | None:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return None
