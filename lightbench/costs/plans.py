"""What a trace does with each operator, decided once per operator and process."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any, Literal, NamedTuple

from torch._ops import HigherOrderOperator

from lightbench.costs import registered
from lightbench.costs.autocast import may_cast
from lightbench.costs.higher_order import HIGHER_ORDER, name_of
from lightbench.costs.rules import is_view, rule_of, variants
from lightbench.costs.shapes import SHAPES, Shape
from lightbench.costs.work import Rule

Action = Literal[
    "view",  # the same memory under another shape, or a question about it: moves nothing
    "view or copy",  # one or the other, as the strides allow
    "make",  # fills memory with values that come from nowhere: counted as free
    "decompose",  # made of other operators, which are counted instead
    "higher order",  # calls functions, whose operators are counted
    "compute",
]


class Plan(NamedTuple):
    """What to do with an operator. One that computes without a ``rule`` is listed as uncounted."""

    action: Action
    rule: Rule | None = None
    shape: Shape | None = None
    named: bool = False  # the rule is given every argument: those by name and those left out, too
    may_cast: bool = False  # autocast may change the types of its arguments
    name: str = ""  # of its row
    part_of: str = ""  # tracers see another operator: "conv2d.padding" where "same" is the padding
    holds: Iterable[bool] = repeat(True)


# PyTorch's own: of the others a name says nothing.
_OURS = "aten prims rngprims quantized _quantized mkldnn onednn inductor inductor_prims sparse"
_MADE = (
    "empty _empty zeros ones full rand new_ _new_ lift _assert sym_ _sym _functional_assert"
    " _functional_sym set_ resize _resize sparse_resize scalar_tensor sparse_coo_tensor"
    " _sparse_coo_tensor sparse_compressed_tensor _sparse_compressed_tensor _sparse_csr_tensor"
    " _sparse_csc_tensor _sparse_bsr_tensor _sparse_bsc_tensor sparse_csr_tensor _philox philox"
    " _efficientzero _cudnn_init_dropout fill zero _foreach_zero normal uniform random exponential"
    " cauchy geometric log_normal bernoulli_ _fill_mem_eff_dropout linspace logspace"
)
_VIEWS = (
    "aten::_unsafe_view aten::_reshape_alias aten::_coalesced aten::_coalesced_ aten::set"
    " aten::record_stream prims::collapse inductor::_reinterpret_tensor"
)
# Composite operators that return either a view or a copy, as the strides allow.
_VIEWS_OR_COPIES = (
    "contiguous reshape reshape_as flatten to type_as unflatten dropout dropout_ alpha_dropout"
    " feature_dropout feature_alpha_dropout ravel expand_as movedim swapaxes numpy_T chunk split"
    " tensor_split narrow squeeze unsqueeze transpose permute view select slice expand unbind t"
    " adjoint detach detach_ alias split_with_sizes hsplit vsplit _autocast_to_reduced_precision"
    " _autocast_to_full_precision"
)
_SPACES = frozenset(_OURS.split())
_MADE_BY_NAME = tuple(_MADE.split())
_VIEWS_BY_PROMISE = frozenset(_VIEWS.split())
_VIEW_OR_COPY = frozenset(f"aten::{name}" for name in _VIEWS_OR_COPIES.split())
_QUESTIONS = ("aten::_nested_get_", "aten::_nested_tensor_s", "aten::_nested_compute_")


class _Plans(dict[Any, Plan]):
    """Decided when first asked for. (A dictionary, since a compiler warns of ``functools.cache``.)"""

    def __missing__(self, operator: Any) -> Plan:
        self[operator] = plan = _plan(operator)._replace(**_facts(operator))
        return plan


PLANS = _Plans()
plan_of = PLANS.__getitem__


def _plan(operator: Any) -> Plan:
    """The plan for an aten (or any other registered) operator."""
    if rule := registered.rule_of(operator):
        return Plan("compute", rule, named=True)
    if isinstance(operator, HigherOrderOperator):
        return Plan("higher order", HIGHER_ORDER.get(name_of(operator)))
    name = operator._schema.name
    if name in _VIEW_OR_COPY:
        return Plan("view or copy", None, SHAPES.get(operator))
    if _is_made(operator):
        return Plan("make")
    if rule := rule_of(operator):
        return Plan("compute", rule, SHAPES.get(operator))
    if any(map(is_view, variants(name))) or name in _VIEWS_BY_PROMISE or _only_asks(operator):
        return Plan("view")
    return Plan("decompose" if operator._can_decompose() else "compute")


def _facts(operator: Any) -> dict[str, Any]:
    """What does not depend on how an operator is counted."""
    if isinstance(operator, HigherOrderOperator):
        return {"name": name_of(operator)}
    name, schema = operator._opname, operator._schema
    return {
        "name": name,
        "part_of": f"{name}.padding" if operator._overloadname == "padding" else "",
        "may_cast": may_cast(operator),
        "holds": tuple(map(_is_tensor, schema.arguments)),
    }


def _is_made(operator: Any) -> bool:
    space, _, name = operator._schema.name.partition("::")
    if not any(_is_tensor(given) and not given.is_out for given in operator._schema.arguments):
        return True
    return space in _SPACES and (name.startswith(_MADE_BY_NAME) or name.endswith("_like"))


def _only_asks(operator: Any) -> bool:
    """``_nnz``, ``q_scale``: no tensor comes out, and none is written to."""
    schema = operator._schema
    if schema.name.startswith(_QUESTIONS):
        return True
    returns = any(map(_is_tensor, schema.returns))
    return schema.name.startswith("aten::") and not returns and not schema.is_mutable


def _is_tensor(argument: Any) -> bool:
    return "Tensor" in str(argument.type)
