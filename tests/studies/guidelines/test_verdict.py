"""When a guideline is supported, contradicted, not detectable, or a matter of launches."""

from __future__ import annotations

import math
import re
from dataclasses import FrozenInstanceError
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench import guidelines as run_guidelines
from lightbench import registry
from lightbench.errors import OutOfMemory
from lightbench.runner import prepare as preparing
from lightbench.stats.ratio import Ratio
from lightbench.studies.guidelines.verdict import finding, findings, judge
from lightbench.timing.clock import Reading

THREE = math.log1p(0.03)
ABOVE, BELOW = math.nextafter(THREE, 1), math.nextafter(THREE, 0)
WORDS = ("supported", "contradicted", "not detectable", "launch-bound")


def effect(low, high):
    return Ratio((low + high) / 2, low, high, 12)


# The rule.


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (ABOVE, 1.0, "supported"),
        (THREE, 1.0, "not detectable"),  # exactly 1.03 is not above it
        (BELOW, 1.0, "not detectable"),
        (0.01, 0.02, "not detectable"),  # slower beyond doubt, by too little to matter
        (-1.0, 1.0, "not detectable"),
        (-1.0, -BELOW, "not detectable"),
        (-1.0, -THREE, "not detectable"),
        (-1.0, -ABOVE, "contradicted"),
    ],
)
@pytest.mark.parametrize("share", [None, 0.0, 0.49])
def test_only_a_whole_interval_beyond_three_percent_decides(low, high, share, word):
    assert judge(effect(low, high), share) == word


@pytest.mark.parametrize("share", [0.5, 0.7, 1.0])
@pytest.mark.parametrize(("low", "high"), [(0.5, 1.0), (-1.0, -0.5), (-0.1, 0.1)])
def test_where_half_the_time_is_launching_the_ratio_says_nothing(low, high, share):
    assert judge(effect(low, high), share) == "launch-bound"


@pytest.mark.parametrize("log", [5.0, -5.0, 0.0])
def test_too_few_rounds_decide_nothing(log):
    assert judge(Ratio(log, None, None, 5), None) == "not detectable"
    assert judge(Ratio(log, None, None, 5), 0.9) == "launch-bound"


@given(
    st.floats(-2, 2) | st.sampled_from([THREE, -THREE, ABOVE, -ABOVE, BELOW, -BELOW, 0.0]),
    st.floats(0, 2) | st.just(0.0),
    st.none() | st.floats(0, 1),
)
def test_the_verdict_of_swapped_sides_is_the_mirror_of_the_verdict(low, width, share):
    mirror = {"supported": "contradicted", "contradicted": "supported"}
    there = judge(effect(low, low + width), share)
    back = judge(effect(-(low + width), -low), share)
    assert back == mirror.get(there, there)
    assert there in WORDS


# From records to findings.


def found(records):
    (one,) = findings(records)
    return one


def test_the_verdict_is_about_the_row_that_breaks_the_guideline_most(sweep_records):
    """1:4 is as fast as it can be and 1:9 slow: the finding is about 1:9."""
    times = {"1:1": 0.010, "1:2.25": 0.010, "1:4": 0.001, "1:9": 0.015}
    one = found(sweep_records(times, channels="aligned"))
    assert (one.row, one.reference, one.word) == ("1:9", "1:1", "supported")
    assert one.effect.ratio == pytest.approx(1.5)
    assert len(one.relatives) == 4


def test_time_counts_per_multiply_add(sweep_records):
    """Equal times, and 5 % fewer MAdds, as the paper's 1:12 has: 1 / 0.95 is above 1.03."""
    times = {"1:1": 0.010, "1:12": 0.010}
    madds = {"1:1": 1_000_000, "1:12": 950_000}
    one = found(sweep_records(times, channels="paper-gpu", madds=madds))
    assert one.word == "supported"
    assert one.effect.ratio == pytest.approx(1 / 0.95)
    fewer = found(sweep_records(times, channels="paper-gpu", madds={**madds, "1:12": 1_050_000}))
    assert fewer.word == "contradicted"


@pytest.mark.parametrize(
    ("row", "reference", "share", "word"),
    [
        (0.001, 0.001, 0.1, "supported"),
        (0.001, 0.005, 0.5, "launch-bound"),  # of the reference's 10 ms
        (0.0075, 0.001, 0.5, "launch-bound"),  # of the row's 15 ms
        (0.0074, 0.0049, 0.4933, "supported"),
        (None, 0.006, 0.6, "launch-bound"),
        (None, None, None, "supported"),
    ],
)
def test_the_launch_share_is_the_larger_of_the_two_rows(row, reference, share, word, sweep_records):
    launch = {"1:9": row, "1:1": reference, "1:4": 0.010}  # that of another row does not matter
    times = {"1:1": 0.010, "1:4": 0.010, "1:9": 0.015}
    one = found(sweep_records(times, launch={k: v for k, v in launch.items() if v is not None}))
    assert one.word == word
    assert one.launch_share == (share if share is None else pytest.approx(share, abs=1e-4))


@pytest.mark.parametrize(
    ("ratio", "word"),
    [(1.0301, "supported"), (1.0299, "not detectable"), (1 / 1.0299, "not detectable"),
     (1 / 1.0301, "contradicted")],
)  # fmt: skip
def test_three_percent_more_or_less_make_the_difference(ratio, word, sweep_records):
    assert found(sweep_records({"1:1": 0.010, "1:9": 0.010 * ratio})).word == word


def test_noise_that_covers_the_effect_makes_it_not_detectable(sweep_records):
    """Median +50 %, but 3 of 12 rounds the other way round: the interval is the 3rd to the 10th."""
    noisy = [0.5, 0.9, 0.9] + [1.5] * 9
    one = found(sweep_records({"1:1": [1.0] * 12, "1:9": noisy}))
    assert one.effect.ratio == pytest.approx(1.5)
    assert one.word == "not detectable"
    assert (
        found(sweep_records({"1:1": [1.0] * 12, "1:9": [0.9] * 2 + [1.5] * 10})).word == "supported"
    )


def test_five_rounds_are_too_few_for_any_word_but_this(sweep_records):
    assert found(sweep_records({"1:1": 0.010, "1:9": 0.030}, rounds=5)).word == "not detectable"
    assert found(sweep_records({"1:1": 0.010, "1:9": 0.030}, rounds=6)).word == "supported"


@pytest.mark.parametrize(
    ("times", "settings"),
    [
        ({"1:1": None, "1:9": 0.010}, {}),  # the reference failed
        ({"1:1": 0.010, "1:9": 0.010}, {"experiment": "groups"}),  # a sweep, no guideline
        ({"1:1": 0.010, "1:9": 0.010}, {"experiment": "g9_gone"}),
        ({"1:1": 0.010, "1:9": 0.010}, {"channels": "theirs"}),
    ],
)  # fmt: skip
def test_without_a_reference_or_a_guideline_there_is_no_finding(times, settings, sweep_records):
    records = sweep_records(times, **settings)
    assert finding(records) is None
    assert findings(records) == []


@pytest.mark.parametrize("row", ["1:9", "1:4"])
def test_without_the_row_that_breaks_the_guideline_most_there_is_no_result(row, sweep_records):
    """It failed, or was never there: the other points stand, and nothing is judged by them."""
    found = finding(sweep_records({"1:1": 0.010, "1:4": 0.030, row: None}))
    assert (found.word, found.effect, found.row) == ("no result", None, "1:9")
    assert "1:1" in [point.point.point for point in found.relatives]
    assert str(found) == "no result: 1:9 has no time"


def test_a_sweep_of_the_reference_alone_has_no_result(sweep_records):
    one = found(sweep_records({"1:1": 0.010}))
    assert (one.word, one.effect) == ("no result", None)
    with pytest.raises(FrozenInstanceError):  # and nobody makes it another
        one.word = "supported"


def test_records_of_a_plain_profile_have_no_findings(profile):
    assert findings(profile) == []
    assert findings([]) == []


def test_every_sweep_has_its_own_finding_in_the_order_of_the_records(sweep_records):
    times = {"1:1": 0.010, "1:9": 0.015}
    records = [
        *sweep_records(times, run="x", width=4),
        *sweep_records({"g=1": 0.010, "g=16": 0.005}, run="y", experiment="g2_group_count"),
        *sweep_records(times, run="z", width=1),
    ]
    assert [(one.guideline, one.width, one.word) for one in findings(records)] == [
        ("g1_channel_ratio", 4, "supported"),
        ("g2_group_count", 1, "contradicted"),
        ("g1_channel_ratio", 1, "supported"),
    ]


def test_another_geometry_is_found_by_its_own_set(sweep_records):
    times = {"neither": 0.010, "both": 0.015}
    one = found(sweep_records(times, experiment="g4_elementwise", channels="aligned wide"))
    assert (one.row, one.word) == ("both", "supported")


def test_a_finding_reads_as_a_sentence(sweep_records):
    one = found(sweep_records({"1:1": 0.010, "1:9": 0.015}))
    assert str(one) == ("supported: 1:9 takes 1.50 times as long as 1:1 per MAdd (1.50 to 1.50)")
    few = found(sweep_records({"1:1": 0.010, "1:9": 0.015}, rounds=3))
    assert str(few).endswith("per MAdd (too few rounds: measure longer)")
    assert few.record.sweep.point == "1:1"


# From networks to findings: a device that takes as long as a formula says.


@pytest.fixture
def takes(monkeypatch):
    """``takes(lambda case, costs: seconds)`` is what the null device takes from now on; of several
    times, one call after the other has each."""
    prepare = preparing.prepare

    def install(seconds):
        def scripted(case, *arguments, **settings):
            ready = prepare(case, *arguments, **settings)
            time = seconds(case, ready.costs)
            times = cycle(time if isinstance(time, list) else [time])

            def step(_calls):
                wall_s = next(times)
                return Reading(wall_s, wall_s)

            return ready._replace(step=step)

        monkeypatch.setattr(preparing, "prepare", scripted)

    return install


def measured(name, **settings):
    settings = {"widths": [1], "seconds": 0.2, "device": "null", **settings}
    return run_guidelines(name, **settings)


def by_memory(_case, costs):
    """A device on which only memory access takes time, 1 ns for an element."""
    return costs.mem_access * 1e-9


FOUR = ["g1", "g2", "g3"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUR)
@pytest.mark.parametrize("channels", ["aligned", "paper-gpu", "paper-arm"])
def test_where_memory_access_takes_the_time_the_guidelines_are_supported(name, channels, takes):
    takes(by_memory)
    (one,) = measured(name, channels=[channels]).findings
    assert one.word == "supported"
    assert one.launch_share < 0.05
    strongest = next(p for p in one.relatives if p.point.point == one.row)
    assert one.effect.ratio == pytest.approx(strongest.mem_access / strongest.madds, rel=1e-9)


def test_element_wise_operators_are_seen_where_every_byte_takes_time(takes):
    takes(lambda _case, costs: costs.mem_bytes * 1e-9)
    (one,) = measured("g4").findings
    assert (one.word, one.row, one.reference) == ("supported", "both", "neither")


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUR)
def test_where_only_multiply_adds_take_time_nothing_is_detectable(name, takes):
    """Also not on the paper's channels, whose MAdds differ by 5 %."""
    takes(lambda _case, costs: costs.madds * 1e-12)
    for channels in ("aligned", "paper-gpu"):
        (one,) = measured(name, channels=[channels]).findings
        assert one.word == "not detectable"
        assert one.effect.ratio == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("name", FOUR)
def test_where_memory_access_makes_it_faster_they_are_contradicted(name, takes):
    takes(lambda case, costs: 1e3 / costs.mem_access if case.inputs[0].shape[1] > 1 else 1e-9)
    (one,) = measured(name).findings
    assert one.word == "contradicted"
    assert one.effect.high < 1 / 1.03


@pytest.mark.parametrize("name", [*FOUR, "g4"])
def test_where_every_call_takes_the_same_whatever_its_map_it_is_launching(name):
    """The null device as it is: 1 ms, also for one pixel."""
    (one,) = measured(name).findings
    assert one.word == "launch-bound"
    assert one.launch_share == 1.0


def test_where_each_operator_takes_as_long_to_start_fragments_are_launch_bound(takes):
    takes(lambda _case, costs: len(costs.ops) * 1e-5 + costs.madds * 1e-13)
    (one,) = measured("g3").findings
    assert one.word == "launch-bound"


def test_an_effect_that_drowns_in_noise_is_not_detectable(takes):
    """1:9 takes 0.5 and 1.6 times as long in turn; no interval of rounds is on one side of 1."""

    def noisy(case, costs):
        time = costs.madds * 1e-12
        if "c2=288" in case.model:
            return [0.5 * time, 0.5 * time, 1.6 * time, 1.6 * time]
        return time

    takes(noisy)
    (one,) = measured("g1").findings
    assert one.word == "not detectable"
    assert one.effect.low < 1 < one.effect.high


@pytest.mark.parametrize(
    ("factor", "word"),
    [(1.0301, "supported"), (1.0299, "not detectable"), (1 / 1.0301, "contradicted")],
)
def test_three_percent_decide_also_from_end_to_end(factor, word, takes):
    takes(lambda case, costs: costs.madds * 1e-12 * (factor if "c2=288" in case.model else 1))
    (one,) = measured("g1").findings
    assert one.word == word


@pytest.mark.parametrize("when", ["prepared", "timed"])
def test_a_row_that_fails_is_a_record_that_says_so_and_the_rest_stands(when, takes):
    def seconds(case, costs):
        if "c2=288" not in case.model:
            return by_memory(case, costs)
        if when == "prepared":
            raise OutOfMemory("out of memory.", "Try a smaller --batch.")
        return -1.0  # no clock says that: the step raises

    takes(seconds)
    found = measured("g1")
    failed = [r for r in found.records if r.failure]
    assert {r.sweep.point for r in failed} == {"1:9"}
    assert len(failed) == 2  # the row and its launch probe
    assert [one.word for one in found.findings] == ["no result"]
    assert len([r for r in found.records if r.samples]) == 6


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.names("guideline"))
def test_every_guideline_ends_in_one_of_four_words(name):
    (one,) = measured(name, channels=["aligned"]).findings
    assert one.word in WORDS
    assert re.fullmatch(r"[A-Z].*[a-z]", one.claim)
