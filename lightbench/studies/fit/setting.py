"""Which number of a model's name is looked for: ``net.py:Net(width=?)``, or the width of what takes one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lightbench.errors import UsageError
from lightbench.models import sources
from lightbench.models.sources.calls import Call, parse_call
from lightbench.models.sources.own import builder, own_name
from lightbench.models.widths import WIDTH

MARK = "?"
STARTS = (1.0, 16.0)  # where a builder has no default: of a multiplier, and of channels
_SENTINEL = 918273645


class Setting(NamedTuple):
    """``named(0.6)`` is the model's name with that number; ``parameter`` is what the builder calls it, and ``starts`` are
    the numbers to begin with, the first that can be built."""

    model: str
    parameter: str
    starts: tuple[float, ...]
    named: Callable[[float], str]


def written(value: float) -> str:
    """A number as it is typed: 0.6, 16."""
    return f"{value:.10g}"


def setting_of(model: str, *, trusted: bool = True) -> Setting:
    """What a name leaves open. Raises UsageError for one that leaves nothing open, or what is no number, and whatever
    finding the network's code raises."""
    marked = model if MARK in model else _with_width(model)
    if marked.count(MARK) > 1:
        raise UsageError(
            f"{model!r} leaves {marked.count(MARK)} things open, and one can be found.",
            f"Write one {MARK}, and numbers for the rest.",
        )
    text = marked.replace(MARK, str(_SENTINEL))
    called = _call_of(text)
    place = _place(called) if called else None
    if called is None or place is None:
        raise UsageError(
            f"in {model!r} the {MARK} is no argument.",
            "Write it in place of a number: net.py:Net(width=?).",
        )
    name, default = _parameter(text, called, place, trusted=trusted)
    if isinstance(default, (bool, str)) or not isinstance(default, (int, float, type(None))):
        raise UsageError(
            f"{name} of {model!r} is not a number: its default is {default!r}.",
            f"Put the {MARK} in place of a number.",
        )
    starts = (float(default),) if default else STARTS
    return Setting(model, name, starts, lambda value: marked.replace(MARK, written(value)))


def _with_width(model: str) -> str:
    """The name with its width left open."""
    named = sources.split_name(model)
    call = parse_call(named.call, names=True) if named else None
    if named and call is None:
        sources.find(model)  # says what the file has
    if not named and not own_name(model):
        raise UsageError(
            f"{model} has no setting that can be looked for.",
            "Put what builds it in a file, and leave a number open there: net.py:build(width=?).",
        )
    text = named.call if named else model
    call = call or parse_call(text)
    if call and WIDTH in call.kwargs:
        raise UsageError(f"{model!r} says its width already.", f"Write {WIDTH}={MARK} there.")
    head, _, rest = text.partition("(")
    inside = ", ".join(filter(None, (rest.removesuffix(")").strip(), f"{WIDTH}={MARK}")))
    return f"{named.said}:{head}({inside})" if named else f"{head}({inside})"


def _call_of(text: str) -> Call | None:
    named = sources.split_name(text)
    return parse_call(named.call if named else text.rpartition(":")[2], names=True)


def _place(call: Call) -> str | int | None:
    """The argument that is open: its name, or its number; "" within another."""
    for key, value in call.kwargs.items():
        if value == _SENTINEL:
            return key
    if _SENTINEL in call.args:
        return call.args.index(_SENTINEL)
    return "" if str(_SENTINEL) in repr(call) else None


def _parameter(text: str, call: Call, place: str | int, *, trusted: bool) -> tuple[str, Any]:
    """What the builder calls it, and its default."""
    function, known = _builder(text, call, trusted=trusted)
    try:
        parameters = list(inspect.signature(function).parameters.values()) if function else []
    except (TypeError, ValueError):  # no signature to be had
        parameters = []
    if isinstance(place, int):
        found = parameters[place] if place < len(parameters) else None
    else:
        found = next((one for one in parameters if one.name == place), None)
    name = found.name if found else str(place) if place else "the number"
    default = found.default if found and found.default is not found.empty else None
    return name, known.get(name, default)


def _builder(
    text: str, call: Call, *, trusted: bool
) -> tuple[Callable[..., Any] | None, Mapping[str, Any]]:
    """What is called, where that can be had, and settings that its name stands for."""
    if name := own_name(text):
        return builder(name), sources.variant_of(name)
    found: Any = None
    if sources.split_name(text):
        found = sources.find(text, trusted=trusted).load()
        for part in call.name.split("."):
            found = getattr(found, part, None)
    return (found if callable(found) else None), {}
