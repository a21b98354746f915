"""Is the advice of `lightbench lint` right? Networks are rewritten as it says, and timed in pairs beside what they were.

    python bench/advice.py [--card FILE] [--seconds 20] [--threads 1] [--store advice.jsonl] [name ...]

prints for each piece of advice what it was to save, what it saved, and whether it was right: in its direction, where the
network became faster, or no slower where less than the tolerance was to be saved; and in its size, where the time that was
saved is the estimate within a factor of 1.5. What the pairs do not tell, since its interval has both, counts in neither.
A device card of these settings is needed: `lightbench device-card --threads 1` makes one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from torch import Tensor, nn

import lightbench as lb
from lightbench import units
from lightbench.formats import table as text
from lightbench.records import store
from lightbench.records.findings import Tried
from lightbench.stats.verdict import TOLERANCE
from lightbench.studies.lint.causes import Cause, causes
from lightbench.views.metrics import change
from lightbench.views.table import Column, Table, View, own_words

WITHIN = 1.5
ENOUGH = {"direction": 0.95, "size": 0.80}  # shares that are to be right


class Residual(nn.Module):
    """What is in it, added to what comes in."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out


class Gate(nn.Module):
    """Squeeze-and-excite."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(c, c // 4, 1),
            nn.ReLU(),
            nn.Conv2d(c // 4, c, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x * self.gate(x)
        return out


def norms() -> nn.Module:
    """A norm behind each of many small convolutions."""
    return nn.Sequential(
        *(nn.Sequential(nn.Conv2d(32, 32, 1, bias=False), nn.BatchNorm2d(32)) for _ in range(16))
    )


def groups() -> nn.Module:
    """Bottlenecks of eight groups."""
    return nn.Sequential(
        *(
            Residual(nn.Conv2d(256, 64, 1, groups=8), nn.ReLU(), nn.Conv2d(64, 256, 1, groups=8))
            for _ in range(8)
        )
    )


def gates() -> nn.Module:
    """A gate behind each 1x1 convolution."""
    return nn.Sequential(*(nn.Sequential(nn.Conv2d(64, 64, 1), Gate(64)) for _ in range(12)))


def early() -> nn.Module:
    """MobileNetV2's blocks on a map of 112 x 112."""
    return nn.Sequential(
        *(
            Residual(
                nn.Conv2d(16, 64, 1),
                nn.ReLU(),
                nn.Conv2d(64, 64, 3, padding=1, groups=64),
                nn.Conv2d(64, 16, 1),
            )
            for _ in range(4)
        )
    )


class Case(NamedTuple):
    """A network, and its input."""

    make: Callable[[], nn.Module] | str
    input: str = "3x224x224"


CASES = {
    **{
        name: Case(name)
        for name in (
            "shufflenet_v1_x1_0_g3",
            "shufflenet_v1_x1_0_g8",
            "shufflenet_v1_x0_5_g3",
            "shufflenet_v2_x1_0",
            "mobilenet_v1",
            "mobilenet_v2",
            "mobilenet_v3_small",
            "mobilenet_v3_large",
            "resnet18",
            "resnet50",
            "torchvision:resnext50_32x4d",
            "torchvision:efficientnet_b0",
            "torchvision:mnasnet1_0",
        )
    },
    "norms": Case(norms, "32x56x56"),
    "groups": Case(groups, "256x28x28"),
    "gates": Case(gates, "64x28x28"),
    "early": Case(early, "16x112x112"),
}


class Verdict(NamedTuple):
    """What became of one piece of advice; None where the pairs do not tell, or there was no estimate."""

    direction: bool | None
    size: bool | None


def judged(cause: Cause, tried: Tried) -> Verdict:
    """Of a network that was timed."""
    assert tried.ratio is not None
    assert tried.saved_s is not None
    estimate, ratio = cause.estimate_s, tried.ratio
    if ratio.low is None or ratio.high is None or estimate is None:
        return Verdict(None, None)
    whole = tried.saved_s / (1 - ratio.median) if ratio.median != 1 else 0.0
    expects = estimate > TOLERANCE * whole
    faster, slower = ratio.high < 1, ratio.low > 1
    if expects:
        direction = True if faster else False if slower or tried.verdict == "same" else None
    else:
        direction = ratio.low <= 1 + TOLERANCE
    if not expects or not faster:
        return Verdict(direction, None)
    return Verdict(direction, 1 / WITHIN <= tried.saved_s / estimate <= WITHIN)


def measured(name: str, how: argparse.Namespace) -> Iterator[tuple[Cause, Tried, Verdict]]:
    """Advice about one network that was followed and timed."""
    case = CASES[name]
    model = case.make if isinstance(case.make, str) else case.make().eval()
    found = lb.lint(
        model,
        input=case.input,
        card=how.card,
        threads=how.threads,
        trial=True,
        seconds=how.seconds / 5,
        say=lambda said: print(f"  {said}", flush=True),
    )
    if how.store:
        store.append(how.store, [found.record])
    for cause in causes(found.record.findings or (), found.record.tried):
        if cause.findings and cause.tried and cause.tried.ratio:
            yield cause, cause.tried, judged(cause, cause.tried)


COLUMNS = (
    Column("network", "network", align="left"),
    Column("kind", "cause", own_words, align="left"),
    Column("estimate_s", "estimate (ms)", units.milliseconds),
    Column("saved_s", "saved (ms)", units.milliseconds),
    Column("change", "tried", change),
    Column("direction", "direction", own_words, align="left"),
    Column("size", "size", own_words, align="left"),
)
WORDS = {True: "right", False: "wrong", None: "-"}


def main(arguments: Sequence[str] | None = None) -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("names", nargs="*")
    asked.add_argument("--card")
    asked.add_argument("--store")
    asked.add_argument("--seconds", type=float, default=20.0)
    asked.add_argument("--threads", type=int, default=1)
    how = asked.parse_args(arguments)
    rows, verdicts = [], []
    for name in how.names or CASES:
        print(name, flush=True)
        for cause, tried, verdict in measured(name, how):
            assert tried.ratio is not None
            verdicts.append(verdict)
            words = (WORDS[verdict.direction], WORDS[verdict.size])
            rows.append(
                (name, cause.kind, cause.estimate_s, tried.saved_s, tried.ratio.median - 1, *words)
            )
    notes = [said(verdicts, which) for which in ENOUGH]
    print(
        text.render(
            View(Table("Advice of lint", COLUMNS, tuple(rows), tuple(notes)), None), width=110
        )
    )


def said(verdicts: Sequence[Verdict], which: str) -> str:
    """How often it was right, of those that can be told."""
    known = [value for verdict in verdicts if (value := getattr(verdict, which)) is not None]
    right = f"right in {sum(known)} of {len(known)}"
    share = f" ({units.percent(sum(known) / len(known))})" if known else ""
    left = len(verdicts) - len(known)
    return f"{which}: {right}{share}, at least {units.percent(ENOUGH[which])} are to be; not told: {left}"


if __name__ == "__main__":
    main()
