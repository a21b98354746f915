"""Compiles the simulated CANN into tests/npu/build, when its sources or the torch_npu wheel changed.

``build/cann`` is a whole runtime. Each other folder holds the one library that is different there, and
stands before ``cann`` in LD_LIBRARY_PATH.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCES = Path(__file__).parent
BUILD = SOURCES.parent / "build"
STAMP = BUILD / "stamp"

COMPILE = ("g++", "-std=c++17", "-O1", "-fPIC", "-Wall", "-Wextra", "-Werror")
# torch_npu itself calls some functions that CANN's headers call deprecated.
HEADERS = ("-Wno-deprecated-declarations",)

EMPTY_LIBRARIES = ("hccl", "ge_runner", "graph", "acl_tdt_channel")  # needed to load, never called
TOO_NEW_FOR_OLD_CANN = "aclrtCreateEventExWithFlag"


def build() -> Path:
    """The folder with a subfolder per state of an installation. Raises CalledProcessError."""
    stamp = _fingerprint()
    if not STAMP.exists() or STAMP.read_text() != stamp:
        shutil.rmtree(BUILD, ignore_errors=True)
        for folder in ("cann", "no-driver", "old-cann", "crash", "hang"):
            (BUILD / folder).mkdir(parents=True)
        _compile()
        STAMP.write_text(stamp)
    return BUILD


def wheel() -> Path:
    """Where torch_npu is installed; it is not imported."""
    spec = importlib.util.find_spec("torch_npu")
    if spec is None or spec.origin is None:
        sys.exit("torch_npu is not installed here: run `make test-npu`.")
    return Path(spec.origin).parent


def _fingerprint() -> str:
    digest = hashlib.sha256(importlib.metadata.version("torch_npu").encode())
    for source in (*sorted(SOURCES.glob("*.cpp")), Path(__file__)):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _compile() -> None:
    objects = {name: BUILD / f"{name}.o" for name in ("runtime", "unsimulated", "compiler")}
    include = f"-I{wheel() / 'include'}"

    def compile_one(name):
        source = SOURCES / f"{name}.cpp"
        _run(*COMPILE, *HEADERS, include, "-c", source, "-o", objects[name])

    with ThreadPoolExecutor() as pool:
        list(pool.map(compile_one, objects))

    runtime = (objects["runtime"], objects["unsimulated"])
    _link("cann", "ascendcl", *runtime)
    needs_runtime = (f"-L{BUILD / 'cann'}", "-lascendcl")
    _link("cann", "acl_op_compiler", objects["compiler"], *needs_runtime)
    for name in EMPTY_LIBRARIES:
        _link("cann", name)

    _link("crash", "hccl", SOURCES / "crash.cpp")
    _link("hang", "hccl", SOURCES / "hang.cpp")

    hidden = BUILD / "old-cann" / "hidden"
    hidden.write_text(f"{{ local: {TOO_NEW_FOR_OLD_CANN}; }};\n")
    _link("old-cann", "ascendcl", *runtime, f"-Wl,--version-script={hidden}")

    # The driver's library is there while the runtime is linked, and gone when it is loaded.
    _link("no-driver", "ascend_hal")
    needs_driver = (f"-L{BUILD / 'no-driver'}", "-Wl,--no-as-needed", "-lascend_hal")
    _link("no-driver", "ascendcl", *runtime, *needs_driver)
    (BUILD / "no-driver" / "libascend_hal.so").unlink()


def _link(folder: str, name: str, *inputs: str | Path) -> None:
    library = f"lib{name}.so"
    _run(*COMPILE, "-shared", f"-Wl,-soname,{library}", "-o", BUILD / folder / library, *inputs)


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    build()
