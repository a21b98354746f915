"""Rules that users give for operators of their own; `register_rule` is the public way."""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar, overload

import torch
from torch._ops import HigherOrderOperator, OpOverload, OpOverloadPacket

from lightbench.costs.work import Rule, Work
from lightbench.errors import UsageError

GROUP = (
    "lightbench.rules"  # entry points: namespace of operators -> module that registers their rules
)

# (every argument of the operator in the order of its schema, output) -> MAdds, or all of the work.
UserRule = Callable[[tuple[Any, ...], Any], "int | Work"]
_R = TypeVar("_R", bound=UserRule)

_registered: dict[str, UserRule] = {}


@overload
def register_rule(operator: Any, rule: _R) -> _R: ...
@overload
def register_rule(operator: Any, rule: None = None) -> Callable[[_R], _R]: ...
def register_rule(operator: Any, rule: Any = None) -> Any:
    """Say what an operator costs, for every count from now on; also to be used as a decorator.

        @lightbench.register_rule("mine::mm")
        def mm(args, out):
            x, w = args
            return out.numel() * x.shape[-1]

    ``operator`` is "namespace::name" (all its overloads) or "namespace::name.overload", an operator
    of ``torch.ops``, or what ``torch.library.custom_op`` returns. The rule gets a tuple of all
    arguments in the order of the operator's schema, and its output; their values may be missing
    (meta tensors), their shapes are there. It returns multiply-adds, one fused multiply-add being
    1, or a ``lightbench.Work`` that also says the kind of the row and what is read and written. A
    rule for an operator that has one replaces it. A package brings its rules in a module that
    registers them, named by the entry point group "lightbench.rules" under the namespace of its
    operators. Raises UsageError for what is no operator.
    """
    name = _name_of(operator)
    if rule is None:
        return lambda given: register_rule(operator, given)
    if not callable(rule):
        raise UsageError(
            f"the rule of {name} must be a function (args, out), got {rule!r}.",
            "It returns multiply-adds: `lambda args, out: out.numel() * args[0].shape[-1]`.",
        )
    from lightbench.costs.plans import PLANS

    _registered[name] = rule
    PLANS.clear()
    return rule


def rule_of(operator: Any) -> Rule | None:
    """What has been registered for an operator, its package's module loaded if there is one."""
    names = _qualified(operator)
    space = names[-1].partition("::")[0]
    if space != "aten":
        _load(space)
    for name in names:
        if name in _registered:
            return _checked(name, _registered[name])
    return None


def fingerprint() -> str:
    """Other text for other registered rules: what they count is another number."""
    digest = hashlib.sha256()
    for name in sorted(_registered):
        digest.update(f"{name} {_source(_registered[name])}\n".encode())
    for point in _entry_points().values():
        version = point.dist.version if point.dist else ""
        digest.update(f"{point.name} {point.value} {version}\n".encode())
    return digest.hexdigest() if _registered or _entry_points() else ""


def bound(operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """All arguments in the order of the operator's schema, defaults included."""
    if isinstance(operator, HigherOrderOperator):
        return (*args, *kwargs.values())
    rest = operator._schema.arguments[len(args) :]
    return (*args, *(kwargs.get(argument.name, argument.default_value) for argument in rest))


def _checked(name: str, rule: UserRule) -> Rule:
    def checked(args: tuple[Any, ...], out: Any) -> Work:
        try:
            found = rule(args, out)
        except Exception as error:
            raise UsageError(
                f"the rule of {name} failed: {type(error).__name__}: {error}.",
                f"It is called as rule(args, out), with {len(args)} arguments in args.",
            ) from error
        if isinstance(found, Work):
            return found
        if isinstance(found, bool) or not isinstance(found, int) or found < 0:
            raise UsageError(
                f"the rule of {name} gave {found!r}; multiply-adds are a whole number, 0 or more.",
                "Return an int or a lightbench.Work from the function given to register_rule.",
            )
        return Work("matmul" if found else "other", found)

    return checked


def _name_of(operator: Any) -> str:
    if isinstance(operator, str):
        return _known(operator)
    if isinstance(operator, (OpOverload, OpOverloadPacket, HigherOrderOperator)):
        names = _qualified(operator)
        return names[0] if isinstance(operator, OpOverload) else names[-1]
    if isinstance(name := getattr(operator, "_qualname", None), str):
        return _known(name)
    raise UsageError(
        f"an operator is a name or an operator of torch.ops, got {operator!r}.",
        'Try register_rule("namespace::name", rule).',
    )


def _qualified(operator: Any) -> tuple[str, ...]:
    if isinstance(operator, OpOverload):
        schema = operator._schema
        return f"{schema.name}.{schema.overload_name or 'default'}", schema.name
    if isinstance(operator, OpOverloadPacket):
        return (operator._qualified_op_name,)
    return (str(operator.name()),)


def _known(name: str) -> str:
    """The name itself, if PyTorch has such an operator."""
    space, _, rest = name.partition("::")
    base, _, overloaded = rest.partition(".")
    packet = getattr(getattr(torch.ops, space), base, None) if space and base else None
    if packet is not None and (not overloaded or overloaded in packet.overloads()):
        return name
    registered = {known.partition(".")[0] for known in torch._C._dispatch_get_all_op_names()}
    near = get_close_matches(name.partition(".")[0], registered, n=3)
    raise UsageError(
        f"PyTorch knows no operator {name!r}.",
        f"Did you mean {' or '.join(near)}?"
        if near
        else "Import the package that defines it first; its name is namespace::name.",
    )


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def _load(space: str) -> None:
    """A broken package costs its own operators their rules, and nothing else."""
    if point := _entry_points().get(space):
        try:
            point.load()
        except Exception as error:  # noqa: BLE001  another package may be broken in any way
            warnings.warn(
                f"lightbench: the rules of {space} come from another package ({point.value})"
                f" and do not load: {error!r}.",
                stacklevel=2,
            )


def _source(rule: UserRule) -> str:
    try:
        return inspect.getsource(rule)
    except (OSError, TypeError):  # a callable object, a function typed at a prompt
        code = getattr(rule, "__code__", None)
        return repr((code.co_code, code.co_consts) if code else rule)
