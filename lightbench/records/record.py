"""What is known of one case at one time. Frozen, and validated when built.

A stored record carries ``schema``. History:

1. first version
2. ``sweep``: where a record stands among those timed in the same rounds
3. accelerators: ``device_s``, ``launch_s`` and transfers of samples, ``options`` of a case, ``energy_j``
4. what explains a case: ``layers``, ``findings``, ``opinions``, ``check``
5. ``identity``: what was run, beyond its name; ``run``: what was timed in the same rounds
6. ``inputs`` of other forms than tensors with a batch in front: each says its ``form``; ``calls`` of modules, and
   how an operator was called: what other tools' conventions go by, where it was noted
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from lightbench.records.case import Case
from lightbench.records.costs import Costs, check_count
from lightbench.records.failure import Failure
from lightbench.records.findings import Check, Finding, LayerTimes, Opinion
from lightbench.records.noun import Noun
from lightbench.records.samples import Latency, Samples

SCHEMA = 6
CONTENDED = "contended"  # how a warning begins that says so of a record

Status = Literal["ok", "failed"]


class SweepPoint(Noun, frozen=True, kw_only=True):
    """Where a record stands in a sweep: cases that differ in one thing and were timed in the same
    rounds. Records of one ``run`` may be compared round by round."""

    run: str  # the same for all records of the same rounds
    experiment: str  # "g1_channel_ratio", or an axis of `lightbench sweep`
    point: str  # what differs: "1:4"
    channels: str = ""  # which set of channels: "aligned", "paper-gpu", "paper-arm"
    width: int = 1  # by how much the set is multiplied
    # what the point consists of: {"c1": 48, "c2": 192}
    settings: dict[str, int | str | bool] = msgspec.field(default_factory=dict)
    reference: bool = False  # the point that all others are compared with
    launch: bool = False  # the same operators on a map of one pixel: what starting them takes
    per_madd: bool = False  # points differ in their multiply-adds: what counts is time per one
    note: str = ""

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"a width is 1 or more, got {self.width}")


class Environment(Noun, frozen=True, kw_only=True):
    """The machine and software of a measurement.

    ``comparable`` decides whether two stored times may be compared at all; ``noted`` is everything
    else worth knowing (load, governor, commit).
    """

    comparable: dict[str, str | int | None]
    noted: dict[str, str | int | float | None]


class Identity(Noun, frozen=True, kw_only=True):
    """What a name stood for when it was measured: two records of equal identities are of the same
    network, counted in the same way. Hashes are of 16 hex digits."""

    structure: str  # modules, what they say of their settings, names and shapes of their tensors
    code: str = ""  # the network's file, and what that imports of its project; "" for a package's
    packages: tuple[str, ...] = ()  # "timm 1.0.31"
    counting: str  # the rules by which it was counted


class Run(Noun, frozen=True, kw_only=True):
    """Which records were timed in the same rounds, and when these were to end.

    Only times of one run may be compared as they are: between runs the machine changes. An
    ``anchor`` was timed so that this run can be compared with others, not because it was asked for.
    """

    id: str
    anchor: bool = False
    rel: float | None = None  # the rule that was asked for, see `timing.stopping.Rule`
    max_s: float | None = None


Study = Literal["profile", "sweep", "layers", "lint", "crosscheck", "check"]


class Record(Noun, frozen=True, kw_only=True):
    """What is known of one case at one time."""

    schema: int
    time: str  # ISO 8601, UTC
    case: Case
    status: Status
    environment: Environment
    costs: Costs | None = None
    samples: Samples | None = None
    latency: Latency | None = None
    peak_memory_bytes: int | None = None
    energy_j: float | None = None  # per image
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    sweep: SweepPoint | None = None
    layers: LayerTimes | None = None  # of `lightbench layers`; the samples are of the same rounds
    findings: tuple[Finding, ...] | None = None  # of `lightbench lint`, the dearest first
    opinions: tuple[Opinion, ...] | None = None  # of `lightbench count --crosscheck`
    check: Check | None = None  # of `lightbench check`
    identity: Identity | None = None  # None: not known, of a schema before 5
    run: Run | None = None  # None: not timed in rounds, or not known in which

    def __post_init__(self) -> None:
        if self.schema != SCHEMA:
            raise ValueError(f"a record of schema {self.schema} must be migrated to {SCHEMA} first")
        if (self.status == "failed") != (self.failure is not None):
            raise ValueError("a failed record says why, and only a failed one")
        check_count(self.peak_memory_bytes, "peak_memory_bytes")
        if (self.latency is None) != (self.samples is None):
            raise ValueError("a latency comes with its samples")
        if self.layers and len(self.layers.operators) != len(self.costs.ops if self.costs else ()):
            raise ValueError("layers have one time for each operator")

    @property
    def study(self) -> Study:
        """What was asked when it was measured: times of different studies are not one series."""
        holds: dict[Study, object] = {
            "sweep": self.sweep,
            "layers": self.layers,
            "lint": self.findings,
            "crosscheck": self.opinions,
            "check": self.check,
        }
        return next((study for study, part in holds.items() if part is not None), "profile")

    @property
    def contended(self) -> bool:
        """Did other programs use the machine meanwhile, so that the time may be too long?"""
        return any(warning.startswith(CONTENDED) for warning in self.warnings)

    @property
    def throughput(self) -> float | None:
        """Images per second at the case's batch, from the median."""
        return self.case.batch / self.latency.median_s if self.latency else None

    @property
    def id(self) -> str:
        """Hash of the content: the same record has the same id everywhere."""
        content = msgspec.json.encode(self, order="deterministic")
        return hashlib.sha256(content).hexdigest()[:16]
