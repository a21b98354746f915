"""Which stored records stand for a roofline that is asked for now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lightbench.records import Case, Record
from lightbench.runner.control import Control
from lightbench.runner.reuse import Reuse
from lightbench.runner.session import here
from lightbench.runner.setup import Setup
from lightbench.studies.roofline.ceilings import is_peak
from lightbench.timing.stopping import Rule


def stored_run(
    peaks: Sequence[Case], networks: Sequence[Case], setup: Setup, control: Control, rule: Rule
) -> list[Record] | None:
    """The latest run of exactly these peaks and networks on this machine, in that order, if every median in
    it is known as well as ``rule`` asks for; parts of several runs are none."""
    if control.force:
        return None
    runs: dict[str, dict[tuple[Case, bool], Record]] = {}
    for record in control.stored:
        if record.run and (record.study == "profile" or is_peak(record)):
            runs.setdefault(record.run.id, {})[record.case, is_peak(record)] = record
    wanted = [*((case, True) for case in peaks), *((case, False) for case in networks)]
    whole = (
        [run[one] for one in wanted] for run in reversed(runs.values()) if run.keys() >= {*wanted}
    )
    return next((found for found in whole if _holds(found, setup, control, rule)), None)


def stored_layers(case: Case, setup: Setup, control: Control) -> Record | None:
    """The latest times of a network's layers on this machine."""
    known = () if control.force else control.stored
    found = [r for r in known if (r.layers or r.kernels) and r.case == case]
    return next((r for r in reversed(found) if _holds([r], setup, control, None)), None)


def _holds(records: Iterable[Record], setup: Setup, control: Control, rule: Rule | None) -> bool:
    device = setup.found
    where = here(device, setup.device, device.host_threads(setup.threads))
    reuse = Reuse(rule, trusted=control.trusted)
    return all(
        r.environment.comparable == where.comparable
        and (rule is None or reuse.good(r))
        and reuse.same(r, where)
        for r in records
    )
