"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import click
import msgspec

from lightbench.cli import complete
from lightbench.cli.guarded import ReplacedFile, Typed
from lightbench.cli.output import CHOSEN
from lightbench.devices.support.options import device_options
from lightbench.errors import UsageError
from lightbench.records.axes import AXES, SETUP, Axis
from lightbench.records.parse import parse_fraction, parse_quantity
from lightbench.workers import journal

F = TypeVar("F", bound=Callable[..., Any])

SEED = click.option("--seed", type=int, help="Fixes the random order of the rounds.")


def _limited(_context: click.Context, _option: click.Parameter, seconds: float | None) -> None:
    if seconds is not None:
        if not (math.isfinite(seconds) and seconds > 0):
            raise UsageError(
                f"seconds are a number above zero, got {seconds!r}.", "Try --timeout 60."
            )
        journal.limit(seconds)


TIMEOUT = click.option(
    "--timeout",
    type=float,
    callback=_limited,
    expose_value=False,
    help="Seconds for a network to load, for its first call, and for a block of timed ones: one that"
    f" takes longer has failed. Default {journal.TIMEOUT_S:g}.",
)
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


class Count(click.ParamType):  # type: ignore[type-arg]
    """``140M`` or ``140e6``."""

    name = "number"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> float:
        number = parse_quantity(str(value), "")
        if not number > 0:
            raise UsageError(f"{value!r} is not above zero.", "Write 140M, or 1.5G.")
        return number


COUNT = Count()
FRACTION = Fraction()
NUMBERS = Many(int, "whole numbers")
DECIMALS = Many(float, "numbers")
WORDS = Many(str, "names")


class Named(click.ParamType):  # type: ignore[type-arg]
    """``ours.py:Net=Ours``: a model, which may have a ``=`` in its settings, and its name for people."""

    name = "name"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> tuple[str, str]:
        model, _, name = str(value).rpartition("=")
        if not model or not name.strip():
            raise UsageError(f"cannot read {value!r} as a name.", "Try --names ours.py:Net=Ours.")
        return model, name.strip()


def _chosen(name: str, *words: str, **how: Any) -> Callable[[F], F]:
    """An option that is part of `Chosen`, by its ``name`` there: `emit` heeds it, and no command sees it."""

    def note(context: click.Context, _option: click.Parameter, value: Any) -> None:
        if value not in (None, (), []):
            told = tuple(value) if isinstance(value, list) else value
            context.meta.setdefault(CHOSEN, {})[name] = told

    return click.option(*words, expose_value=False, callback=note, **how)


OUTPUT: dict[str, Callable[[Any], Any]] = {
    "format": click.option(
        "--format",
        "form",
        metavar="FORMAT",
        shell_complete=complete.formats,
        help="See `lightbench list formats`.",
    ),
    "output": click.option(
        "-o",
        "--output",
        type=ReplacedFile(),
        help="Write to this file; its suffix chooses the format.",
    ),
    "columns": _chosen(
        "columns",
        "--columns",
        type=WORDS,
        metavar="NAME[,NAME]",
        help="These columns, in this order; named as in CSV, of which `--format csv` shows all.",
    ),
    "sort": _chosen(
        "sort", "--sort", metavar="NAME", help="Rows by this column; -NAME from the highest."
    ),
    "all-columns": _chosen(
        "everything",
        "--all-columns",
        is_flag=True,
        default=None,
        help="Every column, however wide.",
    ),
    "shown_names": _chosen(
        "names",
        "--names",
        "shown_names",
        type=Named(),
        multiple=True,
        metavar="MODEL=NAME",
        help="What people read instead of a model's name: ours.py:Net=Ours; may be repeated.",
    ),
    "notes": _chosen(
        "notes",
        "--notes/--no-notes",
        default=None,
        help="All notes below a table, or none. Default: two lines.",
    ),
}


SHOWS = {"form", *(name.replace("-", "_") for name in OUTPUT)}  # the parameters of these


def output_options(function: F) -> F:
    """How an answer is given: on every command that answers with a table."""
    return output_options_but()(function)


def output_options_but(*names: str) -> Callable[[F], F]:
    """The same without these, for a command that has its own."""

    def add(function: F) -> F:
        for name, option in reversed(OUTPUT.items()):
            if name not in names:
                function = option(function)
        return function

    return add


def axis_options(*names: str, several: bool = False) -> Callable[[F], F]:
    """An option for each of these axes of a case; with ``several`` one takes more than one value. None
    has a default: what is not typed is left to whoever knows better."""

    def add(function: F) -> F:
        for name in reversed(names):
            function = _axis_option(AXES[name], several=several)(function)
        return function

    return add


def _axis_option(axis: Axis, *, several: bool) -> Callable[[F], F]:
    if axis.flag:
        return click.option(axis.option, axis.name, flag_value=axis.flag, help=f"{axis.about}.")
    default = f"Default: {axis.unsaid}." if axis.unsaid else f"Default {axis.default}."
    if axis.file:
        about = f"{axis.about}. {default}"
        return click.option(axis.option, axis.name, type=Typed(), help=about)
    many = several and axis.name != "device"  # several devices have a grammar of their own
    kind = (NUMBERS if axis.kind is int else WORDS) if many else axis.kind
    unit = "N" if axis.kind is int else "NAME"
    return click.option(
        axis.option,
        axis.name,
        type=kind,
        metavar=f"{unit}[,{unit}]" if many else None,
        shell_complete=complete.values(axis),
        help=f"{axis.about.removesuffix('.')}. {default}",
    )


setup_options = axis_options("batch", *SETUP)


def settings_options(
    settings: type[msgspec.Struct], *, but: Sequence[str] = ()
) -> Callable[[F], F]:
    """An option for each setting of a study; none has a default here, as its ``Settings`` have it."""

    def add(function: F) -> F:
        told = get_type_hints(settings, include_extras=True)
        for field in reversed(msgspec.structs.fields(settings)):
            if field.name not in but and get_origin(told[field.name]) is Annotated:
                kind, meta = get_args(told[field.name])
                option = _setting(field.name, kind, meta, field.default)
                function = option(function)
        return function

    return add


def _setting(name: str, kind: Any, meta: msgspec.Meta, default: Any) -> Callable[[F], F]:
    more: Mapping[str, Any] = meta.extra or {}
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    fraction = bool(more.get("fraction"))
    usual = "" if default in (None, ()) else f" Default {_written(default, fraction=fraction)}."
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        type=FRACTION if fraction else _click_type(kind),
        metavar=more.get("metavar")
        or {tuple[int, ...]: "N[,N]", tuple[float, ...]: "N[,N]"}.get(kind),
        help=f"{meta.description}{usual}",
    )


def _written(value: Any, *, fraction: bool) -> str:
    """A value as it is typed."""
    if fraction:
        return f"{100 * value:g}%"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _click_type(kind: Any) -> Any:
    """What reads a value of this type from the command line."""
    if get_origin(kind) is Literal:
        return click.Choice(list(get_args(kind)))
    lists = {tuple[int, ...]: NUMBERS, tuple[float, ...]: DECIMALS, tuple[str, ...]: WORDS}
    return lists.get(kind, kind)


def device_flags(function: F) -> F:
    """A flag for each option that some device has."""
    for name, about in reversed(device_options().items()):
        function = click.option(f"--{name}", _flag(name), is_flag=True, help=about)(function)
    return function


def asked(settings: Mapping[str, Any], *only: str) -> dict[str, Any]:
    """What was typed, as keywords of the functions of `lightbench`, or ``only`` these: what was not is
    left out, and the flags of `device_flags` become ``options``."""
    flags = {_flag(name): name for name in device_options()}
    options = [name for flag, name in flags.items() if settings.get(flag)]
    typed = {key: v for key, v in settings.items() if key not in flags and v not in (None, ())}
    found = typed | ({"options": options} if options else {})
    return {key: v for key, v in found.items() if not only or key in only}


def _flag(option: str) -> str:
    """Its parameter, which is not that of another option of the command."""
    return f"device_option_{option.replace('-', '_')}"


def input_options(function: F) -> F:
    """``--input``."""
    return click.option(
        "--input",
        multiple=True,
        metavar="INPUT",
        help="Input without the batch: 3x224x224, 128:int64, mask=128:bool, =64 (as it is),"
        " '[3x64x64, ...]', '{x: 64, scale: 0.5}', none; repeat it for several inputs.",
    )(function)
