"""lightbench counts faster than every peer, on every network of the table."""

import counting
import pytest


@pytest.mark.parametrize("network", counting.CASES)
def test_peers_take_longer(holds, network):
    holds(counting, network)
