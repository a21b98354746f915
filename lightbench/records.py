"""The nouns: what a case is, what it costs, what was timed, where. Frozen, and validated when built.

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

from lightbench.counted import CONV_KINDS as CONV_KINDS
from lightbench.counted import PAPER_KINDS as PAPER_KINDS
from lightbench.counted import Call as Call
from lightbench.counted import Costs as Costs
from lightbench.counted import Kind as Kind
from lightbench.counted import Op as Op
from lightbench.counted import check_count
from lightbench.errors import UsageError
from lightbench.inputs import Input, check_inputs
from lightbench.inputs import InputSpec as InputSpec
from lightbench.nouns import Check, Finding, LayerTimes, Noun, Opinion
from lightbench.stats.median import median

SCHEMA = 6
LAUNCH_BOUND = 0.9

CONTENDED = "contended"  # how a warning begins that says so of a record

Dtype = Literal["float32", "float64", "float16", "bfloat16"]
Mode = Literal["infer", "train"]
Layout = Literal["contiguous", "channels_last"]
Status = Literal["ok", "failed"]
Stop = Literal["converged", "max_seconds", "interrupted"]


class Case(Noun, frozen=True, kw_only=True):
    """One network x input x device x engine x precision x mode: what is to be known."""

    model: str
    inputs: tuple[Input, ...]
    batch: int = 1
    device: str = "cpu"
    engine: str = "eager"
    dtype: Dtype = "float32"
    mode: Mode = "infer"
    layout: Layout = "contiguous"
    threads: int | None = None  # None: as many as are free; the record's environment says how many
    options: tuple[str, ...] = ()  # of the device, in alphabetical order: "cold-cache", "graph"

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise UsageError(f"a batch is 1 or more, got {self.batch}.", "Try --batch 1.")
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"threads are 1 or more, got {self.threads}.", "Try --threads 1.")
        check_inputs(self.inputs, self.batch)


SHORTEST_S, LONGEST_S = 1e-12, 1e9  # what no call takes: a picosecond, thirty years


def _check_times(times: tuple[float, ...], what: str, *, zero: bool = False) -> None:
    for time in times:
        least = 0 if zero else SHORTEST_S
        if isinstance(time, bool) or not least <= time <= LONGEST_S:  # NaN is not, either
            raise ValueError(
                f"{what} must be finite and above zero, as a call may take, got {time!r}"
            )


class Samples(Noun, frozen=True, kw_only=True):
    """Raw times of one case, in seconds per call, in the order they were taken: sample i of every
    case of one run belongs to the same round.

    An accelerator has three times of the same call: ``launch_s`` until it returned to the host,
    ``device_s`` between two events on the device, and ``wall_s`` to the end of synchronisation.
    """

    wall_s: tuple[float, ...]
    cpu_s: tuple[float, ...] = ()  # CPU time of the calling thread, where there is such a clock
    device_s: tuple[float, ...] = ()  # empty where the device has no events
    launch_s: tuple[float, ...] = ()
    to_device_s: tuple[float, ...] = ()  # the inputs, with the option "h2d"
    to_host_s: tuple[float, ...] = ()  # the outputs
    throttled_rounds: int = 0  # thrown away: the device was slowed down meanwhile
    calls_per_sample: int = 1
    samples_per_round: int = 1
    first_call_s: float
    warmup_calls: int
    stop: Stop

    def __post_init__(self) -> None:
        _check_times(self.wall_s, "wall_s")
        _check_times(self.cpu_s, "cpu_s", zero=True)  # the thread clock may tick too coarsely
        _check_times((self.first_call_s,), "first_call_s")
        for name in ("cpu_s", "device_s", "launch_s", "to_device_s", "to_host_s"):
            times = getattr(self, name)
            if times and len(times) != len(self.wall_s):
                raise ValueError(f"wall_s and {name} must have the same length")
            if name != "cpu_s":
                _check_times(times, name)
        if self.samples_per_round < 1 or len(self.wall_s) % self.samples_per_round:
            raise ValueError("samples come in whole rounds")
        if self.throttled_rounds < 0:
            raise ValueError("throttled_rounds is a count")

    @property
    def times_s(self) -> tuple[float, ...]:
        """What counts as the time of a call: the device's own where it has one, or else the wall's."""
        return self.device_s or self.wall_s


def launch_bound(samples: Samples) -> bool:
    """Did the host need more than 90 % of a call's time to launch it, so that the device waited?
    False where that is not known."""
    if not samples.launch_s:
        return False
    return median(samples.launch_s) > LAUNCH_BOUND * median(samples.wall_s)


class Latency(Noun, frozen=True, kw_only=True):
    """Summary of samples: seconds per call at the case's batch.

    ``median_s`` is the median over rounds of the median call of a round. ``low_s`` and ``high_s`` bound the median with 95 % confidence (order statistics); None with too
    few samples. ``p90_s`` needs 10 samples, ``p99_s`` 100; None below.
    """

    median_s: float
    low_s: float | None
    high_s: float | None
    p90_s: float | None
    p99_s: float | None
    min_s: float
    n: int
    cpu_median_s: float | None = None

    def __post_init__(self) -> None:
        known = [t for t in (self.low_s, self.high_s, self.p90_s, self.p99_s) if t is not None]
        _check_times((self.median_s, self.min_s, *known), "latency")
        if self.n < 1 or self.min_s > self.median_s:
            raise ValueError("a latency needs samples, and a median that is not below its minimum")

    @property
    def rel(self) -> float | None:
        """Half width of the interval as a fraction of the median: 0.01 is within 1 %."""
        if self.low_s is None or self.high_s is None:
            return None
        return (self.high_s - self.low_s) / 2 / self.median_s


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


class Failure(Noun, frozen=True, kw_only=True):
    """Why a case has no result: one sentence, the next step, and the exit code it stands for."""

    error: str
    message: str
    hint: str = ""
    exit_code: int = 2


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
    rel: float | None = None  # the rule that was asked for, see `timing.sampling.Rule`
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
