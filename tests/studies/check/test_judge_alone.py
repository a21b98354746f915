"""A model by itself: its budgets of what has to be measured, and what the rows say of them."""

import msgspec
import pytest

from lightbench.records import (
    SCHEMA,
    Case,
    Environment,
    Failure,
    InputSpec,
    Latency,
    Record,
    Samples,
)
from lightbench.studies.check import judge as judging
from lightbench.studies.check.budgets import Limit

CASE = Case(model="net.py:Net", inputs=(InputSpec.parse("3x8x8"),), threads=1)
MB = 10**6


class Costs:
    params, stored_params, madds, mem_access, mem_bytes = 100, None, 1000, 500, 2000


def record(latency_s=1.0, *, half=0.0, peak=None, comparable=None, failure=None):
    """Timed with an interval of ``latency_s`` +- ``half``; or it failed."""
    timed = Latency(
        median_s=latency_s, low_s=latency_s - half, high_s=latency_s + half,
        p90_s=None, p99_s=None, min_s=latency_s - half, n=20,
    )  # fmt: skip
    return Record(
        schema=SCHEMA,
        time="2026-01-01T00:00:00+00:00",
        case=CASE,
        status="failed" if failure else "ok",
        environment=Environment(comparable=comparable or {"cpu": "A"}, noted={}),
        samples=None
        if failure
        else Samples(wall_s=(latency_s,), first_call_s=latency_s, warmup_calls=1, stop="converged"),
        latency=None if failure else timed,
        peak_memory_bytes=peak,
        failure=Failure(error="ModelError", message=failure, hint="") if failure else None,
    )


def tools(*records):
    """What measures answers these, one after the other; ``left`` are those nobody asked for."""
    left = list(records)
    return judging.Tools(None, lambda _case: left.pop(0), lambda _version: Costs()), left


def of(metric, rows):
    (row,) = (row for row in rows if row.metric == metric)
    return row


def test_a_budget_of_peak_memory_is_measured_once_for_the_latency_too():
    limits = {judging.PEAK: Limit(absolute=5 * MB), judging.LATENCY: Limit(absolute=2.0)}
    bench, left = tools(record(1.0, peak=4 * MB))
    rows = judging.budget_rows(CASE, limits, bench)
    assert left == []
    assert [row.metric for row in rows if row.metric in limits] == [judging.LATENCY, judging.PEAK]
    peak = of(judging.PEAK, rows)
    assert (peak.now, peak.verdict, peak.state, peak.limit) == (
        4 * MB,
        "in budget",
        "ok",
        "5.00 MB",
    )


def test_without_a_budget_of_time_or_peak_memory_nothing_runs():
    bench, left = tools(record())
    rows = judging.budget_rows(CASE, {"madds": Limit(absolute=1000)}, bench)
    assert len(left) == 1
    assert {row.metric for row in rows} == {"params", "madds", "mem_access", "mem_bytes"}
    assert of("madds", rows).verdict == "in budget"


def test_what_has_to_run_is_not_checked_where_only_counts_are():
    limits = {
        "madds": Limit(absolute=1000),
        judging.LATENCY: Limit(0.02, 0.03),
        judging.PEAK: Limit(absolute=5 * MB),
    }
    counted, rows = judging.split_counted("m", limits)
    assert counted == {"madds": Limit(absolute=1000)}
    assert {row.metric: row.limit for row in rows} == {
        judging.LATENCY: "20.0 ms, +3.0 %",
        judging.PEAK: "5.00 MB",
    }
    for row in rows:
        assert (row.model, row.verdict, row.state) == ("m", "not checked", "unclear")
        assert "leave out --no-latency" in row.note


@pytest.mark.parametrize(
    ("before", "limit", "state"),
    [
        (None, Limit(absolute=4 * MB), "ok"),
        (None, Limit(absolute=4 * MB - 1), "regression"),
        (4 * MB, Limit(relative=0.0), "ok"),
        (3 * MB, Limit(relative=0.5), "ok"),
        (3 * MB, Limit(relative=0.25), "regression"),
        (3 * MB, Limit(absolute=4 * MB), "ok"),  # it varies: more than before is no regression
        (5 * MB, Limit(absolute=4 * MB), "ok"),  # and less no improvement
    ],
)
def test_peak_memory_is_held_to_its_budget(before, limit, state):
    stored = None if before is None else record(peak=before)
    (row,) = judging.peak_rows("m", record(peak=4 * MB), stored, {judging.PEAK: limit})
    assert (row.before, row.now, row.state) == (before, 4 * MB, state)


def test_peak_memory_is_no_row_without_a_budget_and_no_number_where_it_was_not_measured():
    assert judging.peak_rows("m", record(peak=1), None, {}) == []
    for measured, why in ((None, "it was not measured."), (record(failure="no."), "no.")):
        (row,) = judging.peak_rows("m", measured, None, {judging.PEAK: Limit(absolute=1)})
        assert (row.now, row.state, row.note) == (None, "not comparable", why)


def test_how_much_is_over_a_budget_is_said_with_its_share():
    limits = {"madds": Limit(absolute=800), "params": Limit(absolute=0)}
    rows = judging.count_rows("m", None, Costs(), limits, exact=False)
    assert of("madds", rows).note == "200 MAdds over the budget, +25.0 %."
    assert of("params", rows).note == "100 params over the budget."
    assert of("madds", rows).verdict == "over budget"


def test_what_was_not_counted_has_no_rows():
    assert judging.count_rows("m", Costs(), None, {}, exact=True) == []


def test_more_than_a_baseline_says_how_to_allow_it_and_what_a_budget_allowed_does_not():
    class More(Costs):
        madds = 1010

    intended = judging.count_rows("m", Costs(), More(), {}, exact=True)
    assert 'madds = "+20%"' in of("madds", intended).note
    assert of("madds", intended).limit == "+0.0 %"
    assert of("madds", intended).change == pytest.approx(0.01)
    beyond = judging.count_rows("m", Costs(), More(), {"madds": Limit(None, 0.005)}, exact=True)
    assert of("madds", beyond).note == ""


def test_an_absolute_budget_holds_beside_another_side_too():
    limits = {"madds": Limit(absolute=1000)}
    (now,) = (
        r
        for r in judging.count_rows("m", Costs(), Costs(), limits, exact=True)
        if r.limit.startswith("1")
    )
    assert (now.verdict, now.state) == ("equal", "ok")
    limits = {"madds": Limit(absolute=999)}
    over = of("madds", judging.count_rows("m", Costs(), Costs(), limits, exact=True))
    assert (over.verdict, over.state) == ("over budget", "regression")


def test_a_latency_in_its_budget_says_no_more_and_one_that_is_not_shows_its_interval():
    limits = {judging.LATENCY: Limit(absolute=1.2)}
    bench, _ = tools(record(1.0, half=0.2))  # the interval ends at the budget
    (within,) = judging.ceiling_rows(CASE, None, limits, bench)
    assert (within.verdict, within.note, within.limit) == ("in budget", "", "1.20 s")
    bench, _ = tools(record(1.1, half=0.2))
    (around,) = judging.ceiling_rows(CASE, None, limits, bench)
    assert (around.verdict, around.note) == ("unclear", "900 ms to 1.30 s against 1.20 s.")


@pytest.mark.parametrize(("low_s", "high_s"), [(None, None), (1.0, None), (None, 1.0)])
def test_a_latency_without_an_interval_is_on_neither_side_of_its_budget(low_s, high_s):
    known = msgspec.structs.replace(record(1.0).latency, low_s=low_s, high_s=high_s)
    assert judging._side_of(known, 0.5) == judging._side_of(known, 2.0) == ("unclear", "unclear")


def test_an_interval_that_begins_at_the_budget_is_not_over_it():
    known = record(1.25, half=0.25).latency
    assert judging._side_of(known, 1.0) == ("unclear", "unclear")
    assert judging._side_of(known, 0.99) == ("over budget", "regression")


def test_a_network_that_failed_has_no_latency_and_says_why():
    bench, _ = tools(record(failure="out of memory."))
    (row,) = judging.ceiling_rows(CASE, None, {judging.LATENCY: Limit(absolute=1.0)}, bench)
    assert (row.state, row.note) == ("not comparable", "out of memory.")


def test_a_pair_that_was_measured_is_not_measured_again_for_its_budget():
    bench, left = tools(record())
    judging.ceiling_rows(CASE, record(1.0), {judging.LATENCY: Limit(absolute=2.0)}, bench)
    assert len(left) == 1
    judging.ceiling_rows(CASE, record(failure="no."), {judging.LATENCY: Limit(absolute=2.0)}, bench)
    assert left == []  # what failed is tried once more


def test_only_facts_that_differ_are_named_also_those_of_one_side():
    before = Environment(comparable={"cpu": "A", "torch": "2.12", "governor": "x"}, noted={})
    now = Environment(comparable={"cpu": "A", "torch": "2.13", "threads": 2}, noted={})
    assert judging.differing(before, now) == [
        "torch: 2.12, here 2.13",
        "governor: x, here -",
        "threads: -, here 2",
    ]


def test_beside_stored_sessions_the_change_is_from_their_median():
    bench, _ = tools(record(2.2, half=0.1))
    here = Environment(comparable={"cpu": "A"}, noted={})
    row = judging.stored_row(CASE, [record(1.8), record(2.0), record(2.1)], here, bench)
    assert (row.before, row.now, row.state) == (2.0, 2.2, "ok")
    assert (row.low, row.change, row.high) == pytest.approx((0.05, 0.1, 0.15))
    assert "beside 3 stored sessions" in row.note


def test_stored_sessions_without_a_time_say_why_and_nothing_is_measured():
    bench, left = tools(record())
    here = Environment(comparable={"cpu": "A"}, noted={})
    row = judging.stored_row(CASE, [record(failure="out of memory.")], here, bench)
    assert (row.state, row.note, len(left)) == ("not comparable", "out of memory.", 1)
    other = judging.stored_row(
        CASE, [record(0.9), record(2.0, comparable={"cpu": "B"})], here, bench
    )
    assert (other.before, other.state, len(left)) == (2.0, "not comparable", 1)


def test_a_session_that_failed_is_not_among_those_that_are_compared_with():
    busy = msgspec.structs.replace(record(failure="no."), warnings=("contended: by others.",))
    bench, _ = tools(record(0.5))
    here = Environment(comparable={"cpu": "A"}, noted={})
    row = judging.stored_row(CASE, [busy, record(1.0)], here, bench)
    assert (row.before, row.verdict, row.state) == (1.0, "faster", "improvement")


def test_where_only_the_stored_session_has_a_time_nothing_is_compared():
    bench, _ = tools(record(failure="out of memory."))
    here = Environment(comparable={"cpu": "A"}, noted={})
    row = judging.stored_row(CASE, [record(1.0)], here, bench)
    assert (row.state, row.note) == ("not comparable", "out of memory.")


@pytest.mark.parametrize("end", ["low_s", "high_s"])
def test_beside_stored_sessions_an_interval_without_an_end_shows_none(end):
    now = record(2.0)
    now = msgspec.structs.replace(now, latency=msgspec.structs.replace(now.latency, **{end: None}))
    bench, _ = tools(now)
    here = Environment(comparable={"cpu": "A"}, noted={})
    row = judging.stored_row(CASE, [record(1.0)], here, bench)
    assert (row.state, getattr(row, end[:-2])) == ("unclear", None)
    assert {row.low, row.high} == {None, 1.0}
