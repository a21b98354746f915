"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from lightbench.cli import complete
from lightbench.cli.guarded import ReplacedFile
from lightbench.devices.support.options import device_options
from lightbench.errors import UsageError
from lightbench.records.parse import parse_fraction

F = TypeVar("F", bound=Callable[..., Any])

FORCE = click.option("--force", is_flag=True, help="Measure again what is stored, and append it.")


class Many(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4.2
    """One value or several with commas: ``1,8``."""

    name = "list"

    def __init__(self, kind: Callable[[str], Any], what: str) -> None:
        self.kind = kind
        self.what = what

    def convert(self, value: Any, _param: Any, _ctx: Any) -> list[Any]:
        if not isinstance(value, str):
            return list(value)
        try:
            return list(dict.fromkeys(self.kind(part.strip()) for part in value.split(",")))
        except ValueError as error:
            raise UsageError(f"cannot read {value!r} as {self.what}.", "Try 1, or 1,8.") from error


class Fraction(click.ParamType):  # type: ignore[type-arg]
    """``2%`` or ``0.02``."""

    name = "fraction"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> float:
        return parse_fraction(str(value))


FRACTION = Fraction()
NUMBERS = Many(int, "whole numbers")
WORDS = Many(str, "names")


def output_options(function: F) -> F:
    """``--format`` and ``-o``: on every command that answers with a table."""
    function = click.option(
        "-o",
        "--output",
        type=ReplacedFile(),
        help="Write to this file; its suffix chooses the format.",
    )(function)
    return click.option(
        "--format",
        "form",
        metavar="FORMAT",
        shell_complete=complete.formats,
        help="See `lightbench list formats`.",
    )(function)


def setup_options(function: F) -> F:
    """How one set of cases is run: batch, device, engine, threads, dtype, layout, one value each."""
    batch = click.option("--batch", type=int, default=1, show_default=True, help="Batch size.")
    return batch(run_options(function))


def run_options(function: F) -> F:
    """The same without the batch."""
    options = (
        click.option(
            "--device",
            default="cpu",
            show_default=True,
            shell_complete=complete.devices,
            help="Where to run.",
        ),
        click.option(
            "--engine",
            default="eager",
            show_default=True,
            shell_complete=complete.engines,
            help="What runs it.",
        ),
        click.option("--threads", type=int, help="CPU threads. Default: as many as are free."),
        click.option(
            "--dtype",
            default="float32",
            show_default=True,
            shell_complete=complete.dtypes,
            help="float32, bfloat16, ...",
        ),
        click.option("--channels-last", is_flag=True, help="Lay images out as NHWC."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def device_flags(function: F) -> F:
    """A flag for each option that some device has."""
    for name, about in reversed(device_options().items()):
        function = click.option(f"--{name}", _flag(name), is_flag=True, help=about)(function)
    return function


def asked_of_device(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a command with `device_flags`: those that are set become ``options``, if any is."""
    flags = {_flag(name): name for name in device_options()}
    asked = [name for flag, name in flags.items() if settings[flag]]
    others = {key: value for key, value in settings.items() if key not in flags}
    return {**others, "options": asked} if asked else others


def _flag(option: str) -> str:
    """Its parameter, which is not that of another option of the command."""
    return f"device_option_{option.replace('-', '_')}"


def input_options(function: F) -> F:
    """``--input``."""
    return click.option(
        "--input",
        "shapes",
        multiple=True,
        metavar="INPUT",
        help="Input without the batch: 3x224x224, 128:int64, mask=128:bool, =64 (as it is),"
        " '[3x64x64, ...]', '{x: 64, scale: 0.5}', none; repeat it for several inputs.",
    )(function)
