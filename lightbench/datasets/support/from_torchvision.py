"""Data sets that torchvision knows: read where they are, downloaded where there is a network."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from http.client import HTTPException
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from lightbench import files
from lightbench.datasets import Split
from lightbench.errors import MissingPackage, UsageError, how_to_install
from lightbench.models.torchvision import import_torchvision

PATIENCE_S = 10  # of a connection; a network that answers nothing would be waited for for minutes
# What torchvision raises of data that are not there, damaged or out of reach.
_FAILS = (AssertionError, EOFError, HTTPException, KeyError, OSError, RuntimeError, ValueError)
_DIGITS = tuple("0123456789")
IDX = tuple(  # MNIST's, and of those that are laid out like it
    f"{part}-{what}-ubyte" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1")
)


def read(
    kind: str, place: Path | None, *, inside: str, needs: tuple[str, ...], **which: Any
) -> Split:
    """One of ``torchvision.datasets``, from a folder that has another called ``inside`` ("": none) with the files
    ``needs``. Without a ``place`` from where lightbench keeps them, downloaded first if need be. Raises UsageError that
    says what to put where, and MissingPackage."""
    import_torchvision()
    from torchvision import datasets

    make = getattr(datasets, kind)
    name = kind.lower()
    root = place.parent if place and inside and place.name == inside else place
    try:
        kept = root or _kept(name, make, which)
        found = make(str(kept), **which)
        classes = tuple(map(str, getattr(found, "classes", _DIGITS)))
        _complete(found, classes)
    except ImportError as error:
        raise MissingPackage(
            f"{name} is read by {error.name}, which is not installed.",
            how_to_install("scikit-learn"),  # brings scipy
        ) from error
    except _FAILS as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        raise UsageError(
            f"{name} is not in {str(root)!r}, or is damaged: {why}."
            if root
            else f"{name} cannot be had: {why}.",
            f"Put {', '.join(needs)} into {Path(root or 'PATH') / inside}, and name the folder:"
            f" --data {name}:{root or 'PATH'}.",
        ) from error
    return Split(found, classes)


def _kept(name: str, make: Callable[..., Any], which: dict[str, Any]) -> Path:
    """The folder in which lightbench keeps a data set. It is there as a whole or not at all."""
    folder = (
        files.cache()
        / "datasets"
        / f"{name}{''.join(f'-{v}' for v in which.values() if isinstance(v, str))}"
    )
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(mkdtemp(prefix=f".{name}-", dir=folder.parent))
    try:
        with _patience(), redirect_stdout(sys.stderr):  # results are what stdout is for
            make(str(new), **which, download=True)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return folder


@contextmanager
def _patience() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _complete(found: Any, classes: tuple[str, ...]) -> None:
    """Of some torchvision compares no checksum. Raises ValueError."""
    labels = found.labels if hasattr(found, "labels") else found.targets
    if not len(labels) or len(labels) != len(found.data):
        raise ValueError(f"it has {len(found.data):,} images and {len(labels):,} labels")
    if int(max(labels)) >= len(classes):
        raise ValueError(f"it has a class {int(max(labels))}, and {len(classes)} classes are known")
