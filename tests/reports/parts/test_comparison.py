"""Times of different runs: held against one another only by way of what was timed in both."""

from __future__ import annotations

import msgspec
import pytest
from made_reports import sections
from rendering import told

from lightbench.errors import UsageError
from lightbench.records import Latency
from lightbench.records.collection import Evidence
from lightbench.reports import report
from lightbench.studies.history.entries import entries
from lightbench.studies.history.series import histories
from lightbench.studies.history.table import history_view
from lightbench.studies.profile.table import profile_view
from lightbench.timing.summary import summarize

near = pytest.approx
BUSY = ("contended: other programs used this CPU meanwhile.",)


def rows(records, *keys, **asked):
    view = sections(records, **asked)["Comparison"].views[0]
    at = [[column.key for column in view.table.columns].index(key) for key in keys]
    return {row[0]: tuple(row[i] for i in at) for row in view.table.rows}


@pytest.fixture
def rounds(make_record):
    """``rounds("net", [0.01, ...])``: a record with these times, one a round."""

    def made(model, times, **settings):
        record = make_record(model, **settings)
        samples = msgspec.structs.replace(record.samples, wall_s=tuple(times))
        return msgspec.structs.replace(record, samples=samples, latency=summarize(samples))

    return made


def test_two_of_one_run_are_held_against_each_other_round_by_round(rounds):
    """Rounds of 10 to 30 ms, and in each the other takes 1.08 times as long: no interval at all."""
    slow = [0.010 + 0.0002 * i for i in range(100)]
    records = [rounds("a", slow), rounds("b", [1.08 * t for t in slow])]
    ((ratio, low, high),) = [rows(records, "ratio", "ratio_low", "ratio_high")["b"]]
    assert (ratio, low, high) == near((1.08, 1.08, 1.08))


def test_a_network_of_a_later_run_is_held_against_what_was_timed_again_with_it(rounds):
    """The machine has become 2.3 times as slow, and 1.08 is still 1.08."""
    calm, busy = [0.010] * 12, [0.023] * 12
    records = [
        rounds("a", calm), rounds("b", calm),
        rounds("new", [1.08 * t for t in busy], run="two"), rounds("a", busy, run="two", anchor=True),
    ]  # fmt: skip
    assert rows(records, "ratio")["new"] == (near(1.08),)
    said = " ".join(sections(records)["In short"].sentences)
    assert "new is" not in said
    assert "in 2 runs," in said


def test_without_anything_in_common_it_is_not_comparable_and_in_nothing(make_record):
    records = [
        make_record("mobilenet_v1", latency_s=0.020), make_record("mobilenet_v2", latency_s=0.020),
        make_record("resnet18", latency_s=0.009, run="two"),
    ]  # fmt: skip
    assert rows(records, "status", "ratio")["resnet18"] == ("not comparable", None)
    said = sections(records)["In short"].sentences
    assert not any("resnet18" in one for one in said)
    assert said[-1] == ("Left out here: 1 timed in another run, with nothing timed in both (#).")
    notes = told(sections(records)["Comparison"].views[0].table)
    assert any(note.startswith("# not comparable:") for note in notes)


def test_a_profile_of_several_runs_says_so(make_record):
    def notes(*records):
        return " ".join(told(profile_view(records).table))

    assert "runs" not in notes(make_record("a"), make_record("b"))
    assert "Timed in 2 runs," in notes(make_record("a"), make_record("b", run="two"))
    apart = make_record("b", run="two", comparable={"cpu": "Example CPU", "threads": 1})
    assert "Timed in" not in notes(make_record("a"), apart)  # they never were to be timed in one


def test_an_anchor_of_another_network_of_the_name_links_nothing(make_record):
    records = [
        make_record("a"), make_record("b"),
        make_record("new", run="two"), make_record("a", run="two", anchor=True, identity="edited"),
    ]  # fmt: skip
    assert rows(records, "status")["new"] == ("not comparable",)


def test_an_anchor_of_a_record_of_which_the_network_is_not_known_links_nothing(make_record):
    records = [
        make_record("a", identity=None), make_record("b", identity=None),
        make_record("new", run="two", identity=None),
        make_record("a", run="two", anchor=True, identity=None),
    ]  # fmt: skip
    assert rows(records, "status")["new"] == ("not comparable",)


def test_a_disturbed_time_is_in_no_sentence_ratio_or_front(make_record):
    records = [
        make_record("mobilenet_v1", latency_s=0.020), make_record("mobilenet_v2", latency_s=0.020),
        make_record("resnet18", latency_s=0.009, warnings=BUSY),
    ]  # fmt: skip
    assert rows(records, "status", "ratio")["resnet18"] == ("contended", None)
    said = sections(records)["In short"].sentences
    assert not any("resnet18" in one for one in said)
    assert "1 timed while other programs used the machine (!)" in said[-1]


def test_a_suspect_time_is_in_no_sentence_ratio_or_front_either(make_record):
    records = [
        make_record("mobilenet_v1", latency_s=0.020), make_record("mobilenet_v2", latency_s=0.020),
        make_record("resnet18", latency_s=1e-6, warnings=("suspect: it remembers.",)),
    ]  # fmt: skip
    assert rows(records, "status", "ratio")["resnet18"] == ("suspect", None)
    said = sections(records)["In short"].sentences
    assert not any("resnet18" in one for one in said)
    assert "1 whose time cannot be" in said[-1]


def test_where_everything_was_disturbed_nothing_is_claimed(make_record):
    records = [make_record(name, warnings=BUSY) for name in ("a", "b")]
    (only,) = sections(records)["In short"].sentences
    assert only.startswith("Left out here: 2 timed while")
    assert Evidence(tuple(records)).groups == ()


def test_a_disturbed_anchor_links_nothing(make_record):
    records = [
        make_record("a"), make_record("b"),
        make_record("new", run="two"), make_record("a", run="two", anchor=True, warnings=BUSY),
    ]  # fmt: skip
    assert rows(records, "status")["new"] == ("not comparable",)


def test_a_reference_that_nothing_can_be_held_against_is_refused(make_record):
    records = [make_record("a"), make_record("b"), make_record("c", warnings=BUSY)]
    with pytest.raises(UsageError, match="'c' has no measured time that others"):
        report(records, reference="c")


def test_an_anchor_never_stands_in_the_place_of_what_was_asked_for(make_record):
    first = make_record("a", latency_s=0.010)
    again = make_record("a", latency_s=0.030, run="two", anchor=True)
    only = make_record("stack:linear(c=8)", run="two", anchor=True)
    assert Evidence((first, again, only)).profiles == (first,)
    assert Evidence((again, first)).profiles == (first,)


def test_what_is_measured_again_is_the_one_that_counts(make_record):
    first, again = make_record("a", latency_s=0.010), make_record("a", latency_s=0.030, run="two")
    assert Evidence((first, again)).profiles == (again,)


def test_the_bounds_contain_what_the_anchors_do_not_agree_on(make_record):
    """One anchor took 1.0 and one 1.2 times as long: the new one, which took 10.8 ms there, took 9 to
    10.8 ms here, and its own interval and those of the anchors, 2 % each, come on top."""
    records = [
        make_record("a", latency_s=0.010), make_record("b", latency_s=0.010),
        make_record("c"), make_record("d"),  # so that most is of the first run
        make_record("new", latency_s=0.0108, run="two"),
        make_record("a", latency_s=0.010, run="two", anchor=True),
        make_record("b", latency_s=0.012, run="two", anchor=True),
    ]  # fmt: skip
    (group,) = Evidence(tuple(records)).groups
    (new,) = [r for r in group if r.case.model == "new"]
    apart = 1.02 / 0.98
    assert new.latency.low_s == near(0.0108 * 0.98 / 1.2 / apart)
    assert new.latency.high_s == near(0.0108 * 1.02 / 1.0 * apart)
    assert isinstance(new.latency, Latency)


def test_the_roofline_is_that_of_the_speed_that_the_machine_had_then(card_records, make_record):
    """The card was made when everything took half as long."""
    cards = card_records()
    anchor = cards[0]
    same = {"costs": False, "comparable": dict(anchor.environment.comparable)}
    again = make_record("x", run="two", anchor=True, latency_s=2 * anchor.latency.median_s, **same)
    again = msgspec.structs.replace(again, case=anchor.case, identity=anchor.identity)
    record = make_record("net", latency_s=0.1, madds=30 * 10**6, mem_bytes=10**7, run="two")
    alone = rows([record, *cards], "efficiency")["net"]
    linked = rows([record, again, *cards], "efficiency")["net"]
    rate = 10**6 / anchor.latency.median_s
    assert alone == (None,)
    assert linked == (near(2 * 30 * 10**6 / rate / 0.1),)


def test_a_card_that_was_measured_while_others_used_the_machine_says_so(card_records):
    from lightbench.studies.card.card import card_of
    from lightbench.studies.card.table import card_view

    def notes(cards):
        return [n for n in told(card_view(card_of(cards)).table) if "speeds may be too low" in n]

    cards = card_records()
    assert not notes(cards)
    busy = msgspec.structs.replace(cards[3], warnings=BUSY)
    assert len(notes([*cards[:3], busy, *cards[4:]])) == 1


def test_what_was_measured_again_is_not_held_against_its_own_old_time(make_record):
    """Else to measure again would change nothing."""
    records = [
        make_record("a"), make_record("b"), make_record("net", latency_s=0.010),
        make_record("net", latency_s=0.015, run="two"), make_record("a", run="two", anchor=True),
    ]  # fmt: skip
    assert rows(records, "ratio")["net"] == (near(1.5),)


def test_what_was_timed_in_one_run_is_taken_from_it_though_it_was_an_anchor_there(make_record):
    """All three in the rounds of the second run: nothing need be known of the first."""
    records = [
        make_record("a", latency_s=0.010), make_record("b", latency_s=0.010),
        make_record("new", latency_s=0.030, run="two"),
        make_record("a", latency_s=0.020, run="two", anchor=True),
        make_record("b", latency_s=0.025, run="two", anchor=True),
    ]  # fmt: skip
    (group,) = Evidence(tuple(records)).groups
    assert {r.case.model: r.latency.median_s for r in group} == {
        "a": 0.020,
        "b": 0.025,
        "new": 0.030,
    }


# History.


def commits(make_record, *times, anchors=None, **settings):
    """A record for each commit, each of a run of its own; ``anchors`` are times of the same network in
    the same runs."""
    made = []
    for i, time in enumerate(times):
        where = {"run": str(i), **settings}
        records = [make_record("net", latency_s=time, **where)]
        if anchors:
            records.append(make_record("mark", latency_s=anchors[i], anchor=True, **where))
        noted = {"commit": f"{i:040x}"}
        made += [
            msgspec.structs.replace(
                r,
                time=f"2026-01-{i + 1:02}T00:00:00Z",
                environment=msgspec.structs.replace(r.environment, noted=noted),
            )
            for r in records
        ]
    return made


def test_a_history_of_runs_without_anything_in_common_compares_nothing(make_record):
    (series,) = histories(entries(commits(make_record, 0.010, 0.020, 0.030)), "latency")
    assert ([point.value for point in series.points], series.apart, series.change) == (
        [0.030], 2, None,
    )  # fmt: skip
    assert any("not comparable:" in note for note in told(history_view([series]).table))


def test_a_history_is_told_as_the_last_run_would_have_seen_it(make_record):
    """The machine became twice as slow, the network did not."""
    found = commits(make_record, 0.010, 0.020, anchors=(0.005, 0.010))
    (series,) = histories(entries(found), "latency")
    assert [point.value for point in series.points] == near([0.020, 0.020])
    assert series.change is None  # nothing beyond what is not known of the drift


def test_a_step_that_the_anchors_may_have_made_is_none(make_record):
    """From the 13th commit on 1.3 times as long, while one anchor takes twice as long and one not."""
    times = [0.010] * 12 + [0.013] * 12
    found = commits(make_record, *times, anchors=[0.010] * 24)
    (series,) = histories(entries(found), "latency")
    assert [change.at for change in series.changes] == [12]
    other = commits(make_record, *times, anchors=[0.010] * 12 + [0.020] * 12)
    both = [
        msgspec.structs.replace(r, case=msgspec.structs.replace(r.case, model="mark2"))
        for r in other
        if r.case.model == "mark"
    ]
    (series,) = histories(entries([*found, *both]), "latency")
    assert series.changes == ()
    assert series.change is None


def test_where_every_record_was_disturbed_the_last_is_shown_and_compared_with_nothing(make_record):
    found = [msgspec.structs.replace(r, warnings=BUSY) for r in commits(make_record, 0.010, 0.020)]
    (series,) = histories(entries(found), "latency")
    assert ([point.value for point in series.points], series.apart, series.change) == (
        [0.020], 2, None,
    )  # fmt: skip


def test_a_count_is_the_same_in_every_run(make_record):
    (series,) = histories(entries(commits(make_record, 0.010, 0.020, 0.030)), "madds")
    assert (len(series.points), series.apart) == (3, 0)


def test_a_disturbed_record_is_no_point_of_a_history(make_record):
    found = commits(make_record, 0.010, 0.020, anchors=(0.005, 0.005))
    found[0] = msgspec.structs.replace(found[0], warnings=BUSY)
    (series,) = histories(entries(found), "latency")
    assert (len(series.points), series.apart) == (1, 1)
