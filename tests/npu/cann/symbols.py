"""Which functions torch_npu needs from CANN, and which of them the simulation lacks.

    .venv-npu/bin/python tests/npu/cann/symbols.py

lists them all, marks what is missing and then ends with 1. A torch_npu that needs new ones fails when it
is loaded, and names one at a time: this names all of them. Functions that torch_npu looks up by name
while it runs are not seen here: it does without them, or says which one it misses.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

from build import build, wheel

# CANN's C interfaces: AscendCL, the runtime below it, the profiler, and communication.
CANN_PREFIXES = ("acl", "rt", "Msprof", "Hccl")
# Loaded later, and only where its own library is installed: an accelerator for transformers.
NOT_LOADED_BY_IMPORT = {"libop_plugin_atb.so"}


def needed() -> set[str]:
    """What the libraries that ``import torch_npu`` loads leave open, as far as it is CANN's."""
    torch_npu = wheel()
    libraries = [*torch_npu.glob("_C.*.so"), *torch_npu.glob("lib/lib*.so")]
    names = {
        name
        for library in libraries
        if library.name not in NOT_LOADED_BY_IMPORT
        for name in _symbols(library, "--undefined-only")
    }
    return {name for name in names if name.startswith(CANN_PREFIXES)}


def provided(*folders: str) -> set[str]:
    """What the simulated libraries define; a library in a later folder replaces an earlier one."""
    libraries = {path.name: path for folder in folders for path in (build() / folder).glob("*.so")}
    return {name for path in libraries.values() for name in _symbols(path, "--defined-only")}


def _symbols(library: Path, which: str) -> set[str]:
    """C functions; a name with a version ("memcpy@GLIBC_2.14") belongs to the C library and its kind."""
    command = ["nm", "-D", which, str(library)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    names = {line.split()[-1] for line in listed.splitlines()}
    return {name for name in names if not name.startswith("_Z") and "@" not in name}


def main(*broken: str) -> int:
    """With the name of a folder of build.py, look at the runtime that is broken in that way."""
    wanted, have = needed(), provided("cann", *broken)
    version = importlib.metadata.version("torch_npu")
    rows = [
        f"  {name}" if name in have else f"! {name}: not simulated, not even as a refusal"
        for name in sorted(wanted)
    ]
    header = f"torch_npu {version} needs {len(wanted)} functions of CANN:"
    sys.stdout.write("\n".join([header, *rows, ""]))
    return 1 if wanted - have else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
