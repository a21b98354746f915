"""How the peaks of a device are measured: each point as a case, of the setup of the networks.

They are timed in the same rounds as the networks that are held against them, so that a machine whose speed
drifts is unfair to none.
"""

from __future__ import annotations

from dataclasses import asdict

from lightbench.records import Case
from lightbench.runner.setup import Setup
from lightbench.studies.roofline.points import EAGER, POINTS
from lightbench.studies.sweep.equal import input_of
from lightbench.studies.sweep.plan import Point

COPIES = 16  # so many times a map must fit into the memory that is free


def peaks(setup: Setup) -> list[tuple[Point, Case]]:
    """Each point as the setup runs it, in eager PyTorch, whose operators are the device's own libraries, and in
    the setup's engine. Maps that are large for the memory that is free are left out."""
    free = setup.found.free_memory()
    points = [p for p in POINTS.values() if free is None or COPIES * _map_bytes(p) <= free]
    return [
        (point, _case(point, setup, engine))
        for engine in dict.fromkeys((EAGER, setup.engine))
        for point in points
    ]


def _map_bytes(point: Point) -> int:
    channels, (height, width) = int(point.settings["c"]), point.size or (1, point.batch or 1)
    return 4 * channels * height * width


def _case(point: Point, setup: Setup, engine: str) -> Case:
    how = {**asdict(setup), "engine": engine, "batch": point.batch or 1}
    return Case(model=point.model, inputs=(input_of(point, point.size),), **how)
