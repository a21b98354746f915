"""Where cards are kept: one file for each device, precision, layout and thread count of a machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import msgspec
import torch

from lightbench import files
from lightbench.errors import StoreError, UsageError
from lightbench.records import Record, store
from lightbench.runner import session
from lightbench.runner.session import keep_threads
from lightbench.runner.setup import Setup
from lightbench.studies.card.card import AXES, EXPERIMENT, DeviceCard, card_of


def shelf() -> Path:
    """The folder of the cards: below ``XDG_DATA_HOME``, or ``~/.local/share``."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "lightbench" / "device-cards"


def path_of(setup: Setup) -> Path:
    """The file of this machine's card for a setup, whether there is one or not. Another machine, or
    another PyTorch, has another file."""
    return _files(setup)(setup.found.host_threads(setup.threads))


def _files(setup: Setup) -> Callable[[int], Path]:
    """The same for each number of threads."""
    here = session.here(setup.found, setup.device, 1).comparable

    def file(threads: int) -> Path:
        facts = {**here, **asdict(setup), "threads": threads, "batch": 1}
        facts.pop("allocator", None)  # a card is always measured in the same way
        text = msgspec.json.encode(facts, order="sorted")
        return (
            shelf()
            / f"{setup.device.replace(':', '-')}-{hashlib.sha256(text).hexdigest()[:12]}.jsonl"
        )

    return file


def card(setup: Setup, path: str | Path | None = None) -> DeviceCard | None:
    """The card in ``path``, or else this machine's for the setup if it has been made. Raises
    StoreError, and UsageError for what is no file, a file that holds none, or one made with other settings."""
    if path is not None and not isinstance(path, str | os.PathLike):
        raise UsageError(
            f"card is the file of a device card, or a DeviceCard, not a {type(path).__name__}.",
            "lightbench.device_card(path='card.jsonl') makes one.",
        )
    if path is None:
        follow(setup)
    file = Path(path) if path is not None else path_of(setup)
    if path is None and not file.exists():
        return None
    found = card_of(store.read(file))
    if found is None:
        raise UsageError(f"{str(file)!r} holds no device card.", "Try `lightbench device-card`.")
    if path is not None:
        _check_settings(file, found.record, setup)
    return found


def follow(setup: Setup, *, unfinished: bool = False) -> None:
    """Unless the setup says, take as many threads as a card of this machine has, or one that is
    ``unfinished``, if there is none for what is free just now."""
    if setup.threads is not None:
        return
    file, now = _files(setup), setup.found.host_threads(None)
    for number in (now, *range(torch.get_num_threads(), 0, -1)):
        if (part_of(file(number)) if unfinished else file(number)).exists():
            keep_threads(number, now, "as the device card has")
            return


def part_of(path: Path) -> Path:
    """Where finished records of a card wait until all of it is measured."""
    return path.with_name(f"{path.name}.part")


def _check_settings(file: Path, record: Record, setup: Setup) -> None:
    """A card's speeds hold for its own settings. Raises UsageError that names both."""
    made = {key: getattr(record.case, key) for key in ("device", "engine", "dtype", "layout")}
    asked = {key: getattr(setup, key) for key in made}
    made["threads"] = record.environment.comparable.get("threads") or record.case.threads
    if setup.threads is None and isinstance(made["threads"], int):  # it is the card that says
        keep_threads(made["threads"], setup.found.host_threads(None), "as the device card has")
    asked["threads"] = setup.found.host_threads(setup.threads)
    unlike = [key for key in made if made[key] is not None and made[key] != asked[key]]
    if unlike:
        has, wants = (", ".join(f"{key} {of[key]}" for key in unlike) for of in (made, asked))
        raise UsageError(
            f"the card in {str(file)!r} was made with {has}, and asked for is {wants}.",
            "Ask for the same settings, or make another card: `lightbench device-card --card FILE`.",
        )


def check(path: Path) -> None:
    """Raises StoreError or UsageError for a file that holds something else than a card, which would be
    lost, or whose part does."""
    for file in (path, part_of(path)):
        store.check_records(file)
        for record in store.read(file) if file.is_file() else ():
            if record.sweep is None or record.sweep.experiment not in (EXPERIMENT, *AXES):
                raise UsageError(
                    f"{str(file)!r} holds records that are no device card, and would be replaced.",
                    "Name another file.",
                )


def make_room(path: Path) -> None:
    """The folder for a card, before a minute of measuring, not after. Raises StoreError."""
    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)


def keep(path: Path, records: Sequence[Record]) -> None:
    """Replace a card as a whole: a reader sees the old one or the new one. Raises StoreError."""
    with _naming(path), files.replacing(path) as new:
        store.append(new, records)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot write {str(path)!r}: {error.strerror}.",
            "Name another file: --card card.jsonl.",
        ) from error
