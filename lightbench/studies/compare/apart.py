"""`pairs.compare_sides` in a fresh process, for sides by name."""

from __future__ import annotations

import msgspec

from lightbench.environment import free_cores
from lightbench.runner.control import Report, Say
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.compare.worker import Request
from lightbench.timing.stopping import Progress
from lightbench.workers.manager import answers


def compare_apart(request: Request, *, say: Say, progress: Report | None) -> Comparison:
    """Ctrl-C ends both processes. Raises what the comparison raises, and NotAvailable if its process
    dies."""
    found: Comparison | None = None
    model = request.b.case.model
    for kind, value in answers(Request.__module__, request, free_cores.handed_on(), model):
        if kind == "say":
            say(value)
        elif kind == "progress" and progress:
            progress(msgspec.convert(value, Progress))
        elif kind == "comparison":
            found = msgspec.convert(value, Comparison)
    assert found is not None  # the process ended well, so it has answered
    return found
