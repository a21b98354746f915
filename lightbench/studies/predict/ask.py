"""A network is shown images, some at a time: in memory are those that it sees now, and what it said of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lightbench.datasets.support.image_files import (
    Found,
    NoImage,
    Unreadable,
    called_image,
    check_image,
    read,
    text_of,
)
from lightbench.errors import LightbenchError, ModelError
from lightbench.runner.control import Say
from lightbench.studies.predict.answers import Answer
from lightbench.studies.sight import See

NOT_FINITE = "makes the network answer with NaN or infinity"


class Asked(NamedTuple):
    """An image, and the ``answer``, or the ``error`` for which there is none; ``problem`` are its words."""

    path: Path
    answer: Answer | None = None
    error: LightbenchError | None = None
    problem: str | None = None


class Outcome(NamedTuple):
    """Everything that was looked at; ``skipped`` are files in folders that are no images."""

    asked: tuple[Asked, ...]
    skipped: int


def show(
    files: Iterable[Found], see: See, ask: Callable[[Tensor], list[Answer]], *, batch: int, say: Say
) -> Outcome:
    """Show images to ``ask``, ``batch`` at a time. Raises NoImage for a file that is named and is none, before any is
    shown."""
    files = list(files)
    for found in files:
        if found.named:
            _check(found.path)
    asked: list[Asked] = []
    waiting: list[tuple[int, Tensor]] = []  # the place of each in `asked`
    skipped = 0
    for found in files:
        try:
            image = see(read(found.path))
        except NoImage as error:
            if not (found.named or called_image(found.path)):
                skipped += 1
                continue
            asked.append(Asked(found.path, error=_bare(error), problem=error.why))
        except Unreadable as error:
            asked.append(Asked(found.path, error=_bare(error), problem=error.why))
        else:
            waiting.append((len(asked), image))
            asked.append(Asked(found.path))
            if len(waiting) == batch:
                _answer(asked, waiting, ask)
                say(f"{len(asked):,} of {len(files):,} files")
    _answer(asked, waiting, ask)
    return Outcome(tuple(asked), skipped)


def _bare(error: LightbenchError) -> LightbenchError:
    """Without where it was raised, from where all that was at hand there would stay in memory."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _check(path: Path) -> None:
    try:
        check_image(path)
    except NoImage:
        raise
    except Unreadable:
        return  # it is one, and what is wrong with it will be said in its row


def _answer(
    asked: list[Asked], waiting: list[tuple[int, Tensor]], ask: Callable[[Tensor], list[Answer]]
) -> None:
    """Ask about those that wait, and write the answers where they belong."""
    if not waiting:
        return
    images: Any = torch.stack([image for _, image in waiting])
    for (place, _), answer in zip(waiting, ask(images), strict=True):
        if answer.finite:
            asked[place] = asked[place]._replace(answer=answer)
        else:
            error = ModelError(
                f"{text_of(asked[place].path)!r} {NOT_FINITE}.",
                "Do these weights belong to it, and were they good when training ended?",
            )
            asked[place] = asked[place]._replace(error=error, problem=NOT_FINITE)
    waiting.clear()
