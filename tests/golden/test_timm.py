"""All of timm counts on meta: a sample in each commit, and whole in bench/timm_whole.py."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from timm_on_meta import architectures, faults, sampled

SHARE = 25  # of 1,371 architectures; and of these
RECOUNTED = 3  # one in so many by PyTorch too, so that all of it takes half a minute
PARTS = 4


def commit():
    """What the sample is drawn by, so that a failure comes again where it was seen."""
    call = ["git", "rev-parse", "HEAD"]
    found = subprocess.run(call, cwd=Path(__file__).parent, capture_output=True, text=True)
    return found.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_sample_of_timms_architectures_is_counted_exactly_on_meta(part):
    seed = commit()
    names = sampled(architectures(), seed, SHARE)
    again = set(sampled(names, seed, SHARE * RECOUNTED))
    found = {name: faults(name, recounted=name in again) for name in names[part::PARTS]}
    wrong = {name: faults for name, faults in found.items() if faults}
    assert wrong == {}, f"drawn by {seed or 'nothing'}; again: python bench/timm_whole.py NAME"


def test_the_sample_is_the_same_for_one_commit_and_another_for_the_next():
    names = [str(n) for n in range(1000)]
    first, second = sampled(names, "a", SHARE), sampled(names, "b", SHARE)
    assert first == sampled(names, "a", SHARE) != second
    assert 20 < len(first) < 60 > len(second) > 20
