"""Data sets that torchvision knows: read where they are, downloaded where there is a network."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from lightbench import files
from lightbench.datasets import Split
from lightbench.errors import MissingPackage, UsageError, how_to_install
from lightbench.models.torchvision import import_torchvision

PATIENCE_S = 10  # of a connection; one that nobody answers would be waited for for minutes
_DIGITS = tuple("0123456789")
IDX = (  # MNIST's files, and those that are laid out like it
    "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, unpacked,"
)


def read(kind: str, place: Path | None, *, folder: str = "", needs: str, **which: Any) -> Split:
    """One of ``torchvision.datasets``. Without a ``place`` it is where lightbench keeps it, downloaded first if need be.
    ``folder`` is where in the place torchvision looks, and ``needs`` says what for. Raises UsageError, and
    MissingPackage."""
    import_torchvision()
    from torchvision import datasets

    make, name = getattr(datasets, kind), kind.lower()
    root = place.parent if place and folder and place.name == folder else place
    try:
        root = root or _kept(name, make, which)
        found = make(str(root), **which)
        classes = tuple(map(str, getattr(found, "classes", _DIGITS)))
        _complete(found, classes)
    except ImportError as error:
        raise MissingPackage(
            f"{name} is read by {error.name}, which is not installed.",
            how_to_install("scikit-learn"),  # which brings scipy
        ) from error
    except Exception as error:  # a damaged file fails in any way
        raise UsageError(
            _what_is_wrong(name, root, folder, error),
            f"Put {needs} into {Path(root or 'PATH') / folder}, then try --data {name}:{root or 'PATH'}.",
        ) from error
    return Split(found, classes)


def _what_is_wrong(name: str, root: Path | None, folder: str, error: Exception) -> str:
    why = str(error).strip().rpartition("\n")[2].rstrip(".") or type(error).__name__
    if root is None:
        return f"{name} is not here and could not be downloaded: {why}."
    if not root.is_dir():
        return f"{str(root)!r} is no folder{', but a file' if root.is_file() else ''}."
    if "download=True" in why:  # torchvision's advice, for who calls it
        why = "files are missing, or others than torchvision knows"
    return f"{name} cannot be read from {str(root / folder)!r}: {why}."


def _kept(name: str, make: Callable[..., Any], which: dict[str, Any]) -> Path:
    """The folder in which lightbench keeps it: it is there as a whole or not at all."""
    words = [name, *(value for value in which.values() if isinstance(value, str))]
    folder = files.cache() / "datasets" / "-".join(words)
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(mkdtemp(prefix=".", dir=folder.parent))
    try:
        with _patience(), redirect_stdout(sys.stderr):  # stdout is for results
            make(str(new), **which, download=True)
        try:
            new.rename(folder)
        except OSError:
            if not folder.is_dir():  # else somebody had it first
                raise
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
    labels = np.asarray(found.labels if hasattr(found, "labels") else found.targets)
    if not len(labels) or len(labels) != len(found.data):
        raise ValueError(f"it has {len(found.data):,} images and {len(labels):,} labels")
    if labels.max() >= len(classes):
        raise ValueError(f"it has a class {labels.max()}, and {len(classes)} classes are known")
