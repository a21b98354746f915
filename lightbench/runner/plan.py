"""Models and axes -> the cases that are asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import msgspec

from lightbench import devices, units
from lightbench.engines.support import named
from lightbench.errors import (
    LightbenchError,
    UnknownName,
    UsageError,
)
from lightbench.records import Case
from lightbench.records.axes import AXES
from lightbench.records.case import FLOATS
from lightbench.records.inputs import Input, InputSpec
from lightbench.runner import abilities
from lightbench.runner.conversion import calibration_files

CHOICES = {axis.name: axis.choices for axis in AXES.values() if axis.choices}
LARGEST_BATCH = 10**9


def plan(
    models: Sequence[str],
    *,
    inputs: Sequence[Input] | None = None,
    at_hand: Mapping[str, Mapping[str, Any]] | None = None,
    trusted: bool = True,
    **axes: Sequence[Any],
) -> tuple[list[Case], dict[int, LightbenchError]]:
    """Every model with every combination of ``axes``; a model that cannot be found keeps its place,
    with the error beside it. None on an axis is the default of `Case`. Names in ``at_hand`` are not
    looked up, and have their own defaults there. Raises UsageError for values that fit no case."""
    from lightbench.models import sources  # may import torchvision

    for name in axes.get("engine", ()):
        named.check(name)
    if "device" in axes:
        axes["device"] = [name for text in axes["device"] for name in devices.named(text)]
    cases: list[Case] = []
    errors: dict[int, LightbenchError] = {}
    for model in dict.fromkeys(map(sources.full_name, models)):
        if model != model.encode(errors="replace").decode():
            raise UsageError(f"the model name {model!r} is not Unicode text.", "Rename the file.")
        own: dict[str, Any] = {"inputs": (InputSpec.parse(sources.DEFAULT_INPUT),)}
        error = None
        if at_hand and model in at_hand:
            own |= at_hand[model]
        else:
            try:
                source = sources.find(model, trusted=trusted)
                own |= {"inputs": source.inputs, "batch": source.batch}
            except LightbenchError as reason:
                error = reason
        if inputs is not None:
            own["inputs"] = tuple(inputs)
        for values in product(*axes.values()):
            asked = {axis: v for axis, v in zip(axes, values, strict=True) if v is not None}
            made = _case({"model": model, **own, **asked})
            case = made if made.dtype == "int8" else msgspec.structs.replace(made, calibration=None)
            if "calibration" in axes and case in cases:  # it is the same with each of them
                continue
            if error is not None:
                errors[len(cases)] = error
            cases.append(case)
    _refuse_what_none_can(cases)
    _check_calibration([one for one in axes.get("calibration", ()) if one is not None], cases)
    return cases, errors


def _check_calibration(places: Sequence[str], cases: Sequence[Case]) -> None:
    """Raises UsageError where nothing is to be calibrated, or a place has nothing to calibrate on."""
    if places and all(case.calibration is None for case in cases):
        raise UsageError(
            "--calibration is what int8 learns its ranges from, and nothing here is in int8.",
            "Say --dtype int8, or leave it out.",
        )
    for place in places:
        calibration_files.chosen(os.fspath(place))


def _refuse_what_none_can(cases: Sequence[Case]) -> None:
    """Raises UsageError for a precision in which no engine that was asked for computes."""
    for dtype in {case.dtype for case in cases} - {*FLOATS}:
        asked = [case for case in cases if case.dtype == dtype]
        reasons = [_refusal(case) for case in {case.engine: case for case in asked}.values()]
        if reasons[0] and all(reasons):
            raise reasons[0]


def _refusal(case: Case) -> UsageError | None:
    try:
        abilities.refuse(case)
    except UsageError as error:
        return error
    return None


def _case(settings: Mapping[str, Any]) -> Case:
    for axis, known in CHOICES.items():
        if settings.get(axis, known[0]) not in known:
            raise UnknownName(axis, str(settings[axis]), known, f"Known: {', '.join(known)}.")
    check_batch(settings.get("batch", 1))
    paths = {key: os.fspath(v) for key, v in settings.items() if isinstance(v, os.PathLike)}
    try:
        return msgspec.convert({**settings, **paths}, Case)
    except msgspec.ValidationError as error:
        said, _, axis = str(error).rstrip("`").partition(" - at `$.")
        raise UsageError(
            f"{axis} cannot be {units.told(settings.get(axis))}: {said}.",
            "See `lightbench profile --help`.",
        ) from error


def check_batch(batch: Any) -> None:
    """Raises UsageError for what is no batch size."""
    if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= LARGEST_BATCH:
        raise UsageError(
            f"a batch is a whole number from 1 to {LARGEST_BATCH:,}, got {units.told(batch)}.",
            "Try --batch 1.",
        )
