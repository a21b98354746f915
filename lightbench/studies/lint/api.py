"""Lint from Python."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from torch import nn

from lightbench.costs import precision
from lightbench.errors import UsageError
from lightbench.models.inputs import Inputs
from lightbench.records import Record
from lightbench.records.failure import explain_plainly
from lightbench.runner.control import Say
from lightbench.runner.given import Given, Model, dtypes_of
from lightbench.runner.record import untimed
from lightbench.runner.setup import Setup, check_seconds, layout_of
from lightbench.studies.card import cache
from lightbench.studies.card.card import DeviceCard
from lightbench.studies.count.api import count
from lightbench.studies.lint.find import find_all
from lightbench.studies.lint.linted import Finding, linted
from lightbench.studies.lint.linting import Linting, lint_view
from lightbench.studies.lint.savings import savings
from lightbench.studies.lint.source import source_of
from lightbench.studies.lint.verify import Saving
from lightbench.studies.result import Shown
from lightbench.views.table import View


@dataclass(frozen=True, repr=False)
class Lint(Shown):
    """What `lint` found: ``linting.findings``, the dearest first."""

    linting: Linting

    @property
    def view(self) -> View:  # type: ignore[override]
        return self.shown(20)

    @property
    def findings(self) -> Sequence[Finding]:
        """Everything that was found, the dearest first."""
        return self.linting.findings

    @property
    def record(self) -> Record:
        """What is stored of it: the costs, all findings, and what some were measured to cost."""
        return self.linting.record

    def shown(self, top: int | None) -> View:
        """The table with so many findings."""
        return lint_view(self.linting, top)


def lint(
    model: Model,
    *,
    input: Inputs = None,  # noqa: A002  the word of the command line
    card: str | Path | DeviceCard | None = None,
    verify: int = 0,
    seconds: float = 2.0,
    device: str = "cpu",
    engine: str = "eager",
    threads: int | None = None,
    batch: int = 1,
    dtype: str | torch.dtype | None = None,
    channels_last: bool = False,
    trusted: bool = True,
    say: Say = lambda _text: None,
) -> Lint:
    """Where ``model`` strains the four guidelines, and what that costs in memory access; in time too
    where there is a device card: ``card``, or the one that this machine has for these settings.

    ``verify`` is how many of the dearest findings are measured, ``seconds`` for how long each.
    A module in another ``dtype`` than its own is copied. Raises UsageError, ModelError, StoreError.
    """
    if isinstance(verify, bool) or not isinstance(verify, int) or verify < 0:
        raise UsageError(
            f"verify is how many findings, 0 or more, got {verify!r}.", "Try verify=5."
        )
    if engine != "eager":
        raise UsageError(
            f"lint looks at operators as eager runs them, not {engine}.", "Try --engine eager."
        )
    check_seconds(seconds)
    asked = dtypes_of(dtype)
    layout = layout_of(channels_last=channels_last)
    own = precision.own_dtype(model) if isinstance(model, nn.Module) else "float32"
    setup = Setup(device, engine, batch, asked or own, layout, threads)
    setup.check()
    looked_at = model if isinstance(model, str) else cast(model, setup.dtype)
    counted = count(looked_at, input=input, batch=batch, dtype=asked, trusted=trusted)
    known = card if isinstance(card, DeviceCard) else cache.card(setup, card)
    network = linted(counted.network, counted.costs, known)
    findings = find_all(network)
    given = None if isinstance(model, str) else Given(model)
    case = msgspec.structs.replace(
        counted.case, device=setup.device, dtype=setup.dtype, layout=layout, threads=threads
    )
    measured: dict[int, Saving] = {}
    warnings: list[str] = []
    if verify:
        measured = savings(
            findings[:verify],
            network.ops,
            case,
            given,
            seconds=seconds,
            trusted=trusted,
            say=say,
            warn=warnings.append,
        )
    source = source_of(model) if isinstance(model, str) else None
    tried = len(findings[:verify])
    record = untimed(case, counted.costs, identity=counted.identity, warnings=tuple(warnings))
    return Lint(Linting(record, network, findings, measured, source, tried))


def cast(network: nn.Module, dtype: str) -> nn.Module:
    """The network, or a copy of it if it is in another precision. Raises ModelError."""
    if dtype == precision.own_dtype(network):
        return network
    try:
        return precision.cast(copy.deepcopy(network), dtype)
    except Exception as error:
        raise explain_plainly(f"{type(network).__name__} cannot be made {dtype}", error) from error
