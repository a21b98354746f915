"""A report as a short table for people; programs get all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lightbench.doctor.anonymous import ONLY_WHETHER, Nameless
from lightbench.doctor.ascend import Need, concerned, needs
from lightbench.doctor.checks import Check, Selftest
from lightbench.doctor.report import Report
from lightbench.units import number, seconds
from lightbench.views.table import Column, Table, View

Row = tuple[str, str | None, str | None]

COLUMNS = (
    Column("what", "what", align="left"),
    Column("state", "state", align="left"),
    Column("detail", "detail", align="left", drop=1, prose=True),
)
# For people a table for each kind of thing: one column of states would be as wide as the longest variable.
DEVICES = (
    Column("what", "device", align="left"),
    Column("state", "state", align="left"),
    Column("detail", "", align="left", drop=1),
)
INSTALLED = (Column("what", "installed", align="left"), Column("state", "version", align="left"))
TESTED = (
    Column("what", "self-test", align="left"),
    Column("state", "", align="left"),
    Column("detail", "", align="left", drop=1),
)
NEEDED = (Column("what", "needed", align="left"), Column("state", "state", align="left"))
SENT = "lightbench doctor -o doctor.json writes all of it to a file that can be sent."


def view(report: Report) -> View:
    """What is installed, the devices, what an NPU lacks here, and what of the self-test is not as it should be."""
    nameless = Nameless.here()

    def table(title: str, columns: tuple[Column, ...], rows: Iterable[Row], *said: str) -> Table:
        cells = tuple(tuple(row[: len(columns)]) for row in nameless(list(rows)))
        return Table(title, columns, cells, sentences=tuple(nameless(said)))

    asked = report.asked
    reason = f"{asked.device}: {asked.reason} {asked.hint}".rstrip()
    why = () if asked.usable else (reason,)
    tested = (*_why(report.selftest),) if report.selftest else ()
    lacks = [f"{need.what}: {need.otherwise}" for need in _needs(report) if not need.there]
    shown = [
        table("Doctor", DEVICES, _devices(report), *why),
        table("What an Ascend NPU needs here", NEEDED, _machine(report), *lacks),
        table("Self-test", TESTED, _tested(report.selftest), *tested),
        table("Versions", INSTALLED, _versions(report), *_variables(report), SENT),
    ]
    rows = (
        *_versions(report),
        *_machine(report),
        *((name, value, "") for name, value in report.variables.items()),
        *_devices(report),
        *_tested(report.selftest),
    )
    whole = table("Doctor", COLUMNS, rows, *why, *tested, SENT)
    *above, last = (one for one in shown if one.rows)
    return View(whole, report.data(nameless), tuple(above), last)


def _versions(report: Report) -> Iterator[Row]:
    for name, version in {**report.versions, **report.drivers}.items():
        if version is not None and name != "torch_git_version":
            yield f"{name} driver" if name in report.drivers else name, version, ""


def _needs(report: Report) -> Sequence[Need]:
    return tuple(needs(report)) if concerned(report) else ()


def _machine(report: Report) -> Iterator[Row]:
    for need in _needs(report):
        yield need.what, "there" if need.there else "missing", "" if need.there else need.otherwise


def _variables(report: Report) -> Iterator[str]:
    """A line each, as a shell would set it: paths are long, and none is cut."""
    for name, value in report.variables.items():
        yield f"{name} is {value}" if name in ONLY_WHETHER else f"{name}={value}"


def _devices(report: Report) -> Iterator[Row]:
    for one in report.devices:
        yield one.device, "usable" if one.usable else "not usable", one.product or one.reason


def _tested(tested: Selftest | None) -> Iterator[Row]:
    if tested is None:
        return
    for dtype in dict.fromkeys(check.dtype for check in tested.checks if check.dtype):
        checks = [check for check in tested.checks if check.dtype == dtype]
        fine = [check for check in checks if check.state == "ok"]
        errors = [check.max_rel_error for check in fine if check.max_rel_error is not None]
        largest = f"largest error {number(max(errors) * 1e6)} ppm" if errors else ""
        yield f"{dtype} operators", f"{len(fine)} of {len(checks)} ok", largest
    for check in tested.checks:
        if check.dtype is None or check.state != "ok":
            yield _label(check), check.state, _detail(check)
    yield "self-test", "passed" if tested.passed else "failed", tested.reason


def _label(check: Check) -> str:
    return f"{check.name} {check.dtype}" if check.dtype else check.name


def _detail(check: Check) -> str:
    if check.launch_s is not None:
        return f"{seconds(check.launch_s)} for an empty operator"
    if check.device_s is not None and not check.reason:
        return f"{seconds(check.device_s)} of the device, {seconds(check.wall_s)} of the wall"
    return check.reason or check.note


def _why(tested: Selftest) -> Iterator[str]:
    if tested.reason:
        yield f"The self-test ended early: {tested.reason}."
    for check in tested.checks:
        if check.reason:
            error = "" if check.max_rel_error is None else f" ({number(check.max_rel_error)})"
            yield f"{_label(check)}: {check.reason}{error}."
        if check.note and check.dtype:
            yield f"{_label(check)}: {check.note}."
        for text in check.fell_back:
            yield f"{_label(check)}: {text}"
