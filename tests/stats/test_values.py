"""What a statistic found: a value that nobody makes another, which those who share it rely on."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from lightbench.stats.bootstrap import Odds, TwoRuns
from lightbench.stats.changepoints import Step
from lightbench.stats.correlation import Correlation
from lightbench.stats.drift import Drift
from lightbench.stats.ratio import Ratio


@pytest.mark.parametrize("kind", [Correlation, Drift, Odds, Ratio, Step, TwoRuns])
def test_what_was_found_stays_as_it_was_found(kind):
    found = kind(*range(len(fields(kind))))
    for field in fields(kind):
        with pytest.raises(FrozenInstanceError):
            setattr(found, field.name, 7)
    assert found == kind(*range(len(fields(kind))))
