"""How one of our processes starts, so that nothing gets into it that nobody named.

Python runs ``-m MODULE`` with the folder that it is started in first on its path: a ``string.py`` or a ``torch/`` that lies
there would be imported instead of the real one. And a network's code, which may be anybody's, reads the environment.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

# On Linux it ends with the process that has started it, however that ends.
# -P: without that folder. What this process finds besides, as the project that a user has on PYTHONPATH, comes last.
_BOOT = """
import os, runpy, signal, sys
try:
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
except (ImportError, OSError, AttributeError, TypeError):
    pass
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # without a traceback, before it has begun
path, module = sys.argv[1:3]
del sys.argv[1:3]
sys.path += [place for place in path.split(os.pathsep) if place and place not in sys.path]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""

ROOT = Path(__file__).parents[2]  # where lightbench is, before what lies on the user's own path

SECRET = re.compile(r"TOKEN|KEY|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
ASKED = "LIGHTBENCH_KEEP_ENV"  # names with commas: variables that a network needs in spite of their name


def command_of(module: str, python: str | None = None) -> tuple[str, ...]:
    """What runs a module of ours; in another ``python``, whose packages are its own, the lightbench
    that is installed there."""
    own = [ROOT, *(Path(place).absolute() for place in sys.path)]
    places = [] if python else map(str, own)
    return (python or sys.executable, "-P", "-c", _BOOT, os.pathsep.join(places), module)


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that runs a network: no tokens, keys, passwords, but those that
    the user has asked for by ``LIGHTBENCH_KEEP_ENV``."""
    kept = {name.strip() for name in environ.get(ASKED, "").split(",")}
    return {
        name: value
        for name, value in environ.items()
        if name in kept or not SECRET.search(name) or name == ASKED
    }
