"""Training with lightbench costs what a loop by hand costs."""

import pytest
import training


@pytest.mark.parametrize("case", training.CASES)
def test_a_step_costs_what_it_costs_by_hand(holds, case):
    holds(training, case)
