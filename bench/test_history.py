"""A history of 100,000 records is there in five seconds."""

import history
import pytest


@pytest.mark.parametrize("case", history.CASES)
def test_a_long_history_is_read_soon(holds, case):
    holds(history, case)
