"""A network and its inputs -> Costs, exactly, without weights, data or device where possible."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from lightbench.costs.borrow import borrowed, unwrap
from lightbench.costs.fusion import fused_bytes
from lightbench.costs.trace import Row, Tracer
from lightbench.errors import ModelError
from lightbench.faults import explain
from lightbench.records import PAPER_KINDS, Costs, Op

# device -> (args, kwargs) of one forward call: "meta" for shapes only, "cpu" when values matter.
MakeInputs = Callable[[str], tuple[tuple[Any, ...], dict[str, Any]]]


def count_costs(network: nn.Module, make_inputs: MakeInputs) -> Costs:
    """Costs of one forward pass in evaluation mode; ``network`` is as it was afterwards.

    The pass runs on meta tensors. If the network looks at values (``if x.sum() > 0``), has lazy,
    scripted or quantized modules, it runs once more on real ones. Raises ModelError.
    """
    network = unwrap(network)
    params = {id(p): p for p in network.parameters()}
    if not any(is_lazy(p) for p in params.values()):
        params_made = network
    else:
        network = params_made = copy.deepcopy(network)  # the first call decides its shapes
    rows, uncounted, traced = _trace(network, make_inputs)
    parameters = list(params_made.parameters())
    held = {t.data_ptr() if not t.is_meta else id(t): t for t in (*parameters, *network.buffers())}
    return _costs(
        rows,
        params=sum(p.numel() for p in parameters),
        param_bytes=sum(t.numel() * t.itemsize for t in held.values()),
        uncounted=uncounted,
        traced=traced,
    )


def _trace(network: nn.Module, make_inputs: MakeInputs) -> Any:
    on_meta = None
    if _shapes_suffice(network):
        try:
            return *_run(network, make_inputs, meta=True), "meta"
        except Exception as error:  # noqa: BLE001  whatever it is, real tensors decide
            on_meta = error
    if any(t.is_meta for t in network.parameters()):
        raise on_meta and NeedsValues(network, on_meta) or ModelError("the network has no weights.")
    try:
        return *_run(network, make_inputs, meta=False), "real"
    except Exception as error:
        raise explain(network, error) from error


class NeedsValues(ModelError):
    """A network without weights cannot be traced on shapes alone: build it with weights."""

    def __init__(self, network: nn.Module, error: Exception) -> None:
        super().__init__(str(explain(network, error).message))


def _shapes_suffice(network: nn.Module) -> bool:
    return not any(
        isinstance(module, torch.jit.ScriptModule) or any(map(is_lazy, module.parameters(recurse=False)))
        for module in network.modules()
    )


def _run(network: nn.Module, make_inputs: MakeInputs, *, meta: bool) -> tuple[list[Row], dict[str, int]]:
    args, kwargs = make_inputs("meta" if meta else "cpu")
    # Outside inference_mode a network may call autograd itself.
    quiet = torch.inference_mode() if meta else torch.no_grad()
    with borrowed(network, meta=meta) as (place, weights), quiet:
        tracer = Tracer(place, weights, meta=meta)
        with tracer:
            output = network(*args, **kwargs)
        tracer.finish(output)
    return tracer.rows, dict(tracer.uncounted)


def _costs(rows: list[Row], **totals: Any) -> Costs:
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
    )
