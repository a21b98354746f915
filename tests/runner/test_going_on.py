"""An interrupted run goes on where all of it is asked for again, and nothing newer is known."""

from __future__ import annotations

import pytest

import lightbench as lb

NET = "example_conv_g4"
RUN = {"input": "16x8x8", "batch": [1, 2], "threads": 1, "seconds": 0.2, "rel": 1e-9}


@pytest.fixture
def left():
    """What such a run has left after its tenth round."""
    seen = []
    lb.profile(NET, **RUN, so_far=lambda ask: seen.append(ask()) if len(seen) < 10 else None)
    return seen[-1]


def went_on(records):
    said = [any(w.startswith("continued: ") for w in record.warnings) for record in records]
    assert len(set(said)) == 1
    return said[0]


def test_its_rounds_are_the_first_ones_of_the_same_run(left):
    found = lb.profile(NET, **RUN, stored=left).records
    assert went_on(found)
    for before, record in zip(left, found, strict=True):
        assert record.samples.wall_s[: len(before.samples.wall_s)] == before.samples.wall_s
        assert record.run.id == before.run.id
    assert "continued: its first 10 rounds are of a run that was interrupted." in found[0].warnings


def test_with_force_it_begins_anew(left):
    found = lb.profile(NET, **RUN, stored=left, force=True).records
    assert not went_on(found)
    assert found[0].run.id != left[0].run.id


def test_so_does_one_of_which_a_case_is_missing(left):
    assert not went_on(lb.profile(NET, **RUN, stored=left[:1]).records)


def test_a_part_of_it_goes_on(left):
    assert went_on(lb.profile(NET, **{**RUN, "batch": 2}, stored=left).records)


def test_of_two_interrupted_runs_it_is_the_last(left):
    seen = []
    lb.profile(NET, **RUN, so_far=lambda ask: seen.append(ask()))
    found = lb.profile(NET, **RUN, stored=[*left, *seen[-1]]).records
    assert found[0].run.id == seen[-1][0].run.id


def test_what_is_newer_and_whole_is_not_gone_back_behind(left):
    """Another run has ended since: it is asked for better, and begins anew."""
    whole = lb.profile(NET, **{**RUN, "rel": 1.0}).records
    found = lb.profile(NET, **RUN, stored=[*left, *whole]).records
    assert not went_on(found)
    assert found[0].run.id not in {left[0].run.id, whole[0].run.id}
