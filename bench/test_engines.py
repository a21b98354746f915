"""A call of an engine costs little by itself, and is as fast as the maker of the engine says."""

import engines
import pytest


@pytest.mark.parametrize("case", engines.CASES)
def test_calls_are_those_of_the_engine(holds, case):
    holds(engines, case)
