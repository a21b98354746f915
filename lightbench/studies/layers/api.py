"""Run-time decomposition: how long each operator of a network takes, in place, on any device.

What Figure 2 of the ShuffleNet V2 paper (ECCV 2018) shows for two networks: how much of the time is
convolution, and how much goes into what multiply-adds do not see.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Unpack

from torch import nn

from lightbench import devices
from lightbench.costs.borrow import unwrap
from lightbench.costs.precision import own_dtype
from lightbench.environment.allocator import keep_freed_memory
from lightbench.graphs.support.network import FileNetwork
from lightbench.models.inputs import Inputs, specs_of
from lightbench.models.sources import full_name
from lightbench.models.sources.not_networks import not_a_network
from lightbench.records import Record
from lightbench.runner.given import Given
from lightbench.runner.how import How, control_of, said, spelled
from lightbench.runner.plan import plan
from lightbench.runner.prepare import prepare
from lightbench.runner.session import here, process_kept
from lightbench.studies.count.groups import check_by
from lightbench.studies.count.tree import Module, branches, modules_of
from lightbench.studies.layers import drawing, figure, on_engine
from lightbench.studies.layers.engine_table import engine_view
from lightbench.studies.layers.kernels import EngineBreakdown
from lightbench.studies.layers.settings import SECONDS, Settings
from lightbench.studies.layers.shares import Breakdown, Part
from lightbench.studies.layers.stopwatch import take_apart
from lightbench.studies.layers.table import layers_view, modules_view, parts_view
from lightbench.studies.layers.why import Why
from lightbench.studies.result import Shown
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class LayerTimes(Shown):
    """What `layers` found: ``breakdown``, of which everything else is made. On an engine that runs no PyTorch its
    parts are modules with what was merged into them, and not operators."""

    breakdown: Breakdown | EngineBreakdown
    modules: tuple[Module, ...] = ()  # of the network, which a record does not hold

    @property
    def view(self) -> View:  # type: ignore[override]
        return self.by(None)

    def plot(self, by: str | None = None) -> Figure:
        """The largest layers; by "group", or of an engine that runs no PyTorch, the time of each group of operators."""
        if by == "group" or self.record.kernels:
            return drawing.draw([self.record])
        return figure.draw([self.record])

    @property
    def record(self) -> Record:
        """What is stored of it: the whole call, and the median times of the operators or modules."""
        return self.breakdown.explained

    def parts(self, by: str | None) -> list[Part]:
        """Every operator (None), or groups of them: "kind", "group" (of the ShuffleNet V2 paper's Figure 2), "op" or
        "module". Raises UnknownName."""
        if by is None:
            return list(self.breakdown.layers)
        check_by(by)
        return list(self.breakdown.parts(by))

    def by(
        self, by: str | None, parts: Sequence[Part] | None = None, *, why: Why | None = None
    ) -> View:
        """The same as a table; ``parts`` to sort or select them. ``why`` is what the peaks of the device say of it, as
        `Roofline.why` does."""
        parts = self.parts(by) if parts is None else parts
        why = why or Why()
        if self.record.kernels:
            return engine_view(self.record, parts, by, why)
        if by is None:
            return layers_view(self.record, parts, why)
        return parts_view(self.record, parts, by, why)

    def tree(self, depth: int = 3, *, why: Why | None = None) -> View:
        """Modules down to ``depth`` below the network, each with all that runs in it. Raises UsageError."""
        costs = self.record.costs
        assert costs is not None  # what was taken apart was counted
        found = branches(costs.ops, self.modules, depth)
        return modules_view(self.record, found, self.breakdown.inside(found), why or Why())


@spelled(How)
def layers(
    model: str | nn.Module,
    *,
    input: Inputs = None,  # noqa: A002  the word of the command line
    batch: int = 1,
    seconds: float = SECONDS,
    trusted: bool = True,
    **how: Unpack[How],
) -> LayerTimes:
    """Time every operator of a network in place, beside the whole network.

    ``model`` is a name (see `load_model`), or a module, of which a copy is timed. In each round one
    pass stops the time of every operator with the device's own clock, and one call runs as always;
    rounds end after ``seconds``, but there are 6 if that is not ten times as long.

    What a stopwatch in between does to the times:

    - What happens between operators, Python above all, is in the whole call and in no operator.
    - Each operator is started from Python once more, which adds a few microseconds to it (1 to 2 on
      an AMD EPYC), and finds caches that Python has used meanwhile. If there are several threads,
      they have gone to sleep.
    - An accelerator is waited for after each operator, so that none hides behind another.

    The first makes the operators' sum too small, the others too large; ``Breakdown.over_whole``, the
    sum over the whole call, shows by how much in the end. Attention modules are taken apart into
    their matrix products, as `count` does, also where the whole call takes PyTorch's fused path.

    An ``engine`` that tells times of its own (ONNX Runtime, OpenVINO) is not stopped in between: its profile gives
    the share of each kernel, which is taken of the time of undisturbed calls; a kernel stands at the first module that
    it computes.

    Raises UnknownName, UsageError, ModelError, OutOfMemory, DeviceUnavailable, MissingPackage.
    """
    settings, control = Settings(seconds=seconds), control_of(how, trusted=trusted)
    name, given = _named(model)
    axes = {axis: [value] for axis, value in said(how).items()}
    device = devices.one(how.get("device", "cpu"))
    (case,), errors = plan(
        [name],
        inputs=specs_of(input),
        at_hand={name: {"dtype": own_dtype(given.network)}} if given else None,
        trusted=trusted,
        **{**axes, "device": [device], "batch": [batch]},
    )
    for error in errors.values():
        raise error
    if case.engine != "eager":
        on_engine.refuse(case)
    hardware = devices.find(device)
    if reason := hardware.unavailable():
        raise reason
    with process_kept(), hardware.session(threads=case.threads) as active:
        keep_freed_memory()
        where = here(hardware, device, active)
        control.say(f"{name}: load, count, first run")
        prepared = prepare(case, hardware, given, trusted=trusted)
        measure: Callable[..., Breakdown | EngineBreakdown] = (
            partial(take_apart, prepared, where, hardware.step)
            if case.engine == "eager"
            else partial(on_engine.profile, prepared, where)
        )
        return LayerTimes(
            measure(
                watching=partial(hardware.watching, case.threads, active),
                seconds=settings.seconds,
                clock=time.perf_counter,
                rng=random.Random(control.seed),
                report=control.progress,
            ),
            ()
            if isinstance(prepared.network, FileNetwork)
            else modules_of(unwrap(prepared.network)),
        )


def _named(model: str | nn.Module) -> tuple[str, Given | None]:
    if isinstance(model, str):
        return full_name(model), None
    if isinstance(model, nn.Module):
        network = unwrap(model)
        return type(network).__name__, Given(network)
    raise not_a_network(model)
