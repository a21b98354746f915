"""Files that are written as a whole: the new one or, if anything goes wrong, still the old one."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightbench import units
from lightbench.errors import StoreError


def write(path: str | Path, content: str | bytes) -> None:
    """Write a file. A link stays, and what it leads to is replaced; a pipe or a device is written to.
    Text is UTF-8. Raises StoreError that names the path."""
    path = Path(path)
    data = content if isinstance(content, bytes) else units.unicode(content).encode()
    with naming(path):
        if not replaceable(path):
            path.write_bytes(data)
            return
        with replacing(path) as new:
            new.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to; what was written takes the place of ``path`` at the end of
    the block, and nothing is left of it after an error. What is no file, such as a pipe, is itself
    what is written to. Raises OSError."""
    if not replaceable(path):
        yield path
        return
    target = Path(os.path.realpath(path))
    new = target.with_name(f".{secrets.token_hex(8)}.new")
    try:
        yield new
        if target.exists():
            shutil.copymode(target, new)
        try:
            new.replace(target)
        except OSError:  # a file that is mounted by itself, as into a container, cannot be replaced
            shutil.copyfile(new, target)
    finally:
        new.unlink(missing_ok=True)


def same(a: str | Path, b: str | Path) -> bool:
    """Whether two names lead to one file, be it there yet or not. Pipes and devices are no files:
    what is written to them destroys nothing."""
    if os.path.realpath(a) == os.path.realpath(b):
        return Path(a).is_file() or not Path(a).exists()
    return Path(a).is_file() and Path(b).is_file() and Path(a).samefile(b)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Turn what the operating system says into a StoreError that names the path."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot write {str(path)!r}: {error.strerror}.", "Name another file."
        ) from error


def replaceable(path: Path) -> bool:
    """Whether a new file may be made and take the place of ``path``. What /dev/stdout leads to may be
    a file, but one that the shell has open."""
    folder = Path(os.path.realpath(path.parent))
    target = Path(os.path.realpath(path))
    if folder == Path("/dev") or folder.is_relative_to("/proc") or not _writable(target.parent):
        return False
    return target.is_file() and _writable(target) if target.exists() else True


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK)
