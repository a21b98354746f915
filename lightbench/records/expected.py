"""What to type instead, when a network does not take what it was called with."""

from __future__ import annotations

import inspect
from typing import Any

ASK = "Is the input right for this network? See --input and --batch."
FORMS = (
    "Besides 3x224x224 there are '[3x224x224, ...]' for a list of images, '{x: 64}', '=64' without a"
    " batch, 'name=64', and none."
)
# What Python and PyTorch say of a call whose arguments do not fit the signature.
_UNFIT = ("positional argument", "required keyword-only", "unexpected keyword", "multiple values")
# What a network raises that wanted a list, a dictionary or a number, and got a tensor.
_OF_ANOTHER_FORM = (AssertionError, AttributeError, TypeError, LookupError)
_OUTSIDE = ("index out of range", "out of bounds")


def advice(network: Any, error: BaseException, *, itself: bool) -> str:
    """The next step for a forward pass that failed, in the network ``itself`` and in none of its
    modules: what ``forward`` takes, and how that is typed."""
    said = str(error)
    if isinstance(error, (IndexError, RuntimeError)) and any(text in said for text in _OUTSIDE):
        return f"{ASK} Ids that are rows of a table stay below its size: --input '7:int64<5'."
    parameters = _parameters(network)
    if parameters is None:
        return ASK
    takes = _shown(parameters)
    if isinstance(error, TypeError) and any(text in said for text in _UNFIT):
        return f"forward takes ({takes}): {_typed(parameters)}."
    forms = f" {FORMS}" if itself or isinstance(error, _OF_ANOTHER_FORM) else ""
    return f"{ASK} forward takes ({takes}).{forms}"


def _parameters(network: Any) -> list[inspect.Parameter] | None:
    """Those of ``forward``, without self; None where they cannot be known."""
    try:
        return list(inspect.signature(type(network).forward).parameters.values())[1:]
    except (ValueError, TypeError, AttributeError):
        return None


def _shown(parameters: list[inspect.Parameter]) -> str:
    """As in a definition, without annotations: ``x, *, mask=None``."""
    bare = [p.replace(annotation=p.empty) for p in parameters]
    return str(inspect.Signature(bare))[1:-1]


def _typed(parameters: list[inspect.Parameter]) -> str:
    """An option for each input that is needed: ``--input SHAPE --input mask=SHAPE``."""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p for p in parameters if p.default is p.empty and p.kind not in variadic]
    named = inspect.Parameter.KEYWORD_ONLY
    options = [f"--input {p.name}=SHAPE" if p.kind is named else "--input SHAPE" for p in needed]
    return " ".join(options) or "--input none"
