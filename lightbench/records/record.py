"""What is known of one case at one time. Frozen, and validated when built.

A stored record carries ``schema``. History:

1. first version
2. ``sweep``: where a record stands among those timed in the same rounds
3. accelerators: ``device_s``, ``launch_s`` and transfers of samples, ``options`` of a case, ``energy_j``
4. what explains a case: ``layers``, ``findings``, ``opinions``, ``check``
5. ``identity``: what was run, beyond its name; ``run``: what was timed in the same rounds
6. ``inputs`` of other forms than tensors with a batch in front: each says its ``form``; ``calls`` of modules, and
   how an operator was called: what other tools' conventions go by, where it was noted
7. ``found``: what a study found, one field that says of which study it is, where each had a field of its own
8. other engines than eager: ``outputs`` held against float64, and the ``conversion`` of those that run no PyTorch
9. engines in full: the precision of ``outputs``, what is off the fast path, what int8 was calibrated on, what layers take
   (``found`` of the study ``kernels``), ``resident`` memory, what a ``vendor``'s program says; model files, of which
   ``stored_params`` are known and ``params`` are not
10. accuracy: ``found`` of the study ``evaluate``
11. ``params`` of each operator
12. advice: a finding has a ``layer`` and an ``advice`` (before: ``path``, ``remedy``), and what it shares with others of
   its cause; ``tried``, what following it brought
"""

from __future__ import annotations

import hashlib
from typing import Literal, TypeVar

import msgspec

from lightbench.records.case import Case
from lightbench.records.costs import Costs, check_count
from lightbench.records.failure import Failure
from lightbench.records.findings import (
    Check,
    Crosscheck,
    EngineTimes,
    Evaluation,
    Finding,
    Found,
    LayerTimes,
    Linted,
    Opinion,
    SweepPoint,
    Tried,
)
from lightbench.records.noun import Noun
from lightbench.records.outputs import Conversion, Outputs
from lightbench.records.resident import Resident
from lightbench.records.samples import Latency, Samples
from lightbench.records.vendor import Vendor

SCHEMA = 12
CONTENDED = "contended"  # how a warning begins that says so of a record
SUSPECT = "suspect"  # the same: its time cannot be that of the work that was counted

Status = Literal["ok", "failed"]


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


F = TypeVar("F", bound=Found)


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
    # None: a profile's
    found: (
        SweepPoint | LayerTimes | EngineTimes | Linted | Crosscheck | Check | Evaluation | None
    ) = None
    identity: Identity | None = None  # None: not known, of a schema before 5
    run: Run | None = None  # None: not timed in rounds, or not known in which
    outputs: Outputs | None = None  # None: of eager PyTorch, or not held against it
    conversion: Conversion | None = None  # of an engine that runs no PyTorch
    vendor: Vendor | None = None  # what the program of the engine's maker says
    resident: Resident | None = None  # asked for by the option "memory"

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
    def study(self) -> str:
        """What was asked when it was measured: times of different studies are not one series."""
        return self.found.study if self.found else "profile"

    def _of(self, kind: type[F]) -> F | None:
        return self.found if isinstance(self.found, kind) else None

    @property
    def sweep(self) -> SweepPoint | None:
        """Where it stands in a sweep, if it was measured in one."""
        return self._of(SweepPoint)

    @property
    def layers(self) -> LayerTimes | None:
        """Of `lightbench layers`; the samples are of the same rounds."""
        return self._of(LayerTimes)

    @property
    def kernels(self) -> EngineTimes | None:
        """Of `lightbench layers` with an engine that tells times of its own."""
        return self._of(EngineTimes)

    @property
    def findings(self) -> tuple[Finding, ...] | None:
        """Of `lightbench lint`, the dearest first."""
        found = self._of(Linted)
        return found.findings if found else None

    @property
    def tried(self) -> tuple[Tried, ...]:
        """Of `lightbench lint --try`: the network rewritten as its findings advise."""
        found = self._of(Linted)
        return found.tried if found else ()

    @property
    def opinions(self) -> tuple[Opinion, ...] | None:
        """Of `lightbench count --crosscheck`."""
        found = self._of(Crosscheck)
        return found.opinions if found else None

    @property
    def check(self) -> Check | None:
        """Of `lightbench check`."""
        return self._of(Check)

    @property
    def evaluation(self) -> Evaluation | None:
        """Of `lightbench evaluate`."""
        return self._of(Evaluation)

    @property
    def contended(self) -> bool:
        """Did other programs use the machine meanwhile, so that the time may be too long?"""
        return any(warning.startswith(CONTENDED) for warning in self.warnings)

    @property
    def suspicions(self) -> tuple[str, ...]:
        """Why its time cannot be that of the work that was counted, a sentence each."""
        said = (warning for warning in self.warnings if warning.startswith(SUSPECT))
        return tuple(warning.removeprefix(SUSPECT).lstrip(": ") for warning in said)

    @property
    def believed(self) -> bool:
        """Was it timed, undisturbed, and may it be so? Only then it is in a sentence or a figure."""
        return self.latency is not None and not self.contended and not self.suspicions

    @property
    def throughput(self) -> float | None:
        """Images per second at the case's batch, from the median."""
        return self.case.batch / self.latency.median_s if self.latency else None

    @property
    def id(self) -> str:
        """Hash of the content: the same record has the same id everywhere."""
        content = msgspec.json.encode(self, order="deterministic")
        return hashlib.sha256(content).hexdigest()[:16]
