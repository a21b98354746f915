"""A report as a short table for people; programs get all of it."""

from __future__ import annotations

from collections.abc import Iterator

from lightbench.doctor.anonymous import Nameless
from lightbench.doctor.checks import Check, Selftest
from lightbench.doctor.report import Report
from lightbench.units import number, seconds
from lightbench.views.table import Column, Table, View

Row = tuple[str, str | None, str | None]

COLUMNS = (
    Column("what", "what", align="left"),
    Column("state", "state", align="left"),
    Column("detail", "detail", align="left", drop=1),
)
SENT = "lightbench doctor -o doctor.json writes all of it to a file that can be sent."


def view(report: Report) -> View:
    """What is installed, the devices, and what of the self-test is not as it should be."""
    nameless = Nameless.here()
    rows = (*_versions(report), *_machine(report), *_devices(report), *_tested(report.selftest))
    notes: list[str] = []
    if not report.asked.usable:
        notes.append(f"{report.asked.device}: {report.asked.reason} {report.asked.hint}".rstrip())
    if report.selftest:
        notes += _why(report.selftest)
    said = tuple(nameless(notes))
    table = Table("Doctor", COLUMNS, tuple(map(tuple, nameless(rows))), (SENT,), said)
    return View(table, report.data(nameless))


def _versions(report: Report) -> Iterator[Row]:
    for name, version in {**report.versions, **report.drivers}.items():
        if version is not None and name != "torch_git_version":
            yield f"{name} driver" if name in report.drivers else name, version, ""


def _machine(report: Report) -> Iterator[Row]:
    missing = ", ".join(name for name, there in report.mounts.items() if not there)
    if any(report.mounts.values()):
        yield "Ascend's files", "missing" if missing else "all there", missing
    for name, value in report.variables.items():
        yield name, value, ""


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
