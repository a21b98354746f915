"""Names without a colon: which library's network is meant, and what to say where none is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lightbench.errors import UnknownName, UsageError, nearest
from lightbench.models.sources.model_names import module_file
from lightbench.models.sources.own import own_name, own_names
from lightbench.models.sources.registered_names import LIBRARIES, in_library, names_in

_LISTS = "`lightbench list models` shows ours, --from torchvision and --from timm theirs."


def full_name(model: str) -> str:
    """``torchvision:resnet101`` of ``resnet101``. Our own names go before torchvision's, and those before timm's;
    any other name stays as it is. Nothing is imported."""
    if not model.isidentifier() or own_name(model):
        return model
    return in_library(model) or model


def unknown(model: str) -> UsageError:
    """What to raise for what is the name of no network: it says the nearest ones."""
    if there := _with_a_colon(model):
        return UsageError(f"cannot read the model {model!r}.", f"Write {there}.")
    last = re.split(r"[./:]", model)[-1]
    ours = own_names()
    near = nearest(last, [*ours, *_theirs()])
    names = [name if name in ours else in_library(name) or name for name in near]
    meant = f"Did you mean {' or '.join(names)}? " if names else ""
    return UnknownName("model", model, (), f"{meant}{_LISTS}")


def _theirs() -> Iterator[str]:
    for library in LIBRARIES:
        yield from sorted(names_in(library))


def _with_a_colon(model: str) -> str | None:
    """``package.net:Net`` of ``package.net.Net``, and ``timm:NAME`` of ``timm.NAME`` or ``timm/NAME``."""
    parts = re.split(r"[./]", model)
    first, last = parts[0], parts[-1]
    if first in LIBRARIES and last in names_in(first):
        return f"{first}:{last}"
    module, dot, name = model.rpartition(".")
    if dot and name.isidentifier() and module_file(module):
        return f"{module}:{name}"
    return None
