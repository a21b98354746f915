"""A table for the terminal: fits the width, says what it left out, numbers to the right."""

from __future__ import annotations

from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from lightbench.units import visible
from lightbench.views.shorten import cut, shorten
from lightbench.views.table import Column, Table, View, name_of

SUFFIXES = (".txt",)

DEFAULT_WIDTH, MIN_WIDTH = 80, 40
GAP = "  "
NOTES = 2  # lines of them, unless all are asked for
# Text is cut to the first width before numbers are left out, to the second before those that are
# needed more are, and to the third if nothing else helps.
EASY, HARD, SHORT = 24, 14, 8
ALL = " (--all-columns)"


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:
    """Lines of at most ``width`` terminal cells (80 unless given, at least 40)."""
    width = max(width or DEFAULT_WIDTH, MIN_WIDTH)
    return "\n".join(_table(table.for_people(), width, colour=colour) for table in view.tables)


def _table(table: Table, width: int, *, colour: bool) -> str:
    lines = {column: _lines(table, i) for i, column in enumerate(table.columns)}
    natural = {column: max(map(cell_len, lines[column])) for column in lines}
    widths = natural if table.wide else _fit(natural, width)
    left_out = [name_of(column) for column in lines if column not in widths]
    names: list[str] = []
    cells: dict[Column, list[list[str]]] = {}
    for column, room in widths.items():
        shown, numbered = _shown(column, lines[column][2:], room)
        cells[column] = [[cut(head, room)] for head in lines[column][:2]] + shown
        names += numbered
    said = [line for text in (*table.sentences, *names) for line in _wrap(text, width)]
    notes = _notes(table, tuple(widths), width)
    if left_out:
        notes.append(_left_out(left_out, width))
    (above,), (heading,), *rows = (
        _row([(column, room, cells[column][i]) for column, room in widths.items()])
        for i in range(len(table.rows) + 2)
    )
    rule = GAP.join("-" * room for room in widths.values())
    return _print(
        [
            *((line, "bold") for line in _wrap(table.title, width)),
            *((line, "") for line in _wrap(table.subtitle, width) if table.subtitle),
            ("", ""),
            *((line, "bold") for line in (above, heading) if line),
            (rule, "dim"),
            *((line, "") for row in rows for line in row),
            *([("", "")] if said else []),
            *((line, "") for line in said),
            *([("", "")] if notes else []),
            *((line, "dim") for line in notes),
        ],
        width,
        colour=colour,
    )


def _shown(column: Column, texts: list[str], width: int) -> tuple[list[list[str]], list[str]]:
    """Each text of a column as the lines of its cell, and in full those that had to be numbered."""
    if column.prose:
        return [_folded(text, width) for text in texts], []
    shown, numbered = shorten(texts, width)
    return [[shown[text]] for text in texts], [f"{shown[text]}: {text}" for text in numbered]


def _folded(text: str, width: int) -> list[str]:
    """Words as lines; a word that is longer than a line is cut."""
    lines = Text(text).wrap(Console(file=StringIO()), width, no_wrap=False)
    return [cut(line.plain.rstrip(), width) for line in lines] or [""]


def _row(cells: list[tuple[Column, int, list[str]]]) -> list[str]:
    """The lines of one row: as many as its highest cell has."""
    high = max(len(lines) for _, _, lines in cells)
    return [
        GAP.join(
            _pad(lines[i] if i < len(lines) else "", column, room) for column, room, lines in cells
        ).rstrip()
        for i in range(high)
    ]


def _notes(table: Table, columns: tuple[Column, ...], width: int) -> list[str]:
    """How to read these columns, as lines: all of that if asked for, or else those notes that fit into NOTES
    lines, whole, and how many there are more."""
    notes = [_wrap(note, width) for note in table.legend(columns)]
    hidden = len(table.more) if table.brief else 0
    if not table.brief:
        return [line for note in notes for line in note]
    first = _hinted(notes[:1], len(notes) - 1 + hidden, width)
    if notes and len(first) > NOTES:  # what matters most, as far as there is room
        return _begun(notes[0], len(notes) + hidden, width)
    kept: list[list[str]] = []
    for note in notes:
        more = len(notes) - len(kept) - 1 + hidden
        if len(_hinted([*kept, note], more, width)) <= NOTES:
            kept.append(note)
    return _hinted(kept, len(notes) - len(kept) + hidden, width)


def _hinted(notes: list[list[str]], more: int, width: int) -> list[str]:
    """Their lines, and behind them or below how many there are ``more``."""
    lines = [line for note in notes for line in note]
    hint = f"({more} more: --notes)"
    if not more:
        return lines
    if not lines:
        return [f"Notes: {more} (--notes)"]
    if cell_len(lines[-1]) + 1 + len(hint) <= width:
        return [*lines[:-1], f"{lines[-1]} {hint}"]
    return [*lines, hint]


def _left_out(names: list[str], width: int) -> str:
    """As many of them as one line has room for."""
    named = list(names)
    while True:
        rest = "" if len(named) == len(names) else ", ..." if named else "..."
        said = f"Not shown: {', '.join(named)}{rest}{ALL}"
        if cell_len(said) <= width or not named:
            return said
        named.pop()


def _begun(note: list[str], more: int, width: int) -> list[str]:
    """As many words of a note that is too long as there is room for."""
    hint = f"... ({more} more: --notes)"
    words = note[NOTES - 1].split(" ")
    while len(words) > 1 and cell_len(" ".join(words)) + 1 + len(hint) > width:
        words.pop()
    return [*note[: NOTES - 1], f"{cut(' '.join(words), width - len(hint) - 1, 0)} {hint}"]


def _lines(table: Table, i: int) -> list[str]:
    """Column ``i`` from the top: its heading in two lines, the second the unit, then its cells."""
    column = table.columns[i]
    name, unit = column.heading.partition(" (")[::2]
    heading = [name, f"({unit}"] if unit else ["", name]
    return heading + [visible(column.cell(row[i])) for row in table.rows]


def _fit(natural: dict[Column, int], width: int) -> dict[Column, int]:
    """The columns there is room for, and their widths. Numbers are never cut."""
    widths = dict(natural)

    def overflow(floor: int) -> int:
        cells = (min(w, floor) if c.align == "left" else w for c, w in widths.items())
        return sum(cells) + len(GAP) * (len(widths) - 1) - width

    while (last := max(widths, key=lambda column: column.drop)).drop:
        if overflow(EASY if last.drop > 1 else HARD) <= 0:
            break
        del widths[last]
    while overflow(SHORT) > 0 and len(widths) > 1:
        widths.popitem()
    while (excess := overflow(max(widths.values()))) > 0:
        texts = {column: cells for column, cells in widths.items() if column.align == "left"}
        widest = max(texts, key=texts.__getitem__, default=None)
        if widest is None or texts[widest] <= SHORT:
            break
        widths[widest] = max(SHORT, texts[widest] - excess)
    return widths


def _pad(text: str, column: Column, width: int) -> str:
    spaces = " " * (width - cell_len(text))
    return spaces + text if column.align == "right" else text + spaces


def _wrap(text: str, width: int) -> list[str]:
    """The text as lines; those after the first are indented, and none of them begins with ``::``,
    which a runner of GitHub's would obey."""
    wrapped = [
        line.plain.strip() for line in Text(visible(text)).wrap(Console(file=StringIO()), width - 2)
    ]
    return [
        (".." if line.startswith("::") else "  " if i else "") + line
        for i, line in enumerate(wrapped)
    ]


def _print(lines: list[tuple[str, str]], width: int, *, colour: bool) -> str:
    """Lines with their styles as one text, which has escape sequences only with ``colour``."""
    console = Console(
        file=StringIO(),
        width=width,  # or it would look for COLUMNS itself, and print nothing if that is 0
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(Text("\n").join(Text(*line) for line in lines), soft_wrap=True)
    return capture.get()
