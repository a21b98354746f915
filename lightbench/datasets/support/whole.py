"""Which images cannot be read: told before a network learns from the others for hours.

Of a JPEG the head and the end are read: 0.15 ms on one core where the disk's cache has it, three minutes for the 1.3 million
of ImageNet; 4 ms to decode it would be more than an hour. A PNG is read whole for its checksums, and others are decoded. Where
the disk is far away it takes as long as that does, and several are asked for at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from lightbench import units
from lightbench.errors import UsageError

SHOWN = 5
_TOGETHER = 256  # images that one thread looks at in a row
_END_OF_JPEG = b"\xff\xd9"


def check(files: Sequence[str], say: Callable[[str], None]) -> None:
    """``say`` is told how many it has looked at. Raises UsageError that names the first broken ones, and says how many
    there are."""
    parts = [files[i : i + _TOGETHER] for i in range(0, len(files), _TOGETHER)]
    broken: list[str] = []
    with ThreadPoolExecutor() as pool:
        for number, found in enumerate(pool.map(_broken, parts)):
            broken += found
            seen = number * _TOGETHER + len(parts[number])
            say(f"looking for broken images: {units.exact(seen)} of {units.exact(len(files))}")
    if broken:
        more = f"; and {len(broken) - SHOWN:,} more" if len(broken) > SHOWN else ""
        images = "1 image" if len(broken) == 1 else f"{len(broken):,} images"
        raise UsageError(
            f"{images} of {len(files):,} cannot be read: {'; '.join(broken[:SHOWN])}{more}.",
            "Repair or remove them, then try again.",
        )


def _broken(files: Sequence[str]) -> list[str]:
    return [f"{file!r} ({why})" for file in files if (why := problem(file))]


def problem(file: str) -> str:
    """Why an image cannot be read, in a few words; "" if it can."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Path(file).open("rb") as content, Image.open(content) as image:
            if image.mode.startswith(("I", "F")):  # Pillow makes white of all that is above 255
                return "more than 8 bits a channel"
            if image.format == "PNG":
                image.verify()  # its checksums
            elif image.format != "JPEG" or not _ends_whole(content):
                image.load()  # as it will be later
    except UnidentifiedImageError:
        return "no image" if Path(file).stat().st_size else "empty"
    except Exception as error:  # noqa: BLE001  each format raises its own
        return str(error).partition("\n")[0] or type(error).__name__
    return ""


def _ends_whole(content: BinaryIO) -> bool:
    """Of a JPEG, of which Pillow verifies nothing."""
    content.seek(-len(_END_OF_JPEG), os.SEEK_END)
    return content.read() == _END_OF_JPEG
