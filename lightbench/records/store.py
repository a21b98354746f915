"""Records on disk: JSON lines, only ever appended to, read by pandas and duckdb as they are.

A line is ``{"id":"<16 hex digits>",`` and then the record, where the id is the hash of the record's
own text. Any number of processes may append to one file on one machine (not on a network file
system); a writer that is killed loses the record that it was writing and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import msgspec

from lightbench.errors import LightbenchError, StoreError
from lightbench.records import SCHEMA, Record

T = TypeVar("T")

BY_HAND = "Was the file edited by hand?"

BESIDE = (
    "id",
    "roofline",
)  # what a line may have that is no part of the record: `profile -o x.jsonl` adds it

MAX_LINE = 32 << 20  # bytes; a record of 1,000 operators and 100,000 samples has about 3 MB


def _run_of(record: dict[str, Any]) -> dict[str, str] | None:
    """Before schema 5 the records of one run told by when it began, and those of a sweep by its own
    mark, which ones they are."""
    began = (record.get("sweep") or {}).get("run") or record["environment"]["noted"].get("time")
    return {"id": began} if isinstance(began, str) else None


# Before schema 7 each study had a field of its own -> what its noun is called, and the field in it if it was bare.
OWN_FIELDS = {
    "sweep": ("sweep", None),
    "layers": ("layers", None),
    "findings": ("lint", "findings"),
    "opinions": ("crosscheck", "opinions"),
    "check": ("check", None),
}


def _with_found(record: dict[str, Any]) -> dict[str, Any]:
    lifted = {key: value for key, value in record.items() if key not in OWN_FIELDS}
    for field, (study, bare) in OWN_FIELDS.items():
        value = record.get(field)
        if value is not None and "found" in lifted:
            raise ValueError("it is of two studies")
        if value is not None:
            lifted["found"] = {**({bare: value} if bare else value), "study": study}
    return lifted


def _with_layers_and_advice(record: dict[str, Any]) -> dict[str, Any]:
    """Before schema 12 a finding of lint had a ``path`` and a ``remedy``."""
    found = record.get("found") or {}
    if found.get("study") != "lint":
        return record
    new = {"path": "layer", "remedy": "advice"}
    findings = [{new.get(k, k): v for k, v in one.items()} for one in found["findings"]]
    return {**record, "found": {**found, "findings": findings}}


FORMS = 6  # since which schema inputs say their form


def with_forms(case: dict[str, Any]) -> dict[str, Any]:
    """A case of before `FORMS`, when all inputs were tensors with a batch in front."""
    return {**case, "inputs": [{"form": "tensor", **one} for one in case["inputs"]]}


# A schema -> the change that lifts a stored record (without its id) to the next one.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: lambda record: {**record, "schema": 2, "sweep": None},
    2: lambda record: {**record, "schema": 3},  # what is new has a default that was true
    3: lambda record: {**record, "schema": 4},
    4: lambda record: {"run": _run_of(record), **record, "schema": 5},
    5: lambda record: {**record, "case": with_forms(record["case"]), "schema": 6},
    6: lambda record: {**_with_found(record), "schema": 7},
    7: lambda record: {**record, "schema": 8},
    8: lambda record: {**record, "schema": 9},
    9: lambda record: {**record, "schema": 10},
    10: lambda record: {**record, "schema": 11},
    11: lambda record: {**_with_layers_and_advice(record), "schema": 12},
}

_LINE = re.compile(rb'\{"id":"([0-9a-f]{16})",')
_CUT = re.compile(
    rb'\{"?|\{"id?"?|\{"id":"?|\{"id":"[0-9a-f]{0,16}"?'
)  # by a writer that was killed


class _CutShortError(ValueError):
    """A line that ends before its record does: its writer was killed, or the disk was full."""


def append(path: str | Path, records: Iterable[Record]) -> None:
    """Add records at the end of ``path``, one write each; missing folders are made.

    A record is in the file when this returns or asks for the next one, so that a generator of
    measurements keeps what it has produced. Raises StoreError, naming the path, also for a file that
    holds something else.
    """
    path = Path(path)
    refuse_pipe(path)
    check_records(path)
    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    for record in records:
        with _naming(path), path.open("ab+", buffering=0) as file:
            line = _mend(file) + _line(record)
            if len(line) > MAX_LINE:
                raise StoreError(f"{path}: a record of {len(line):,} bytes is too long to store.")
            if file.write(line) < len(line):
                raise StoreError(f"{path}: the disk is full.", "Free some space, then run again.")


def check_records(path: str | Path) -> None:
    """Raises StoreError for a file that holds something else than records, as its beginning shows. One
    that is empty or not there may become a store; a pipe is not looked at."""
    if not Path(path).is_file():
        return
    for _, line in _lines(path):
        if _LINE.match(line) or _is_object(line):
            return
        if not _CUT.fullmatch(line):
            break
    else:
        return
    raise StoreError(
        f"{path}: records are kept in a file of their own, and this one holds something else.",
        "Name another file.",
    )


def _is_object(line: bytes) -> bool:
    """Whether a line that does not begin as we write it is one nevertheless, as other tools write it."""
    with suppress(ValueError, RecursionError):
        return {"schema", "case"} <= msgspec.json.decode(line, type=dict[str, msgspec.Raw]).keys()
    return False


def refuse_pipe(path: str | Path) -> None:
    """A store is read again before it is added to. Raises StoreError for a pipe or a terminal, which
    would wait for ever, and for a device, which keeps nothing."""
    path = Path(path)
    with _naming(path):
        if path.exists() and not path.is_file() and not path.is_dir():
            raise StoreError(
                f"{path} cannot be a store: it is a pipe or a device, and keeps nothing.",
                "Name a file: --store runs.jsonl.",
            )


def read(path: str | Path) -> list[Record]:
    """All records of ``path``, oldest first, in today's schema; ``-`` reads standard input.

    A record that was cut short is skipped with a warning; any other line that is not a record
    raises StoreError, naming file and line.
    """
    return list(_each(path, _record))


def scan(path: str | Path, parse: Callable[[bytes], T]) -> Iterator[T]:
    """What ``parse`` makes of each record's line, oldest first: for a little of very many records,
    since it need not look at the rest of them.

    ``parse`` raises ValueError for what it cannot read, and a schema that is none of 1 to SCHEMA is
    such a thing: the line is then read as `read` does, and is skipped or raises in its words. A field
    that an older schema lacks must have a default in it. Keys that are there twice are not looked for,
    which would cost half as much again: `verify` finds them.
    """

    def parsed(line: bytes) -> T:
        try:
            return parse(line)
        except (ValueError, TypeError, RecursionError, LightbenchError) as error:
            _record(line)
            raise StoreError(f"not a record: {error}", BY_HAND) from error

    return _each(path, parsed)


class Verified(NamedTuple):
    """What is right in a store: how many records, and a sentence, naming file and line, for each line
    that is not."""

    records: int
    problems: tuple[str, ...]


def verify(path: str | Path) -> list[str]:
    """One sentence, naming file and line, for each line whose content does not match its id, or is no
    record. The match is that of the text, so it also holds for records of older schemas. Raises
    StoreError if the file cannot be read.
    """
    return list(verified(path).problems)


def verified(path: str | Path) -> Verified:
    """The same, with the number of lines that are right."""
    found = [_problem(where, line) for where, line in _lines(path)]
    problems = tuple(problem for problem in found if problem)
    return Verified(len(found) - len(problems), problems)


def _problem(where: str, line: bytes) -> str | None:
    start = _LINE.match(line)
    if start is None:
        return f"{where}: the line does not begin with an id."
    if _hash(b"{" + line[start.end() :]) != start[1].decode():
        return f"{where}: the content does not match the id {start[1].decode()}."
    try:
        _record(line)
    except (StoreError, _CutShortError) as error:
        return f"{where}: {getattr(error, 'message', 'the record was cut short.')}"
    return None


def _each(path: str | Path, parse: Callable[[bytes], T]) -> Iterator[T]:
    for where, line in _lines(path):
        try:
            yield parse(line)
        except _CutShortError:
            warnings.warn(f"{where}: skipped a record that was cut short.", stacklevel=3)
        except StoreError as error:
            raise StoreError(f"{where}: {error.message}", error.hint) from error


def _line(record: Record) -> bytes:
    content = msgspec.json.encode(record, order="deterministic")
    return b'{"id":"%s",%s\n' % (_hash(content).encode(), content[1:])


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]  # the same as Record.id


def _mend(file: IO[bytes]) -> bytes:
    """What must come before the next record: a line end, if the last writer did not get to its own."""
    if file.seek(0, 2) == 0:
        return b""
    file.seek(-1, 2)
    return b"" if file.read(1) == b"\n" else b"\n"


def _lines(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Every line that is not blank, and where it stands: ``results.jsonl:3``."""
    piped = str(path) == "-"
    name = "standard input" if piped else str(path)
    with _naming(name), nullcontext(sys.stdin.buffer) if piped else Path(path).open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise StoreError(f"{name}:{number}: the line is too long to be a record.")
            if line := line.strip():
                yield f"{name}:{number}", line


def _record(line: bytes) -> Record:
    """Read one line. Raises _CutShortError or StoreError (which does not know the file)."""
    try:
        stored = msgspec.json.decode(line)
        if msgspec.json.encode(stored) != line and (key := _twice(line)):
            raise StoreError(f"not a record: it has the key {key!r} twice.", BY_HAND)
    except (ValueError, RecursionError) as error:
        # a number that is cut short is reported as an invalid one, at the byte after the last
        if "truncated" in str(error) or f"(byte {len(line)})" in str(error):
            raise _CutShortError from error
        raise StoreError(f"not a record: {error}.", "Was the file edited or converted?") from error
    try:
        return msgspec.convert(_migrated(stored), Record)
    except StoreError:
        raise
    except (ValueError, TypeError, LookupError, LightbenchError) as error:
        raise StoreError(f"not a record: {error}", BY_HAND) from error


def _twice(line: bytes) -> str | None:
    """A key that one object of the line has twice, at any depth. Python's own parser, which is slow,
    is the one that tells."""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        keys = [key for key, _ in pairs]
        found.extend(key for key, n in Counter(keys).items() if n > 1)

    json.loads(line, object_pairs_hook=look)
    return found[0] if found else None


def _migrated(stored: object) -> dict[str, Any]:
    """The content of a line, without its id, in today's schema."""
    schema = stored.get("schema") if isinstance(stored, dict) else None
    if not isinstance(stored, dict) or isinstance(schema, bool) or not isinstance(schema, int):
        raise StoreError("not a record: it has no schema number.")
    if schema > SCHEMA:
        raise StoreError(
            f"written by a newer lightbench (schema {schema}; this one reads up to {SCHEMA}).",
            "Update lightbench from its repository: that name on a package index is another project's.",
        )
    content = {key: value for key, value in stored.items() if key not in BESIDE}
    for version in range(schema, SCHEMA):
        if version not in MIGRATIONS:
            raise StoreError(f"not a record: there never was a schema {version}.")
        content = MIGRATIONS[version](content)
    return content


@contextmanager
def _naming(path: str | Path) -> Iterator[None]:
    """Turn what the operating system says, or a text that is not Unicode, into a StoreError that
    names the path."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: {getattr(error, 'strerror', None) or error}.") from error
