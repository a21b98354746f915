"""The answer first: sentences that the records bear out, and no more than that."""

from __future__ import annotations

import pytest
from made_reports import cells, sections

from lightbench.errors import UsageError
from lightbench.models.accuracy import Accuracy
from lightbench.records.facets import telling
from lightbench.reports import report
from lightbench.views.sentence import Name, Sentence, listed

M = 10**6


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
    assert said == (
        "Of the 2 networks, none is shown to be faster than a: 10.3 ms (10.1 ms to 10.5 ms), not told"
        " apart from 1 more."
    )
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
    assert said == (
        "For all that the intervals tell, on the Pareto front, accuracy against time: a and b."
    )
    own_of_three = {**own, "c": 72}
    three = [*close, make_record("c", latency_s=0.02, madds=300 * M)]
    said = sections(three, accuracy=own_of_three)["In short"].sentences[1]
    assert said.endswith("accuracy against time: c; for all that the intervals tell also a and b.")
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


def test_of_equal_medians_the_reference_is_the_one_that_nothing_is_faster_than(make_record):
    said = sections([make_record("x"), make_record("ref")], reference="ref")["In short"].sentences
    assert said[0].startswith("Of the 2 networks, none is shown to be faster than ref: 10.0 ms")


def test_half_a_point_less_is_as_accurate_whatever_binary_fractions_make_of_it(make_record):
    """64.4 - 0.5 is 63.900000000000006 in binary."""
    records = [make_record("ref", latency_s=0.02), make_record("b", latency_s=0.01)]
    said = sections(records, accuracy={"ref": 64.4, "b": 63.9})["In short"].sentences
    assert "b is the fastest" in said[0]


def test_threads_that_pytorch_chose_and_the_same_ones_asked_for_are_one_case(make_record):
    """The record's environment says how many there were: 2."""
    records = [make_record("a"), make_record("b"), make_record("a", threads=2, latency_s=0.02)]
    evidence = report(records).subject.evidence
    assert [r.latency.median_s for r in evidence.profiles] == [0.02, 0.01]


def test_of_several_environments_the_one_that_is_told_of_is_named(make_record):
    def at(torch, name):
        return make_record(name, comparable={"cpu": "A", "torch": torch, "threads": 1})

    records = [at("2.12", "a"), at("2.13", "a"), at("2.13", "b")]
    said = sections(records)["In short"].sentences[-1]
    assert said == (
        "This is about batch 1, cpu, eager, float32, infer, contiguous, threads 1, 2.13; 1 more setup"
        " is in the tables."
    )


def test_a_fact_that_is_unknown_and_one_that_is_not_there_are_the_same(make_record):
    one = make_record("a", comparable={"cpu": "A", "quota": None})
    two = make_record("b", comparable={"cpu": "A"})
    assert report([one, two]).subject.evidence.groups == ((one, two),)
