"""A fresh process answers at once, or soon after PyTorch is there."""

import pytest
import startup


@pytest.mark.parametrize("case", startup.CASES)
def test_little_is_added_to_import_torch(holds, case):
    holds(startup, case)
