"""The parts of a report: from records with numbers that a reader can check, and none without records."""

from __future__ import annotations

import msgspec
import pytest
from made_reports import cells, sections
from rendering import told

from lightbench import registry
from lightbench.errors import UsageError
from lightbench.models.accuracy import Accuracy
from lightbench.records.collection import Evidence
from lightbench.records.findings import (
    Check,
    CheckedMetric,
    Crosscheck,
    EngineTimes,
    Finding,
    KernelTime,
    Linted,
    Opinion,
)
from lightbench.reports import report
from lightbench.reports.document import PARTS, in_order
from lightbench.stats.interval import Interval
from lightbench.studies.card.stored import cards
from lightbench.studies.subject import Subject

M = 10**6


# Which parts there are.


def test_every_part_has_a_place_of_its_own():
    parts = registry.names("report part")
    assert sorted(PARTS) == sorted(parts)
    assert in_order() == PARTS
    assert all(registry.summary("report part", name).endswith(".") for name in parts)


def test_a_part_of_somebody_elses_comes_before_the_last(monkeypatch):
    monkeypatch.setattr(registry, "names", lambda _kind: (*reversed(PARTS), "theirs"))
    assert in_order() == (*PARTS[:-1], "theirs", PARTS[-1])


@pytest.mark.parametrize("part", registry.names("report part"))
def test_a_part_without_records_for_it_is_not_there(part):
    made = registry.load("report part", part).section(Subject(Evidence(())))
    assert made is None


def test_profiles_alone_make_the_parts_that_need_no_more(five):
    assert list(sections(five)) == [
        "In short",
        "Comparison",
        "Accuracy for the time",
        "Network by network",
        "What predicts latency",
        "Environment",
        "How to reproduce",
    ]


def test_nothing_to_report_is_an_error_that_says_so():
    with pytest.raises(UsageError, match="no records to report"):
        report([])


def test_records_without_a_single_time_make_a_report_that_says_why(make_record):
    found = sections([make_record("a", failure="no memory."), make_record("b", failure="no luck.")])
    assert "In short" not in found
    assert "no memory." in " ".join(told(found["Comparison"].views[0].table))


# Environment.


def test_each_environment_is_a_column_and_what_they_differ_in_is_said(make_record):
    one, two = ({"cpu": cpu, "threads": 2} for cpu in ("A", "B"))
    found = sections([make_record("a", comparable=one), make_record("a", comparable=two)])
    part = found["Environment"]
    (said,) = part.sentences
    assert said == (
        "The records are of 2 environments, which differ in cpu: times are only compared within one"
        " of them."
    )
    assert part.views[0].table.rows[0] == ("cpu", "A", "B")


def test_how_memory_is_kept_makes_no_other_environment_and_counts_have_none(make_record):
    here = {"cpu": "A", "threads": 1}
    profile = make_record("a", comparable=here)
    sweep = make_record("b", comparable={**here, "allocator": "kept"})
    count = msgspec.structs.replace(
        make_record("c", comparable={**here, "threads": 2}),
        samples=None, latency=None, found=Crosscheck(opinions=()),
    )  # fmt: skip
    part = sections([profile, sweep, count])["Environment"]
    assert part.sentences == ()
    assert ("records", "2") in part.views[0].table.rows


def test_cases_of_several_runs_were_not_timed_in_turn_and_the_table_says_so(make_record):
    one = sections([make_record("a"), make_record("b")])["Comparison"].views[0]
    linked = [make_record("b", run="two"), make_record("a", run="two", anchor=True)]
    two = sections([make_record("a"), *linked])["Comparison"].views[0]
    assert not any("runs" in note for note in one.table.notes)
    assert any(note.startswith("Measured in 2 runs,") for note in two.table.notes)


def test_warnings_and_the_range_of_load_are_in_the_environment(make_record):
    busy = make_record("a", warnings=("contended: twice.",))
    calm, loaded = (
        msgspec.structs.replace(
            record,
            environment=msgspec.structs.replace(record.environment, noted={"load_1min": load}),
        )
        for record, load in ((make_record("b"), 0.1), (busy, 1.5))
    )
    table = sections([calm, loaded])["Environment"].views[0].table
    assert ("load_1min", "0.100 to 1.50") in table.rows
    assert table.notes == ("warning: contended: twice. (a)",)


# Comparison.


def test_the_comparison_has_a_ratio_to_the_reference_with_bounds_from_both_intervals(five):
    view = sections(five, reference="shufflenet_v2_x1_0")["Comparison"].views[0]
    assert cells(view, "ratio") == pytest.approx([20 / 15, 25 / 15, 1, 10 / 15, 4])
    # +-2 % each: 0.98 / 1.02 and 1.02 / 0.98 around the ratio; the reference has none
    assert cells(view, "ratio_low")[4] == pytest.approx(4 * 0.98 / 1.02)
    assert cells(view, "ratio_high")[4] == pytest.approx(4 * 1.02 / 0.98)
    assert cells(view, "ratio_low")[2] is None


def test_a_ratio_is_never_taken_across_setups(make_record):
    records = [make_record("a"), make_record("b", latency_s=0.03), make_record("b", batch=8)]
    view = sections(records, reference="a")["Comparison"].views[0]
    assert cells(view, "ratio") == [1, pytest.approx(3), None]


def test_an_accuracy_stands_beside_its_source_and_the_readers_own_goes_before_it(five):
    own = {"resnet18": Accuracy(71.5, "our run", measured=True)}
    comparison, sources = sections(five, accuracy=own)["Comparison"].views
    assert cells(comparison, "top1") == [70.6, 72.0, 69.4, 60.3, 71.5]
    assert cells(sources, "source")[0] == "Howard et al. 2017, Table 6"
    last = sources.table.named(sources.table.rows[4])
    assert (last["model"], last["top1"], last["kind"]) == ("resnet18", 71.5, "own")
    assert (last["source"], last["interval"], last["images"]) == ("our run", None, None)


def test_a_published_accuracy_is_not_given_to_another_input(make_record):
    records = [make_record("resnet18", shape=(3, 96, 96)), make_record("mobilenet_v2")]
    view = sections(records)["Comparison"].views[0]
    assert cells(view, "top1") == [None, 72.0]


def test_with_a_device_card_the_comparison_has_the_efficiency_against_the_roofline(
    card_records, make_record
):
    """The card's times drift; what counts is their median, as everywhere."""
    cards = card_records()
    rate = M / cards[0].latency.median_s
    # one operator of 30 M multiply-adds and 10 MB: arithmetic is the ceiling
    record = make_record("net", latency_s=0.1, madds=30 * M, mem_bytes=10 * M, run="card")
    found = sections([record, *cards])
    (efficiency,) = cells(found["Comparison"].views[0], "efficiency")
    assert efficiency == pytest.approx(30 * M / rate / 0.1)
    assert "Device card" in found
    other = make_record("net", latency_s=0.1, comparable={"cpu": "Other CPU"})
    assert cells(sections([other, *cards])["Comparison"].views[0], "efficiency") == [None]


def test_training_has_no_roofline_since_the_costs_are_of_a_forward_pass(card_records, make_record):
    found = sections([make_record("net", mode="train"), *card_records()])["Comparison"]
    assert cells(found.views[0], "efficiency") == [None]


def test_an_older_card_is_no_sweep_and_a_sweep_after_a_card_is_not_of_it(
    card_records, sweep_records
):
    def named(run, records):
        return [
            msgspec.structs.replace(r, found=msgspec.structs.replace(r.sweep, run=run))
            for r in records
        ]

    def card(i):
        groups = sweep_records(experiment="groups", run=f"groups{i}")
        return [*named(f"card{i}", card_records()), *groups]

    mine = sweep_records(experiment="groups", run="mine")
    found = sections([*card(1), *card(2), *mine])
    assert len(found["Device card"].views) == 1
    assert len(found["Sweeps"].drawings) == 1
    assert {r.sweep.run for r in cards(Evidence((*card(1), *card(2), *mine)))[0].records} == {
        "card2",
        "groups2",
    }


# Cross-check, sweeps, guidelines.


def test_layers_and_lint_without_a_profile_have_their_sections(make_record):
    finding = Finding(guideline="G1", layer="a", cause="b", advice="c", mem_bytes=1.0)
    lint = msgspec.structs.replace(
        make_record("net"), samples=None, latency=None, found=Linted(findings=(finding,))
    )
    (part,) = sections([lint])["Network by network"].inner
    assert part.title == "net"
    assert part.views[-1].tables[0].title == "Findings of lint"


def test_times_of_an_engine_are_a_table_of_the_network_on_that_engine(make_record):
    conv = KernelTime(op="Conv", modules=("conv1",), share=Interval(0.75))
    copy = KernelTime(op="Reorder", copies=True, why="layout copy", share=Interval(0.25))
    record = msgspec.structs.replace(
        make_record("net", engine="onnxruntime"),
        found=EngineTimes(calls=6, profiled_s=0.02, kernels=(conv, copy)),
    )
    (part,) = sections([record])["Network by network"].inner
    table = part.views[0].table
    assert table.title == "Layers that take the most time on onnxruntime"
    assert cells(part.views[0], "layer") == ["conv1", "(layout copies)", "total"]
    assert cells(part.views[0], "time_s") == [0.0075, 0.0025, 0.010]


def test_guidelines_of_which_the_reference_is_missing_are_no_part(sweep_records):
    assert "Guidelines" not in sections(sweep_records()[1:])


def test_counts_of_other_tools_stand_beside_ours_and_agreement_is_counted(make_record):
    opinions = (
        Opinion(tool="thop", version="0.1.1", ours=10, theirs=10),
        Opinion(tool="fvcore", version="0.1.5", ours=10, theirs=13),
        Opinion(tool="fvcore", ours=10, problem="fvcore failed: x"),
    )
    record = msgspec.structs.replace(
        make_record("net"), samples=None, latency=None, found=Crosscheck(opinions=opinions)
    )
    part = sections([record])["Counts, cross-checked"]
    assert part.sentences == ("1 of 3 counts agree to the last digit.",)
    assert cells(part.views[0], "verdict") == ["agrees", "differs by +3", "fvcore failed: x"]


def test_a_count_that_was_checked_under_two_settings_is_one_row(make_record):
    opinions = (Opinion(tool="thop", version="0.1.1", ours=10, theirs=10),)
    records = [
        msgspec.structs.replace(
            make_record("net", threads=n),
            samples=None,
            latency=None,
            found=Crosscheck(opinions=opinions),
        )
        for n in (1, 2)
    ]
    part = sections(records)["Counts, cross-checked"]
    assert part.sentences == ("1 of 1 counts agree to the last digit.",)


def test_checks_stand_as_they_were_judged_under_what_they_were_held_against(make_record):
    slower = CheckedMetric(
        metric="latency_s", before=0.01, now=0.012, verdict="slower", state="regression",
        change=0.2, low=0.15, high=0.25,
    )  # fmt: skip
    odd = CheckedMetric(metric="params", before=1, now=2, verdict="new", state="no such state")
    unknown = CheckedMetric(metric="karma", before=1, now=2, verdict="more", state="ok")
    record = msgspec.structs.replace(
        make_record("net"),
        samples=None,
        latency=None,
        found=Check(against="origin/main", metrics=(slower, odd, unknown)),
    )
    part = sections([record])["Checks"]
    assert part.sentences == ("Held against origin/main.",)
    (view,) = part.views
    assert view.table.title == (
        "Check of 1 model: 1 regression, 1 unclear: net latency slower, +20.0 % (+15.0 % to +25.0 %)."
    )
    assert len(view.table.rows) == 2


def test_guidelines_and_sweeps_are_parts_of_their_own_with_figures(sweep_records):
    g1, kernel = sweep_records(run="a"), sweep_records(experiment="kernel", run="b")
    found = sections([*g1, *kernel])
    assert [d.name for d in found["Guidelines"].drawings] == ["g1_channel_ratio-aligned"]
    assert [d.name for d in found["Sweeps"].drawings] == ["sweep-1"]
    assert "In short" not in found
    assert "Comparison" not in found
