"""A device card, and no other of this machine."""

from __future__ import annotations

import msgspec
import pytest
from by_hand import MEASURED, ROUNDS

from lightbench.records import Op
from lightbench.studies.card.card import card_of


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """No test sees, or leaves, a card of this machine."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


def with_operators(record, n):
    """The same costs in ``n`` operators, of which the first has everything."""
    first, *_ = record.costs.ops
    rest = [Op(path="", module="", op="x", kind="other")] * (n - 1)
    costs = msgspec.structs.replace(record.costs, ops=(first, *rest))
    return msgspec.structs.replace(record, costs=costs)


@pytest.fixture(scope="session")
def card_records(sweep_records):
    """The records of a card; ``card_records(without=["linear"], faster=2)``."""

    def make(*, without=(), faster=1, run="card", groups=None, ratios=None, rounds=ROUNDS, **case):
        names = [name for name in MEASURED if name not in without]
        records = sweep_records(
            {name: [r * MEASURED[name][0] / faster for r in rounds] for name in names},
            experiment="device_card",
            run=run,
            madds={name: MEASURED[name][1] for name in names},
            mem_bytes={name: MEASURED[name][2] for name in names},
            **case,
        )
        if case.get("costs", True):
            records = [
                with_operators(r, n) if (n := MEASURED[r.sweep.point][3]) > 1 else r
                for r in records
            ]
        for axis, times in (("groups", groups), ("ratio", ratios)):
            if times:
                records += sweep_records(times, experiment=axis, run=f"{run}-{axis}", per_madd=True)
        return records

    return make


@pytest.fixture
def card(card_records):
    return card_of(card_records())
