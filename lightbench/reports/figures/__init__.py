"""Figures that are of no single study."""
