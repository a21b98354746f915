"""Engines' programs as lightbench calls them: what a call costs by itself, and what the makers' own programs say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial

import torch
from measure import Claim, Estimate, estimate, verdict, with_interval
from torch import nn

import lightbench as lb
from lightbench import units
from lightbench.devices import cpu
from lightbench.engines import Converted, Program
from lightbench.engines.support import named
from lightbench.errors import MissingPackage
from lightbench.runner.abilities import packages_of
from lightbench.views.table import Column, Table

TITLE = "Engines"
OVERHEAD, MAKERS = "a call of x + 1", "the fastest call, beside the maker's program"
CASES = (OVERHEAD, MAKERS)
ENGINES = ("onnxruntime", "openvino", "executorch", "litert", "ncnn")
NETWORK = "mobilenet_v2"
CALLS = 200  # in one reading
OVERHEAD_S, WITHIN = 10e-6, 0.05

Found = Mapping[str, list[float]]  # engine -> readings, round by round


class Tiny(nn.Module):
    """As little work as there is."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One more."""
        return x + 1


def there() -> list[str]:
    """Engines whose packages are installed."""
    found = []
    for name in ENGINES:
        try:
            packages_of(named.find(name))
        except MissingPackage:
            continue
        found.append(name)
    return found


@cache
def model_of(name: str, network: str) -> tuple[bytes, torch.Tensor]:
    """What an engine reads of a network, and its input."""
    if network:
        made, x = lb.load_model(network), torch.randn(1, 3, 224, 224)
    else:
        made, x = Tiny(), torch.randn(1, 3, 8, 8)
    converted = named.find(name).convert(made.eval(), (x,), {})
    return (converted.model if isinstance(converted, Converted) else converted), x


def program_of(name: str, network: str) -> Program:
    """Loaded, with one thread."""
    model, x = model_of(name, network)
    return named.find(name).load(model, [x], threads=1)


def readers(case: str) -> dict[str, Callable[[], float]]:
    """Seconds of a call; or our fastest call as a multiple of that of the maker's program, each of as many calls."""
    if case == OVERHEAD:
        programs = {name: program_of(name, "") for name in there()}
        steps = {name: cpu.at().step(p.call, p.context) for name, p in programs.items()}
        return {name: partial(_per_call, step) for name, step in steps.items()}
    able = [name for name in there() if hasattr(named.find(name), "vendor")]
    return {name: partial(_beside_maker, name, program_of(name, NETWORK)) for name in able}


def _per_call(step: Callable[..., object]) -> float:
    return step(CALLS).wall_s


def _beside_maker(name: str, program: Program) -> float:
    step = cpu.at().step(program.call, program.context)
    ours = min(step(1).wall_s for _ in range(CALLS))
    model, _ = model_of(name, NETWORK)
    _, theirs = named.find(name).vendor(model, threads=1, calls=CALLS)
    return ours / theirs


def claims(case: str, found: Found) -> list[Claim]:
    """A call adds little, and its fastest is that of the maker's program."""
    if case == OVERHEAD:
        return [
            Claim(name, estimate(found[name]), at_most=OVERHEAD_S, text=units.seconds)
            for name in found
        ]
    return [
        Claim(name, estimate(found[name]), at_least=1 - WITHIN, at_most=1 + WITHIN)
        for name in found
    ]


def table(results: Mapping[str, Found]) -> Table:
    """A row an engine and case."""
    rows = [
        (case, claim.says, _text(case)(claim.found), verdict([claim]))
        for case, found in results.items()
        for claim in claims(case, found)
    ]
    note = (
        f"A call of x + 1 is to take {units.seconds(OVERHEAD_S)} at most; the fastest call of {NETWORK} is to be"
        f" within {units.percent(WITHIN)} of what the maker's own program says of {CALLS} calls."
    )
    return Table(
        title=TITLE,
        columns=(
            Column("what", "what", align="left"),
            Column("engine", "engine", align="left"),
            Column("found", "found"),
            Column("verdict", "verdict", align="left"),
        ),
        rows=tuple(rows),
        notes=(note,),
    )


def _text(case: str) -> Callable[[Estimate], str]:
    return with_interval(units.seconds if case == OVERHEAD else units.number)
