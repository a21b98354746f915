"""Is a sweep at equal multiply-adds what it says? Counted, before anything is timed."""

from __future__ import annotations

from lightbench.costs.count import count_costs
from lightbench.errors import UsageError
from lightbench.models import sources
from lightbench.models.inputs import make_inputs
from lightbench.models.sources.without_memory import without_memory
from lightbench.records import InputSpec
from lightbench.studies.sweep.plan import Point, Size, Sweep
from lightbench.units import percent


def input_of(point: Point, size: Size | None = None) -> InputSpec:
    """The input of a point without the batch; ``size`` replaces the stack's own height and width."""
    (spec,) = sources.find(point.model).inputs
    if not isinstance(spec, InputSpec):
        raise TypeError(f"a stack takes one tensor, not {spec}")
    if size is None or len(spec.shape) == 1:
        return spec
    return InputSpec(shape=(spec.shape[0], *size))


def madds(point: Point, size: Size | None = None) -> int:
    """Multiply-adds of one image, counted by the same pass of shapes as any network's."""
    specs = (input_of(point, point.size or size),)
    with without_memory():
        network = sources.find(point.model).build()
    costs = count_costs(network, lambda device: (make_inputs(specs, batch=1, device=device), {}))
    return costs.madds


def check_equal_madds(sweep: Sweep) -> None:
    """Raises UsageError if a sweep at equal multiply-adds is none: its ratios would show the
    difference in work, and be read as the effect."""
    if sweep.equal_madds is None:
        return
    (reference,) = (madds(p) for p in sweep.points if p.label == sweep.reference)
    for point in sweep.points:
        excess = madds(point) / reference - 1
        if abs(excess) > sweep.equal_madds:
            raise UsageError(
                f"{sweep.title}: {point.label} has {percent(abs(excess))}"
                f" {'more' if excess > 0 else 'fewer'} multiply-adds than"
                f" {sweep.reference}, so the two do not compare at equal MAdds.",
                f"At most {percent(sweep.equal_madds)} are allowed here: change its channels.",
            )
