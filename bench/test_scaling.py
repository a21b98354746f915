"""A count is linear in the number of operators, and flat in the sizes of tensors."""

import pytest
import scaling


@pytest.mark.parametrize("varied", scaling.CASES)
def test_an_operator_takes_the_same_time(holds, varied):
    holds(scaling, varied)
