"""A network at another width: the name that the same builder, told another multiplier, goes by."""

from __future__ import annotations

import re
from typing import NamedTuple

from lightbench import registry
from lightbench.errors import UsageError
from lightbench.models.sources import FAMILY, own_names
from lightbench.models.sources.calls import parse_call
from lightbench.models.sources.model_names import split_name

WIDTH = "width"
USUAL = 1.0  # of a family's variant that says none
# As it stands in a name: Net(width=0.5), mobilenet_v2_x0_5.
_SAID = re.compile(r"(?:\bwidth=|_x)([0-9]+(?:[._][0-9]+)?)")


class Wide(NamedTuple):
    """A name without its width, which is the same for all widths of a network, and the width."""

    network: str
    width: float


def width_of(model: str) -> Wide:
    """What a name says of its network's width; the usual one where it says nothing."""
    found = _SAID.search(model)
    if not found:
        return Wide(model.replace("()", ""), USUAL)
    before, after = model[: found.start()], model[found.end() :]
    if before.endswith(", "):
        before = before.removesuffix(", ")
    else:
        after = after.removeprefix(", ")
    return Wide(f"{before}{after}".replace("()", ""), _number(found[1]))


def at_width(model: str, width: float) -> str:
    """The name of the same network at another width: ``net.py:Net(width=0.5)`` of ``net.py:Net``,
    ``mobilenet_v2_x0_5`` of ``mobilenet_v2``. Raises UsageError where there is none."""
    if named := split_name(model):
        return _called(model, named.said, named.call, width)
    families = own_names()
    if model not in families:
        raise UsageError(
            f"{model} has no width that can be set by its name.",
            "Put what builds it in a file, and name that: net.py:build, where build takes a width.",
        )
    variants = registry.literal(FAMILY, families[model], "VARIANTS")
    own = _but_width(variants[model])
    known = {
        float(settings.get(WIDTH, USUAL)): name
        for name, settings in variants.items()
        if _but_width(settings) == own
    }
    if width not in known or len(known) < 2:
        widths = ", ".join(f"{one:g}" for one in sorted(known))
        raise UsageError(
            f"{model} is not known at width {width:g}.",
            f"Known: {widths}." if len(known) > 1 else "It is known at one width alone.",
        )
    return str(known[width])


def _called(model: str, said: str, call: str, width: float) -> str:
    parsed = parse_call(call, names=True)
    if parsed is None:
        raise UsageError(
            f"{model!r} names no class or function that takes a width.", f"Try {said}:Net."
        )
    if WIDTH in parsed.kwargs:
        raise UsageError(
            f"{model!r} says its width already.", "Leave it out there, or leave out --width."
        )
    inside = call[call.index("(") + 1 : call.rindex(")")].strip() if "(" in call else ""
    return f"{said}:{parsed.name}({', '.join(filter(None, (inside, f'{WIDTH}={width:g}')))})"


def _but_width(settings: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in settings.items() if key != WIDTH}


def _number(text: str) -> float:
    return float(text.replace("_", "."))
