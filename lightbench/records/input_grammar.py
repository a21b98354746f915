"""How inputs are typed: ``3x224x224``, ``mask=128:bool``, ``{x: 3x32x32, scale: 0.5}``.

An input is a tensor, a value, ``[list]``, ``(tuple)`` or ``{key: input}``; at the top it may have a
name. Nothing is evaluated. What is read prints as it is typed.

    tensor   3x224x224   128:int64   7:int64<5 (ids below 5)   :int64 (one number for each of the batch)
             =64 (exactly this, without a batch)   35xBx8 (the batch in the middle)
    value    0.5   +7   true   "text"   null
    list     [3x32x32, 5]   [3x800x800, ...] (one for each of the batch, each without a batch)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from lightbench.errors import UsageError
from lightbench.records.inputs import (
    NUMBER,
    WORDS,
    Entries,
    Input,
    InputSpec,
    Items,
    Named,
    Plain,
    Value,
)

DEEPEST, LONGEST_NUMBER = 20, 100
NONE = "none"  # no input at all
HINT = "Write it without the batch, as channels x height x width: --input 3x224x224."
QUOTES = "A text is in quotes: 'mode=\"{}\"'."

_LEAF = re.compile(r"""[^\s,\[\](){}"'<>]+(?:\s*<\s*\w*)?""")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', re.DOTALL)
_NAME = re.compile(r"[^\W\d]\w*")
_ALIASES = {"none": "null", "inf": "+inf"}


def parse_inputs(texts: Iterable[str]) -> tuple[Input, ...]:
    """What is typed after each ``--input``, those without a name first; the word ``none`` alone is
    no input at all. Raises UsageError."""
    texts = list(texts)
    if [text.strip().lower() for text in texts] == [NONE]:
        return ()
    return tuple(sorted(map(parse_input, texts), key=lambda one: isinstance(one, Named)))


def parse_input(text: str) -> Input:
    """One input. Raises UsageError that points at the place."""
    name, equals, of = text.partition("=")
    if equals and (name := name.strip()).isidentifier() and of.strip():
        return Named(name=name, of=_Reader(text, text.index("=") + 1).whole())
    return _Reader(text).whole()


def split_commas(text: str) -> list[str]:
    """Parts of ``batch=8, input=[3x8x8, 4]``: at commas that are in no brackets and no quotes."""
    parts, depth = [""], 0
    for sign in re.findall(f"{_TEXT.pattern}|.", text, re.DOTALL):
        depth += (sign in "[({") - (sign in "])}")
        if sign == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


class _Reader:
    """Reads one text from left to right; ``at`` is where it is."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text, self.at, self.depth = text, at, 0

    def whole(self) -> Plain:
        form = self.form()
        if self.next():
            raise self.error("there is more than one input here")
        return form

    def next(self) -> str:
        """The next sign that is no space; "" at the end."""
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def taken(self, pattern: re.Pattern[str]) -> str:
        """What matches here, which is read; "" for nothing."""
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def take(self, sign: str) -> bool:
        found = self.next() == sign
        self.at += found
        return found

    def form(self) -> Plain:
        sign, start = self.next(), self.at
        if sign in ("[", "(", "{"):
            self.at += 1
            self.depth += 1
            if self.depth > DEEPEST:
                raise self.error(f"brackets are nested deeper than {DEEPEST}")
            form = self.entries() if sign == "{" else self.items("]" if sign == "[" else ")")
            self.depth -= 1
            return form
        if sign in ('"', "'"):
            return Value(literal=Value.literal_of(self.quoted()))
        if sign == "<":
            raise self.error("an object cannot be typed, only handed over in Python")
        leaf = self.taken(_LEAF)
        if word := self.word(leaf):
            return Value(literal=word)
        try:
            return InputSpec.parse(leaf)
        except UsageError as error:
            if _NAME.fullmatch(leaf):
                error.hint = f"{error.hint} {QUOTES.format(leaf)}"
            if self.text.strip() == leaf:
                raise
            self.at = start
            raise self.error(error.message.rstrip("."), error.hint) from error

    @staticmethod
    def word(leaf: str) -> str:
        """The literal of a number or a word that is a value; "" for anything else."""
        lower = leaf.lower()
        if (word := _ALIASES.get(lower, lower)) in WORDS:
            return word
        if len(leaf) < LONGEST_NUMBER and NUMBER.fullmatch(leaf) and not leaf.isdecimal():
            whole = leaf[0] in "+-" and leaf[1:].isdecimal()
            return Value.literal_of(int(leaf) if whole else float(leaf))
        return ""

    def items(self, close: str) -> Items:
        items: list[Plain] = []
        each = False
        while not self.take(close):
            if not self.next():
                raise self.error(f"{close} is missing")
            if self.text.startswith("...", self.at) and len(items) == 1:
                self.at += 3
                each = True
            else:
                items.append(self.form())
            if self.next() != close and (each or not self.take(",")):
                raise self.error(f"a comma or {close} is missing")
        return Items(items=tuple(items), kind="list" if close == "]" else "tuple", each=each)

    def entries(self) -> Entries:
        entries: list[Named] = []
        while not self.take("}"):
            quoted = self.next() in ('"', "'")
            key = self.quoted() if quoted else self.taken(_NAME)
            if not (key or quoted) or not self.take(":"):
                raise self.error("a dictionary is {key: input, ...}")
            entries.append(Named(name=key, of=self.form()))
            if self.next() != "}" and not self.take(","):
                raise self.error("a comma or } is missing")
        return Entries(entries=tuple(entries))

    def quoted(self) -> str:
        start, text = self.at, self.taken(_TEXT)
        try:
            read = json.loads(text, strict=False) if text[:1] == '"' else text[1:-1]
            Value.literal_of(read)
        except ValueError as error:
            self.at = start
            raise self.error("this text cannot be read") from error
        if not text:
            raise self.error("the text has no end")
        return str(read)

    def error(self, what: str, hint: str = "") -> UsageError:
        if not re.search(r"""[\[\](){}"'<]""", self.text):
            return UsageError(f"cannot read the input shape {self.text!r}.", hint or HINT)
        rest = self.text[self.at :].strip()
        place = f"at {rest[:40]!r}" if rest else "at its end"
        return UsageError(
            f"cannot read the input {self.text!r}, {place}: {what}.",
            hint or "See --input in README: [list], (tuple), {key: input}, 3x224x224, 0.5, true.",
        )
