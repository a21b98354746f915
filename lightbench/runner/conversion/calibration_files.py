"""Where the inputs are from which an engine learns the ranges of int8: a folder of images, or a file of inputs that are
ready."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lightbench.errors import UsageError
from lightbench.units import unicode

MOST = 64  # of more, so many are taken, evenly from all
IMAGES = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
READY = (".npy", ".pt")
WHAT = "--calibration takes a folder of images, or a .npy or .pt file of inputs that are ready."


def chosen(place: str) -> tuple[Path, ...]:
    """The images of a folder and of those below it, at most `MOST`, evenly from all in the order of their names; or the
    file itself. Raises UsageError where there is neither."""
    path = Path(place)
    if unicode(place) != place:
        raise UsageError(f"the name {place!r} is not Unicode text.", "Rename it.")
    if place and path.is_dir():
        return _images(path)
    if not path.is_file():
        raise UsageError(f"there is no {place!r} to calibrate on.", WHAT)
    if path.suffix.lower() not in READY:
        raise UsageError(f"{path.name!r} is nothing to calibrate on.", WHAT)
    return (path,)


def _images(folder: Path) -> tuple[Path, ...]:
    found = sorted(
        (
            file
            for file in folder.rglob("*")
            if file.suffix.lower() in IMAGES and not file.name.startswith(".") and file.is_file()
        ),
        key=lambda file: file.relative_to(folder).as_posix(),
    )
    if not found:
        raise UsageError(
            f"there are no images in {str(folder)!r}.", f"Their names end in {', '.join(IMAGES)}."
        )
    return tuple(found[i] for i in evenly(len(found)))


def evenly(many: int) -> list[int]:
    """Of so many, which ones are taken."""
    few = min(many, MOST)
    return [i * many // few for i in range(few)]


def digest(place: str) -> str:
    """Of what is in the files that are taken, wherever they are and whatever they are called. Raises UsageError."""
    found = hashlib.sha256()
    for file in chosen(place):
        try:
            with file.open("rb") as opened:
                found.update(hashlib.file_digest(opened, "sha256").digest())
        except OSError as error:
            raise UsageError(f"cannot read {file.name!r}: {error.strerror}.", WHAT) from error
    return found.hexdigest()[:16]


def name_of(place: str) -> str:
    """The folder's or the file's own, without where it is."""
    return unicode(Path(place).absolute().name)
