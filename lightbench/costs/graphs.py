"""The graph of a model file -> Costs: the same rows and the same accounts as of a network that is code.

A node reads its inputs and writes its outputs, each run by itself, which stands where eager's account of a module
stands; views and what is computed of constants alone have no row. Of a table (``Gather``) only the rows that come out
are read.
"""

from __future__ import annotations

import math
from collections import Counter

from lightbench.costs import work as rules
from lightbench.costs.borrow import Where
from lightbench.costs.count import costs_of
from lightbench.costs.trace import Row
from lightbench.errors import ModelError
from lightbench.graphs import Graph, Node, Value
from lightbench.records import Costs

PICKS = ("Gather", "GATHER")  # rows of a table


def graph_costs(graph: Graph) -> Costs:
    """Raises ModelError for sizes that cannot be."""
    rows: list[Row] = []
    uncounted: Counter[str] = Counter()
    producer: dict[str, int] = {}  # value -> the row that wrote it
    for node in graph.nodes:
        if node.view and node.inputs:
            source = producer.get(node.inputs[0].name, -1)
            producer |= dict.fromkeys((value.name for value in node.outputs), source)
            continue
        if node.work is None:
            known = all(value.shape is not None for value in (*node.inputs, *node.outputs))
            uncounted[node.op if known else f"{node.op} of an unknown shape"] += 1
        row = _row(node)
        for value in node.inputs:
            _read(row, node, value, producer, rows)
        producer |= dict.fromkeys((value.name for value in node.outputs), len(rows))
        rows.append(row)
    for name in graph.outputs:
        if (last := producer.get(name, -1)) >= 0:
            rows[last].consumers += 1
    try:
        return costs_of(
            rows,
            params=None,
            param_bytes=graph.stored_bytes,
            stored_params=graph.stored_params,
            uncounted=dict(uncounted),
        )
    except ValueError as error:
        raise ModelError(f"its sizes cannot be: {error}.") from error


def _row(node: Node) -> Row:
    does = node.work
    work = rules.Work("other")
    if does is not None:
        work = rules.Work(
            does.kind, does.madds, does.weight, does.bias, stride=does.stride, groups=does.groups
        )
    row = Row(Where(node.path, 0, node.module or node.op), node.op, work)
    row.output = (node.outputs[0].shape or ()) if node.outputs else ()
    row.writes = sum(map(_elements, node.outputs))
    row.write_bytes = sum(map(_bytes, node.outputs))
    return row


def _read(row: Row, node: Node, value: Value, producer: dict[str, int], rows: list[Row]) -> None:
    elements, size = _elements(value), _bytes(value)
    if value.constant:
        if node.op in PICKS and value is node.inputs[0]:
            elements, size = row.writes, row.write_bytes
        row.weights += elements
        row.weight_bytes += size
        return
    row.input = row.input or value.shape or ()
    row.reads += elements
    row.read_bytes += size
    source = producer.get(value.name, -1)
    row.values.append((source, size))
    if source >= 0:
        rows[source].consumers += 1


def _elements(value: Value) -> int:
    shape = (0,) if value.shape is None else value.shape
    if any(size < 0 for size in shape):
        raise ModelError(
            f"a size in it is below zero: {value.name!r} is {'x'.join(map(str, shape))}."
        )
    return math.prod(shape)


def _bytes(value: Value) -> int:
    return -(-_elements(value) * value.bits // 8)
