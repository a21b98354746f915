"""Lint from Python."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

import msgspec
from torch import nn

from lightbench.costs import precision
from lightbench.engines import runs_no_pytorch
from lightbench.errors import UsageError
from lightbench.models.inputs import Inputs
from lightbench.records import Record
from lightbench.records.axes import SETUP
from lightbench.records.failure import explain_plainly
from lightbench.runner.given import Given, Model
from lightbench.runner.how import How, control_of, said, setup_of, spelled
from lightbench.runner.record import untimed
from lightbench.studies.card import cache
from lightbench.studies.card.card import DeviceCard
from lightbench.studies.count.api import count
from lightbench.studies.lint.changes import estimated, rewritten
from lightbench.studies.lint.fast_path import off_path
from lightbench.studies.lint.find import find_all
from lightbench.studies.lint.linted import Finding, linted
from lightbench.studies.lint.linting import Linting, lint_view
from lightbench.studies.lint.savings import savings
from lightbench.studies.lint.settings import SECONDS, TRIAL, Settings
from lightbench.studies.lint.source import places_of
from lightbench.studies.lint.trial import trials
from lightbench.studies.lint.verify import Saving
from lightbench.studies.result import Shown
from lightbench.views.table import View


@dataclass(frozen=True, repr=False)
class Lint(Shown):
    """What `lint` found: ``linting.findings``, the dearest first."""

    linting: Linting

    drawn_as = "lint"

    @property
    def view(self) -> View:  # type: ignore[override]
        return self.shown(10)

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


@spelled(How)
def lint(
    model: Model,
    *,
    input: Inputs = None,  # noqa: A002  the word of the command line
    card: str | Path | DeviceCard | None = None,
    verify: int = 0,
    trial: bool = False,
    seconds: float = SECONDS,
    batch: int = 1,
    trusted: bool = True,
    **how: Unpack[How],
) -> Lint:
    """Where ``model`` strains the four guidelines, and what that costs in memory access; in time too
    where there is a device card: ``card``, or the one that this machine has for these settings.

    For an ``engine`` that runs no PyTorch what it folds and merges is no finding, and what it does not run on its fast
    path is one: the network is converted and called, and where the engine tells times of its own they are measured
    for ``seconds``.

    ``verify`` is how many of the dearest findings are measured, ``seconds`` for how long each. With ``trial`` the
    network is rewritten as the findings advise, where that can be done by itself, and run with other layouts, precisions
    and engines: each is timed in pairs with the original, for five times as long at most.
    A module in another ``dtype`` than its own is copied. Raises UsageError, ModelError, StoreError.
    """
    settings, control = (
        Settings(verify=verify, trial=trial, seconds=seconds),
        control_of(how, trusted=trusted),
    )
    asked = said(how, "dtype").get("dtype")
    own = precision.own_dtype(model) if isinstance(model, nn.Module) else "float32"
    setup = replace(setup_of(how, batch=batch), dtype=asked or own)
    setup.check()
    if why := unable(setup.engine):
        raise UsageError(f"{why}.", "Try --engine eager.")
    fused = runs_no_pytorch(setup.engine)
    if fused and settings.verify:
        raise UsageError(
            f"findings are verified as eager runs them: nothing stands in for a part of what {setup.engine} runs.",
            "Leave --verify out; what is off the fast path is measured anyway.",
        )
    looked_at = model if isinstance(model, str) else cast(model, setup.dtype)
    counted = count(looked_at, input=input, batch=batch, dtype=asked, trusted=trusted)
    known = card if isinstance(card, DeviceCard) else cache.card(setup, card)
    network = linted(counted.network, counted.costs, known)
    given = None if isinstance(model, str) else Given(model)
    case = msgspec.structs.replace(counted.case, **{axis: getattr(setup, axis) for axis in SETUP})
    warnings: list[str] = []
    if fused:
        told = off_path(case, given, control, seconds=settings.seconds, warn=warnings.extend)
        network = replace(network, fused=True, off_path=told)
    findings = find_all(network)
    measured: dict[int, Saving] = {}
    if settings.verify:
        measured = savings(
            findings[:verify],
            network.ops,
            case,
            given,
            control,
            seconds=settings.seconds,
            warn=warnings.append,
        )
    changes = (
        estimated(c, network, case)
        for c in rewritten(counted.network, network, findings, counted=True)
    )
    tries = [change.about for change in changes] if known else []
    if settings.trial:
        allowed = TRIAL * settings.seconds
        tries = trials(
            network, findings, case, given, control, seconds=allowed, warn=warnings.append
        )
    places = places_of(model) if isinstance(model, str) else None
    tried = len(findings[:verify])
    record = untimed(case, counted.costs, identity=counted.identity, warnings=tuple(warnings))
    return Lint(Linting(record, network, findings, measured, places, tried, tries))


def unable(engine: str) -> str:
    """Why lint has nothing to say of what an engine runs; nothing where it has."""
    if engine == "eager" or runs_no_pytorch(engine):
        return ""
    return f"lint looks at operators as eager runs them, not {engine}"


def cast(network: nn.Module, dtype: str) -> nn.Module:
    """The network, or a copy of it if it is in another precision. Raises ModelError."""
    if dtype == precision.own_dtype(network):
        return network
    try:
        return precision.cast(copy.deepcopy(network), dtype)
    except Exception as error:
        raise explain_plainly(f"{type(network).__name__} cannot be made {dtype}", error) from error
