"""What a shell offers for a value: from literals and plugins' names, so that nothing slow is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import click
from click.shell_completion import CompletionItem, shell_complete

from lightbench import registry
from lightbench.models import sources
from lightbench.records.axes import Axis

VARIABLE = "_LIGHTBENCH_COMPLETE"  # the shell's script sets it, to bash_complete and the like

# In quotes: it takes a type only since click 8.4.2.
Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem[str]]"]


def answer(program: click.Command, instruction: str) -> int:
    """Print what the shell asks for with ``VARIABLE``; gives the exit code."""
    return shell_complete(program, {}, "lightbench", VARIABLE, instruction)


def one_of(known: Callable[[], Mapping[str, str]]) -> Complete:
    """Offers the words that begin as typed; ``known`` is word -> what it is."""

    def complete(
        _context: click.Context, _parameter: click.Parameter, typed: str
    ) -> list[CompletionItem[str]]:
        return [
            CompletionItem(word, help=about or None)
            for word, about in known().items()
            if word.startswith(typed)
        ]

    return complete


def plugins(kind: str, *more: str) -> Complete:
    """Offers the plugins of a kind, and some words more."""
    return one_of(
        lambda: {
            **{name: registry.summary(kind, name) for name in registry.names(kind)},
            **dict.fromkeys(more, ""),
        }
    )


def files(
    _context: click.Context, _parameter: click.Parameter, typed: str
) -> list[CompletionItem[str]]:
    """Offers file names, which the shell knows."""
    return [CompletionItem(typed, type="file")]


def models(
    context: click.Context, parameter: click.Parameter, typed: str
) -> list[CompletionItem[str]]:
    """Offers our own networks, and files for ``path/file.py:Class``; bash those if no name fits."""
    # bash forgets what came before the word for "files"
    return [*files(context, parameter, typed), *_own(context, parameter, typed)]


def _families() -> dict[str, str]:
    return {
        name: registry.summary(sources.FAMILY, family)
        for name, family in sources.own_names().items()
    }


def _words(known: Iterable[str]) -> Complete:
    return one_of(lambda: dict.fromkeys(known, ""))


def _axes() -> dict[str, str]:
    from lightbench.studies.sweep.axes import AXES

    return {name: axis.about for name, axis in AXES.items()}


def _conventions() -> dict[str, str]:
    from lightbench.costs.conventions import CONVENTIONS

    return {name: convention.says for name, convention in CONVENTIONS.items()} | {"all": ""}


def _guidelines() -> dict[str, str]:
    return {
        name.partition("_")[0]: registry.summary("guideline", name)
        for name in registry.names("guideline")
    }


def _commands() -> dict[str, str]:
    names = registry.names("command")
    return {name.replace("_", "-"): registry.summary("command", name) for name in names}


_own = one_of(_families)
commands = one_of(_commands)
formats = plugins("format")
guidelines = one_of(_guidelines)
axes = one_of(_axes)
conventions = one_of(_conventions)


def values(axis: Axis) -> Complete | None:
    """Offers what an axis of a case may be, where that is known."""
    if axis.plugins:
        return plugins(axis.plugins, *(("auto",) if axis.name == "device" else ()))
    return _words(axis.choices) if axis.choices else None
