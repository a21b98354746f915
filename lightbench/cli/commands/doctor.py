"""One file that says what is wrong with a device: versions, states, and a self-test."""

from __future__ import annotations

from pathlib import Path

import click

from lightbench import doctor
from lightbench.cli.guarded import Guarded
from lightbench.cli.options import axis_options, output_options
from lightbench.cli.output import chosen_format, emit, notice, say_error

GROUP = "Set up and look up"
EXAMPLES = ("lightbench doctor", "lightbench doctor --device npu --selftest -o doctor.json")


@click.command("doctor", cls=Guarded)
@axis_options("device")
@click.option("--selftest", is_flag=True, help="Check its results and clocks, in another process.")
@click.option("-q", "--quiet", is_flag=True, help="Do not say what was written.")
@output_options
def command(
    device: str | None,
    selftest: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
) -> int:
    """One file that says what is wrong with a device: versions, states, and a self-test.

    `lightbench doctor --device npu --selftest -o doctor.json` writes what to send with a report. Names
    of user, host and home folder are not in it.

    Ends with 4 if the device is not available, with 3 if a check of the self-test is not ok.
    """
    chosen_format(form, output)
    report = doctor.examine(device or "cpu", test=selftest)
    emit(doctor.view(report), form, output)
    if output is not None:
        if not report.asked.usable:
            say_error(f"{report.asked.reason}\n  {report.asked.hint}".rstrip())
        notice(f"wrote {output}", quiet=quiet)
    return report.exit_code
