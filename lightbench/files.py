"""Files that are written as a whole: the new one or, if anything goes wrong, still the old one."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lightbench import units
from lightbench.errors import StoreError


def cache() -> Path:
    """Where things are kept that can be made again: ``lightbench`` below ``XDG_CACHE_HOME``, or ``~/.cache``. It may not
    be there yet. Raises RuntimeError where nobody knows the user's home."""
    place = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (place if place.is_absolute() else Path.home() / ".cache") / "lightbench"


def write(path: str | Path, content: str | bytes) -> None:
    """Write a file. A link stays, and what it leads to is replaced; a pipe or a device is written to.
    Text is UTF-8. Raises StoreError that names the path."""
    path = Path(path)
    data = content if isinstance(content, bytes) else units.unicode(content).encode()
    with naming(path), replacing(path) as new:
        new.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to; what was written takes the place of ``path`` at the end of
    the block, and nothing is left of it after an error. What is no file, such as a pipe, is itself
    what is written to. Raises OSError, and StoreError for the source of a module that is loaded."""
    _refuse_loaded(path)
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
    """Whether two names lead to one file, be it there yet or not; of two that are not there and differ
    in upper case alone nobody can know. Pipes and devices are no files: what is written to them
    destroys nothing. A name that cannot be one, with a null byte, leads nowhere."""
    if "\0" in f"{a}{b}":
        return False
    one, other = os.path.realpath(a), os.path.realpath(b)
    if one == other:
        return Path(a).is_file() or not Path(a).exists()
    if Path(a).exists() or Path(b).exists():
        return Path(a).is_file() and Path(b).is_file() and Path(a).samefile(b)
    return _caseless(one) == _caseless(other)


def _caseless(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _refuse_loaded(path: Path) -> None:
    """Raises StoreError for a file that this process runs: a network's, or what that has imported, in
    whatever way."""
    if not path.is_file():
        return
    target = path.stat()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__dict__", {}).get("__file__")  # some load what they are asked for
        with suppress(OSError, ValueError):
            if isinstance(file, str) and os.path.samestat(os.stat(file), target):  # noqa: PTH116  there are thousands
                raise StoreError(
                    f"cannot write {str(path)!r}: it is the source of {name}, which is in use.",
                    "Name another file.",
                )


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
