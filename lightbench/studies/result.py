"""What every answer from Python has in common: it shows itself, and becomes a DataFrame."""

from __future__ import annotations

from typing import Any

from lightbench import registry
from lightbench.views.table import View


class Shown:
    """An object that shows itself as its table, in a terminal and in a notebook."""

    view: View

    def _render(self, name: str) -> str:
        text: str = registry.load("format", name).render(self.view)
        return text

    def __repr__(self) -> str:
        return self._render("table").rstrip("\n")

    def _repr_html_(self) -> str:
        return self._render("html")

    def _repr_markdown_(self) -> str:
        return self._render("markdown")

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame: raw values, columns named with their units."""
        return self.view.to_pandas()
