"""All of timm counts on meta: a sample in each commit, and whole in bench/timm_whole.py."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from timm_on_meta import architectures, faults, sampled

SHARE = 30  # of 1,371 architectures: 45 take 50 s
PARTS = 3


def commit():
    """What the sample is drawn by, so that a failure comes again where it was seen."""
    call = ["git", "rev-parse", "HEAD"]
    found = subprocess.run(call, cwd=Path(__file__).parent, capture_output=True, text=True)
    return found.stdout.strip()


@pytest.mark.parametrize("part", range(PARTS))
def test_a_sample_of_timms_architectures_is_counted_exactly_on_meta(part):
    seed = commit()
    names = sampled(architectures(), seed, SHARE)[part::PARTS]
    wrong = {name: found for name in names if (found := faults(name))}
    assert wrong == {}, f"drawn by {seed or 'nothing'}; again: python bench/timm_whole.py NAME"


def test_the_sample_is_the_same_for_one_commit_and_another_for_the_next():
    names = [str(n) for n in range(3000)]
    first, second = sampled(names, "a", SHARE), sampled(names, "b", SHARE)
    assert first == sampled(names, "a", SHARE) != second
    assert 60 < len(first) < 140 > len(second) > 60
