"""PyTorch imports every installed backend with itself; one that does not load takes PyTorch with it.

With torch_npu installed and no CANN, ``import torch`` raises, and nothing in that process can mend
it. The command line therefore switches that off before it imports torch, and what it starts gets
what the user had set. Used as a library, lightbench leaves the choice to its user.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

VARIABLE = "TORCH_DEVICE_BACKEND_AUTOLOAD"  # PyTorch reads it on import
USERS = "LIGHTBENCH_USER_AUTOLOAD"  # what it was, while we hold it back; empty: it was not set


def hold_back() -> None:
    """No backend is imported along with torch from now on."""
    if "torch" not in sys.modules and USERS not in os.environ:
        users = os.environ.get(VARIABLE)
        os.environ[USERS] = "" if users is None else users or "0"  # PyTorch takes empty for off
        os.environ[VARIABLE] = "0"


def handed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that is started: as the user had set it."""
    child = dict(environ)
    if (users := child.pop(USERS, None)) is not None:
        child.pop(VARIABLE, None)
        if users:
            child[VARIABLE] = users
    return child
