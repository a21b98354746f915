"""Say where in a network an exception came from: the module, and the shapes it was called with."""

from __future__ import annotations

from types import FrameType
from typing import Any

from lightbench.errors import LightbenchError, ModelError, OutOfMemory
from lightbench.units import shape

_OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "not enough memory")


def explain(network: Any, error: BaseException) -> LightbenchError:
    """A ModelError (or OutOfMemory) that names the innermost module of ``network`` in ``error``'s
    traceback and its inputs. ``network`` is a torch.nn.Module; torch is not imported for it."""
    if isinstance(error, LightbenchError):
        return error
    first_line = (str(error).strip() or type(error).__name__).partition("\n")[0].rstrip(".") + "."
    if isinstance(error, MemoryError) or any(text in str(error).lower() for text in _OUT_OF_MEMORY):
        return OutOfMemory(f"out of memory: {first_line}", "Try a smaller --batch or --input.")
    path, module, frame = _innermost(network, error)
    where = f"{module} `{path}`" if path else f"{module} (the network itself)"
    called = f" with {_shapes(frame)}" if frame is not None and _shapes(frame) else ""
    return ModelError(
        f"the forward pass failed in {where}{called}: {type(error).__name__}: {first_line}",
        "Is the input right for this network? See --input and --batch.",
    )


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
