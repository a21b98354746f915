"""Experiments from Python: guidelines, sweeps, the device card, lint."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from lightbench.api import count
from lightbench.card import shelf
from lightbench.card.plan import SECONDS, plan_card
from lightbench.card.view import card_view
from lightbench.costs import precision
from lightbench.errors import ModelError, UnknownName, UsageError
from lightbench.guidelines import _verdict
from lightbench.guidelines._plan import SCALES, WIDTHS, plan, seconds_of
from lightbench.guidelines._view import guidelines_view
from lightbench.lint._find import find_all
from lightbench.lint._linted import Finding, linted
from lightbench.lint._savings import savings
from lightbench.lint._source import source_of
from lightbench.lint._verify import Saving
from lightbench.lint._view import Linting, lint_view
from lightbench.models.inputs import Inputs
from lightbench.records import Record, store
from lightbench.records.failure import explain_plainly
from lightbench.records.parse import parse_shape
from lightbench.runner.control import Say
from lightbench.runner.given import Given, Model, dtypes_of
from lightbench.runner.record import untimed
from lightbench.runner.session import follow
from lightbench.runner.setup import Setup
from lightbench.shown import Shown
from lightbench.sweep.axes import check_channels, plan_axis
from lightbench.sweep.run import measure_all
from lightbench.sweep.view import sweep_view
from lightbench.timing.card import DeviceCard, card_of
from lightbench.timing.ratios import Relative, crossover, relatives
from lightbench.views.table import View


@dataclass(frozen=True, repr=False)
class Guidelines(Shown):
    """What `run_guidelines` measured: ``records``, of which everything else is made."""

    records: tuple[Record, ...]

    @property
    def view(self) -> View:  # type: ignore[override]
        return guidelines_view(self.records)

    @property
    def findings(self) -> list[_verdict.Finding]:
        """One for each guideline, set of channels and width."""
        return _verdict.findings(self.records)


def run_guidelines(
    *names: str,
    scale: str = "quick",
    channels: Sequence[str] | None = None,
    widths: Sequence[int] = WIDTHS,
    geometry: str | None = None,
    seconds: float | None = None,
    device: str = "cpu",
    engine: str = "eager",
    threads: int | None = None,
    batch: int = 1,
    dtype: str | torch.dtype = "float32",
    channels_last: bool = False,
    seed: int | None = None,
    stored: Sequence[Record] = (),
    say: Say = lambda _text: None,
    progress: Callable[[Any], None] | None = None,
    keep: Callable[[Record], None] = lambda _record: None,
    force: bool = False,
) -> Guidelines:
    """Measure the guideline experiments, ``"g1"`` to ``"g4"`` unless named; also ``"units"`` and
    ``"operators"``.

    ``scale`` "quick" has aligned channels, "paper" also the paper's own and more time; ``channels``
    and ``seconds`` (for a sweep at width 1; wider ones get more) say it in detail. Raises UnknownName, UsageError,
    DeviceUnavailable.
    """
    check_seconds(seconds)
    if not widths:
        raise UsageError("no width is named.", "Try widths=(1, 2, 4).")
    if scale not in SCALES:
        raise UnknownName("scale", scale, SCALES, f"Known: {', '.join(SCALES)}.")
    records = measure_all(
        plan(
            names,
            channels=channels or SCALES[scale].channels,
            widths=widths,
            geometry=geometry,
        ),
        Setup(
            device,
            engine,
            batch,
            dtypes_of(dtype),
            "channels_last" if channels_last else "contiguous",
            threads,
        ),
        seconds=lambda sweep: seconds_of(sweep, seconds or SCALES[scale].seconds),
        seed=seed,
        stored=stored,
        say=say,
        progress=progress,
        keep=keep,
        force=force,
    )
    return Guidelines(tuple(records))


@dataclass(frozen=True, repr=False)
class SweepResult(Shown):
    """What `run_sweep` measured: ``records``, of which everything else is made."""

    records: tuple[Record, ...]

    @property
    def view(self) -> View:  # type: ignore[override]
        return sweep_view(self.records)

    @property
    def points(self) -> list[Relative]:
        """Every point beside the reference."""
        return relatives(self.records)

    @property
    def crossover(self) -> Relative | None:
        """The first point that is slower than the reference by more than its interval."""
        return crossover(self.points)


def run_sweep(
    axis: str,
    *,
    channels: int = 128,
    input: str = "56x56",  # noqa: A002  the word of the command line
    constant: str | None = None,
    seconds: float = 20.0,
    device: str = "cpu",
    engine: str = "eager",
    threads: int | None = None,
    batch: int = 1,
    dtype: str | torch.dtype = "float32",
    channels_last: bool = False,
    seed: int | None = None,
    stored: Sequence[Record] = (),
    say: Say = lambda _text: None,
    progress: Callable[[Any], None] | None = None,
    keep: Callable[[Record], None] = lambda _record: None,
    force: bool = False,
) -> SweepResult:
    """Sweep one axis of `sweep.axes.AXES` for about ``seconds``.

    ``input`` is height x width of the map, ``constant`` "madds" or "width", where an axis has both.
    Raises UnknownName, UsageError, DeviceUnavailable.
    """
    check_seconds(seconds)
    if axis == "resolution" and input != "56x56":
        raise UsageError(
            "the resolution is what is swept: it takes no input.", "Leave --input out."
        )
    if axis == "batch" and batch != 1:
        raise UsageError("the batch is what is swept: it takes none.", "Leave --batch out.")
    size = parse_shape(input)
    if len(size) != 2:
        raise UsageError(f"a map has a height and a width, got {input!r}.", "Try 56x56.")
    sweep = plan_axis(axis, channels, constant, (size[0], size[1]))
    check_channels(axis, channels, constant)
    records = measure_all(
        [sweep],
        Setup(
            device, engine, batch, dtypes_of(dtype), _layout(channels_last=channels_last), threads
        ),
        seconds=lambda _sweep: seconds,
        seed=seed,
        stored=stored,
        say=say,
        progress=progress,
        keep=keep,
        force=force,
    )
    return SweepResult(tuple(records))


@dataclass(frozen=True, repr=False)
class Card(Shown):
    """What `make_device_card` measured: ``records``, of which everything else is made."""

    records: tuple[Record, ...]

    @property
    def view(self) -> View:  # type: ignore[override]
        return card_view(self.card)

    @property
    def card(self) -> DeviceCard:
        """The numbers. Raises ModelError if one of them could not be measured."""
        card = card_of(self.records)
        if card is None:
            raise ModelError("a network of the device card failed.", "See the records.")
        return card


def make_device_card(
    *,
    device: str = "cpu",
    engine: str = "eager",
    threads: int | None = None,
    dtype: str | torch.dtype = "float32",
    channels_last: bool = False,
    path: str | Path | None = None,
    seed: int | None = None,
    stored: Sequence[Record] = (),
    say: Say = lambda _text: None,
    progress: Callable[[Any], None] | None = None,
    keep: Callable[[Record], None] = lambda _record: None,
) -> Card:
    """Measure what a device attains, in about a minute, and keep it for `lint_model`: in ``path``, or
    in the user's data folder. A call that is interrupted keeps its finished parts beside it, in a
    file that ends with ``.part``; the next one goes on from there. A file that holds something else is
    refused. Raises UsageError, DeviceUnavailable, StoreError."""
    setup = Setup(
        device, engine, 1, dtypes_of(dtype), _layout(channels_last=channels_last), threads
    )
    setup.check()
    if threads is None:
        follow(stored, setup.found, setup.device)
        shelf.follow(setup, unfinished=True)
    file = Path(path) if path else shelf.path_of(setup)
    if path:  # a folder of cards holds nothing else
        shelf.check(file)
    shelf.make_room(file)
    part = shelf.part_of(file)

    def kept(record: Record) -> None:
        store.append(part, [record])
        keep(record)

    records = measure_all(
        plan_card(),
        setup,
        seconds=lambda sweep: SECONDS[sweep.experiment],
        seed=seed,
        stored=[*stored, *(store.read(part) if part.exists() else ())],
        say=say,
        progress=progress,
        keep=kept,
    )
    part.unlink(missing_ok=True)
    if card_of(records) is not None:
        shelf.keep(file, records)
    return Card(tuple(records))


def card_path(
    *,
    device: str = "cpu",
    engine: str = "eager",
    threads: int | None = None,
    dtype: str | torch.dtype = "float32",
    channels_last: bool = False,
) -> Path:
    """Where this machine's card for these settings is kept, if it has been made."""
    return shelf.path_of(
        Setup(device, engine, 1, dtypes_of(dtype), _layout(channels_last=channels_last), threads)
    )


@dataclass(frozen=True, repr=False)
class Lint(Shown):
    """What `lint_model` found: ``linting.findings``, the dearest first."""

    linting: Linting

    @property
    def view(self) -> View:  # type: ignore[override]
        return self.shown(20)

    @property
    def findings(self) -> Sequence[Finding]:
        """Everything that was found, the dearest first."""
        return self.linting.findings

    @property
    def record(self) -> Record:
        """What is stored of it: the costs, all findings, and what some were measured to cost."""
        return self.linting.record

    def shown(self, top: int | None) -> View:
        """The table with so many findings."""
        return lint_view(self.linting, top)


def lint_model(
    model: Model,
    *,
    input: Inputs = None,  # noqa: A002  the word of the command line
    card: str | Path | DeviceCard | None = None,
    verify: int = 0,
    seconds: float = 2.0,
    device: str = "cpu",
    engine: str = "eager",
    threads: int | None = None,
    batch: int = 1,
    dtype: str | torch.dtype | None = None,
    channels_last: bool = False,
    trusted: bool = True,
    say: Say = lambda _text: None,
) -> Lint:
    """Where ``model`` strains the four guidelines, and what that costs in memory access; in time too
    where there is a device card: ``card``, or the one that this machine has for these settings.

    ``verify`` is how many of the dearest findings are measured, ``seconds`` for how long each.
    A module in another ``dtype`` than its own is copied. Raises UsageError, ModelError, StoreError.
    """
    if isinstance(verify, bool) or not isinstance(verify, int) or verify < 0:
        raise UsageError(
            f"verify is how many findings, 0 or more, got {verify!r}.", "Try verify=5."
        )
    if engine != "eager":
        raise UsageError(
            f"lint looks at operators as eager runs them, not {engine}.", "Try --engine eager."
        )
    check_seconds(seconds)
    asked = dtypes_of(dtype)
    layout = _layout(channels_last=channels_last)
    own = precision.own_dtype(model) if isinstance(model, nn.Module) else "float32"
    setup = Setup(device, engine, batch, asked or own, layout, threads)
    setup.check()
    looked_at = model if isinstance(model, str) else cast(model, setup.dtype)
    counted = count(looked_at, input=input, batch=batch, dtype=asked, trusted=trusted)
    known = card if isinstance(card, DeviceCard) else shelf.card(setup, card)
    network = linted(counted.network, counted.costs, known)
    findings = find_all(network)
    given = None if isinstance(model, str) else Given(model)
    case = msgspec.structs.replace(
        counted.case, device=setup.device, dtype=setup.dtype, layout=layout, threads=threads
    )
    measured: dict[int, Saving] = {}
    warnings: list[str] = []
    if verify:
        measured = savings(
            findings[:verify],
            network.ops,
            case,
            given,
            seconds=seconds,
            trusted=trusted,
            say=say,
            warn=warnings.append,
        )
    source = source_of(model) if isinstance(model, str) else None
    tried = len(findings[:verify])
    record = untimed(case, counted.costs, identity=counted.identity, warnings=tuple(warnings))
    return Lint(Linting(record, network, findings, measured, source, tried))


def cast(network: nn.Module, dtype: str) -> nn.Module:
    """The network, or a copy of it if it is in another precision. Raises ModelError."""
    if dtype == precision.own_dtype(network):
        return network
    try:
        return precision.cast(copy.deepcopy(network), dtype)
    except Exception as error:
        raise explain_plainly(f"{type(network).__name__} cannot be made {dtype}", error) from error


def check_seconds(seconds: float | None) -> None:
    """Raises UsageError unless there is time to measure."""
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise UsageError(f"seconds are a number above zero, got {seconds!r}.", "Try --seconds 5.")


def _layout(*, channels_last: bool) -> str:
    return "channels_last" if channels_last else "contiguous"
