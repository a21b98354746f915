"""Lint for engines that fold norms and merge activations: advice that holds where the network ships."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from breaking import Block, chain, conv, look
from rendering import told
from torch import nn

from lightbench import registry
from lightbench.errors import UsageError
from lightbench.stats.interval import Interval
from lightbench.studies.card.card import Figure
from lightbench.studies.layers.kernels import OffFastPath
from lightbench.studies.lint import api
from lightbench.studies.lint.find import find_all
from lightbench.studies.lint.holds import rules_for

COPY = OffFastPath("stage", "ReorderOutput", 2, "layout copy", Interval(2e-3, 1e-3, 3e-3), 640)


def fused(network, card=None, off_path=()):
    return find_all(replace(look(network, card=card), fused=True, off_path=off_path))


def test_a_norm_and_an_activation_behind_a_convolution_are_no_findings():
    layers = (conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    assert {f.guideline for f in find_all(look(Block(*layers)))} == {"G4"}
    assert fused(Block(*layers)) == []


def test_a_norm_that_nothing_folds_and_a_depthwise_convolution_still_are():
    found = fused(Block(conv(8, 8, 3, padding=1), conv(8, 8, 3, groups=8), nn.LayerNorm(8)))
    assert sorted(f.cause for f in found) == ["1 x depthwise conv", "1 x norm"]


def test_no_engine_that_fuses_is_advised_to_who_has_one():
    class Pools(nn.Module):
        def forward(self, x):
            return nn.functional.relu(nn.functional.relu(x) * x)

    (found,) = (f for f in fused(Pools()) if "activation" in f.cause)
    assert found.advice == "fewer"


def test_group_convolution_unequal_widths_and_fragments_hold_on_any_engine():
    network = nn.Sequential(conv(32, 256, 1), conv(256, 256, 1, groups=4), *chain(6, c=256))
    found = {f.guideline for f in find_all(replace(look(network, "32x14x14"), fused=True))}
    assert found == {"G1", "G2", "G3"}


def test_what_takes_longer_to_start_than_to_run_is_eagers(card):
    slow = replace(card, launch_s=Figure(1.0))
    network = Block(conv(8, 8, 3, padding=1), nn.ReLU())
    assert any("launch-bound" in f.cause for f in find_all(look(network, card=slow)))
    assert not any("launch-bound" in f.cause for f in fused(network, card=slow))


def test_what_is_off_the_fast_path_is_a_finding_with_its_measured_time():
    (found,) = fused(Block(conv(8, 8, 3)), off_path=[COPY])
    assert (found.guideline, found.layer) == ("fast path", "stage")
    assert found.cause == "2 x ReorderOutput: layout copy"
    assert (found.mem_bytes, found.measured, found.estimate_s) == (640, COPY.time, None)


def test_what_an_engine_tells_without_a_time_is_a_finding_too():
    (found,) = fused(
        Block(conv(8, 8, 3)), off_path=[OffFastPath("pool", "mean", 1, "not delegated")]
    )
    assert (found.cause, found.mem_bytes, found.measured) == ("1 x mean: not delegated", 0, None)


def test_measured_times_are_sorted_among_estimates(card):
    network = nn.Sequential(conv(64, 64, 1, groups=4), Block(conv(64, 64, 3, groups=64)))
    for seconds, first in ((1e3, "fast path"), (1e-12, "G4")):
        told = replace(COPY, time=Interval(seconds))
        looked = replace(look(network, "64x14x14", card=card), fused=True, off_path=[told])
        assert find_all(looked)[0].guideline == first


def test_without_a_card_what_has_a_time_comes_before_what_has_none():
    network = nn.Sequential(conv(64, 64, 1, groups=4), Block(conv(64, 64, 3, groups=64)))
    told = replace(COPY, time=Interval(1e-12))
    found = find_all(replace(look(network, "64x14x14"), fused=True, off_path=[told]))
    assert [one.measured is not None for one in found] == [True, *[False] * (len(found) - 1)]
    assert [f.mem_bytes for f in found[1:]] == sorted(
        (f.mem_bytes for f in found[1:]), reverse=True
    )


def test_a_rule_says_itself_for_which_engines_it_holds(monkeypatch):
    assert "fast_path" in rules_for(fused=True)
    assert "fast_path" not in rules_for(fused=False)
    says = {"channel_ratio": ("eager",), "theirs": None}
    monkeypatch.setattr(registry, "names", lambda _kind: tuple(says))
    monkeypatch.setattr(registry, "literal", lambda _kind, name, _variable: says[name])
    assert rules_for(fused=False) == ("channel_ratio", "theirs")  # who says nothing means eager
    assert rules_for(fused=True) == ()


def test_a_compiler_of_pytorchs_operators_is_refused(monkeypatch):
    names = registry.names
    more = lambda kind: (*names(kind), "compile") if kind == "engine" else names(kind)  # noqa: E731
    monkeypatch.setattr(registry, "names", more)
    with pytest.raises(UsageError, match="not compile"):
        api.lint(chain(6), input="8x10x10", engine="compile")


def test_findings_on_an_engine_are_not_verified_operator_by_operator():
    with pytest.raises(UsageError, match="verified as eager runs them"):
        api.lint(chain(6), input="8x10x10", engine="onnxruntime", verify=1)


def test_the_record_and_the_table_have_the_measured_time(monkeypatch):
    monkeypatch.setattr(api, "off_path", lambda *_args, **_more: [COPY])
    found = api.lint(chain(6), input="8x10x10", engine="onnxruntime")
    stored = next(f for f in found.record.findings if f.guideline == "fast path")
    assert stored.measured_s == COPY.time
    assert found.record.case.engine == "onnxruntime"
    shown = " ".join(repr(found).split())
    assert "onnxruntime" in shown.partition("cause")[0]
    said = " ".join(note for table in found.view.tables for note in told(table))
    assert "measured: as onnxruntime's own profile divides a call" in said
    assert "`lightbench device-card --engine onnxruntime` makes one" in said
    assert "eager" not in shown + said
    assert (
        msgspec.json.decode(msgspec.json.encode(found.record), type=type(found.record))
        == found.record
    )
