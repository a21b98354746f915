"""What a command reads, replaces and adds to is said by the types of its parameters, and no command
begins if one of its outputs would take the place of what it reads.

A parameter that names a file or a network has one of these types; a command is a `Guarded`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

import click

from lightbench.errors import LightbenchError, UsageError
from lightbench.files import same
from lightbench.models import sources
from lightbench.process.streams import way_to_stdout
from lightbench.records import store

# "records" are read, and may be added to; a "store" is added to; "kept" are records that are replaced as
# a whole; "replaced" is an output of any other kind; a "log" is text that is added to.
Role = Literal["read", "records", "store", "kept", "replaced", "log"]
WRITTEN = ("store", "kept", "replaced", "log")
SHARED = {
    ("store", "store"),
    ("store", "records"),
    ("log", "replaced"),
    ("replaced", "log"),
}  # may be one file


class Use(NamedTuple):
    """What a command has to do with a file: messages are "``name`` would write over the file, which
    ``why``". With ``any_of`` it is each file whose name is that with anything for the last ``*``."""

    role: Role
    path: Path
    name: str
    why: str
    any_of: bool = False


class ReadFile(click.Path):
    """A file that is read. A value is a Path, or as it was typed."""

    role: Role = "read"
    folders = True  # whether a folder is refused later, in our own words
    as_typed = False

    def __init__(self) -> None:
        super().__init__(dir_okay=self.folders, path_type=str if self.as_typed else Path)

    def uses(self, given: Any, flag: str) -> Iterator[Use]:
        """What the command has to do with files because of a value; None is no value."""
        if given is not None:
            yield Use(self.role, Path(given), flag, f"{flag} names too")


class Typed(ReadFile):
    """A file or a folder that is read, as it was typed."""

    as_typed = True


class Program(ReadFile):
    """A program that is run: a file, or a name that the system looks up."""

    as_typed = True


class RecordsFile(ReadFile):
    """Records that are read; ``-`` is standard input."""

    role = "records"
    as_typed = True

    def uses(self, given: Any, flag: str) -> Iterator[Use]:
        yield from super().uses("/dev/stdin" if str(given) == "-" else given, flag)


class BaselineFile(RecordsFile):
    """Records whose networks are measured again: their files are read, too."""

    as_typed = False

    def uses(self, given: Any, flag: str) -> Iterator[Use]:
        yield from super().uses(given, flag)
        if given is not None and Path(given).is_file():  # a pipe can be read once
            with suppress(LightbenchError):  # the command will say it
                yield from _of_models(record.case.model for record in store.read(given))


class SuiteFile(ReadFile):
    """A suite, and the files of its networks."""

    def uses(self, given: Any, flag: str) -> Iterator[Use]:
        yield from super().uses(given, flag)
        yield from _of_models(_listed(given))


class ConfigFile(ReadFile):
    """A project's configuration, or else the one that is found, and the files of its networks."""

    def uses(self, given: Any, flag: str) -> Iterator[Use]:
        from lightbench.studies.check.project import find_config, read_config

        yield from super().uses(given, flag)
        with suppress(UsageError):  # the command will say it
            file = given or find_config(Path())
            if file and not given:
                yield Use(self.role, file, flag, "is the project's configuration")
            if file and file.is_file():  # a pipe can be read once
                yield from _of_models(read_config(file).models)


class Model(click.ParamType):  # type: ignore[type-arg]
    """The name of a network, with the library that a bare one is of. Where it is code in a file, that and what it
    imports is read."""

    name = "model"
    role: Role = "read"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> str:
        return sources.full_name(str(value))

    def uses(self, given: Any, _flag: str) -> Iterator[Use]:
        yield from _of_models(() if given is None else (given,))


class Models(Model):
    """Names of networks with commas between them; one that has a comma itself is an argument instead."""

    def convert(self, value: Any, _param: Any, _ctx: Any) -> list[str]:  # type: ignore[override]
        return [name for part in str(value).split(",") if (name := part.strip())]

    def uses(self, given: Any, _flag: str) -> Iterator[Use]:
        yield from _of_models(given or ())


class StoreFile(ReadFile):
    """Records that are added to, and mostly read before."""

    role = "store"
    as_typed = True


class KeptRecords(ReadFile):
    """Records that are replaced as a whole, such as a baseline."""

    role = "kept"
    folders = False


class CardFile(KeptRecords):
    """A device card, and beside it its parts until all are measured."""

    as_typed = True

    def uses(self, given: Any, flag: str) -> Iterator[Use]:
        for use in super().uses(given, flag):
            yield use
            yield use._replace(path=use.path.with_name(f"{use.path.name}.part"))


class ReplacedFile(ReadFile):
    """An output, which takes the place of what was there."""

    role = "replaced"
    folders = False

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        given = super().convert(value, param, ctx)
        return way_to_stdout(given) if isinstance(given, Path) else given


class Document(ReplacedFile):
    """A report: beside it there may be figures, and which is not known before the records are."""

    def uses(self, given: Any, flag: str) -> Iterator[Use]:
        yield from super().uses(given, flag)
        if given is not None:
            figures = given.with_name(f"{given.stem}-*.svg")
            yield Use("replaced", figures, f"a figure of {str(given)!r}", "may be a figure", True)


class FigureFolder(ReplacedFile):
    """A folder that figures are drawn into."""

    folders = True

    def uses(self, given: Any, flag: str) -> Iterator[Use]:
        if given is not None:
            yield Use("replaced", given / "*.svg", f"a figure of {flag}", "may be a figure", True)


class TrainingFolder(FigureFolder):
    """A folder that weights and the log of a training are written into."""

    def uses(self, given: Any, flag: str) -> Iterator[Use]:
        for name in ("*.pt", "*.jsonl") if given is not None else ():
            yield Use("replaced", given / name, f"a training in {flag}", "may be of a training", True)  # fmt: skip


class Guarded(click.Command):
    """A command that does not begin if it would write over what it reads."""

    def invoke(self, ctx: click.Context) -> Any:
        refuse_overwriting(ctx)
        return super().invoke(ctx)


def refuse_overwriting(context: click.Context, more: Iterable[Use] = ()) -> None:
    """Raises UsageError if an output of the command is a file that it has another use for, or Python
    source, and StoreError for records that would get into a file of something else. ``more`` are uses
    that no parameter tells of."""
    more = tuple(more)
    written = [*_uses(context, WRITTEN), *(use for use in more if use.role in WRITTEN)]
    if not written:
        return
    read = [*_uses(context, ("read", "records")), *(u for u in more if u.role not in WRITTEN)]
    for i, output in enumerate(written):
        for other in (*written[i + 1 :], *read):
            _refuse_same(output, other)
    for output in written:
        _refuse_content(output)


def _uses(context: click.Context, roles: tuple[str, ...]) -> Iterator[Use]:
    """What the values of parameters of these roles say, in the order of the command."""
    for parameter in context.command.params:
        kind: Any = parameter.type
        if getattr(kind, "role", None) not in roles:
            continue
        flag = parameter.opts[0] if isinstance(parameter, click.Option) else "an argument"
        given = context.params.get(str(parameter.name))
        for value in given if isinstance(given, tuple) else (given,):
            yield from kind.uses(None if value == "" else value, flag)


def _of_models(names: Iterable[str]) -> Iterator[Use]:
    """The user's files that networks are made of: those that are named, and what they import."""
    from lightbench.graphs import format_of
    from lightbench.models.sources.model_files import model_files
    from lightbench.models.sources.project_files import project_files

    for name in dict.fromkeys(names):
        file, kind = sources.file_of(name), format_of(name)
        for path in model_files(name, kind) if kind else project_files(file) if file else ():
            yield Use("read", path, repr(name), f"is source of {name!r}")


def _listed(file: Path | None) -> list[str]:
    """The networks of a suite or a configuration; none of what cannot be read, which the command will
    say, or is a pipe, which can be read once."""
    with suppress(OSError, ValueError, RecursionError, AttributeError):
        if file is not None and file.is_file():
            content = tomllib.loads(file.read_text(encoding="utf-8"))
            tables = (content, content.get("tool", {}).get("lightbench", {}))
            names = [name for table in tables for name in table.get("models") or ()]
            return [name for name in names if isinstance(name, str)]
    return []


def _refuse_same(output: Use, other: Use) -> None:
    if (output.role, other.role) in SHARED:
        return
    for path, meant in _pairs(output, other):
        if same(path, meant):
            act = "add to" if output.role in ("store", "log") else "write over"
            raise UsageError(
                f"{output.name} would {act} {str(path)!r}, which {other.why}.",
                "Give each a file of its own.",
            )


def _pairs(one: Use, other: Use) -> list[tuple[Path, Path]]:
    """The files that the two could have in common."""
    if one.any_of and other.any_of:
        return []
    if one.any_of or other.any_of:
        many, single = (one.path, other.path) if one.any_of else (other.path, one.path)
        start, _, end = many.name.rpartition("*")
        there = {single.name, *(file.name for file in many.parent.glob(f"*{end}"))}
        names = sorted(n for n in there if n.startswith(start) and n.casefold().endswith(end))
        found = [(many.with_name(name), single) for name in names]
        return found if one.any_of else [(file, path) for path, file in found]
    return [(one.path, other.path)]


def _refuse_content(output: Use) -> None:
    """Raises UsageError for Python source, which no command writes, and StoreError for a file in which
    there are to be records and is something else."""
    if output.role in ("store", "kept"):
        store.check_records(output.path)
    elif _holds_something(output.path) and os.path.realpath(output.path).lower().endswith(".py"):
        raise UsageError(
            f"{output.name} would write over {str(output.path)!r}, which is Python source.",
            "Name another file, or remove that one.",
        )


def _holds_something(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
