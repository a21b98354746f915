"""The report: each part from records with numbers that a reader can check, and nothing without records."""

from __future__ import annotations

import json

import msgspec
import pytest

import lightbench as lb
from lightbench import registry, store
from lightbench.cases import telling
from lightbench.errors import UnknownName, UsageError
from lightbench.evidence import Evidence
from lightbench.models._accuracy import Accuracy
from lightbench.nouns import Check, CheckedMetric, Finding, Opinion
from lightbench.reports import report
from lightbench.reports._sentence import Name, Sentence, listed
from lightbench.reports._subject import Subject
from lightbench.timing.stats import median

M = 10**6


@pytest.fixture
def five(make_record):
    """Five networks with published accuracies 70.6, 72.0, 69.4, 60.3 and 69.758 %."""
    table = {
        "mobilenet_v1": (20, 569 * M),
        "mobilenet_v2": (25, 301 * M),
        "shufflenet_v2_x1_0": (15, 146 * M),
        "shufflenet_v2_x0_5": (10, 40 * M),
        "resnet18": (60, 1814 * M),
    }
    return [make_record(n, latency_s=ms / 1e3, madds=madds) for n, (ms, madds) in table.items()]


def sections(records, **asked):
    return {s.title: s for s in report(records, **asked).document.sections}


def cells(view, key):
    at = [column.key for column in view.table.columns].index(key)
    return [row[at] for row in view.table.rows]


# Which parts there are.


def test_every_file_of_the_folder_is_a_part_with_a_place_of_its_own():
    parts = registry.names("report part")
    orders = [registry.literal("report part", name, "ORDER") for name in parts]
    assert len(set(orders)) == len(parts) >= 9
    assert all(registry.summary("report part", name).endswith(".") for name in parts)


@pytest.mark.parametrize("part", registry.names("report part"))
def test_a_part_without_records_for_it_is_not_there(part):
    made = registry.load("report part", part).section(Subject(Evidence(())))
    assert made is None


def test_profiles_alone_make_the_parts_that_need_no_more(five):
    assert list(sections(five)) == [
        "In short",
        "Environment",
        "Comparison",
        "What predicts latency",
        "Accuracy for the time",
        "Network by network",
        "How to reproduce",
    ]


def test_nothing_to_report_is_an_error_that_says_so():
    with pytest.raises(UsageError, match="no records to report"):
        report([])


def test_records_without_a_single_time_make_a_report_that_says_why(make_record):
    found = sections([make_record("a", failure="no memory."), make_record("b", failure="no luck.")])
    assert "In short" not in found
    assert "no memory." in " ".join(found["Comparison"].views[0].table.notes)


# In short.


def test_the_first_sentence_is_the_fastest_of_those_as_accurate_as_the_reference(five):
    said = sections(five)["In short"].sentences
    # 70.6 - 0.5: of the five, mobilenet_v1 itself and mobilenet_v2
    assert said[0] == (
        "Of the 2 networks that are as accurate as mobilenet_v1 (70.6 % top-1, within 0.5 points) or"
        " more, none is faster than mobilenet_v1: 20.0 ms (19.6 ms to 20.4 ms)."
    )
    said = sections(five, reference="resnet18")["In short"].sentences
    # 69.758 - 0.5: all but shufflenet_v2_x0_5
    assert said[0] == (
        "Of the 4 networks that are as accurate as resnet18 (69.8 % top-1, within 0.5 points) or more,"
        " shufflenet_v2_x1_0 is the fastest: 15.0 ms (14.7 ms to 15.3 ms), 0.25 (0.24 to 0.26) times"
        " the time of resnet18."
    )


def test_a_reference_that_nothing_matches_stands_alone(five):
    (said, *_) = sections(five, reference="mobilenet_v2")["In short"].sentences
    assert said == (
        "No other network here is known to be as accurate as mobilenet_v2 (72.0 % top-1): 25.0 ms (24.5"
        " ms to 25.5 ms)."
    )


def test_of_networks_without_a_known_accuracy_the_front_says_nothing(make_record):
    own = {"a": 60, "b": 65}
    records = [make_record(n, latency_s=t / 100) for n, t in (("a", 1), ("b", 2), ("blank", 3))]
    said = sections(records, accuracy=own)["In short"].sentences[1]
    assert said == (
        "On the Pareto front of the 2 networks of known accuracy, accuracy against time: a and b; MAdds"
        " alone would miss a."
    )


def test_networks_whose_intervals_meet_are_not_told_apart(make_record):
    pair = [make_record("a", latency_s=0.0103), make_record("b", latency_s=0.0100)]
    said, _ = sections(pair)["In short"].sentences
    assert said.endswith("0.97 (0.93 to 1.01) times the time of a, not told apart from 1 more.")
    apart = [make_record("a", latency_s=0.0110), make_record("b", latency_s=0.0100)]
    said, _ = sections(apart)["In short"].sentences
    assert said.endswith("0.91 (0.87 to 0.95) times the time of a.")


def test_the_second_sentence_is_the_front_and_what_madds_would_have_said(make_record):
    own = {"slim": Accuracy(60, "x"), "odd": Accuracy(65, "x"), "good": Accuracy(70, "x")}
    # odd has the fewest MAdds for its accuracy, but takes longer than good
    records = [
        make_record("slim", latency_s=0.01, madds=100 * M),
        make_record("odd", latency_s=0.04, madds=150 * M),
        make_record("good", latency_s=0.02, madds=300 * M),
    ]
    said = sections(records, accuracy=own)["In short"].sentences
    assert said[1] == (
        "On the Pareto front, accuracy against time: slim and good;"
        " MAdds alone would also promise odd."
    )
    same = sections([records[0], records[2]], accuracy=own)["In short"].sentences
    assert same[1].endswith("slim and good; the same networks as by MAdds.")
    # dear is on the front by time, but better networks have fewer MAdds
    dear = make_record("dear", latency_s=0.015, madds=900 * M)
    said = sections([*records, dear], accuracy={**own, "dear": Accuracy(66, "x")})["In short"]
    assert said.sentences[1].endswith("MAdds alone would also promise odd and miss dear.")


def test_the_third_sentence_is_what_ranked_the_networks_as_the_clock_did(make_record):
    times = [1, 2, 3, 4, 5, 6]
    accesses = [10, 20, 30, 40, 50, 60]
    madds = [2, 1, 4, 3, 6, 5]  # sum of squared differences 6: rho = 1 - 6 * 6 / (6 * 35) = 0.829
    records = [
        make_record(f"n{t}", latency_s=t / 100, mem_bytes=b * M, madds=m * M)
        for t, b, m in zip(times, accesses, madds, strict=True)
    ]
    said = sections(records)["In short"].sentences[-2]
    # a correlation of exactly 1 has no interval, and could be luck; z = 1.184 +- 1.96 * sqrt((1 + 0.829^2 / 2) / 3)
    assert said == (
        "Memory access ordered the 6 networks most like the clock: rank correlation 1.00;"
        " MAdds 0.83 (-0.13 to 0.99), whose interval overlaps."
    )


def test_predictors_that_do_equally_well_are_all_named_and_overlapping_ones_not_told_apart(
    make_record,
):
    order = [1, 2, 4, 3, 5, 6]  # rho = 1 - 6 * 2 / 210 = 0.943
    records = [
        make_record(f"n{t}", latency_s=t / 100, mem_bytes=o * M, mem_access=300 + o, madds=m * M)
        for t, o, m in zip(range(1, 7), order, [2, 1, 4, 3, 6, 5], strict=True)
    ]
    said = sections(records)["In short"].sentences[-2]
    assert said.startswith(
        "Memory access and memory access in the paper's account ordered the 6 networks most like the"
        " clock: rank correlation 0.94 ("
    )
    assert said.endswith("; MAdds 0.83 (-0.13 to 0.99), whose interval overlaps.")


def test_no_number_is_said_to_order_the_networks_if_none_is_shown_to(make_record):
    """Of six pairs a correlation of 0.71 may well be 0: z = 0.895 +- 1.96 * sqrt(1.255 / 3)."""
    order = [3, 2, 1, 4, 6, 5]
    records = [
        make_record(f"n{t}", latency_s=t / 100, madds=m * M, mem_bytes=m * M, mem_access=300 + m)
        for t, m in zip(range(1, 7), order, strict=True)
    ]
    said = sections(records)["In short"].sentences[-2]
    # squared differences 4 + 0 + 4 + 0 + 1 + 1 = 10: rho = 1 - 60 / 210
    assert said.startswith(
        "No number is shown to order the 6 networks as the clock does: the best,"
    )
    assert "rank correlation of 0.71 (" in said


def test_numbers_that_order_the_networks_the_other_way_round_order_nothing(make_record):
    records = [
        make_record(f"n{t}", latency_s=t / 100, madds=m, mem_bytes=m, mem_access=300 + m, params=7)
        for t, m in ((1, 60), (2, 50), (3, 40), (4, 30), (5, 20), (6, 10))
    ]
    said = sections(records)["In short"].sentences[-2]
    assert said.startswith("No number is shown to order the 6 networks as the clock does")
    assert said.endswith("has a rank correlation of -1.00.")


def test_predictors_are_compared_on_the_same_networks_only(make_record):
    """MAdds are unknown (0) for one network, and order the others perfectly."""
    access = [1, 2, 4, 3, 5, 6, 7, 8]
    madds = [1, 2, 3, 4, 5, 6, 7, 0]
    records = [
        make_record(f"n{t}", latency_s=t / 100, madds=m * M, mem_bytes=b * M)
        for t, b, m in zip(range(1, 9), access, madds, strict=True)
    ]
    said = sections(records)["In short"].sentences[-2]
    assert said.startswith("Memory access ordered the 8 networks")
    assert "MAdds" not in said


def test_a_swap_between_the_fronts_is_only_said_where_intervals_are_apart(make_record):
    own = {"a": 70, "b": 70}
    close = [
        make_record("a", latency_s=0.0100, madds=200 * M),
        make_record("b", latency_s=0.0101, madds=100 * M),
    ]
    said = sections(close, accuracy=own)["In short"].sentences[1]
    assert said.endswith("accuracy against time: a; of 2 more the intervals do not tell.")
    apart = [close[0], make_record("b", latency_s=0.0110, madds=100 * M)]
    said = sections(apart, accuracy=own)["In short"].sentences[1]
    assert said.endswith("time: a; MAdds alone would also promise b and miss a.")


def test_a_reference_of_a_smaller_setup_makes_that_the_one_that_is_told_of(five, make_record):
    lone = make_record("only_here", batch=8, latency_s=0.5)
    said = sections([*five, lone], reference="only_here")["In short"].sentences
    assert said[0] == "only_here takes 500 ms (490 ms to 510 ms)."
    with pytest.raises(UsageError, match="has no measured time"):
        report([*five, make_record("bad", failure="no memory.")], reference="bad")


def test_one_network_at_two_inputs_is_two_names_and_an_own_accuracy_is_of_the_usual_one(
    make_record,
):
    records = [
        make_record("net", latency_s=0.02),
        make_record("net", latency_s=0.01, shape=(3, 96, 96)),
    ]
    part = sections(records, accuracy={"net": 70})
    assert cells(part["Comparison"].views[0], "top1") == [70, None]
    said = sections(records)["In short"].sentences[0]
    assert "net, input 3x96x96 is the fastest" in said


def test_times_of_a_second_or_a_microsecond_have_bounds_in_their_own_unit(make_record):
    for seconds, words in (
        (1.2, "1.20 s (1.18 s to 1.22 s)"),
        (5e-5, "50.0 us (49.0 us to 51.0 us)"),
    ):
        assert words in sections([make_record("a", latency_s=seconds)])["In short"].sentences[0]


def test_two_machines_are_told_apart_in_table_sections_and_figures(make_record, sweep_records):
    records = [
        make_record("net", comparable={"cpu": cpu, "torch": "2", "threads": 1})
        for cpu in ("AMD EPYC", "Other CPU")
    ]
    guidelines = [
        record
        for run, cpu in (("a", "AMD EPYC"), ("b", "Other CPU"))
        for record in sweep_records(run=run, comparable={"cpu": cpu, "torch": "2", "threads": 1})
    ]
    found = sections([*records, *guidelines])
    assert cells(found["Comparison"].views[0], "environment") == ["AMD EPYC", "Other CPU"]
    assert [s.title for s in found["Network by network"].inner] == [
        "net, AMD EPYC",
        "net, Other CPU",
    ]
    assert [d.name for d in found["Guidelines"].drawings] == [
        "g1_channel_ratio-aligned-AMD-EPYC",
        "g1_channel_ratio-aligned-Other-CPU",
    ]


def test_the_fewest_facts_that_tell_environments_apart_are_their_name(make_record):
    facts = [
        {"cpu": "A", "torch": "1", "os": "x"},
        {"cpu": "A", "torch": "2", "os": "y"},
        {"cpu": "B", "torch": "2", "os": "y"},
    ]
    records = [make_record("net", comparable=of) for of in facts]
    (facet,) = telling(records)
    assert [facet.value(record) for record in records] == ["A, 1", "A, 2", "B, 2"]
    assert telling(records[:1] * 2) == ()


def test_of_several_setups_the_largest_is_told_of_and_the_others_are_counted(five, make_record):
    said = sections([*five, make_record("a", batch=8), make_record("a", batch=16)])["In short"]
    assert said.sentences[-1] == (
        "This is about batch 1, cpu, eager, float32, infer, contiguous, threads 2;"
        " 2 more setups are in the tables."
    )


def test_names_are_marked_as_names_and_very_many_are_counted():
    assert listed(["a", "b", "c"]) == ("a", ", ", "b", " and ", "c")
    assert "".join(listed(list("abcdef"), 3)) == "a, b, c and 3 more"
    sentence = Sentence("On ", Name("x|y"), ".")
    assert (sentence, [isinstance(part, Name) for part in sentence.parts]) == (
        "On x|y.",
        [False, True, False],
    )


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
        samples=None, latency=None, opinions=(),
    )  # fmt: skip
    part = sections([profile, sweep, count])["Environment"]
    assert part.sentences == ()
    assert ("records", "2") in part.views[0].table.rows


def test_cases_of_several_sessions_were_not_timed_in_turn_and_the_table_says_so(make_record):
    def at(name, time):
        record = make_record(name)
        where = msgspec.structs.replace(record.environment, noted={"time": time})
        return msgspec.structs.replace(record, environment=where)

    one = sections([at("a", "10:00"), at("b", "10:00")])["Comparison"].views[0]
    two = sections([at("a", "10:00"), at("b", "11:00")])["Comparison"].views[0]
    assert not any("sessions" in note for note in one.table.notes)
    assert any(note.startswith("Measured in 2 sessions:") for note in two.table.notes)


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
    assert sources.table.rows[4] == ("resnet18", 71.5, True, "our run")


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
    record = make_record("net", latency_s=0.1, madds=30 * M, mem_bytes=10 * M)
    found = sections([record, *cards])
    (efficiency,) = cells(found["Comparison"].views[0], "roofline_efficiency")
    assert efficiency == pytest.approx(30 * M / rate / 0.1)
    assert "Device card" in found
    other = make_record("net", latency_s=0.1, comparable={"cpu": "Other CPU"})
    assert cells(sections([other, *cards])["Comparison"].views[0], "roofline_efficiency") == [None]


def test_training_has_no_roofline_since_the_costs_are_of_a_forward_pass(card_records, make_record):
    found = sections([make_record("net", mode="train"), *card_records()])["Comparison"]
    assert cells(found.views[0], "roofline_efficiency") == [None]


def test_an_older_card_is_no_sweep_and_a_sweep_after_a_card_is_not_of_it(
    card_records, sweep_records
):
    def named(run, records):
        return [
            msgspec.structs.replace(r, sweep=msgspec.structs.replace(r.sweep, run=run))
            for r in records
        ]

    def card(i):
        groups = sweep_records(experiment="groups", run=f"groups{i}")
        return [*named(f"card{i}", card_records()), *groups]

    mine = sweep_records(experiment="groups", run="mine")
    found = sections([*card(1), *card(2), *mine])
    assert len(found["Device card"].views) == 1
    assert len(found["Sweeps"].drawings) == 1
    assert {r.sweep.run for r in Evidence((*card(1), *card(2), *mine)).cards[0].records} == {
        "card2",
        "groups2",
    }


# Cross-check, sweeps, guidelines.


def test_layers_and_lint_without_a_profile_have_their_sections(make_record):
    finding = Finding(guideline="G1", path="a", cause="b", remedy="c", mem_bytes=1.0)
    lint = msgspec.structs.replace(
        make_record("net"), samples=None, latency=None, findings=(finding,)
    )
    (part,) = sections([lint])["Network by network"].inner
    assert part.title == "net"
    assert part.views[-1].table.title == "Findings of lint"


def test_guidelines_of_which_the_reference_is_missing_are_no_part(sweep_records):
    assert "Guidelines" not in sections(sweep_records()[1:])


def test_counts_of_other_tools_stand_beside_ours_and_agreement_is_counted(make_record):
    opinions = (
        Opinion(tool="thop", version="0.1.1", ours=10, theirs=10),
        Opinion(tool="fvcore", version="0.1.5", ours=10, theirs=13),
        Opinion(tool="fvcore", ours=10, problem="fvcore failed: x"),
    )
    record = msgspec.structs.replace(
        make_record("net"), samples=None, latency=None, opinions=opinions
    )
    part = sections([record])["Counts, cross-checked"]
    assert part.sentences == ("1 of 3 counts agree to the last digit.",)
    assert cells(part.views[0], "verdict") == ["agrees", "differs by +3", "fvcore failed: x"]


def test_a_count_that_was_checked_under_two_settings_is_one_row(make_record):
    opinions = (Opinion(tool="thop", version="0.1.1", ours=10, theirs=10),)
    records = [
        msgspec.structs.replace(
            make_record("net", threads=n), samples=None, latency=None, opinions=opinions
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
        check=Check(against="origin/main", metrics=(slower, odd, unknown)),
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


# From Python, and written.


def test_files_results_and_records_may_be_put_together(five, tmp_path):
    store.append(tmp_path / "s.jsonl", five[:2])
    made = report(tmp_path / "s.jsonl", lb.Profile(tuple(five[2:3])), five[3], iter(five[4:]))
    assert list(made.subject.evidence.records) == five


def test_results_that_hold_one_record_or_lists_of_results_are_sources_too(five):
    class Result:
        record = five[0]

    made = report([Result(), lb.Profile(tuple(five[1:3]))], five[3:])
    assert list(made.subject.evidence.records) == five
    with pytest.raises(UsageError, match="int holds no records"):
        report(7)


def test_a_record_that_is_there_twice_counts_once(five):
    assert len(report(five, five).subject.evidence.records) == len(five)


def test_accuracies_may_be_plain_numbers_in_percent(five):
    view = sections(five, accuracy={"resnet18": 71.5})["Comparison"].views[0]
    assert cells(view, "top1")[-1] == 71.5
    assert cells(view, "top1_source")[-1] == "given by the reader"
    with pytest.raises(UsageError, match="171.5 is no accuracy"):
        report(five, accuracy={"resnet18": 171.5})


def test_a_reference_that_is_not_among_the_records_is_refused_with_a_suggestion(five):
    with pytest.raises(UnknownName, match="mobilenet_v1"):
        report(five, reference="mobilenet_v")


def test_the_result_shows_itself_as_its_comparison_and_as_pandas(five):
    made = lb.report(five)
    assert "Comparison" in repr(made)
    frame = made.to_pandas()
    assert list(frame["model"]) == [record.case.model for record in five]
    assert list(frame["latency_s"]) == [record.latency.median_s for record in five]


def test_a_report_is_the_same_bytes_for_the_same_records(five, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        report(five).save(tmp_path / folder / "r.md")
        report(five).save(tmp_path / folder / "r.html")
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["r-latency.svg", "r-pareto.svg", "r-predictors.svg", "r.html", "r.md"]
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_every_figure_that_markdown_names_lies_beside_it(
    five, sweep_records, card_records, tmp_path
):
    made = report([*five, *sweep_records(), *card_records()])
    made.save(tmp_path / "r.md")
    text = (tmp_path / "r.md").read_text()
    figures = {path.name for path in tmp_path.glob("*.svg")}
    assert len(figures) == 5
    assert all(f"]({figure})" in text for figure in figures)


def test_another_kind_of_file_is_refused(five, tmp_path):
    with pytest.raises(UsageError, match="Markdown or HTML"):
        report(five).save(tmp_path / "r.csv")


@pytest.mark.parametrize("form", ["csv", "jsonl", "latex", "table"])
def test_other_formats_hold_the_comparison(form, five, tmp_path, lightbench):
    store.append(tmp_path / "s.jsonl", five)
    answer = lightbench("report", tmp_path / "s.jsonl", "--format", form)
    assert answer.code == 0
    assert all(str(ms) in answer.out for ms in ("20", "25", "15", "10", "60"))


def test_json_holds_all_parts(five, tmp_path, lightbench):
    store.append(tmp_path / "s.jsonl", five)
    answer = lightbench("report", tmp_path / "s.jsonl", "--format", "json")
    found = json.loads(answer.out)
    assert [section["title"] for section in found["sections"]][:3] == [
        "In short",
        "Environment",
        "Comparison",
    ]
    rows = found["sections"][2]["tables"][0]["data"]
    assert median(row["latency"]["median_s"] for row in rows) == 0.020
    assert rows[0]["report"]["top1"] == 70.6


def test_the_command_that_made_it_is_the_first_of_those_that_reproduce_it(
    five, tmp_path, lightbench
):
    store.append(tmp_path / "s.jsonl", five)
    answer = lightbench("report", tmp_path / "s.jsonl", "--title", "My nets")
    assert answer.out.startswith("# My nets\n")
    commands = answer.out.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert commands[0] == f"lightbench report {tmp_path / 's.jsonl'} --title 'My nets'"
    assert commands[1].startswith("lightbench profile --device cpu")
    assert commands[1].endswith(
        " -- mobilenet_v1 mobilenet_v2 shufflenet_v2_x1_0 shufflenet_v2_x0_5 resnet18"
    )


def test_one_command_writes_several_files(five, tmp_path, lightbench):
    store.append(tmp_path / "s.jsonl", five)
    files = [tmp_path / f"new/r{suffix}" for suffix in (".md", ".html", ".csv")]
    answer = lightbench("report", tmp_path / "s.jsonl", *(w for f in files for w in ("-o", f)))
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "".join(f"lightbench: wrote {file}\n" for file in files)
    assert files[0].read_text().startswith("# lightbench report")
    assert files[1].read_text().lower().startswith("<!doctype html>")
    assert files[2].read_text().startswith('"model",')
    line = next(x for x in files[0].read_text().splitlines() if x.startswith("lightbench report"))
    assert line.count(" -o ") == 3


def test_the_report_does_not_overwrite_the_store_that_it_is_made_from(tmp_path, lightbench):
    (tmp_path / "s.toml").write_text('models = ["example_dense"]\n')
    answer = lightbench("report", "--suite", tmp_path / "s.toml", "-o", tmp_path / "r.jsonl")
    assert answer.code == 2
    assert "cannot be report and store. Name a store with --store." in " ".join(answer.err.split())


def test_own_accuracies_come_from_a_file(five, tmp_path, lightbench):
    store.append(tmp_path / "s.jsonl", five)
    own = tmp_path / "own.csv"
    own.write_text("model,top1,source\nresnet18,71.5,our run 7\n")
    answer = lightbench("report", tmp_path / "s.jsonl", "--accuracy", own)
    assert "| `resnet18` | 71.5 | own | `our run 7` |" in answer.out
    own.write_text("model,top1\nresnet18,71.5\nmobilenet_v3,70\n")
    answer = lightbench("report", tmp_path / "s.jsonl", "--accuracy", own)
    assert answer.code == 0
    assert "no model is called 'mobilenet_v3'. Did you mean mobilenet_v2" in " ".join(
        answer.err.split()
    )
    own.write_text("model,top1\nresnet18,0.715\n")
    answer = lightbench("report", tmp_path / "s.jsonl", "--accuracy", own)
    assert (answer.code, answer.out) == (2, "")
    assert "Write percent" in answer.err
    own.write_text("model,top1\nresnet18,171.5\n")
    answer = lightbench("report", tmp_path / "s.jsonl", "--accuracy", own)
    assert (answer.code, answer.out) == (2, "")
    assert "own.csv" in answer.err
