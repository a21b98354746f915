"""What an Ascend NPU says of itself, through the driver's ``npu-smi``.

Its output differs between chips and versions, and may be cut or in another language: what is not
found is not known, and nothing raises. A reading starts two programs or three and takes tenths of a
second; under the profiler the cores seem idle (npu-smi's manual).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial, reduce
from typing import NamedTuple

from lightbench.devices.support.health import Health, Read

TIME_LIMIT_S = 10.0  # npu-smi asks every chip of a machine in turn
MEBI = 1 << 20  # what npu-smi calls MB: a 64 GiB chip has 65,536

Run = Callable[[Sequence[str]], str]  # arguments -> what it prints
# What an output says of a chip: fields of `Health`, without the unknown ones.
Told = dict[str, float]

KINDS = ("common", "usages", "power")  # what ``npu-smi info -t`` is asked for

# label -> field, scale. "Rated Power Dissipation(W)" (310) is on the nameplate, no measurement.
LABELS = {
    "Aicore curFreq(MHZ)": ("clock_mhz", 1.0),
    "Aicore Freq(MHZ)": ("max_clock_mhz", 1.0),
    "Temperature(C)": ("temperature_c", 1.0),
    "NPU Real-time Power(W)": ("power_w", 1.0),
    "Power Dissipation(W)": ("power_w", 1.0),
    "Aicore Usage Rate(%)": ("utilization", 0.01),
    "Aivector Usage Rate(%)": ("utilization", 0.01),
    "Vectorcore Usage Rate(%)": ("utilization", 0.01),
    "NPU Utilization(%)": ("utilization", 0.01),
}
# Capacity and how much of it is used, in whole percent: the first that the chip has.
MEMORY = (
    ("HBM Capacity(MB)", "HBM Usage Rate(%)"),
    ("DDR Capacity(MB)", "DDR Usage Rate(%)"),
)


class Chip(NamedTuple):
    """One chip, as ``-i`` and the output count them."""

    npu: int
    chip: int


def both(first: Told, second: Told) -> Told:
    """What two outputs know together: the first where they differ, but the larger utilization, for
    each kind of core has its own."""
    rates = [told["utilization"] for told in (first, second) if "utilization" in told]
    return {**second, **first, **({"utilization": max(rates)} if rates else {})}


def number(text: str) -> float | None:
    """A figure; None for "-", "NA" and what else is none."""
    match = re.fullmatch(r"\d{1,12}(\.\d+)?", text.strip())
    return float(match[0]) if match else None


def mapping(text: str) -> dict[int, Chip]:
    """``npu-smi info -m``: the number that the runtime gives a device -> its chip. The chip that
    manages a card has no such number ("-"). Empty where the columns are others."""
    if "Chip Logic ID" not in text:
        return {}
    rows = re.findall(r"^\s*(\d+)\s+(\d+)\s+(\d+)\s", text, re.MULTILINE)
    return {int(logic): Chip(int(npu), int(chip)) for npu, chip, logic in rows}


def device(index: int, environ: Mapping[str, str]) -> int | None:
    """The runtime's own number of PyTorch's ``npu:index``, which counts the visible ones."""
    visible = environ.get("ASCEND_RT_VISIBLE_DEVICES")
    if visible is None:
        return index
    names = [name.strip() for name in visible.split(",")]
    return int(names[index]) if index < len(names) and names[index].isdecimal() else None


def version(text: str) -> str | None:
    """The driver's version, from the head of ``npu-smi info``."""
    match = re.search(r"npu-smi\s+\S+\s+Version:\s*([\w.+-]+)", text)
    return match[1] if match else None


def _blocks(text: str) -> list[dict[str, str]]:
    """``label : value`` lines up to an empty one belong together. Of a label twice the first counts:
    a card's own controller comes last."""
    blocks: list[dict[str, str]] = [{}]
    for line in text.splitlines():
        label, colon, value = line.partition(":")
        if colon:
            blocks[-1].setdefault(label.strip(), value.strip())
        elif not line.strip():
            blocks.append({})
    return blocks


def labelled(text: str, chip: int) -> Told:
    """``npu-smi info -t common``, ``-t usages`` or ``-t power`` with ``-i``: one chip of the card.

    The chip's number stands above its values (common) or below (usages, power), and is missing where
    the format has but one. Power is measured for the card: that of a card with several chips, be it
    on the first of them (910C) or on the controller (310P), is none of theirs.
    """
    blocks = _blocks(text)
    counts = {block["Chip Count"] for block in blocks if "Chip Count" in block}
    named = any("Chip ID" in block for block in blocks)
    only = counts <= {"1"} and (bool(counts) or not named)
    own = [block for block in blocks if block.get("Chip ID") == str(chip)]
    if only and not named:
        own = [block for block in blocks if "Chip Name" not in block]
    told: Told = {}
    for block in own:
        told = both(told, _values(block))
    if not only:
        return {field: value for field, value in told.items() if field != "power_w"}
    for block in blocks:
        told = both(told, {k: v for k, v in _values(block).items() if k == "power_w"})
    return told


def _values(block: Mapping[str, str]) -> Told:
    told: Told = {}
    for label, (field, scale) in LABELS.items():
        value = number(block.get(label, ""))
        if field == "utilization" and value is not None:
            # The manufacturer adds up two kinds of core on some chips.
            told = both(told, {field: min(value * scale, 1.0)})
        elif value:  # no chip that answers has no clock, no heat and no power
            told.setdefault(field, value * scale)
    for capacity, rate in MEMORY:
        size, used = number(block.get(capacity, "")), number(block.get(rate, ""))
        if size and used is not None:
            told.setdefault("memory_used_bytes", round(size * used / 100) * MEBI)
    return told


def table(text: str) -> dict[Chip, Told]:
    """``npu-smi info``: a row of the card and one of the chip. Of the pairs "used / all" the last is
    the memory that networks use: HBM where there is some."""
    found: dict[Chip, Told] = {}
    card, said = None, ""
    for name, where, values in _rows(text):
        numbers = name.split()
        if ":" not in where and where != "NA" and numbers[0].isdecimal():  # a state, no place
            card, said = int(numbers[0]), values
        elif card is not None and numbers[0].isdecimal():
            found[Chip(card, int(numbers[0]))] = _of_rows(said.split(), values)
    cards = [chip.npu for chip in found]
    for chip, told in found.items():
        if cards.count(chip.npu) > 1:
            told.pop("power_w", None)
    return found


def _of_rows(card: Sequence[str], values: str) -> Told:
    chip = values.replace("/", " / ").split()
    used = [chip[n - 1] for n, word in enumerate(chip) if word == "/" and n]
    told: Told = {}
    for field, value in zip(("power_w", "temperature_c"), map(number, card), strict=False):
        if value:
            told[field] = value
    if chip[1:2] != ["/"] and (rate := number(chip[0])) is not None:
        told["utilization"] = min(rate / 100, 1.0)
    if used and (memory := number(used[-1])) is not None:
        told["memory_used_bytes"] = round(memory) * MEBI
    return told


def _rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and all(cells):  # a second table, of programs, has four
            yield cells


def _run(program: str, environ: Mapping[str, str], arguments: Sequence[str]) -> str:
    done = subprocess.run(  # noqa: S603  fixed arguments, no shell
        [program, *arguments],
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=TIME_LIMIT_S,
        env={**environ, "LC_ALL": "C"},
    )
    return done.stdout.decode(errors="replace")  # some versions write gb2312


def _found(run: Run | None, environ: Mapping[str, str] | None) -> Run | None:
    """What asks npu-smi and says nothing where that fails; None where there is no npu-smi."""
    if run is None:
        environ = os.environ if environ is None else environ
        program = shutil.which("npu-smi", path=environ.get("PATH", ""))
        if program is None:
            return None
        run = partial(_run, program, environ)
    asked = run

    def said(arguments: Sequence[str]) -> str:
        with suppress(OSError, subprocess.SubprocessError):
            return asked(arguments)
        return ""

    return said


def driver_version(run: Run | None = None, environ: Mapping[str, str] | None = None) -> str | None:
    """Version of the driver: "24.1.rc1"; None without npu-smi."""
    said = _found(run, environ)
    return version(said(("info",))) if said else None


def reader(
    index: int,
    run: Run | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Read | None:
    """What reads PyTorch's ``npu:index``; None where there is no npu-smi on PATH, or where it does
    not say which chip that is: readings of another chip are worse than none."""
    said = _found(run, environ)
    if said is None:
        return None
    number_of = device(index, os.environ if environ is None else environ)
    chip = None if number_of is None else mapping(said(("info", "-m"))).get(number_of)
    if chip is None:
        return None

    def ask(kind: str) -> Told:
        return labelled(said(("info", "-t", kind, "-i", str(chip.npu))), chip.chip)

    # Chips differ in what they answer: later only those that have added something are asked.
    kinds: list[str] = []
    known: Told = {}
    for kind in KINDS:
        more = ask(kind)
        if more.keys() - known.keys():
            kinds.append(kind)
        known = both(known, more)

    def read() -> Health:
        at_s = clock()
        told = reduce(both, map(ask, kinds)) if kinds else table(said(("info",))).get(chip, {})
        memory = told.get("memory_used_bytes")
        return Health(
            at_s=at_s,
            clock_mhz=told.get("clock_mhz"),
            max_clock_mhz=told.get("max_clock_mhz"),
            temperature_c=told.get("temperature_c"),
            power_w=told.get("power_w"),
            utilization=told.get("utilization"),
            memory_used_bytes=None if memory is None else int(memory),
        )

    return read
