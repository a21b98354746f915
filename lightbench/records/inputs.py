"""What a network is called with: tensors, values, and lists, tuples and dictionaries of them.

Each form is frozen and validated, is stored with a case, and its text is what is typed after
``--input`` (see `input_grammar`): ``3x224x224``, ``mask=128:bool``, ``[3x800x800, ...]``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Container, Iterable, Iterator
from typing import Any, Literal

from lightbench.errors import UsageError
from lightbench.records.noun import Noun
from lightbench.records.parse import parse_shape

# What an input of whole numbers may hold at most, and one more.
WHOLE = {
    "int64": 2**63,
    "int32": 2**31,
    "int16": 2**15,
    "int8": 2**7,
    "uint8": 2**8,
    "uint16": 2**16,
}
INPUT_DTYPES = (
    *("float32", "float64", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"),
    *WHOLE,
    *("bool", "complex64", "complex128"),
)
EXACT = "="  # before a shape without a batch
BATCH = "B"  # where the batch stands in a shape, if not before it


class Form(Noun, frozen=True, tag_field="form"):
    """Base of everything that a network may be called with."""


class InputSpec(Form, frozen=True, kw_only=True, tag="tensor"):
    """One tensor without its batch dimension: shape, and a dtype if it is not the case's own.

    ``batch_at`` is where the batch stands, 0 before all others; None for a tensor that has none.
    ``below`` bounds whole numbers: ids of 5 symbols are below 5.
    """

    shape: tuple[int, ...]
    dtype: str | None = None  # "int64" for token ids; None follows the case
    batch_at: int | None = 0
    below: int | None = None

    def __post_init__(self) -> None:
        if any(size < (self.batch_at is not None) for size in self.shape):
            raise UsageError(f"an input shape needs sizes above zero, got {self.shape}.")
        if self.batch_at is not None and not 0 <= self.batch_at <= len(self.shape):
            raise UsageError(f"an input of {self.shape} has no place {self.batch_at} for a batch.")
        if self.below is not None and not 0 < self.below <= WHOLE.get(self.dtype or "", 0):
            raise UsageError(
                f"{self.dtype or 'an input without a dtype'} cannot be below {self.below}.",
                "Whole numbers can: 7:int64<5.",
            )

    @classmethod
    def parse(cls, text: str) -> InputSpec:
        """Read ``3x224x224``, ``128:int64``, ``7:int64<5``, ``=64`` or ``35xBx8``. Raises UsageError."""
        rest, less, below = text.partition("<")
        sizes, colon, dtype = map(str.strip, rest.partition(":"))
        if dtype not in INPUT_DTYPES and (colon or not sizes):
            if not colon:
                parse_shape(sizes)  # says what is wrong
            raise UsageError(
                f"cannot read the input dtype {dtype!r}.", f"Known: {', '.join(INPUT_DTYPES)}."
            )
        if less and not re.fullmatch(r"\s*[0-9]{1,19}\s*", below):
            raise UsageError(f"cannot read the upper end {below!r}.", "Try 7:int64<5.")
        shape, batch_at = _sizes(sizes)
        return cls(
            shape=shape,
            dtype=dtype or None,
            batch_at=batch_at,
            below=int(below) if less else None,
        )

    def __str__(self) -> str:
        sizes = list(map(str, self.shape))
        if self.batch_at is not None and (self.batch_at or not sizes):
            sizes.insert(self.batch_at, BATCH)
        dtype = f":{self.dtype}" if self.dtype else ""
        below = "" if self.below is None else f"<{self.below}"
        return f"{EXACT if self.batch_at is None else ''}{'x'.join(sizes)}{dtype}{below}"


def _sizes(text: str) -> tuple[tuple[int, ...], int | None]:
    """``3x224x224`` and where the batch stands in it."""
    if text.startswith(EXACT):
        sizes = text.removeprefix(EXACT)
        return (_exact(sizes) if sizes else ()), None
    parts = re.split("[xX*]", text)
    if BATCH not in parts:
        return (parse_shape(text) if text else ()), 0
    place = parts.index(BATCH)
    del parts[place]
    return (parse_shape("x".join(parts)) if parts else ()), place


def _exact(text: str) -> tuple[int, ...]:
    """Sizes of a tensor without a batch, of which one may be zero."""
    sizes = re.split("[xX*]", text)
    parse_shape("x".join("1" if size == "0" else size for size in sizes))
    return tuple(map(int, sizes))


# Words that are values.
WORDS: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "nan": math.nan,
    "+inf": math.inf,
    "-inf": -math.inf,
}
# A number with a sign, a point or an exponent: without one it would be a shape.
NUMBER = re.compile(r"[+-][0-9]+(?![\w.])|[+-]?(?:[0-9]+\.[0-9]*|\.?[0-9]+)(?:[eE][+-]?[0-9]+)?")


class Value(Form, frozen=True, kw_only=True, tag="value"):
    """A number, truth value, text or None, by the literal that is typed for it: ``+7``, ``0.5``,
    ``true``, ``"nearest"``, ``null``."""

    literal: str

    def __post_init__(self) -> None:
        if Value.literal_of(self.value) != self.literal:
            raise ValueError(f"{self.literal!r} is not how a value is written")

    @staticmethod
    def literal_of(value: Any) -> str:
        """How a value is written. Raises ValueError for one that is no number, text or None."""
        for word, known in WORDS.items():
            if value is known or (type(value) is float and repr(value) == repr(known)):
                return word
        if type(value) is int:
            return f"{value:+d}"
        if type(value) is float:
            return repr(value)
        if type(value) is str and value == value.encode(errors="replace").decode():
            return json.dumps(value, ensure_ascii=False)
        raise ValueError(f"{type(value).__name__} is no value")

    @property
    def value(self) -> Any:
        """The value itself. Raises ValueError for a literal that is none."""
        if self.literal in WORDS:
            return WORDS[self.literal]
        if self.literal.startswith('"'):
            return json.loads(self.literal, strict=False)
        signed = self.literal[1:].isdecimal() and self.literal[:1] in ("+", "-")
        return int(self.literal) if signed else float(self.literal)

    def __str__(self) -> str:
        return self.literal


class Items(Form, frozen=True, kw_only=True, tag="items"):
    """A list or a tuple. With ``each`` it has one item only, and the network gets one like it for
    each of the batch, without a batch dimension: a list of images."""

    items: tuple[Plain, ...]
    kind: Literal["list", "tuple"] = "list"
    each: bool = False

    def __post_init__(self) -> None:
        if self.each and len(self.items) != 1:
            raise UsageError("what is repeated for each of the batch is one: [3x64x64, ...].")

    def __str__(self) -> str:
        texts = [*map(str, self.items), *(["..."] if self.each else [])]
        if self.kind == "list":
            return f"[{', '.join(texts)}]"
        return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"


class Named(Form, frozen=True, kw_only=True, tag="named"):
    """An input with a name: a keyword of ``forward``, or what a dictionary has under a key."""

    name: str
    of: Plain

    def __str__(self) -> str:
        return f"{self.name}={self.of}"


class Entries(Form, frozen=True, kw_only=True, tag="entries"):
    """A dictionary."""

    entries: tuple[Named, ...]

    def __post_init__(self) -> None:
        _check_names(self.entries, "a dictionary has the key")

    def __str__(self) -> str:
        return f"{{{', '.join(f'{_key(e.name)}: {e.of}' for e in self.entries)}}}"


class Other(Form, frozen=True, kw_only=True, tag="other"):
    """An object that only Python can hand over: what it is called, and what it holds as far as that
    can be seen."""

    type: str
    holds: tuple[Plain, ...] = ()

    def __str__(self) -> str:
        held = f"({', '.join(map(str, self.holds))})" if self.holds else ""
        return f"<{self.type}{held}>"


Plain = InputSpec | Value | Items | Entries | Other
Input = Plain | Named


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name, ensure_ascii=False)


def _check_names(named: Iterable[Named], what: str) -> None:
    names = [one.name for one in named]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{what} {twice!r} twice.")


def without(inputs: Iterable[Input], names: Container[str]) -> tuple[Input, ...]:
    """The inputs but for those that have one of these names."""
    return tuple(one for one in inputs if not (isinstance(one, Named) and one.name in names))


def inside(form: Input) -> Iterator[Input]:
    """The form, and all that it consists of."""
    yield form
    parts: tuple[Input, ...] = ()
    match form:
        case Items():
            parts = form.items
        case Entries():
            parts = form.entries
        case Named():
            parts = (form.of,)
        case Other():
            parts = form.holds
        case _:
            pass
    for part in parts:
        yield from inside(part)


def batched(inputs: Iterable[Input]) -> bool:
    """Does a batch make any of them larger?"""
    return any(
        (isinstance(part, InputSpec) and part.batch_at is not None)
        or (isinstance(part, Items) and part.each)
        or isinstance(part, Other)  # of which not all can be seen
        for one in inputs
        for part in inside(one)
    )


def check_inputs(inputs: tuple[Input, ...], batch: int) -> None:
    """Raises UsageError for what no network can be called with."""
    named = [isinstance(one, Named) for one in inputs]
    if named != sorted(named):
        raise UsageError("inputs with a name come after those without.")
    _check_names((one for one in inputs if isinstance(one, Named)), "the inputs have the name")
    if batch > 1 and not batched(inputs):
        raise UsageError(
            f"a batch of {batch} does not apply: no input has a batch dimension.",
            "Leave the batch out, or give an input without =: --input 64.",
        )


def inputs_text(inputs: Iterable[Input]) -> str:
    """All inputs on one line: ``3x224x224, mask=128:bool``; ``none`` where there is none."""
    return ", ".join(map(str, inputs)) or "none"


__all__ = [
    "INPUT_DTYPES",
    "Entries",
    "Input",
    "InputSpec",
    "Items",
    "Named",
    "Other",
    "Plain",
    "Value",
    "batched",
    "check_inputs",
    "inputs_text",
    "without",
]
