"""What is told of one image."""

from __future__ import annotations

from typing import NamedTuple


class Guess(NamedTuple):
    """A class: its ``number``, what it is called, and how probable the network takes it to be, from 0 to 1."""

    number: int
    name: str
    probability: float


class Predicted(NamedTuple):
    """An image and its best classes, the best first; or the ``problem`` for which there are none."""

    path: str
    guesses: tuple[Guess, ...] = ()
    problem: str | None = None
