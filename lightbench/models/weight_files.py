"""What a file of weights holds, read as data alone: by what it begins with, not by what it is called."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch

from lightbench.errors import MissingPackage, UsageError, how_to_install

NAME = "Name a .pt, .pth or .safetensors file that holds weights."
SAVE = "Save them with torch.save(network.state_dict(), FILE)."
AGAIN = "Download or save it again."
TRUSTED = "Save weights alone, where you trust it: torch.save(network.state_dict(), FILE)."

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
# Beginnings of other files that are taken for weights, what they are, and what to do.
_OTHERS = (
    (b"version https://git-lfs", "a pointer of Git LFS, which says where the weights are", "Get them with `git lfs pull`."),
    (b"<", "a web page", "Download the weights again: what came was a page about them."),
    (b"\x89HDF", "an HDF5 file, as Keras writes it", SAVE),
    (b"\x89PNG", "an image", NAME),
    (b"\xff\xd8\xff", "an image", NAME),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first."),
)  # fmt: skip
_LONGEST = 100_000_000  # bytes of its JSON that safetensors reads
_HEAD = 512  # bytes by which text is told


def content(path: Path) -> Any:
    """As torch.save or safetensors was given it: what is in it is any data. Raises UsageError for a file that is not
    there, is something else, is damaged, or holds more than data; MissingPackage."""
    if not path.is_file():
        raise UsageError(
            f"there is no file {str(path)!r}." if not path.exists() else f"{str(path)!r} is no file.",
            NAME,
        )  # fmt: skip
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if _is_safetensors(head):  # its first byte may be a pickle's
            return _safetensors(path)
        return _torch(path) if head.startswith((_ZIP, _PICKLE)) else _refuse(path, head)
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror or error}.") from error


def _is_safetensors(head: bytes) -> bool:
    """Eight bytes have the length of the JSON that follows them."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= _LONGEST


def _torch(path: Path) -> Any:
    try:
        with path.open("rb") as file, warnings.catch_warnings():  # of its name PyTorch thinks, too
            warnings.simplefilter("ignore")  # of kinds of tensors that PyTorch gives up
            return torch.load(file, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except pickle.UnpicklingError as error:
        raise UsageError(
            f"{str(path)!r} holds more than data, and may run code when it is read: it is not.", TRUSTED
        ) from error  # fmt: skip
    except Exception as error:  # whatever a damaged or made-up file leads to
        said, hint = _of_zip(path)
        raise UsageError(f"{str(path)!r} {said}.", hint) from error


def _of_zip(path: Path) -> tuple[str, str]:
    """What a file is that begins as one of weights, and what to do."""
    damaged = "begins as a file of weights, and is damaged", AGAIN
    try:
        with ZipFile(path) as archive:
            inside = archive.namelist()
    except (OSError, BadZipFile):
        return damaged
    if any("/code/" in name for name in inside):
        return "is TorchScript, which is a program with its weights", SAVE
    if not any(name.endswith("data.pkl") for name in inside):
        return "is an archive without weights", NAME
    return damaged


def _safetensors(path: Path) -> Any:
    try:
        from safetensors.torch import load
    except ImportError as error:
        raise MissingPackage(
            "safetensors is not installed, which reads such files.", how_to_install("safetensors")
        ) from error
    try:
        return load(path.read_bytes())
    except OSError:
        raise
    except Exception as error:
        raise UsageError(
            f"{str(path)!r} begins as a file of weights, and is damaged.", AGAIN
        ) from error


def _refuse(path: Path, head: bytes) -> Any:
    """Raises UsageError that says what it is instead."""
    if not head:
        raise UsageError(f"{str(path)!r} is empty.", AGAIN)
    for begins, what, hint in _OTHERS:
        if head.startswith(begins):
            raise UsageError(f"{str(path)!r} is {what}.", hint)
    what = "text, and weights were expected" if _is_text(head) else "no file of weights"
    raise UsageError(f"{str(path)!r} is {what}.", NAME)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8", errors="strict" if len(head) < _HEAD else "ignore")
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\r\n\t\f\ufeff" for letter in text)
