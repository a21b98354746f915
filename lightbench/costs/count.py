"""A network and its inputs -> Costs, exactly, without weights, data or device where possible."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from lightbench.costs.borrow import Parts, borrowed, lent, parts_of, unwrap
from lightbench.costs.calls import calls_of
from lightbench.costs.clones import copied
from lightbench.costs.copies import check_inputs
from lightbench.costs.copies import on_meta as without_values
from lightbench.costs.fusion import fused_bytes
from lightbench.costs.scripts import as_written, check_visible, is_script
from lightbench.costs.stored import is_sparse, packed_weights, stored, stored_values
from lightbench.costs.trace import Row, Tracer, no_pattern, tensors_of
from lightbench.errors import UsageError
from lightbench.graphs.support.network import FileNetwork
from lightbench.records import PAPER_KINDS, Costs, Op
from lightbench.records.failure import explain
from lightbench.workers import journal

# device -> (args, kwargs) of one forward call: "meta" for shapes only, "cpu" when values matter.
MakeInputs = Callable[[str], tuple[tuple[Any, ...], dict[str, Any]]]


def count_costs(network: nn.Module, make_inputs: MakeInputs, *, calls: bool = False) -> Costs:
    """Costs of one forward pass of ``network.eval()``; it and the inputs are as before afterwards.

    The pass runs on meta tensors. If the network looks at values (``if x.sum() > 0``), has lazy,
    scripted or quantized modules, it runs once more on real ones. With ``calls`` it is noted what other
    tools' conventions go by, as `conventions.convert` wants it. Raises ModelError, UsageError.
    """
    network = unwrap(network)
    if isinstance(network, FileNetwork):
        return _of_file(network, make_inputs)
    parts = parts_of(network)
    if any(map(is_lazy, (*parts.parameters, *parts.buffers))):
        network = _initialised(network, make_inputs)
        parts = parts_of(network)
    return _trace(network, parts, make_inputs, calls=calls)


def _of_file(network: FileNetwork, make_inputs: MakeInputs) -> Costs:
    from lightbench.costs.graphs import graph_costs  # which counts by what is here

    args, kwargs = make_inputs("meta")
    return graph_costs(network.graph(args, kwargs))


def _packed(rows: list[Row], parts: Parts) -> tuple[int, int]:
    """Weights that are no parameters to PyTorch; looked for where an operator has met some."""
    if not any(row.work.packed[0] for row in rows):
        return 0, 0
    return packed_weights(module for _, module in parts.modules)


def _key(tensor: Tensor) -> int:
    return id(tensor) if tensor.is_meta or tensor.layout != torch.strided else tensor.data_ptr()


def _initialised(network: nn.Module, make_inputs: MakeInputs) -> nn.Module:
    """A copy of a network with lazy modules, whose first call has decided its shapes."""
    network = copied(network).eval()
    args, kwargs = make_inputs("cpu")
    try:
        with torch.no_grad(), lent((args, kwargs)):
            network(*args, **kwargs)
    except BaseException as error:
        journal.let_through(error)
        raise explain(network, error) from error
    return network


def _trace(network: nn.Module, parts: Parts, make_inputs: MakeInputs, *, calls: bool) -> Costs:
    failed: BaseException = ValueError("a scripted network needs weights")
    scripts = [module for _, module in parts.modules if is_script(module)]
    check_visible(scripts)
    for kind, quiet in _attempts(parts, scripted=bool(scripts)):
        try:
            with _nothing_compiled(), as_written() if scripts else nullcontext():
                return _run(network, parts, make_inputs, quiet, meta=kind == "meta", calls=calls)
        except UsageError:
            raise
        except BaseException as error:  # noqa: BLE001  whatever it is, the next attempt decides
            journal.let_through(error)
            failed = error
    raise explain(network, failed) from failed


@contextmanager
def _nothing_compiled() -> Iterator[None]:
    """A compiler that the network has imported only now has compiled parts of it for this pass."""
    early = "torch._dynamo" not in sys.modules
    try:
        yield
    finally:
        if early and (dynamo := sys.modules.get("torch._dynamo")):
            dynamo.reset()


def _attempts(parts: Parts, *, scripted: bool) -> Iterator[tuple[str, Callable[[], Any]]]:
    """How to run a network, as long as it fails: on meta, then with values.

    In inference mode composite operators arrive whole, with values as on meta. A network that calls
    autograd itself cannot run in it.
    """
    if not scripted:
        early = "torch._dynamo" not in sys.modules
        yield "meta", torch.inference_mode
        if early and "torch._dynamo" in sys.modules:  # once it is there `borrowed` makes it rest
            yield "meta", torch.inference_mode
    if not any(tensor.is_meta for tensor in parts.parameters):
        yield "real", torch.inference_mode
        yield "real", torch.no_grad


def _run(
    network: nn.Module,
    parts: Parts,
    make_inputs: MakeInputs,
    quiet: Callable[[], Any],
    *,
    meta: bool,
    calls: bool,
) -> Costs:
    args, kwargs = make_inputs("meta" if meta else "cpu")
    check_inputs(args, kwargs)
    if meta:
        args, kwargs = without_values(args, kwargs)
        if any(map(is_sparse, tensors_of((args, kwargs)))):
            raise no_pattern()
    with borrowed(parts, (args, kwargs), calls=calls) as place, quiet():
        tracer = Tracer(place, (*place.parts.parameters, *place.parts.buffers), meta=meta)
        with tracer:
            output = network(*args, **kwargs)
        tracer.finish(output)
        parts = place.parts
        storages = {_key(tensor): tensor for tensor in (*parts.parameters, *parts.buffers)}
        seen = calls_of(place.seen, [module for _, module in parts.modules]) if calls else ()
        packed, packed_bytes = _packed(tracer.rows, parts)
        params = sum(map(stored_values, parts.parameters)) + packed
        param_bytes = sum(stored(t)[1] for t in storages.values()) + packed_bytes
    return costs_of(
        tracer.rows,
        params=params,
        param_bytes=param_bytes,
        calls=seen,
        uncounted=dict(tracer.uncounted),
        traced="meta" if meta else "real",
    )


def costs_of(rows: list[Row], **totals: Any) -> Costs:
    """What the rows of one pass add up to; ``totals`` are the fields that rows do not say."""
    ops = tuple(map(_op, rows, fused_bytes(rows)))
    return Costs(
        madds=sum(op.madds for op in ops),
        mem_access=sum(op.mem_access for op in ops),
        mem_bytes=sum(op.mem_bytes for op in ops),
        fused_bytes=sum(op.fused_bytes for op in ops),
        activations=sum(op.writes for op in ops if op.kind in PAPER_KINDS),
        ops=ops,
        **totals,
    )


def _op(row: Row, moved: int) -> Op:
    where, work = row.where, row.work
    weight = work.weight
    kind = work.kind
    if kind == "matmul" and weight is not None:
        # A product with a parameter is what a linear layer looks like from below.
        kind, weight = ("linear", weight) if row.weights >= math.prod(weight) > 0 else (kind, None)
    return Op(
        path=where.path,
        call=where.call,
        module=where.module,
        op=row.op,
        kind=kind,
        madds=work.madds,
        reads=row.reads,
        writes=row.writes,
        weights=row.weights,
        params=row.params,
        read_bytes=row.read_bytes,
        write_bytes=row.write_bytes,
        weight_bytes=row.weight_bytes,
        fused_bytes=moved,
        input=row.input,
        output=row.output,
        weight=weight,
        bias=work.bias,
        stride=work.stride,
        groups=work.groups,
        affine=work.affine,
        batch_statistics=work.batch_statistics,
        part_of=row.part_of,
        through=row.through,
    )
