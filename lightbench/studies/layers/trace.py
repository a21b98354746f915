"""One typical call as a trace that https://ui.perfetto.dev and chrome://tracing open.

The format is Google's Trace Event Format. Slices have to lie within each other: Perfetto drops one
that ends a nanosecond after the slice around it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lightbench import units
from lightbench.records import Op, Record
from lightbench.records.facets import shared
from lightbench.records.findings import PartTime
from lightbench.studies.layers.shares import costs_and_times
from lightbench.studies.layers.table import whole_call, with_interval
from lightbench.units import visible

NETWORK = "(network)"
ABOUT = (
    "One typical call, not a recorded one: operators one after another, each as long as its median;"
    " a module is as long as its operators."
)


@dataclass
class _Slice:
    """A stretch of the call, in nanoseconds; ``call`` is which call of a module, if it is known."""

    name: str
    start_ns: int
    args: dict[str, Any]
    length_ns: int = 0
    call: int | None = None


def trace_text(record: Record) -> str:
    """The file. Raises ValueError for a record without times of operators."""
    return json.dumps(chrome_trace(record), allow_nan=False) + "\n"


def chrome_trace(record: Record) -> dict[str, Any]:
    """Operators one after another with their median times, within slices of their modules; views at
    the end. Raises ValueError for a record without times of operators."""
    costs, layers = costs_and_times(record)
    slices = _slices(zip(costs.ops, layers.operators, strict=True))
    if layers.views.time_s.median:
        end_ns = slices[0].length_ns if slices else 0  # the first is the network
        args, length_ns = _known(layers.views), _nanoseconds(layers.views)
        slices.append(_Slice(layers.views.name, end_ns, args, length_ns))
    model, case = record.case.model, ", ".join(shared([record]))
    return {
        "traceEvents": [
            _name("process_name", model),
            _name("thread_name", case),
            *map(_event, slices),
        ],
        "displayTimeUnit": "ms",
        "otherData": {
            "about": ABOUT,
            "model": visible(model),
            "case": visible(case),
            "time": record.time,
            "record": record.id,
            "rounds": layers.rounds,
            "whole call": with_interval(whole_call(record), units.seconds),
            "sum of operators / whole call": with_interval(layers.over_whole, units.percent),
        },
    }


def _slices(operators: Iterable[tuple[Op, PartTime]]) -> list[_Slice]:
    """Modules and operators, each behind the one around it."""
    slices: list[_Slice] = []
    around: list[_Slice] = []
    now_ns = 0
    for op, timed in operators:
        path = [NETWORK, *op.path.split(".")] if op.path else [NETWORK]
        del around[_still_open(around, path, op.call) :]
        for depth in range(len(around), len(path)):
            inside = ".".join(path[1 : depth + 1]) or NETWORK
            around.append(_Slice(path[depth], now_ns, {"path": visible(inside)}))
            slices.append(around[-1])
        around[-1].call = op.call
        slices.append(_Slice(op.op, now_ns, _about(op) | _known(timed)))
        length_ns = _nanoseconds(timed)
        for one in (*around, slices[-1]):
            one.length_ns += length_ns
        now_ns += length_ns
    return slices


def _still_open(around: Sequence[_Slice], path: Sequence[str], call: int) -> int:
    """How many slices the next operator shares with the last one. Which call it is, is known of the
    innermost module only."""
    same = 0
    for one, name in zip(around, path, strict=False):
        if one.name != name:
            return same
        same += 1
    called_again = same == len(path) and around[same - 1].call not in (None, call)
    return same - 1 if called_again else same


def _about(op: Op) -> dict[str, Any]:
    return {
        "kind": op.kind,
        "op": visible(op.op),
        "MAdds": op.madds,
        "bytes": op.mem_bytes,
        "output": units.shape(op.output),
    }


def _known(timed: PartTime) -> dict[str, str]:
    return {
        "time": with_interval(timed.time_s, units.seconds),
        "share": with_interval(timed.share, units.percent),
    }


def _nanoseconds(timed: PartTime) -> int:
    """At least one: a slice without length at the end of a module would fall out of it."""
    return max(round(timed.time_s.median * 1e9), 1)


def _event(one: _Slice) -> dict[str, Any]:
    length = {"ts": _microseconds(one.start_ns), "dur": _microseconds(one.length_ns)}
    return {"ph": "X", "name": visible(one.name), **length, "pid": 1, "tid": 1, "args": one.args}


def _name(what: str, text: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": 1, "tid": 1, "args": {"name": visible(text)}}


def _microseconds(ns: int) -> float:
    """The unit of the format, as a number of which a reader that multiplies by 1,000 and cuts off
    makes the same nanoseconds."""
    us = ns / 1000
    return us if int(us * 1000) == ns else math.nextafter(us, math.inf)
