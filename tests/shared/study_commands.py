"""Commands that measure on the null device, and what is expected of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lightbench.studies.card.card import CONV_LAUNCH, LAUNCH, MOVES, RATES, STREAM

ROOT = Path(__file__).parents[2]
NULL = ("--device", "null")
SWEEP = ("sweep", "kernel", "--channels", "34", "--input", "5x6", "--seconds", "0.05", *NULL)
CARD = ("device-card", *NULL)
LINT = ("lint", "shufflenet_v1_x0_5_g3", *NULL)
COMMANDS = {"sweep": SWEEP, "device-card": CARD, "lint": LINT}
each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


def refused(answer, code=2):
    """One sentence after "lightbench: ", the next step below it, nothing else anywhere."""
    assert answer.code == code, answer
    assert answer.out == ""
    sentence, step = answer.err.splitlines()
    assert sentence.startswith("lightbench: ")
    assert sentence.endswith((".", "?"))
    assert step.startswith("  ")
    assert step.strip()
    return sentence, step


def nothing_may_be_measured(monkeypatch):
    for name in ("lightbench.runner.run.run", "lightbench.studies.lint.savings.measure"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("it was measured"))


def ids(answer):
    return [record["id"] for record in json.loads(answer.out)["records"]]


def card_records(sweep_records, **failed):
    points = (*RATES, *MOVES, STREAM, LAUNCH, CONV_LAUNCH)
    times = {p: failed.get(p.replace(" ", "_"), 1.0) for p in points}
    return sweep_records(times, experiment="device_card", run="card", device="null")
