"""A device card from Python."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from lightbench.errors import ModelError
from lightbench.records import Record, store
from lightbench.runner.how import HowStored, Way, control_of, setup_of, spelled
from lightbench.runner.session import follow
from lightbench.studies.card import cache
from lightbench.studies.card.card import DeviceCard, card_of
from lightbench.studies.card.plan import SECONDS, plan_card
from lightbench.studies.card.table import card_view
from lightbench.studies.result import Shown
from lightbench.studies.sweep.run import measure_all
from lightbench.views.table import View


@dataclass(frozen=True, repr=False)
class Card(Shown):
    """What `device_card` measured: ``records``, of which everything else is made."""

    records: tuple[Record, ...]

    drawn_as = "card"

    @property
    def view(self) -> View:  # type: ignore[override]
        return card_view(self.card)

    @property
    def card(self) -> DeviceCard:
        """The numbers. Raises ModelError if one of them could not be measured."""
        card = card_of(self.records)
        if card is None:
            raise ModelError("a network of the device card failed.", "See the records.")
        return card


@spelled(HowStored)
def device_card(
    *,
    path: str | Path | None = None,
    **how: Unpack[HowStored],
) -> Card:
    """Measure what a device attains, in about a minute, and keep it for `lint`: in ``path``, or
    in the user's data folder. A call that is interrupted keeps its finished parts beside it, in a
    file that ends with ``.part``; the next one goes on from there. A file that holds something else is
    refused. Raises UsageError, DeviceUnavailable, StoreError."""
    setup, control = setup_of(how), control_of(how)
    setup.check()
    if setup.threads is None:
        follow(control.stored, setup.found, setup.device)
        cache.follow(setup, unfinished=True)
    file = Path(path) if path else cache.path_of(setup)
    if path:  # a folder of cards holds nothing else
        cache.check(file)
    cache.make_room(file)
    part = cache.part_of(file)

    def kept(record: Record) -> None:
        store.append(part, [record])
        control.keep(record)

    finished = store.read(part) if part.exists() else []
    records = measure_all(
        plan_card(),
        setup,
        seconds=lambda sweep: SECONDS[sweep.experiment],
        control=replace(control, stored=[*control.stored, *finished], keep=kept),
    )
    part.unlink(missing_ok=True)
    if card_of(records) is not None:
        cache.keep(file, records)
    return Card(tuple(records))


@spelled(Way)
def card_path(
    **way: Unpack[Way],
) -> Path:
    """Where this machine's card for these settings is kept, if it has been made."""
    return cache.path_of(setup_of(way))
