"""What is known of two sides that were timed together."""

from __future__ import annotations

from lightbench.records import Record
from lightbench.records.noun import Noun
from lightbench.stats.ratio import Ratio
from lightbench.stats.verdict import Verdict

OF_A_NETWORK = (
    "it ",
    "its ",
)  # how a warning begins that is about a network, not about the machine

CONTENTION = 0.01  # wall and CPU clock may differ by this much before it is said


class Comparison(Noun, frozen=True, kw_only=True):
    """Side b beside side a. Sample i of both records belongs to the same round; ``ratio`` is that of
    the ``clock`` that counts, b over a, with its interval of confidence ``confidence``.

    ``detectable`` is the smallest slowdown that would have been found (a fraction), ``seconds`` how
    long it took, ``restarts`` in how many pairs of processes. A side that could not be run is a
    failed record; then there is no ratio and the verdict is "not comparable".
    """

    a: Record
    b: Record
    names: tuple[str, str]
    ratio: Ratio | None
    cpu_ratio: Ratio | None = None
    clock: str = "wall"  # "wall", "cpu" (of the calling thread), "device"
    tolerance: float
    confidence: float
    verdict: Verdict
    detectable: float | None = None
    seconds: float
    looks: int = 1
    restarts: int = 1
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.ratio is None) != (self.verdict == "not comparable"):
            raise ValueError("a verdict needs a ratio, and only a comparison without one has none")

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why there is no ratio, and what to do, with the side that it was; of the second one first."""
        return tuple(
            said if name in said else f"{name}: {said}"
            for name, record in ((self.names[1], self.b), (self.names[0], self.a))
            for said in _reasons(record)
        )

    @property
    def one_sided(self) -> tuple[str, ...]:
        """What is said of the network of one side alone, with the name of that."""
        sides = ((self.names[0], self.a, self.b), (self.names[1], self.b, self.a))
        return tuple(
            f"{name}: {said}"
            for name, record, other in sides
            for said in record.warnings
            if said.startswith(OF_A_NETWORK) and said not in other.warnings
        )

    @property
    def change(self) -> float | None:
        """By what fraction b takes longer than a: 0.04 is 4 % slower."""
        return None if self.ratio is None else self.ratio.ratio - 1


def _reasons(record: Record) -> tuple[str, ...]:
    if record.failure:
        return (f"{record.failure.message} {record.failure.hint}".strip(),)
    return record.suspicions
