"""Kinds of operators by the names that a format has for them."""

from __future__ import annotations

from collections.abc import Mapping

from lightbench.records.costs import Kind


def by_name(table: Mapping[Kind, str]) -> dict[str, Kind]:
    """``{"pooling": "MaxPool AveragePool"}`` -> the kind of each name."""
    return {name: kind for kind, names in table.items() for name in names.split()}
