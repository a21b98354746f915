"""A report: made from records, written as Markdown with figures beside it, or as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lightbench import files, registry, units
from lightbench.environment.version import VERSION
from lightbench.errors import UsageError
from lightbench.formats import format_of
from lightbench.models.accuracy import Accuracy, own_accuracy, read_accuracy
from lightbench.records import Record
from lightbench.records.collection import Evidence
from lightbench.reports.headline import headline
from lightbench.reports.html import render as html
from lightbench.reports.markdown import render as markdown
from lightbench.reports.parts.comparison import comparison_view
from lightbench.studies.result import Shown, Source, records_of
from lightbench.studies.subject import Subject
from lightbench.views.section import Document, Drawing, Section
from lightbench.views.table import View

KIND = "report part"
# The order in which they stand; one that is not named here comes before the last.
PARTS = (
    "answer",
    "comparison",
    "pareto",
    "engines",
    "evaluate",
    "roofline",
    "card",
    "models",
    "guidelines",
    "sweeps",
    "check",
    "predictors",
    "crosscheck",
    "environment",
    "reproduce",
)
TITLE = "lightbench report"


def in_order() -> tuple[str, ...]:
    """All parts that there are, as `PARTS` has them."""
    known = registry.names(KIND)
    *first, last = (name for name in PARTS if name in known)
    return (*first, *(name for name in known if name not in PARTS), last)


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """What `report` makes; shown as its comparison table, and saved as a whole."""

    subject: Subject
    title: str
    note: str = ""
    sources: tuple[Path, ...] = ()  # the files that it is made from

    @property
    def view(self) -> View:  # type: ignore[override]
        return comparison_view(self.subject)

    @cached_property
    def document(self) -> Document:
        """All parts that the records have something for."""
        found = (registry.load(KIND, name).section(self.subject) for name in in_order())
        sections = tuple(section for section in found if section is not None)
        return Document(self.title, sections, _about(self))

    @property
    def data(self) -> dict[str, Any]:
        """The same for programs: what the tables show, as builtins."""
        return {
            "title": self.title,
            "sections": [_data(section) for section in self.document.sections],
        }

    def markdown(self) -> str:
        """The report as Markdown, without figures."""
        return markdown(self.document, {})

    def html(self) -> str:
        """The report as one HTML page, figures and all."""
        return html(self.document)

    def save(self, path: str | Path, kind: str | None = None) -> None:
        """Write it: "markdown" with figures as SVG beside it, or "html"; the suffix of the file says
        which unless ``kind`` does. Raises UsageError, also for a file that it is made from, and
        StoreError."""
        path = Path(path)
        for file in (path, *(self._figure_file(path, one) for one in self._drawings())):
            self._refuse_source(file)
        if (kind or document_kind(path)) == "html":
            files.write(path, self.html())
        else:  # beside a pipe or a device there is no place for figures
            figures = self._draw(path) if files.replaceable(path) else {}
            files.write(path, markdown(self.document, figures))

    def _draw(self, path: Path) -> dict[str, str]:
        """Draw what figures can be drawn beside ``path``; their file names by their names."""
        from lightbench.figures.save import save  # imports matplotlib

        drawn = {}
        for drawing in self._drawings():
            if figure := drawing.figure():
                file = self._figure_file(path, drawing)
                save(figure, file)
                drawn[drawing.name] = file.name
        return drawn

    def _drawings(self) -> list[Drawing]:
        sections = (inner for section in self.document.sections for inner in section.each())
        return [drawing for section in sections for drawing in section.drawings]

    @staticmethod
    def _figure_file(path: Path, drawing: Drawing) -> Path:
        return path.with_name(f"{path.stem}-{drawing.name}.svg")

    def _refuse_source(self, file: Path) -> None:
        if any(files.same(file, source) for source in self.sources):
            raise UsageError(
                f"the report would write over {str(file)!r}, which it is made from.",
                "Name another file.",
            )


def report(
    *sources: Source,
    title: str = TITLE,
    reference: str | None = None,
    accuracy: Mapping[str, Accuracy | float] | str | Path | None = None,
    commands: Sequence[str] = (),
    note: str = "",
) -> Report:
    """A report on records of any studies and devices: ``sources`` are files that commands wrote with
    ``--store``, and what measuring from Python gives: results of `profile`, `layers`,
    `lint` and others, or their records.

    Each part is made only if there are records for it. ``reference`` is the model that others are
    held against, the first one unless said; ``accuracy`` is top-1 in percent by model, or a CSV file
    with columns model, top1 and source, where a published one is not meant; ``commands`` are to stand
    under "How to reproduce", ``note`` below the title. Raises UsageError for no records and for a
    source that has none, UnknownName for a reference that is not among them, StoreError.
    """
    records = _once(record for source in sources for record in records_of(source))
    if not records:
        raise UsageError("there are no records to report.", "Measure something into a store first.")
    return Report(
        Subject(Evidence(tuple(records)), reference, _accuracies(accuracy), _unicode(commands)),
        units.unicode(title.strip() or TITLE),
        units.unicode(note),
        tuple(_files((sources, accuracy))),
    )


def _accuracies(given: Mapping[str, Accuracy | float] | str | Path | None) -> dict[str, Accuracy]:
    if isinstance(given, (str, Path)):
        return read_accuracy(given)
    if given is not None and not isinstance(given, Mapping):
        raise UsageError("accuracy is a mapping of models to percent.", 'Try {"my_net": 71.9}.')
    return {
        model: one if isinstance(one, Accuracy) else own_accuracy(one)
        for model, one in (given or {}).items()
    }


def _unicode(texts: Iterable[str]) -> tuple[str, ...]:
    """A command line may hold bytes that are no text; a file of text may not."""
    return tuple(map(units.unicode, texts))


def _once(records: Iterable[Record]) -> list[Record]:
    """Without those that are there twice, as in files that were put together."""
    found: list[Record] = []
    known: dict[object, list[Record]] = {}
    for record in records:
        alike = known.setdefault((record.time, record.case), [])
        if record not in alike:
            alike.append(record)
            found.append(record)
    return found


def _about(report: Report) -> str:
    """Where and when it was measured and how quiet it was there, of how many records it is, by what it was made."""
    number = len(report.subject.evidence.records)
    made = f"{units.exact(number)} {'record' if number == 1 else 'records'}, made by lightbench {VERSION}."
    return " ".join(filter(None, (report.note, headline(report.subject), made)))


def _files(source: Source) -> Iterator[Path]:
    """The files among sources, which may be several of several."""
    if isinstance(source, (str, Path)):
        yield Path(source)
    elif isinstance(source, (list, tuple, set, frozenset)):
        for one in source:
            yield from _files(one)


def document_kind(path: Path) -> str:
    """``markdown`` or ``html``. Raises UsageError for another kind of file."""
    kind = format_of(path)
    if kind not in ("markdown", "html"):
        raise UsageError(
            f"a report is Markdown or HTML, {path.name!r} is not.", "Try -o report.md."
        )
    return kind


def _data(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "model": section.model,
        "sentences": [str(sentence) for sentence in section.sentences],
        "tables": [{"title": v.table.title, "data": v.data} for v in section.views],
        "commands": list(section.commands),
        "sections": [_data(inner) for inner in section.inner],
    }
