"""`check --against` without timing, and what it says of a network."""

import json

from lightbench.cli import run


def check(*models, against="HEAD", more=(), capsys):
    """Exit code, and the rows by model and metric."""
    options = ["--against", against, "--no-latency", "-q", "--input", "3x16x16", "--format", "json"]
    code = run(["check", *options, *more, *models])
    rows = json.loads(capsys.readouterr().out or '{"rows": []}')["rows"]
    return code, {(row["model"], row["metric"]): row for row in rows}


def compared(rows, model):
    row = rows[model, "params"]
    return row["before"], row["now"], row["note"]


def note_of(rows, model):
    return rows[model, "latency_s"]["note"]
