"""Which networks are of one family, and the colour and mark of each: both tell it, for print and for all eyes."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Colours of Okabe and Ito (2008), which people tell apart who see red and green alike.
LOOKS = (
    ("#0072b2", "o"),
    ("#d55e00", "s"),
    ("#009e73", "^"),
    ("#cc79a7", "D"),
    ("#e69f00", "v"),
    ("#56b4e9", "P"),
    ("#f0e442", "X"),
)
OTHERS = ("#777777", "o")  # of more families than there are looks
_VERSIONED, _NAMED = re.compile(r"[A-Za-z]+?_?[vV]\d+"), re.compile("[A-Za-z]+")


def family(model: str) -> str:
    """``mobilenet_v2`` of "mobilenet_v2_0_5", ``resnet`` of "torchvision:resnet50", ``Net`` of "nets.py:Net"; the whole
    name where it begins with no letter."""
    name = re.split("[:/.]", model.partition("(")[0])[-1]
    found = _VERSIONED.match(name) or _NAMED.match(name)
    return found[0] if found else model


def looks(models: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Family -> colour and mark, in the order in which they come."""
    names = dict.fromkeys(map(family, models))
    return {
        name: LOOKS[i] if i < len(LOOKS) - (len(names) > len(LOOKS)) else OTHERS
        for i, name in enumerate(names)
    }
