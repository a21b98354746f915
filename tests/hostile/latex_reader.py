"""As much of TeX as a booktabs table needs; whatever else is in it is an error.

After The TeXbook, chapters 7 and 8: how a line becomes tokens, and which characters act. What a font
would join (``--``) comes out joined, spaces that TeX drops are dropped.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\^\^.|.", re.DOTALL)
ESCAPED = {f"\\{sign}": sign for sign in "&%$#_{}"} | {"\\ ": "\N{NO-BREAK SPACE}"}
WORDS = {
    "\\textbackslash": "\\", "\\textasciitilde": "~", "\\textasciicircum": "^", "\\textbar": "|",
    "\\textless": "<", "\\textgreater": ">", "\\textasciigrave": "`",
}  # fmt: skip
JOINED = {"--": "\u2013", "''": "\u201d", "``": "\u201c", ",,": "\u201e", "<<": "\xab", ">>": "\xbb",
          "?`": "\xbf", "!`": "\xa1"}  # fmt: skip
ACTIVE = {*'$#_^~"&%'}
TABLE = re.compile(
    r"\\begin\{table\}\n\\centering\n\\caption\{(?P<title>.*)\}\n\\label\{tab:(?P<label>[a-z0-9-]+)\}\n"
    r"\\begin\{tabular\}\{(?P<columns>(?:[lr]|S\[table-format=[-+]?\d+(?:\.\d+)?\])*)\}\n\\toprule\n(?P<head>.*) \\\\\n\\midrule\n"
    r"(?P<body>(?:.* \\\\\n)*)\\bottomrule\n\\end\{tabular\}\n"
    r"\\end\{table\}\n"
)


class Read(NamedTuple):
    title: str
    label: str
    columns: list[str]
    head: list[str]
    rows: list[list[str]]


def read(document):
    """The tables of a document, which has nothing else in it but a comment on its first line."""
    comment, *lines = document.split("\n")
    assert comment.startswith("% ")
    rest, tables = "\n".join(lines), []
    while rest.strip("\n"):
        found = TABLE.match(rest.lstrip("\n"))
        assert found, rest[:500]
        tables.append(_table(found))
        rest = rest.lstrip("\n")[found.end() :]
    return tables


def _table(found):
    body = found["body"].split(" \\\\\n")[:-1]
    begins = [row.lstrip()[:1] for row in body]
    assert not {"[", "*"} & {*begins}, "the argument of a line break"
    return Read(
        said(found["title"]),
        found["label"],
        (columns := re.findall(r"[lrS](?:\[.*?\])?", found["columns"])),
        _cells(found["head"], columns),
        [_cells(row, columns) for row in body],
    )


def _cells(row, columns):
    """In a column of numbers stands a number as siunitx reads it, or text in braces."""
    cells = re.split(r"(?<!\\)&", row)
    for cell, column in zip(cells, columns, strict=True):
        bare = cell.strip(" ")
        if column[0] == "S" and not re.fullmatch(r"[-+]?\d+(\.\d+)?", bare):
            assert (bare[0], bare[-1]) == ("{", "}"), "siunitx would read it as a number"
    return [said(cell) for cell in cells]


def said(source):
    """What a reader of the paper sees. A sign that acts, or a command that is not one of a
    character's, is an AssertionError."""
    assert "\n" not in source
    source = source.replace(r"$\pm$", "\N{PLUS-MINUS SIGN}")
    shown, depth, tokens = "", 0, TOKEN.findall(source)
    while tokens:
        token = tokens.pop(0)
        if token in WORDS or token == "\\symbol":
            assert tokens.pop(0) == "{", f"{token} takes the space after it"
            code = ""
            while (part := tokens.pop(0)) != "}":
                code += part
            assert bool(code) == (token == "\\symbol")
            shown += f"\0{chr(int(code)) if code else WORDS[token]}\0"
        elif token in "{}":
            depth += 1 if token == "{" else -1
            assert depth >= 0
            shown += "\0"  # joins nothing
        else:
            assert token in ESCAPED or len(token) == 1, f"a command: {token}"
            assert token not in ACTIVE, f"it acts: {token}"
            shown += ESCAPED.get(token, token)
            while token == "\\ " and tokens and tokens[0] == " ":
                tokens.pop(0)
    assert depth == 0
    for pair, sign in JOINED.items():
        shown = shown.replace(pair, sign)
    return re.sub(" +", " ", shown.replace("\0", "")).strip(" ").replace("\N{NO-BREAK SPACE}", " ")
