"""Which images cannot be read: told before a network learns from the others for hours.

Almost always only the ends of a file are read. On one core that takes 0.1 ms an image where the disk's cache has them,
two minutes for the 1.3 million of ImageNet, and as long as the disk takes for each where it has not: several are asked for
at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lightbench.errors import UsageError

SHOWN = 5
_TOGETHER = 256  # images that one thread looks at in a row
_END_OF_JPEG = b"\xff\xd9"


def check(files: Sequence[str]) -> None:
    """Raises UsageError that names the first broken ones, and says how many there are."""
    parts = [files[i : i + _TOGETHER] for i in range(0, len(files), _TOGETHER)]
    with ThreadPoolExecutor() as pool:
        broken = [one for found in pool.map(_broken, parts) for one in found]
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
        with Image.open(file) as image:
            if image.format == "JPEG":
                # Pillow's verify() sees nothing there. What does not end as it should is decoded, as it will be later.
                if not _ends_whole(file):
                    image.load()
            elif image.format == "PNG":
                image.verify()  # the checksums
            else:
                image.load()
    except UnidentifiedImageError:
        return "no image" if Path(file).stat().st_size else "empty"
    except Exception as error:  # noqa: BLE001  each format raises its own
        return str(error).partition("\n")[0] or type(error).__name__
    return ""


def _ends_whole(file: str) -> bool:
    with Path(file).open("rb") as content:
        content.seek(-len(_END_OF_JPEG), 2)
        return content.read() == _END_OF_JPEG
