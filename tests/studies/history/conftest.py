"""Records of a history: day by day, slower from one commit on, and in a file."""

from __future__ import annotations

import random

import msgspec
import pytest
from histories import MACHINE, commit_of

from lightbench.records import Environment, store


@pytest.fixture(scope="session")
def at(make_record):
    """``at(3, latency_s=0.02)`` is a record of the third commit, which is of the third day."""

    def made(day, model="net", commit=..., second=0, machine=MACHINE, noted=None, **settings):
        record = make_record(model, comparable=machine, **settings)
        named = commit_of(day) if commit is ... else commit
        where = Environment(comparable=machine, noted={"commit": named, **(noted or {})})
        month, rest = divmod(day, 28)
        time = f"2026-{1 + month:02}-{1 + rest:02}T03:00:{second:02}+00:00"
        return msgspec.structs.replace(record, environment=where, time=time)

    return made


@pytest.fixture(scope="session")
def stepped(at):
    """``stepped()``: 40 commits, 10 % slower from the 21st on, in noise of 1 %; the functions give
    machine and noted facts of a day."""

    def made(model="net", machine=lambda _: MACHINE, noted=lambda _: None, **settings):
        rng = random.Random(1)
        return [
            at(
                day,
                model,
                machine=machine(day),
                noted=noted(day),
                latency_s=0.010 * (1.1 if day >= 20 else 1) * rng.gauss(1, 0.01),
                **settings,
            )
            for day in range(40)
        ]

    return made


@pytest.fixture
def keep(tmp_path):
    """``keep(records)`` is the file that they are in."""

    def made(records, name="r.jsonl"):
        store.append(tmp_path / name, records)
        return tmp_path / name

    return made
