"""Figures: one file is one figure, with `draw(records) -> Figure`."""
