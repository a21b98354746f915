"""Why a case has no result, and what an exception of a network means: the module it came from and the
shapes there, or no memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from lightbench.errors import LightbenchError, ModelError, OutOfMemory
from lightbench.records.expected import advice
from lightbench.records.noun import Noun
from lightbench.units import shape, unicode

_OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "not enough memory")

OWN = "Its own code raises this: call the network in Python to see the whole traceback."

LONGEST = 1_000  # characters of a message

_COSTS = Path(__file__).parent.parent / "costs"  # where an operator is counted
_CALLERS = {"borrow.py"}  # of them, what only calls the network

# What may be the fault of an input: an error of values, or what PyTorch says of shapes and types.
_OF_VALUES = (ValueError, IndexError, AssertionError)
_OF_INPUTS: dict[type[BaseException], re.Pattern[str]] = {
    RuntimeError: re.compile(
        r"shape|size|dim|type|channel|expected|match|multiplied|range|broadcast|stride|negative"
        r"|too small|padding|divisible",
        re.IGNORECASE,
    ),
    TypeError: re.compile("argument|data type|indices"),
}
_NOT_OF_INPUTS = re.compile(
    r"grad|inference|keyword|\bdevice|cuda|operator|meta tensor", re.IGNORECASE
)


class Failure(Noun, frozen=True, kw_only=True):
    """Why a case has no result: one sentence, the next step, and the exit code it stands for."""

    error: str
    message: str
    hint: str = ""
    exit_code: int = 2


def explain(network: Any, error: BaseException) -> LightbenchError:
    """A ModelError (or OutOfMemory) that names the innermost module of ``network`` in ``error``'s
    traceback and its inputs, or the operator that lightbench itself failed to count. ``network`` is a
    torch.nn.Module; torch is not imported for it."""
    if known := _known(error):
        return known
    if _is_ours(error):
        return ModelError(
            f"a fault of lightbench's counting{_operator(error)}: {_said(error)}",
            "The network is not at fault: please report it, with the operator and its inputs.",
        )
    path, module, frame = _innermost(network, error)
    where = f"{module} `{unicode(path)}`" if path else f"{module} (the network itself)"
    called = f" with {_shapes(frame)}" if frame is not None and _shapes(frame) else ""
    return ModelError(
        f"the forward pass failed in {where}{called}: {_said(error)}",
        advice(network, error, itself=not path) if _may_be_the_input(error, frame) else OWN,
    )


def explain_plainly(what: str, error: BaseException) -> LightbenchError:
    """The same where no module can be named; ``what`` failed: "Net cannot be built"."""
    return _known(error) or ModelError(f"{what}: {_said(error)}")


def words_of(error: BaseException) -> str:
    """Its message; "" of one that fails to say it."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001  somebody else's code
        return ""


def is_memory(error: BaseException) -> bool:
    """Is it that memory has run out?"""
    said = words_of(error).lower()
    return isinstance(error, MemoryError) or any(text in said for text in _OUT_OF_MEMORY)


def _known(error: BaseException) -> LightbenchError | None:
    if isinstance(error, LightbenchError):
        return error
    if is_memory(error):
        return OutOfMemory(f"out of memory: {_said(error)}", "Try a smaller --batch or --input.")
    return None


def _may_be_the_input(error: BaseException, frame: FrameType | None) -> bool:
    """Could other shapes, types or forms of inputs be what helps? ``frame`` is that of the ``forward``
    it was raised in; without one the network could not even be called with them."""
    said = words_of(error)
    if isinstance(error, _OF_VALUES) or (frame is None and isinstance(error, TypeError)):
        return True
    words = _OF_INPUTS.get(type(error))
    return bool(words and words.search(said) and not _NOT_OF_INPUTS.search(said))


def _is_ours(error: BaseException) -> bool:
    """Was it raised by our own code that counts an operator, rather than by what that runs?"""
    *_, frame = (None, *_frames(error))
    file = Path(frame.f_code.co_filename) if frame else Path()
    return _COSTS in file.parents and file.name not in _CALLERS


def _operator(error: BaseException) -> str:
    """``, in aten::conv2d``: of the innermost operator that was dispatched."""
    names = [
        str(getattr(getattr(frame.f_locals.get("func"), "_schema", None), "name", ""))
        for frame in _frames(error)
        if frame.f_code.co_name == "__torch_dispatch__"
    ]
    known = [name for name in names if name]
    return f", in {known[-1]}" if known else ""


def _frames(error: BaseException) -> Iterator[FrameType]:
    """Of its traceback, the innermost last."""
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _said(error: BaseException) -> str:
    """Its type and the first line of its message, as a sentence."""
    line = unicode(words_of(error)).strip().partition("\n")[0][:LONGEST].rstrip(". ")
    return f"{type(error).__name__}: {line}." if line else f"{type(error).__name__}."


def _innermost(network: Any, error: BaseException) -> tuple[str, str, FrameType | None]:
    paths = {id(module): path for path, module in network.named_modules()}
    found: tuple[str, str, FrameType | None] = ("", type(network).__name__, None)
    for frame in _frames(error):
        module = frame.f_locals.get("self")
        if id(module) in paths and frame.f_code.co_name == "forward":
            found = (paths[id(module)], type(module).__name__, frame)
    return found


def _shapes(frame: FrameType) -> str:
    """Shapes of the arguments that ``forward`` was called with, as far as they still are."""
    names = frame.f_code.co_varnames[1 : frame.f_code.co_argcount]
    values = (frame.f_locals.get(name) for name in names)
    shapes = (getattr(value, "shape", None) for value in values)
    return ", ".join(shape(tuple(known)) for known in shapes if known is not None)
