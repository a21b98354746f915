"""A machine whose records become a history, its commits, and the series of records."""

from __future__ import annotations

from hashlib import sha1

from lightbench.studies.history.entries import entries
from lightbench.studies.history.series import histories

MACHINE = {"cpu": "Example CPU", "threads": 2, "torch": "2.12.0"}


def commit_of(number):
    return sha1(str(number).encode()).hexdigest()


def series(records, metric="latency"):
    return histories(entries(records), metric)
