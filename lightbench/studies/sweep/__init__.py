"""Sweeps: networks that differ in one thing, timed in the same rounds, each beside one reference."""
