"""Advice that is followed and timed beside the original: what is told of it, and in which order."""

from __future__ import annotations

import msgspec
import pytest
import torch
from breaking import conv
from torch import nn

import lightbench as lb
from lightbench.records.findings import Finding, Tried
from lightbench.stats.interval import Interval
from lightbench.studies.lint import trial
from lightbench.studies.lint.causes import causes
from lightbench.studies.lint.rewrites import fold_norms

NETWORK = nn.Sequential(conv(8, 8, 3), nn.BatchNorm2d(8), nn.Hardswish(), conv(8, 8, 1, groups=8))


def finding(kind, mem_bytes=1.0, estimate_s=None, change="less"):
    return Finding(guideline="G4", layer="a", cause=f"1 x {kind}", advice=change, kind=kind, change=change,
                   mem_bytes=mem_bytes, estimate_s=estimate_s)  # fmt: skip


def tried(kind, ratio=None, saved_s=None, **more):
    interval = None if ratio is None else Interval(ratio, ratio - 0.01, ratio + 0.01)
    said = {"rewrite": "r", "guideline": "G4", "kind": kind, "change": "less", "answers": "same"}
    return Tried(**said, ratio=interval, saved_s=saved_s, **more)


def test_on_a_device_that_takes_a_millisecond_for_everything_nothing_is_faster():
    said = []
    found = lb.lint(
        NETWORK, input="8x10x10", device="null", trial=True, seconds=0.02, say=said.append
    )
    by_rewrite = {one.rewrite: one for one in found.record.tried}
    assert set(by_rewrite) == {"fold_norms", "plain_activations", "channels_last", "half_precision"}
    for one in by_rewrite.values():
        assert one.ratio == Interval(1.0, 1.0, 1.0)
        assert (one.saved_s, one.verdict) == (0.0, "same")
    (table,) = found.view.above
    rows = {row["cause"]: row for row in map(table.named, table.rows)}
    assert (rows["norm"]["tried"], rows["norm"]["answers"]) == (0.0, "same")
    assert (rows["precision"]["tried"], rows["precision"]["answers"]) == (0.0, "rounded")
    assert rows["layout"]["places"] is rows["layout"]["mem_bytes"] is None
    assert found.view.data[0]["tried"]["rewrite"]
    assert any("channels-last" in one for one in said)
    stored = msgspec.json.decode(msgspec.json.encode(found.record), type=type(found.record))
    assert stored == found.record


def test_the_network_that_is_handed_over_stays_as_it_is():
    before = {name: tensor.clone() for name, tensor in NETWORK.state_dict().items()}
    modules = list(NETWORK)
    lb.lint(NETWORK, input="8x10x10", device="null", trial=True, seconds=0.02)
    assert list(NETWORK) == modules
    assert all(torch.equal(before[name], tensor) for name, tensor in NETWORK.state_dict().items())


def test_a_rewrite_that_claims_the_same_answers_is_held_to_it(monkeypatch):
    def wrong(network, _looked_at, _findings):
        network[1] = nn.Identity()
        nn.init.constant_(network[0].weight, 3.0)
        return 1

    monkeypatch.setattr(fold_norms, "rewrite", wrong)
    found = lb.lint(NETWORK, input="8x10x10", threads=1, trial=True, seconds=0.02)
    (one,) = (one for one in found.record.tried if one.rewrite == "fold_norms")
    assert one.ratio is None
    assert "differ by " in one.why
    assert f"{one.change}: {one.why}" in found.view.above[0].sentences


def test_answers_that_are_no_numbers_are_not_the_same():
    ruined = nn.Sequential(conv(8, 8, 1))
    nn.init.constant_(ruined[0].weight, float("nan"))
    assert (
        not trial.apart(nn.Sequential(conv(8, 8, 1)), ruined, (torch.ones(1, 8, 2, 2),))
        <= trial.APART
    )


# In which order.


def test_causes_are_sums_over_all_their_places():
    (one,) = causes([finding("norm", 3.0, 0.1), finding("norm", 4.0, 0.2)])
    assert (len(one.findings), one.mem_bytes) == (2, 7.0)
    assert one.estimate_s == pytest.approx(0.3)


def test_a_sum_of_which_one_part_is_unknown_is_unknown():
    (one,) = causes([finding("norm", 3.0, 0.1), finding("norm", 4.0)])
    assert one.estimate_s is None


def test_the_same_cause_with_other_advice_is_another():
    assert len(causes([finding("norm"), finding("norm", change="none")])) == 2


def test_what_was_tried_ranks_by_what_it_saved_and_the_rest_by_estimate_then_by_memory():
    found = [
        finding("a", 9.0),
        finding("b", 1.0, 0.2),
        finding("c", 1.0, 0.9),
        finding("d", 10.0),
        finding("e", 1.0, 0.5),
    ]
    order = causes(
        found, [tried("c", 0.99, 0.01), tried("e", 0.4, 0.6), tried("layout", 1.5, -0.5)]
    )
    assert [cause.kind for cause in order] == ["e", "b", "c", "layout", "d", "a"]


def test_the_estimate_of_the_rewritten_network_counts_more_than_the_sum_of_places():
    (one,) = causes([finding("a", 1.0, 0.2)], [tried("a", estimate_s=0.7)])
    assert (one.estimate_s, one.saves_s) == (0.7, 0.7)


def test_what_was_timed_has_a_ratio_and_what_it_saves_or_neither():
    with pytest.raises(ValueError, match="a ratio and what it saves"):
        tried("a", 0.5)
