"""Files that people call images, and what is in them: upright, in 8-bit colours, whatever the file has."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lightbench import units
from lightbench.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

# Formats by the names that Pillow has for them. It knows more: PostScript, for which it runs another program, those
# without a mark of their own, which any file may be taken for, and documents.
FORMATS = (
    *("AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "QOI"),
    *("SGI", "TIFF", "WEBP"),
)
# How images are called that Pillow does not read by itself.
UNREAD = (".heic", ".heif", ".jxl")
# How files begin that are images, and where they are cut off within their head no image that Pillow knows.
BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
NAME_IMAGES = "Name images, or folders of images."
CONVERT = "Convert it to PNG or JPEG."
SMALLER = "Scale it down."
SAVE_AGAIN = "Save or download it again."


class Unreadable(UsageError):
    """An image that cannot be read; ``why`` is the sentence without its beginning, which is the file's name."""

    def __init__(self, path: Path, why: str, hint: str) -> None:
        super().__init__(f"{text_of(path)!r} {why}.", hint)
        self.why = why


class NoImage(Unreadable):
    """A file that is no image, whatever it is called."""


class Found(NamedTuple):
    """A file that may be an image; ``named``: by the user, and not found in a folder."""

    path: Path
    named: bool


def text_of(path: Path) -> str:
    """Its name, also where what the system has is no text."""
    return units.unicode(str(path))


def files_of(places: Iterable[str | Path]) -> Iterator[Found]:
    """The files that are named, and those in folders that are, and below these, in the order of their names; none that
    is hidden. Raises UsageError for what is not there, or is neither."""
    for place in map(Path, places):
        if place.is_dir():
            yield from (Found(file, named=False) for file in _inside(place))
        elif place.is_file():
            yield Found(place, named=True)
        else:
            what = "is no file" if place.exists() else "is not there"
            raise UsageError(f"{text_of(place)!r} {what}.", NAME_IMAGES)


def _inside(folder: Path) -> list[Path]:
    within = ((file, file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    shown = [(file, at) for file, at in within if not any(p.startswith(".") for p in at.parts)]
    return [file for file, _ in sorted(shown, key=lambda pair: pair[1].as_posix())]


def called_image(path: Path) -> bool:
    """Does its name say that it is one?"""
    return path.suffix.lower() in _suffixes()


@cache
def _formats() -> tuple[str, ...]:
    """Those that this Pillow has."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@cache
def _suffixes() -> frozenset[str]:
    from PIL import Image

    known = Image.registered_extensions()
    return frozenset([*UNREAD, *(end for end, name in known.items() if name in FORMATS)])


def check_image(path: Path) -> None:
    """Raises NoImage for a file that is none, by what it begins with; Unreadable for one that cannot be opened."""
    with _opened(path):
        pass


def read(path: Path) -> Image:
    """An image in colours (RGB), upright as its camera noted, on white where it is transparent; the first one of
    several. 16-bit grey becomes 8-bit, and so do numbers from 0 to 1. Raises NoImage, and Unreadable for one that is
    damaged or cannot be shown."""
    from PIL import ImageOps

    with _opened(path) as opened:
        with _explained(path, "is damaged", SAVE_AGAIN):
            opened.load()
        with suppress(Exception):  # a camera's notes may be anything
            ImageOps.exif_transpose(opened, in_place=True)
        with _explained(path, "cannot be shown", CONVERT):
            return _in_colours(opened)


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Pillow can do without
        with _explained(path, "is damaged", SAVE_AGAIN):
            try:
                opened = Image.open(path, formats=_formats())
            except UnidentifiedImageError as error:
                raise _not_known(path) from error
            except Image.DecompressionBombError as error:
                raise Unreadable(
                    path, "says that it has hundreds of millions of pixels", SMALLER
                ) from error
        with opened:
            yield opened


def _not_known(path: Path) -> Unreadable:
    """What a file is that Pillow does not know."""
    with path.open("rb") as file:
        begins = file.read(16)
    if begins.startswith(BEGINNINGS):
        return Unreadable(path, "is damaged: it does not go on as it begins", SAVE_AGAIN)
    kind, called = path.suffix.lower(), called_image(path)
    if called and not begins:
        return Unreadable(path, "is empty", SAVE_AGAIN)
    if kind in UNREAD:
        return NoImage(path, f"is a {kind[1:].upper()} file, which is not read here", CONVERT)
    return NoImage(path, "is no image", SAVE_AGAIN if called else NAME_IMAGES)


@contextmanager
def _explained(path: Path, what: str, hint: str) -> Iterator[None]:
    """Whatever Pillow raises, in a sentence: a damaged file may lead anywhere."""
    try:
        yield
    except Unreadable:
        raise
    except MemoryError as error:
        raise Unreadable(path, "does not fit into memory", CONVERT) from error
    except Exception as error:
        refused = getattr(error, "strerror", None)  # by the system, not by Pillow
        why = units.unicode(refused or str(error) or type(error).__name__)
        said = f"{'cannot be read' if refused else what}: {why.splitlines()[0].rstrip('.')}"
        raise Unreadable(path, said, NAME_IMAGES if refused else hint) from error


def _in_colours(image: Image) -> Image:
    from PIL import Image as Images

    if image.mode.startswith("I") or image.mode == "F":
        return _in_bytes(image).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    white = Images.new("RGBA", clear.size, "white")
    white.alpha_composite(clear)
    return white.convert("RGB")


def _in_bytes(image: Image) -> Image:
    """Grey of 16 bits, or of numbers from 0 to 1. Raises ValueError for other numbers."""
    import numpy as np
    from PIL import Image as Images

    numbers = np.asarray(image).astype(np.float64)
    low, high = float(numbers.min()), float(numbers.max())
    most = 1.0 if image.mode == "F" else 65535.0
    if not 0 <= low <= high <= most:  # NaN is refused, too
        raise ValueError(
            f"its numbers go from {low:g} to {high:g}, and none of them is known to be white"
        )
    return Images.fromarray(np.rint(numbers * (255 / most)).astype(np.uint8))
