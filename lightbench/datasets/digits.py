"""1,797 handwritten digits of 8x8 pixels, which scikit-learn ships: real images without a network.

They are the test set of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998, UCI Machine Learning
Repository): of 13 people, each of whom is in both parts here.
"""

from __future__ import annotations

from pathlib import Path

from lightbench.datasets import Split
from lightbench.datasets.support.arrays import Arrays
from lightbench.errors import MissingPackage, UsageError, how_to_install

MEAN, STD = (0.305,), (0.376,)  # of all images
SIDE = 8
MIRRORED = False
CLASSES = tuple("0123456789")
EVERY = 5  # of each class the fifth image, the tenth, ... is for testing
_WHITE = 16  # pixels are 0 to 16


def split(place: Path | None, *, train: bool) -> Split:
    """1,442 images for learning, 355 for testing: always the same. Raises MissingPackage, and UsageError for a folder:
    they are in scikit-learn."""
    if place is not None:
        raise UsageError("digits come with scikit-learn, from no folder.", "Try --data digits.")
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingPackage(
            f"digits are in scikit-learn, which does not import: {error}.",
            how_to_install("scikit-learn"),
        ) from error
    found = load_digits()
    pixels = (found.images * (255 / _WHITE)).round().astype("uint8")
    seen = [0] * len(CLASSES)
    chosen = []
    for i, digit in enumerate(found.target):
        seen[digit] += 1
        if (seen[digit] % EVERY != 0) == train:
            chosen.append(i)
    return Split(Arrays(pixels[chosen], found.target[chosen]), CLASSES)
