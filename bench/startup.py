"""What a fresh process costs: lightbench beside Python and `import torch`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial

from measure import Claim, Estimate, clocked, estimate, verdict, with_interval

from lightbench import units
from lightbench.views.table import Column, Table

TITLE = "Fresh processes"
CASES = ("process",)

HELP, COUNT = "lightbench --help", "lightbench count shufflenet_v2_x1_0"
PYTHON, TORCH = "python", "import torch"
MAIN = "from lightbench.cli import main; main()"
COMMANDS = {
    HELP: (MAIN, "--help"),
    COUNT: (MAIN, "count", "shufflenet_v2_x1_0"),
    PYTHON: ("pass",),
    TORCH: ("import torch",),
}
HELP_S = 0.3
COUNT_S = 0.5  # more than `import torch`

Times = Mapping[str, list[float]]  # command -> seconds, round by round


def readers(case: str) -> dict[str, Callable[[], float]]:
    """Seconds from the start of a process to its end."""
    return {
        name: clocked(
            partial(
                subprocess.run,
                (sys.executable, "-c", *command),
                check=True,
                stdout=subprocess.DEVNULL,
            )
        )
        for name, command in COMMANDS.items()
    }


def claims(case: str, found: Times) -> list[Claim]:
    """Help is there at once, and a count costs little more than PyTorch itself."""
    return [
        Claim(HELP, estimate(found[HELP]), at_most=HELP_S, text=units.seconds),
        Claim(f"{COUNT} - {TORCH}", _more(found), at_most=COUNT_S, text=units.seconds),
    ]


def _more(found: Times) -> Estimate:
    """How much longer than `import torch` a count takes, round by round."""
    return estimate([a - b for a, b in zip(found[COUNT], found[TORCH], strict=True)])


def table(results: Mapping[str, Times]) -> Table:
    """One row a command."""
    columns = (
        Column("command", "command", align="left"),
        Column("wall_s", "time", with_interval(units.seconds)),
        Column("more_s", f"more than {TORCH}", with_interval(units.seconds)),
        Column("target", "target", "{}".format, align="left"),
        Column("verdict", "verdict", "{}".format, align="left"),
    )
    rows = []
    for case, found in results.items():
        help_claim, count_claim = claims(case, found)
        limit, more = units.seconds(HELP_S), units.seconds(COUNT_S)
        held = {
            HELP: (None, f"at most {limit}", verdict([help_claim])),
            COUNT: (count_claim.found, f"at most {more} more", verdict([count_claim])),
        }
        unheld = (None, None, None)
        rows += [(name, estimate(found[name]), *held.get(name, unheld)) for name in COMMANDS]
    return Table(TITLE, columns, tuple(rows))
