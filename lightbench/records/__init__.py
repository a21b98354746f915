"""What is known of a case: frozen data, validated when it is built. The usual names stand here."""

from lightbench.records.case import Case, Dtype, Layout, Mode
from lightbench.records.costs import CONV_KINDS, PAPER_KINDS, Call, Costs, Kind, Op
from lightbench.records.failure import Failure
from lightbench.records.findings import SweepPoint
from lightbench.records.inputs import InputSpec
from lightbench.records.record import (
    CONTENDED,
    SCHEMA,
    SUSPECT,
    Environment,
    Identity,
    Record,
    Run,
)
from lightbench.records.resident import Resident
from lightbench.records.samples import (
    LAUNCH_BOUND,
    LONGEST_S,
    SHORTEST_S,
    Latency,
    Samples,
    Stop,
    launch_bound,
)

__all__ = [
    "CONTENDED",
    "CONV_KINDS",
    "LAUNCH_BOUND",
    "LONGEST_S",
    "PAPER_KINDS",
    "SCHEMA",
    "SHORTEST_S",
    "SUSPECT",
    "Call",
    "Case",
    "Costs",
    "Dtype",
    "Environment",
    "Failure",
    "Identity",
    "InputSpec",
    "Kind",
    "Latency",
    "Layout",
    "Mode",
    "Op",
    "Record",
    "Resident",
    "Run",
    "Samples",
    "Stop",
    "SweepPoint",
    "launch_bound",
]
