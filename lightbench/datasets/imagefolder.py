"""Any images, one folder for each class, in ``PATH/train`` and ``PATH/val`` of ``imagefolder:PATH``.

Mean and deviation are ImageNet's, with which torchvision's networks are trained. All images become coloured ones.
"""

from __future__ import annotations

from pathlib import Path

from lightbench.datasets import Split
from lightbench.errors import UsageError
from lightbench.models.torchvision import import_torchvision

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDE = None
MIRRORED = True
LEARN, TEST = ("train",), ("val", "test")  # the first that is there
SHOWN = 5
_LAYOUT = "Lay it out as PATH/train/CLASS/IMAGE and PATH/val/CLASS/IMAGE, and name PATH."


def split(place: Path | None, *, train: bool) -> Split:
    """Images of ``train``, or of ``val`` (else ``test``). Raises UsageError for a folder that is not laid out so, a class
    without images, and classes that differ between learning and testing; MissingPackage."""
    if place is None:
        raise UsageError("imagefolder needs its folder.", "Try --data imagefolder:PATH.")
    import_torchvision()
    from torchvision.datasets import ImageFolder

    wanted, other = (_folder(place, names) for names in ((LEARN, TEST) if train else (TEST, LEARN)))
    _same_classes(wanted, other)
    try:
        found = ImageFolder(str(wanted))
    except OSError as error:  # torchvision names classes without images
        raise UsageError(f"{str(wanted)!r} cannot be used: {error}.", _LAYOUT) from error
    return Split(found, tuple(found.classes), [file for file, _ in found.samples])


def _folder(place: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (place / name).is_dir():
            return place / name
    raise UsageError(f"{str(place)!r} has no folder {' or '.join(names)}.", _LAYOUT)


def _same_classes(wanted: Path, other: Path) -> None:
    ours, theirs = (
        {one.name for one in folder.iterdir() if one.is_dir()} for folder in (wanted, other)
    )
    if odd := sorted(ours ^ theirs):
        raise UsageError(
            f"{wanted.name} and {other.name} of {str(wanted.parent)!r} have other classes: in one of them only is"
            f" {', '.join(odd[:SHOWN])}{', ...' if len(odd) > SHOWN else ''}.",
            _LAYOUT,
        )
