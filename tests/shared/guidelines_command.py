"""`lightbench guidelines` where it takes no time."""

from __future__ import annotations

QUICK = ("--device", "null", "--seconds", "0.05", "--widths", "1")


def ask(lightbench, *arguments):
    return lightbench("guidelines", *arguments)
