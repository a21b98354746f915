"""The convolutions of a block that follow one another, and the same block with fewer channels inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightbench.records import CONV_KINDS, Op
from lightbench.studies.lint.channels import channels
from lightbench.studies.lint.surgery import Patient

STEP = 4  # inner widths are multiples of it


def chain_in(ops: Sequence[Op], rows: Sequence[int]) -> list[int]:
    """Convolutions of which each takes what the one before it has made, as far as shapes tell; the first of a block
    begins it."""
    chain: list[int] = []
    for i in rows:
        op = ops[i]
        if op.kind not in CONV_KINDS or op.weight is None or "transpose" in op.op:
            continue
        if not chain or op.input == ops[chain[-1]].output:
            chain.append(i)
    return chain


def is_free(patient: Patient, rows: Sequence[int], chain: Sequence[int]) -> bool:
    """Can its inner widths be chosen? They can if all that has weights there is one of these convolutions, or a batch
    norm, each called once, and both ends are no depthwise ones."""
    ops = patient.ops
    if len(chain) < 2 or any(ops[i].kind == "depthwise conv" for i in (chain[0], chain[-1])):
        return False
    if any(type(patient.alone(i)) is not nn.Conv2d for i in chain):
        return False
    between = [i for i in rows if chain[0] < i < chain[-1] and i not in chain and ops[i].weights]
    return all(isinstance(patient.alone(i), _BatchNorm) for i in between)


def scale_at_equal_madds(ops: Sequence[Op], chain: Sequence[int]) -> float:
    """By how much inner widths shrink where no convolution but a depthwise one has groups, and the sum of multiply-adds
    stays: those of both ends are linear in it, those between in its square."""
    target = sum(ops[i].madds for i in chain)
    linear = square = 0
    for i in chain:
        dense = ops[i].madds * (1 if ops[i].kind == "depthwise conv" else ops[i].groups)
        if i in (chain[0], chain[-1]) or ops[i].kind == "depthwise conv":
            linear += dense
        else:
            square += dense
    if not square:
        return target / linear
    root: float = (linear**2 + 4 * square * target) ** 0.5
    return (root - linear) / (2 * square)


def narrow(patient: Patient, rows: Sequence[int], chain: Sequence[int], scale: float) -> None:
    """Replace them, and the batch norms between them, by ones of inner widths times ``scale``, in one group."""
    ops = patient.ops
    inner = {i: _rounded(channels(ops[i])[1] * scale) for i in chain[:-1]}
    before = channels(ops[chain[0]])[0]
    for i in (i for i in rows if chain[0] <= i <= chain[-1]):
        if i in chain:
            after = inner.get(i, channels(ops[i])[1])
            depthwise = ops[i].kind == "depthwise conv"
            after = before if depthwise else after
            patient.put(ops[i].path, _like(patient.alone(i), before, after, depthwise=depthwise))
            before = after
        elif ops[i].weights:
            norm = patient.alone(i)
            assert isinstance(norm, _BatchNorm)
            new = type(norm)(
                before,
                norm.eps,
                norm.momentum,
                norm.affine,
                norm.track_running_stats,
                **_place(norm),
            )
            patient.put(ops[i].path, new.eval())


def _rounded(width: float) -> int:
    return max(round(width / STEP), 1) * STEP


def _like(conv: nn.Module | None, c_in: int, c_out: int, *, depthwise: bool) -> nn.Conv2d:
    assert isinstance(conv, nn.Conv2d)
    return nn.Conv2d(
        c_in,
        c_out,
        conv.kernel_size,  # type: ignore[arg-type]
        conv.stride,  # type: ignore[arg-type]
        conv.padding,  # type: ignore[arg-type]
        conv.dilation,  # type: ignore[arg-type]
        groups=c_out if depthwise else 1,
        bias=conv.bias is not None,
        padding_mode=conv.padding_mode,
        **_place(conv),
    )


def _place(module: nn.Module) -> dict[str, Any]:
    like = next(iter([*module.parameters(), *module.buffers()]))
    return {"device": like.device, "dtype": like.dtype}
