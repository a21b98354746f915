"""What every engine makes of a network: a call that can be timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, NamedTuple

NO_KEYWORDS: Mapping[str, Any] = MappingProxyType({})


class Program(NamedTuple):
    """``call()`` runs the network once; ``context()`` is entered around calls, outside the clock."""

    call: Callable[[], Any]
    context: Callable[[], AbstractContextManager[Any]]
