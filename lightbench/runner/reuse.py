"""When a stored record stands for a measurement that is asked for now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightbench.engines.support import named
from lightbench.environment.capture import DIRTY
from lightbench.errors import LightbenchError
from lightbench.models import sources
from lightbench.records import Environment, Identity, Record
from lightbench.runner import identity, prepare
from lightbench.runner.abilities import packages_of
from lightbench.runner.conversion.converted import calibrated_on
from lightbench.timing.stopping import Rule

if TYPE_CHECKING:
    from torch import nn


class Reuse:
    """What the names of networks stand for now, each looked up once, and the rule asked for."""

    def __init__(self, rule: Rule | None = None, *, trusted: bool = True) -> None:
        self._rule = rule
        self._trusted = trusted
        self._now: dict[str, tuple[Identity, nn.Module] | None] = {}

    def usable(self, record: Record, where: Environment) -> bool:
        """Was it timed by `lightbench profile` on this machine, and as well as it is asked for?"""
        complete = record.samples is not None and record.samples.stop != "interrupted"
        return (
            complete
            and record.study == "profile"
            and record.environment.comparable == where.comparable
            and self.good(record)
        )

    def unfinished(self, record: Record, where: Environment) -> bool:
        """Was it interrupted while `lightbench profile` timed it on this machine, so that it can go on?"""
        return (
            record.samples is not None
            and record.samples.stop == "interrupted"
            and record.environment.comparable == where.comparable
            and self.same(record, where)
        )

    def good(self, record: Record) -> bool:
        """Is its median known as well as it is asked for? One that is not, or that other programs
        disturbed, will do if no more time or a closer interval is asked for than it was given."""
        rule, run, latency = self._rule, record.run, record.latency
        if rule is None or run is None or run.rel is None or run.max_s is None or latency is None:
            return rule is None
        known = latency.rel is not None and latency.rel <= rule.rel and record.believed
        return known or (rule.rel >= run.rel and rule.max_s <= run.max_s)

    def same(self, record: Record, where: Environment) -> bool:
        """Does its name stand for the same network now? For a file of the user's also the commit must
        be the same, so that each commit has a record of its own."""
        if record.identity is None:
            return False
        model = record.case.model
        code, packages = identity.code_of(model)  # at once, and nothing is run for it
        if (code, packages) != (record.identity.code, record.identity.packages):
            return False
        if sources.is_file(model) and _commit(record.environment) != _commit(where):
            return False
        if not _engine_as_it_was(record):
            return False
        if model not in self._now:
            self._now[model] = identity.current(model, trusted=self._trusted)
        now = self._now[model]
        if now is None or now[0] != record.identity:
            return False
        return not sources.is_file(model) or _counts_alike(record, now[1])


def _engine_as_it_was(record: Record) -> bool:
    """Is an engine that runs no PyTorch of the versions that it was, and what it is calibrated on the same?"""
    case, then = record.case, record.conversion
    if then is None:
        return True
    try:
        if case.calibration and calibrated_on(case) != then.calibrated_on:
            return False
        return packages_of(named.find(case.engine), case.dtype) == then.packages
    except LightbenchError:
        return False


def _counts_alike(record: Record, network: nn.Module) -> bool:
    """Is what its forward pass does still the same? It may depend on what no import shows: a file of
    data, a variable of the environment, a module whose name is worked out."""
    then = record.costs
    if then is None:
        return False
    try:
        now = prepare.count(record.case, network)
    except LightbenchError:  # some can only be counted with their weights
        try:
            now = prepare.count(record.case)
        except LightbenchError:
            return False
    if now.traced == then.traced:
        return now.ops == then.ops
    return (now.params, now.madds) == (then.params, then.madds)


def _commit(environment: Environment) -> str:
    """The hash, be it with changes or without: of what was changed the code has another one."""
    return str(environment.noted.get("commit")).removesuffix(DIRTY)
