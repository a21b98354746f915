"""Counts are exact on every machine, so a test may hold them; time is held by the workflow, in pairs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from net import Net


def test_the_network_stays_within_its_budget(lightbench):  # the fixture comes with the package
    lightbench.assert_budget(Net(), params="20k", madds="7.5M", mem_bytes="4.6MB", input="3x96x96")
