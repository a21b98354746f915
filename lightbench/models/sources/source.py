"""What every place that networks come from gives: something that can be built again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lightbench.records.failure import explain_plainly
from lightbench.records.inputs import Input
from lightbench.workers import journal

if TYPE_CHECKING:
    from torch import nn

T = TypeVar("T")

DEFAULT_INPUT = "3x224x224"
LIBRARY_PREFIXES = ("torchvision", "timm", "stack")  # before the colon of a name


class Source(NamedTuple):
    """A network that can be built, again and again: ``build()``, and the input it is made for.
    ``load()`` runs the code that it is built by, once: what fails there fails in every build. ``batch`` is
    what it is made for where nothing else is asked."""

    build: Callable[[], nn.Module]
    inputs: tuple[Input, ...]
    load: Callable[[], object] = lambda: None
    batch: int = 1


def made(fault: str, make: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run somebody else's code. Raises ModelError or OutOfMemory; the former begins with ``fault``."""
    try:
        return make(*args, **kwargs)
    except BaseException as error:
        journal.let_through(error)
        raise explain_plainly(fault, error) from error
