"""Images that are in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Arrays:
    """``pixels`` are N x H x W bytes, or N x H x W x 3; ``labels`` the number of each one's class."""

    pixels: Any  # numpy's arrays
    labels: Any

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Image, int]:
        from PIL import Image

        return Image.fromarray(self.pixels[index]), int(self.labels[index])
