"""Measured accuracy against measured time: networks are trained on a small budget, evaluated, and timed."""
