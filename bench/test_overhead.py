"""The timer adds little to what it times."""

import overhead
import pytest


@pytest.mark.parametrize("case", overhead.CASES)
def test_little_is_attributed_to_the_call(holds, case):
    holds(overhead, case)
