"""What one side of a comparison does differently: ``threads=2``, ``channels-last``, ``dtype=bfloat16``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightbench import units
from lightbench.devices.support.options import device_options
from lightbench.errors import UnknownName, UsageError
from lightbench.records import Case
from lightbench.records.axes import AXES
from lightbench.records.case import APART
from lightbench.records.input_grammar import split_commas
from lightbench.records.inputs import inputs_text

EXAMPLES = {"input": "3x160x160"} | {axis.name: axis.example for axis in AXES.values()}
KEYS = sorted(EXAMPLES)

# Words without a value -> the setting that they are.
FLAGS: dict[str, tuple[str, Any]] = {
    **{
        axis.option.removeprefix("--"): (axis.name, axis.flag)
        for axis in AXES.values()
        if axis.flag
    },
    **{
        name: ("options", name)
        for name in device_options()
        if name not in APART  # what these measure is not compared
    },
}


def parse_settings(texts: Sequence[str]) -> dict[str, Any]:
    """Read the ``--a`` or ``--b`` options of one side, each with one setting or several with commas.
    Raises UsageError, UnknownName."""
    settings: dict[str, Any] = {}
    for text in (part.strip() for whole in texts for part in split_commas(whole)):
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals and key in FLAGS:
            name, value = FLAGS[key]
            settings[name] = [*settings.get(name, []), value] if name == "options" else value
        elif equals and key == "input":  # there may be several, as with --input
            settings[key] = [*settings.get(key, []), value]
        elif equals and key in KEYS:
            settings[key] = _read(key, value)
        elif key in KEYS:
            raise UsageError(f"the setting {text!r} has no value.", f"Try {key}={EXAMPLES[key]}.")
        else:
            known = (*KEYS, *FLAGS)
            raise UnknownName("setting", key, known, f"Known: {', '.join(known)}.")
    return settings


def _read(key: str, value: str) -> Any:
    try:
        return AXES[key].kind(value)
    except ValueError as error:
        raise UsageError(
            f"{key} cannot be {units.told(value)}.", f"Try {key}={EXAMPLES[key]}."
        ) from error


def side_names(a: Case, b: Case) -> tuple[str, str]:
    """What to call two cases beside one another: the model, and what else tells them apart."""
    differs = [name for name in a.__struct_fields__ if getattr(a, name) != getattr(b, name)]
    settings = [name for name in differs if name != "model"]

    def name(case: Case) -> str:
        own = [said for key in settings if (said := _said(key, getattr(case, key)))]
        return ", ".join([case.model, *own])

    if not differs:
        return a.model, f"{b.model} (again)"
    return name(a), name(b)


def _said(key: str, value: Any) -> str:
    if key == "inputs":
        return f"input {inputs_text(value)}"
    if key == "options":
        return ", ".join(value) or "no options"
    if key == "calibration" and value is None:
        return ""
    return f"{key} {'as many as are free' if value is None else value}"


def merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of one side: what both share, unless it says otherwise itself."""
    return {key: value for key, value in {**shared, **own}.items() if value is not None}
