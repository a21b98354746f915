"""What lint can do about its findings itself: networks rewritten as it advises, and other settings of the case."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import msgspec
from torch import nn

from lightbench import registry
from lightbench.records import Case
from lightbench.records.findings import Tried
from lightbench.studies.count.api import count
from lightbench.studies.lint.causes import Key
from lightbench.studies.lint.linted import Finding, Linted
from lightbench.workers import journal


@dataclass(frozen=True)
class Change:
    """One piece of advice, followed: a rewritten ``network``, or None and other ``settings`` of the case. Neither where
    it could not be followed, and ``why``."""

    about: Tried
    network: nn.Module | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def can_be_timed(self) -> bool:
        """Is there something to time?"""
        return self.network is not None or bool(self.settings)


def rewritten(
    network: nn.Module, looked_at: Linted, findings: Sequence[Finding], *, counted: bool = False
) -> Iterator[Change]:
    """The network as the findings of each cause would have it, a copy each; with ``counted`` those alone whose saving is
    told by their operators. What does not come to a network that runs says why."""
    for key, group in _by_cause(findings).items():
        rewrite = registry.load("lint rewrite", group[0].rewrite)
        if counted and not getattr(rewrite, "COUNTED", False):
            continue
        about = _about(group[0].rewrite, rewrite, key)
        try:
            other = copy.deepcopy(network).eval()
            places = rewrite.rewrite(other, looked_at, group)
        except Exception as error:  # noqa: BLE001  a network may be of any kind; the others go on
            journal.let_through(error)
            yield _not_done(about, f"it cannot be rewritten: {type(error).__name__}: {error}")
            continue
        if places:
            yield Change(msgspec.structs.replace(about, places=places), other)
        else:
            yield _not_done(about, "no place where that can be done by itself")


def other_settings(case: Case) -> Iterator[Change]:
    """The settings that any network may be tried with."""
    for name in registry.names("lint rewrite"):
        if not registry.binds("lint rewrite", name, "settings"):
            continue
        rewrite = registry.load("lint rewrite", name)
        for settings in rewrite.settings(case):
            said = ", ".join(str(value).replace("_", "-") for value in settings.values())
            yield Change(_about(name, rewrite, ("", rewrite.KIND, said)), settings=settings)


def estimated(change: Change, looked_at: Linted, case: Case) -> Change:
    """The same with what it saves by the device card, as the operators of the rewritten network tell; as it is without
    a card. A network that no longer runs is none, and says why."""
    if change.network is None or looked_at.card is None:
        return change
    try:
        costs = count(change.network, input=case.inputs, batch=case.batch, dtype=case.dtype).costs
    except Exception as error:  # noqa: BLE001
        journal.let_through(error)
        return _not_done(change.about, f"rewritten it does not run: {type(error).__name__}")
    new = Linted(costs, {}, looked_at.card, fused=looked_at.fused)
    now, then = (one.estimate_s(range(len(one.ops))) for one in (looked_at, new))
    assert now is not None
    assert then is not None
    about = msgspec.structs.replace(change.about, estimate_s=now - then)
    return Change(about, change.network)


def _by_cause(findings: Sequence[Finding]) -> dict[Key, list[Finding]]:
    groups: dict[Key, list[Finding]] = {}
    for finding in findings:
        if finding.rewrite:
            groups.setdefault(finding.key, []).append(finding)
    return groups


def _about(name: str, rewrite: ModuleType, key: Key) -> Tried:
    guideline, kind, change = key
    return Tried(
        rewrite=name, guideline=guideline, kind=kind, change=change, answers=rewrite.ANSWERS
    )


def _not_done(about: Tried, why: str) -> Change:
    return Change(msgspec.structs.replace(about, why=why))
