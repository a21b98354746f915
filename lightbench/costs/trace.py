"""One forward pass, operator by operator: the rows that every account and convention is made from.

A dispatch mode sees each operator after PyTorch has sorted out modules, functions and overloads, so
``F.conv2d``, ``a @ b`` and a module's own call all end up here. Under ``inference_mode`` composite
operators arrive whole (``linear``, ``batch_norm``, attention, ``lstm``), as eager mode runs them.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import compress
from types import FrameType
from typing import Any

import msgspec
import torch
from torch import Tensor

from lightbench.costs.autocast import Autocast
from lightbench.costs.borrow import Place, Where
from lightbench.costs.higher_order import OPAQUE, NeedsValues, eager, traced
from lightbench.costs.issuers import issuer
from lightbench.costs.mode import Mode
from lightbench.costs.nested import shape_of, work_of
from lightbench.costs.plans import Plan, plan_of
from lightbench.costs.registered import bound
from lightbench.costs.rules.plain import OTHER
from lightbench.costs.stored import is_sparse, stored, stored_values
from lightbench.costs.work import Work


class Row(msgspec.Struct):  # made hundreds of times: a struct takes a third of a dataclass
    """One operator as it was run; ``values`` are the rows that produced its activations."""

    where: Where
    op: str
    work: Work
    reads: int = 0
    writes: int = 0
    weights: int = 0
    read_bytes: int = 0
    write_bytes: int = 0
    weight_bytes: int = 0
    input: tuple[int, ...] = ()
    output: tuple[int, ...] = ()
    values: list[tuple[int, int]] = []  # (row, bytes read of it)
    part_of: str = ""  # the composite operator that was called, if not this one
    through: str = ""  # how it was called, see ``issuers``
    consumers: int = 0  # how many operators read what this one wrote; the network's output counts
    held: list[int] = []  # storages of parameters and buffers that it reads
    params: int | None = None  # elements of parameters that no row before reads


_COPY = Work("data movement")


class Tracer(Mode):  # type: ignore[no-untyped-call]
    """Collects ``rows`` and ``uncounted`` while it is active.

    ``held`` are the parameters and buffers of the network. On meta they stay where they are, but
    count as tensors without values: none is copied, computed with, or written to.
    """

    supports_higher_order_operators = True

    def __init__(self, place: Place, held: Iterable[Tensor], *, meta: bool) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.uncounted: Counter[str] = Counter()
        self._place = place
        self._held = tuple(held)
        self._weights = place.weights = set(map(storage_of, self._held))
        self._meta = meta
        self._autocast = Autocast()
        self._part_of = self._through = ""  # of the composite operator in progress
        self._producer: dict[int, int] = {}  # storage -> row that wrote it last

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        del types
        kwargs = kwargs or {}
        plan = plan_of(func)
        if self._meta and self._autocast.casts(func, args, may_cast=plan.may_cast):
            self._need_values()
        if plan.action == "view":
            return self.execute(func, args, kwargs)
        if plan.action == "view or copy":
            out = self._shape(plan, args, kwargs)
            if out is NotImplemented:
                out = self.execute(func, args, kwargs)
            if isinstance(out, Tensor) and storage_of(out) != storage_of(args[0]):
                self.add(plan, _COPY, args, out)
            return out
        if plan.action == "make":
            out = self._run(func, args, kwargs)
            if isinstance(out, Tensor) and not (args and out is args[0]):
                self._producer.pop(storage_of(out), None)  # of a tensor that is gone
            return out
        if plan.action == "higher order":
            return self._higher_order(func, plan, args, kwargs)
        if plan.action == "decompose":
            out = self._decompose(func, args, kwargs, sys._getframe(1))
            if out is not NotImplemented:
                return out
        out = self._shape(plan, args, kwargs)
        if out is NotImplemented:
            out = self._run(func, args, kwargs)
        if plan.named:
            args = bound(func, args, kwargs)
        if plan.rule is None:
            self.uncounted[func._schema.name] += 1
        self.add(plan, work_of(plan.rule or OTHER, args, out), args, out)
        return out

    def _higher_order(
        self, func: Any, plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """One row if there is a rule for all of it, else the operators of its functions."""
        run, opaque = eager(func, args), plan.name in OPAQUE
        if plan.rule is None and not opaque:
            return run(*traced(args, self), **kwargs)
        out = self.execute(run, args, kwargs)
        self.uncounted.update([plan.name] if opaque else [])
        self.add(plan, work_of(plan.rule or OTHER, args, out), args, out)
        return out

    def execute(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one operator. Nothing else runs one, and its row, if it gets any, is added next."""
        return func(*args, **kwargs)

    def _decompose(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any
    ) -> Any:
        outer = self._part_of, self._through
        if self._place.notes_calls and not self._part_of:
            equation = f" {args[0]}" if func._opname == "einsum" else ""
            self._part_of, self._through = f"{func._opname}{equation}", issuer(frame, func._opname)
        try:
            with self:
                return func.decompose(*args, **kwargs)
        finally:
            self._part_of, self._through = outer

    def _need_values(self) -> None:
        """What autocast casts is only seen on real tensors; a network that has none goes without."""
        if not any(tensor.is_meta for tensor in self._held):
            raise NeedsValues("autocast casts real tensors only.", "Count it with weights.")

    def _shape(self, plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if plan.shape is None or not self._meta or not _first(args).is_meta:
            return NotImplemented
        return plan.shape(*args, **kwargs)

    def _run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The operator itself. A real constant that meets a tensor without values loses its own."""
        if not self._meta or not self._valueless(args):
            self._place.before(func, args, kwargs)
            return self.execute(func, args, kwargs)
        without = tuple(map(self._without_values, args))
        out = self.execute(func, without, kwargs)
        # An operator that works in place returns what it was given.
        return args[0] if out is without[0] else out

    def _valueless(self, args: tuple[Any, ...]) -> bool:
        """Must real tensors among ``args`` be treated as if they had no values?"""
        tensors = tuple(tensors_of(args))
        real = [tensor for tensor in tensors if not tensor.is_meta]
        return bool(real) and (
            len(real) < len(tensors) or any(storage_of(t) in self._weights for t in real)
        )

    def _without_values(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            if is_sparse(value):
                raise no_pattern()
            number = value.dim() == 0 and storage_of(value) not in self._weights
            if value.is_meta or number:
                return value
            return torch.empty_strided(
                value.shape, value.stride(), dtype=value.dtype, device="meta"
            )
        if isinstance(value, (list, tuple)):
            return type(value)(map(self._without_values, value))
        return value

    def add(self, plan: Plan, work: Work, args: tuple[Any, ...], out: Any) -> None:
        """The row of an operator that was run."""
        row = Row(self._place.now, plan.name, work)
        row.weights, row.weight_bytes = work.packed
        if self._part_of:
            row.part_of, row.through = self._part_of, self._through
        elif self._place.notes_calls:
            row.part_of, row.through = plan.part_of, issuer(_calling(), plan.name)
        written: Sequence[Tensor] = (out,) if isinstance(out, Tensor) else tuple(tensors_of((out,)))
        if work.outputs is not None:
            written = written[: work.outputs]
        if written:
            row.output = shape_of(written[0])
        for position, argument in compress(enumerate(args), plan.holds):
            if isinstance(argument, Tensor):
                self._take(row, position, argument)
            elif isinstance(argument, (list, tuple)):
                for value in argument:
                    if isinstance(value, Tensor):
                        self._take(row, position, value)
        for tensor in written:
            elements, size = stored(tensor)
            if work.writes is not None:
                elements, size = work.writes, work.writes * tensor.itemsize
            row.writes += elements
            row.write_bytes += size
            self._producer[storage_of(tensor)] = len(self.rows)
        self.rows.append(row)

    def _take(self, row: Row, position: int, tensor: Tensor) -> None:
        """One tensor among the arguments."""
        work = row.work
        if position in work.weights:
            if (storage := storage_of(tensor)) in self._weights:
                row.held.append(storage)
            elements, size = stored(tensor)
            row.weights += elements
            row.weight_bytes += size
        elif position not in work.reads:
            self._read(row, tensor, *_there(tensor))
        elif elements := work.reads[position]:
            self._read(row, tensor, elements, elements * tensor.itemsize)

    def _read(self, row: Row, tensor: Tensor, elements: int, size: int) -> None:
        storage = storage_of(tensor)
        if storage in self._weights:
            row.held.append(storage)
            row.weights += elements
            row.weight_bytes += size
            return
        if not row.input:
            row.input = shape_of(tensor)
        row.reads += elements
        row.read_bytes += size
        producer = self._producer.get(storage, -1)
        row.values.append((producer, size))
        if producer >= 0:
            self.rows[producer].consumers += 1

    def finish(self, output: Any) -> None:
        """What the network returns is read by somebody else: nothing may be merged behind it. And what the
        pass has shown of parameters: who reads which first."""
        note_params(self.rows, self._place.parts.parameters)
        for tensor in tensors_of((output,)):
            producer = self._producer.get(storage_of(tensor), -1)
            if producer >= 0:
                self.rows[producer].consumers += 1


def note_params(rows: Sequence[Row], parameters: Iterable[Tensor]) -> None:
    """Each parameter is of the row that reads it first, so that rows add up to what the pass has read. One that
    is packed is of the first call of its module."""
    unread: Counter[int] = Counter()
    for parameter in parameters:
        unread[storage_of(parameter)] += stored_values(parameter)
    for row in rows:
        packed = 0 if row.where.call else row.work.packed[0]
        row.params = packed + sum(unread.pop(storage, 0) for storage in row.held)


def storage_of(tensor: Tensor) -> int:
    """What two tensors have in common if one is a view of the other."""
    try:
        return tensor.untyped_storage()._cdata  # type: ignore[no-any-return]
    except (NotImplementedError, RuntimeError):  # sparse and nested tensors have no storage
        return id(tensor)


def tensors_of(values: Any) -> Any:
    """Every tensor in lists, tuples, dictionaries and dataclasses."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_of(value)
        elif isinstance(value, dict):
            yield from tensors_of(value.values())
        elif hasattr(value, "__dataclass_fields__"):
            yield from tensors_of(vars(value).values())


def no_pattern() -> NeedsValues:
    """The error of a sparse tensor on meta: which elements it stores is a matter of values."""
    return NeedsValues(
        "a sparse tensor without values has no pattern, so that its products cannot be counted.",
        "Give the network weights and inputs with values.",
    )


def _calling() -> FrameType:
    """The frame that has called the operator whose row is added."""
    frame: Any = sys._getframe(2)
    while frame.f_code is not _DISPATCH:  # a kind of tracer may add its rows in its own way
        frame = frame.f_back
    caller: FrameType = frame.f_back
    return caller


_DISPATCH = Tracer.__torch_dispatch__.__code__


def _first(args: tuple[Any, ...]) -> Any:
    first = args[0]
    return first[0] if isinstance(first, (list, tuple)) else first


def _there(tensor: Tensor) -> tuple[int, int]:
    """(elements, bytes) that are really there: a dimension of stride 0 (``expand``) is read once."""
    if tensor.layout is not torch.strided or tensor.is_nested or tensor.is_contiguous():
        return stored(tensor)
    sizes = zip(tensor.shape, tensor.stride(), strict=True)
    elements = math.prod([n for n, stride in sizes if stride != 0 or n == 0])
    return elements, elements * tensor.itemsize
