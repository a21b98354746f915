"""What an exception of a network means: the module it came from and the shapes there, or no memory."""

from __future__ import annotations

from types import FrameType
from typing import Any

from lightbench.errors import LightbenchError, ModelError, OutOfMemory
from lightbench.units import shape, unicode
from lightbench.wanted import advice

_OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "not enough memory")


def explain(network: Any, error: BaseException) -> LightbenchError:
    """A ModelError (or OutOfMemory) that names the innermost module of ``network`` in ``error``'s
    traceback and its inputs. ``network`` is a torch.nn.Module; torch is not imported for it."""
    if known := _known(error):
        return known
    path, module, frame = _innermost(network, error)
    where = f"{module} `{unicode(path)}`" if path else f"{module} (the network itself)"
    called = f" with {_shapes(frame)}" if frame is not None and _shapes(frame) else ""
    return ModelError(
        f"the forward pass failed in {where}{called}: {_said(error)}",
        advice(network, error),
    )


def explain_plainly(what: str, error: BaseException) -> LightbenchError:
    """The same where no module can be named; ``what`` failed: "Net cannot be built"."""
    return _known(error) or ModelError(f"{what}: {_said(error)}")


def _known(error: BaseException) -> LightbenchError | None:
    if isinstance(error, LightbenchError):
        return error
    if isinstance(error, MemoryError) or any(text in str(error).lower() for text in _OUT_OF_MEMORY):
        return OutOfMemory(f"out of memory: {_said(error)}", "Try a smaller --batch or --input.")
    return None


def _said(error: BaseException) -> str:
    """Its type and the first line of its message, as a sentence."""
    line = unicode(str(error)).strip().partition("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {line}." if line else f"{type(error).__name__}."


def _innermost(network: Any, error: BaseException) -> tuple[str, str, FrameType | None]:
    paths = {id(module): path for path, module in network.named_modules()}
    found: tuple[str, str, FrameType | None] = ("", type(network).__name__, None)
    traceback = error.__traceback__
    while traceback is not None:
        module = traceback.tb_frame.f_locals.get("self")
        if id(module) in paths and traceback.tb_frame.f_code.co_name == "forward":
            found = (paths[id(module)], type(module).__name__, traceback.tb_frame)
        traceback = traceback.tb_next
    return found


def _shapes(frame: FrameType) -> str:
    """Shapes of the arguments that ``forward`` was called with, as far as they still are."""
    names = frame.f_code.co_varnames[1 : frame.f_code.co_argcount]
    values = (frame.f_locals.get(name) for name in names)
    shapes = (getattr(value, "shape", None) for value in values)
    return ", ".join(shape(tuple(known)) for known in shapes if known is not None)
