"""The same networks under several engines: the fastest of each, means of ratios, and who swaps places."""

from __future__ import annotations

from math import prod

import pytest
from engine_records import EAGER, FAR, ORT, OV, TIMES, table, timed

from lightbench.records.collection import Evidence
from lightbench.reports.engine_sentences import fastest_said, gains_said, swaps_said, unlike_said
from lightbench.reports.engines import engine_sets, main_set
from lightbench.reports.swaps import swapped_pairs, swaps
from lightbench.studies.subject import Subject

near = pytest.approx


def only(records):
    (found,) = engine_sets(Evidence(tuple(records)))
    return found


@pytest.fixture
def five(make_record):
    return only(table(make_record, TIMES))


def by_name(found):
    return {name: network for network, name in found.networks.items()}


# Which sets there are.


def test_eager_comes_first_wherever_it_stands(make_record):
    found = only([timed(make_record, "a", ORT, 1.0), timed(make_record, "a", EAGER, 2.0)])
    assert found.engines == (EAGER, ORT)
    assert list(found.networks.values()) == ["a"]


def test_one_engine_is_no_set_and_other_conditions_are_another_one(make_record):
    one = [timed(make_record, "a", EAGER, 2.0), timed(make_record, "b", EAGER, 2.0)]
    assert engine_sets(Evidence(tuple(one))) == []
    apart = [timed(make_record, "a", EAGER, 2.0), timed(make_record, "a", ORT, 1.0, batch=8)]
    assert engine_sets(Evidence(tuple(apart))) == []


def test_of_several_the_largest_comes_first_and_the_main_one_is_that_of_the_reference(make_record):
    small = [timed(make_record, "z", engine, 2.0, batch=8) for engine in (EAGER, ORT)]
    records = [*small, *table(make_record, TIMES)]
    evidence = Evidence(tuple(records))
    assert [len(found.records) for found in engine_sets(evidence)] == [15, 2]
    assert len(main_set(Subject(evidence)).records) == 15
    assert len(main_set(Subject(evidence, reference="z")).records) == 2
    assert main_set(Subject(Evidence(()))) is None


def test_inputs_tell_networks_of_one_name_apart(make_record):
    records = [
        timed(make_record, "a", engine, 2.0, shape=shape)
        for shape in ((3, 224, 224), (3, 96, 96))
        for engine in (EAGER, ORT)
    ]
    assert list(only(records).networks.values()) == ["a, input 3x224x224", "a, input 3x96x96"]


def test_runs_that_share_no_network_tell_of_engines_but_not_of_networks(make_record):
    records = [
        *table(make_record, {"a": TIMES["a"], "c": TIMES["c"]}),
        *table(make_record, {"b": TIMES["b"]}, run="two"),
    ]
    found = only(records)
    assert found.fastest(by_name(found)["b"]).engine == ORT
    assert found.mean(EAGER, ORT).n == 3
    assert found.placed(by_name(found)["b"], ORT) is None
    assert swaps(found) == ()


# The fastest.


def test_the_fastest_is_marked_only_where_it_is_surely_faster_than_every_other(five):
    won = {name: five.fastest(network).engine for network, name in five.networks.items()}
    assert won == {"a": ORT, "b": ORT, "c": None, "d": ORT, "e": OV}
    assert five.fastest(by_name(five)["a"]).ahead.ratio == near(11.84 / 10.15)


def test_the_sentence_counts_who_is_the_fastest(five):
    assert fastest_said(five) == (
        "Fastest here: onnxruntime for 3 of 5 networks, openvino for 1; not told apart for 1."
    )


def test_one_that_is_faster_in_some_rounds_only_is_not_told_apart(make_record):
    fast = make_record("a", latency_s=0.0100)
    slow = make_record("a", latency_s=0.0103, engine=ORT)  # +-2 % each
    found = only([fast, slow])
    assert fastest_said(found) == "Fastest here: not told apart for 1 network."


def test_engines_that_were_timed_apart_are_not_told_apart(make_record):
    records = [timed(make_record, "a", EAGER, 28.2), timed(make_record, "a", ORT, 9.0, run="two")]
    assert only(records).fastest(by_name(only(records))["a"]).engine is None


def test_a_network_of_a_single_engine_is_in_no_race(make_record):
    found = only([*table(make_record, {"a": TIMES["a"]}), timed(make_record, "z", EAGER, 5.0)])
    assert fastest_said(found) == "Fastest here: onnxruntime for 1 of 1 network."


def test_where_all_but_one_failed_nothing_is_said(make_record):
    found = only(table(make_record, {"a": {EAGER: 2.0, ORT: None}}))
    assert fastest_said(found) is gains_said(found) is None
    assert list(swaps_said(found, 3)) == []


# Outputs that differ.


def test_what_differs_is_loud_and_in_no_ranking(make_record):
    times = {**TIMES, "e": {EAGER: 23.5, ORT: 5.64, OV: 0.1}}
    records = table(make_record, times, outputs={("e", OV): FAR})
    found = only(records)
    assert unlike_said(records) == (
        "Outputs DIFFER from the network's, so in no ranking: openvino of e."
    )
    network = by_name(found)["e"]
    assert found.ratio(network, EAGER, OV) is None
    assert found.fastest(network).engine == ORT
    assert found.mean(EAGER, OV).n == 4
    assert not any(found.networks[s.fast] == "e" and s.engine == OV for s in swaps(found))


# Means and orders.


def test_the_mean_is_over_the_networks_that_both_ran(five):
    expected = prod(row[ORT] / row[EAGER] for row in TIMES.values()) ** (1 / 5)
    assert five.mean(EAGER, ORT).ratio == near(expected)
    assert five.mean(ORT, EAGER).ratio == near(1 / expected)
    assert gains_said(five) == (
        "Time over that of eager, geometric mean over networks: onnxruntime 0.31 (0.24 to 0.44) over 5;"
        " openvino 0.33 (0.24 to 0.47) over 5."
    )


def test_the_order_is_spearmans_rank_correlation(five):
    """Ranks in eager 3 4 5 1 2, in onnxruntime 4 3 5 1 2: 1 - 6 * 2 / (5 * 24)."""
    assert five.order(ORT).value == near(0.9)


# Networks that swap places.


def test_two_networks_swap_places_if_both_orders_are_sure(five):
    (swap,) = [s for s in swaps(five) if s.engine == ORT]
    assert (five.networks[swap.fast], five.networks[swap.slow]) == ("a", "b")
    assert (swap.base.ratio, swap.other.ratio) == near((28.2 / 31.8, 10.15 / 8.27))
    counted, pair = swaps_said(five, 1)
    assert counted == (
        "Pairs of networks that swap places, of their order in eager: 1 of 10 in onnxruntime, 1 of"
        " 10 in openvino."
    )
    assert pair == (
        "a is faster than b in eager (0.89 of its time) and slower in onnxruntime (1.23) and openvino"
        " (1.33)."
    )


def test_an_order_that_is_not_sure_is_no_swap(make_record):
    """2 % apart by one engine, where each is known within 2 %; by the other 50 %."""
    records = [
        make_record(model, latency_s=ms / 1e3, engine=engine)
        for model, row in {"a": {EAGER: 10.0, ORT: 6.0}, "b": {EAGER: 10.2, ORT: 4.0}}.items()
        for engine, ms in row.items()
    ]
    assert swaps(only(records)) == ()
    sure = [r for r in records if r.case.model == "a"]
    sure += [make_record("b", latency_s=s, engine=e) for e, s in ((EAGER, 0.012), (ORT, 0.004))]
    assert len(swaps(only(sure))) == 1


def test_the_largest_is_the_one_that_is_large_in_both_orders(make_record):
    """a and b are nearly equal in eager, if surely so, and far apart in the other: that is no large swap."""
    times = {
        "a": {EAGER: 10.0, ORT: 90.0}, "b": {EAGER: 10.1, ORT: 4.0},
        "c": {EAGER: 20.0, ORT: 3.0}, "d": {EAGER: 26.0, ORT: 2.0},
    }  # fmt: skip
    found = only(table(make_record, times))
    pairs = [tuple(found.networks[n] for n in pair) for pair in swapped_pairs(found)]
    assert pairs[0] == ("a", "d")  # 2.6 times and 45 times apart; a and b 1.01 and 22.5
    assert pairs[-1] == ("a", "b")


def test_without_eager_the_first_engine_is_what_others_are_held_against(make_record):
    found = only(table(make_record, {"a": {ORT: 2.0, OV: 1.0}}))
    assert found.base == ORT
    assert gains_said(found) == (
        "Time over that of onnxruntime, geometric mean over networks: openvino 0.50 over 1."
    )
