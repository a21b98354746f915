r"""A booktabs table for a paper. It needs ``\usepackage{booktabs}``, and LaTeX of 2020 or later."""

from __future__ import annotations

import re

from lightbench.views.table import Table, View

SUFFIXES = (".tex",)

# What TeX acts on, or does in some places: a bracket or a star after a line break is its argument,
# babel makes quotes active, and TeX's oldest fonts have other signs in the places of < > |.
_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{sign: f"{{{sign}}}" for sign in "[]*"},
    '"': r"\symbol{34}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
_SIGN = f"[{re.escape(''.join(_SIGNS))}]"
# Two of them would be one, -- is a dash; a log's line that begins with :: is a command.
_JOINED = "(?P<joined>[-',:])(?=(?P=joined))"
_SPACE = "^ | (?= |$)|(?<= ) "  # TeX would drop it
_SPECIAL = re.compile(f"{_SIGN}|{_JOINED}|{_SPACE}")
# What pdflatex cannot set without more packages, or what acts on whoever reads the file.
_UNKNOWN = re.compile("[^ -~À-ÖØ-öø-ÿ]|[ÐÞðþ]")


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    r"""A ``table`` for each table, with its title as the caption, and no note; what is folded is shown
    like the rest. It can be pasted into a document that has ``\usepackage{booktabs}``.
    A character that pdflatex cannot set is its escape, ``\u7f51``."""
    return "% Needs \\usepackage{booktabs}.\n" + "\n".join(map(_table, view.tables))


def _table(table: Table) -> str:
    table = table.for_people()
    rows = [
        [column.cell(value) for column, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_text(table.title)}}}",
            rf"\begin{{tabular}}{{{''.join(column.align[0] for column in table.columns)}}}",
            r"\toprule",
            _row([column.heading for column in table.columns]),
            r"\midrule",
            *map(_row, rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _row(texts: list[str]) -> str:
    return " & ".join(map(_text, texts)) + r" \\"


def _text(text: str) -> str:
    """Text that is only text, on one line."""
    known = _UNKNOWN.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)
    return _SPECIAL.sub(_escaped, known)


def _escaped(found: re.Match[str]) -> str:
    text = found[0]
    if text == " ":
        return r"\ "
    return f"{text}{{}}" if found["joined"] else _SIGNS[text]
