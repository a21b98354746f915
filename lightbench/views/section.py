"""What a report is made of, whatever it is written as: sections of sentences, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lightbench.errors import UsageError
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """One figure. ``name`` becomes part of a file name; ``caption`` says in words what it shows."""

    name: str
    caption: str
    draw: Callable[[], Figure]  # draws when it is asked for: matplotlib takes a second to import
    drawn_again: bool = False  # by a page that people operate, of the networks that they choose

    def figure(self) -> Figure | None:
        """Drawn anew, since writing a figure changes it; None where there is nothing to draw."""
        try:
            return self.draw()
        except UsageError:
            return None


@dataclass(frozen=True)
class Section:
    """One part of a report. All of its text may be of any origin: each writer makes it inert."""

    title: str
    sentences: tuple[str, ...] = ()  # a paragraph each
    drawings: tuple[Drawing, ...] = ()
    views: tuple[View, ...] = ()
    commands: tuple[str, ...] = ()  # to type into a shell
    inner: tuple[Section, ...] = ()  # folded away where the writer can
    model: str | None = None  # whose section it is, if it is about one network alone
    live: Mapping[str, Any] | None = None  # what a page that people operate computes with: builtins

    def each(self) -> Iterator[Section]:
        """This section and all within it."""
        yield self
        for section in self.inner:
            yield from section.each()


@dataclass(frozen=True)
class Document:
    """A report: its title, and sections in the order in which they are read."""

    title: str
    sections: tuple[Section, ...]
    about: str = ""  # a line below the title
