"""From what was counted and timed to rows, states and an exit code; nothing is measured here."""

import math

import msgspec
import pytest

from lightbench.records import SCHEMA, Case, Environment, InputSpec, Record, Samples
from lightbench.stats.ratio import Ratio
from lightbench.stats.verdict import judge
from lightbench.studies.check import judge as judging
from lightbench.studies.check.budgets import Limit
from lightbench.studies.check.table import check_view, headline
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.compare.rows import Row, exit_code, latency_row
from lightbench.studies.compare.worker import Version
from lightbench.timing.summary import summarize

CASE = Case(model="net.py:Net", inputs=(InputSpec.parse("3x8x8"),), threads=1)
HERE = Environment(comparable={"cpu": "A", "threads": 1}, noted={})


class _Costs:
    """The totals alone: what a sum of rows gives is tested elsewhere."""

    def __init__(self, **totals):
        self.__dict__.update(
            {
                "params": 100,
                "stored_params": None,
                "madds": 1000,
                "mem_access": 500,
                "mem_bytes": 2000,
            }
            | totals
        )


def record(time_s=1.0, *, environment=HERE, spread=0.0, n=20):
    times = tuple(time_s * (1 + spread * (i % 3 - 1)) for i in range(n))
    samples = Samples(wall_s=times, first_call_s=time_s, warmup_calls=1, stop="converged")
    return Record(
        schema=SCHEMA,
        time="2026-01-01T00:00:00+00:00",
        case=CASE,
        status="ok",
        environment=environment,
        samples=samples,
        latency=summarize(samples),
    )


def comparison(change, width=0.001, *, tolerance=0.02, restarts=1):
    log = math.log1p(change)
    ratio = Ratio(log, log - width, log + width, 100)
    return Comparison(
        a=record(1.0),
        b=record(1.0 + change),
        names=("old", "new"),
        ratio=ratio,
        tolerance=tolerance,
        confidence=0.99,
        verdict=judge(ratio, tolerance),
        seconds=5.0,
        restarts=restarts,
    )


class Bench:
    """Tools that answer what they are given, in that order, and count how often they are asked."""

    def __init__(self, *changes, records=(), restarts=1):
        self.changes, self.records = list(changes), list(records)
        self.restarts, self.asked = restarts, 0

    def compare(self, _a, _b, tolerance):
        self.asked += 1
        return comparison(self.changes.pop(0), tolerance=tolerance, restarts=self.restarts)

    def measure(self, _case):
        self.asked += 1
        return self.records.pop(0)

    @property
    def tools(self):
        return judging.Tools(self.compare, self.measure, lambda _case: _Costs())


def pairs(bench, limits=None, tolerance=0.02):
    sides = Version(CASE), Version(CASE)
    ((row,), _) = judging.pair_rows(*sides, limits or {}, tolerance, bench.tools)
    return row


def busy(record, said="contended: other programs used 1.2 of 2 cores meanwhile."):
    return msgspec.structs.replace(record, warnings=("it is hot.", said))


def timed(limit, *records):
    bench = Bench(records=records)
    (row,) = judging.ceiling_rows(CASE, None, {judging.LATENCY: Limit(limit)}, bench.tools)
    assert not bench.records
    return row


def test_over_a_budget_on_a_busy_machine_is_unclear_and_says_why_and_what_to_do():
    row = timed(0.5, busy(record(1.0)))
    assert (row.verdict, row.state, exit_code([row])) == ("unclear", "unclear", 0)
    assert exit_code([row], strict=True) == 3
    assert "1.00 s to 1.00 s against 500 ms. Other programs used 1.2 of 2 cores" in row.note
    assert "quiet machine" in row.note
    assert "--against" in row.note


def test_over_a_budget_on_a_quiet_machine_is_a_regression_that_fails():
    assert exit_code([timed(0.5, record(1.0), record(1.0))]) == 1


def test_over_a_budget_that_only_a_busy_second_look_confirms_is_unclear():
    row = timed(0.5, record(1.0), busy(record(1.0)))
    assert (row.verdict, exit_code([row])) == ("unclear", 0)
    assert "over budget at first" in row.note
    assert "1.2 of 2 cores" in row.note


def test_within_a_budget_is_within_it_on_a_busy_machine_too():
    row = timed(2.0, busy(record(1.0)))
    assert (row.verdict, row.state, row.note) == ("in budget", "ok", "")


def test_a_time_that_cannot_be_is_within_no_budget_and_beside_no_session():
    odd = msgspec.structs.replace(record(0.001), warnings=("suspect: it remembers.",))
    now = judging.stored_row(CASE, [record(1.0)], HERE, Bench(records=[odd]).tools)
    before = judging.stored_row(CASE, [odd], HERE, Bench().tools)
    for row in (timed(0.5, odd), now, before):
        assert (row.state, row.note) == ("not comparable", "it remembers.")
        assert exit_code([row]) == 4


def test_a_pair_of_a_busy_machine_says_so_of_its_absolute_budget():
    limits = {judging.LATENCY: Limit(0.5)}
    (row,) = judging.ceiling_rows(CASE, busy(record(1.0)), limits, Bench().tools)
    assert row.state == "unclear"


def test_slower_than_a_stored_session_on_a_busy_machine_is_unclear():
    bench = Bench(records=[busy(record(2.0))])
    row = judging.stored_row(CASE, [record(1.0)], HERE, bench.tools)
    assert (row.verdict, row.state) == ("unclear", "unclear")
    assert "beside 1 stored sessions" in row.note
    assert "1.2 of 2 cores" in row.note


def test_faster_than_sessions_of_a_busy_machine_is_unclear_and_of_a_quiet_one_is_not():
    def verdict(before):
        return judging.stored_row(CASE, [before], HERE, Bench(records=[now]).tools).verdict

    now = busy(record(0.5))
    assert verdict(record(1.0)) == "faster"
    assert verdict(busy(record(1.0))) == "unclear"


def test_a_slowdown_that_a_fresh_process_confirms_is_a_regression():
    bench = Bench(0.06, 0.05)
    row = pairs(bench)
    assert (row.verdict, row.state, bench.asked) == ("slower", "regression", 2)
    assert row.note == "again in a fresh process: slower, +5.0 %."
    assert row.seconds == 5.0 + 5.0


@pytest.mark.parametrize("again", [0.0, 0.02, -0.05])
def test_a_slowdown_that_is_not_confirmed_is_unclear(again):
    row = pairs(Bench(0.06, again))
    assert (row.verdict, row.state) == ("unclear", "unclear")
    assert exit_code([row]) == 0
    assert exit_code([row], strict=True) == 3


def test_what_is_not_slower_is_measured_once():
    for change in (0.0, -0.2):
        bench = Bench(change)
        pairs(bench)
        assert bench.asked == 1


def test_five_restarts_are_fresh_processes_already():
    bench = Bench(0.06, restarts=5)
    assert pairs(bench).state == "regression"
    assert bench.asked == 1


def test_a_relative_budget_of_latency_is_its_tolerance():
    assert pairs(Bench(0.06), {"latency_s": Limit(relative=0.10)}).state == "ok"
    assert pairs(Bench(0.06, 0.06), {"latency_s": Limit(relative=0.05)}).state == "regression"


def states(rows):
    return {row.metric: (row.verdict, row.state) for row in rows}


def test_beside_a_baseline_one_multiply_add_more_is_a_regression():
    rows = judging.count_rows("m", _Costs(), _Costs(madds=1001), {}, exact=True)
    assert states(rows) == {
        "params": ("equal", "ok"),
        "madds": ("more", "regression"),
        "mem_access": ("equal", "ok"),
        "mem_bytes": ("equal", "ok"),
    }
    assert exit_code(rows) == 1


def test_less_is_an_improvement_and_no_failure():
    rows = judging.count_rows("m", _Costs(), _Costs(params=99), {}, exact=True)
    assert states(rows)["params"] == ("less", "improvement")
    assert exit_code(rows) == 0


def test_against_a_commit_counts_are_told_and_only_a_budget_limits_them():
    more = _Costs(madds=1010)
    assert states(judging.count_rows("m", _Costs(), more, {}, exact=False))["madds"] == (
        "more",
        "ok",
    )
    limits = {"madds": Limit(relative=0.005)}
    rows = judging.count_rows("m", _Costs(), more, limits, exact=False)
    assert states(rows)["madds"] == ("more", "regression")


@pytest.mark.parametrize(
    ("budget", "state"), [(1000, "ok"), (999, "regression"), (0, "regression")]
)
def test_an_absolute_budget_is_a_most(budget, state):
    limits = {"madds": Limit(absolute=budget)}
    rows = judging.count_rows("m", None, _Costs(), limits, exact=False)
    assert states(rows)["madds"][1] == state


def test_a_relative_budget_without_another_side_is_not_checked():
    limits = {"madds": Limit(relative=0.01)}
    rows = judging.count_rows("m", None, _Costs(), limits, exact=False)
    assert states(rows)["madds"] == ("not checked", "unclear")


def test_few_pairs_say_how_few_and_no_change():
    ratio = Ratio(math.log(1.5), None, None, 1)
    found = msgspec.structs.replace(comparison(0.5), ratio=ratio, verdict="unclear")
    row = latency_row(found, "m")
    assert row.change is None
    assert "1 pair in" in row.note
    assert "--seconds" in row.note


def test_a_budget_allows_what_exactness_would_not():
    limits = {"madds": Limit(relative=0.01)}
    rows = judging.count_rows("m", _Costs(), _Costs(madds=1010), limits, exact=True)
    assert states(rows)["madds"] == ("more", "ok")


def ceiling(limit, *records):
    bench = Bench(records=records)
    rows = judging.ceiling_rows(CASE, None, {"latency_s": Limit(absolute=limit)}, bench.tools)
    return rows[0], bench.asked


def test_a_latency_over_its_budget_is_measured_twice():
    row, asked = ceiling(0.9, record(1.0), record(1.0))
    assert (row.state, asked) == ("regression", 2)
    assert row.note == "again in a fresh process: over budget."
    assert not row.seconds  # it is of pairs only


def test_a_latency_over_its_budget_only_once_is_unclear():
    row, _ = ceiling(0.9, record(1.0), record(0.8))
    assert row.state == "unclear"


@pytest.mark.parametrize("limit", [0.95, 1.0, 1.05])
def test_a_latency_whose_interval_holds_the_budget_is_unclear(limit):
    row, asked = ceiling(limit, record(1.0, spread=0.1))
    assert (row.state, asked) == ("unclear", 1)


def test_a_latency_in_its_budget_is_ok():
    assert ceiling(1.1, record(1.0))[0].state == "ok"


def stored(times, now, here=HERE):
    bench = Bench(records=[record(time) for time in now])
    return judging.stored_row(CASE, [record(time) for time in times], here, bench.tools), bench


def test_stored_samples_fail_nothing_within_a_fifth():
    row, _ = stored([1.0, 1.01, 0.99], [1.15])
    assert (row.state, row.limit) == ("ok", "+20.0 %")


def test_a_slowdown_beyond_the_stored_drift_has_to_be_seen_twice():
    assert stored([1.0, 1.01, 0.99], [1.3, 1.3])[0].state == "regression"
    assert stored([1.0, 1.01, 0.99], [1.3, 1.0])[0].state == "unclear"


def test_a_baseline_that_drifted_widens_its_limit():
    row, bench = stored([1.0, 1.2, 0.8], [1.3])
    assert (row.state, bench.asked) == ("ok", 1)


def test_another_environment_is_not_comparable_and_says_what_differs():
    there = Environment(comparable={"cpu": "B", "threads": 1}, noted={})
    row, bench = stored([1.0], [1.0], there)
    assert (row.state, bench.asked) == ("not comparable", 0)
    assert "cpu: A, here B" in row.note
    assert exit_code([row]) == 4


def row(state, metric="madds"):
    return Row("m", metric, 1, 2, "more", state)


@pytest.mark.parametrize(
    ("found", "code", "strict"),
    [
        ([], 4, 4),
        (["ok"], 0, 0),
        (["ok", "improvement"], 0, 0),
        (["ok", "unclear"], 0, 3),
        (["ok", "one-sided"], 0, 4),
        (["one-sided", "unclear"], 0, 4),
        (["one-sided", "regression"], 1, 1),
        (["unclear", "not comparable"], 4, 4),
        (["ok", "not comparable", "regression"], 1, 1),
    ],
)
def test_the_gravest_row_decides_the_exit_code(found, code, strict):
    rows = [row(state) for state in found]
    assert exit_code(rows) == code
    assert exit_code(rows, strict=True) == strict


def test_unclear_is_a_notice_and_a_skipped_test_and_no_warning():
    """A busy machine is no fault of the change."""
    table = check_view([row("unclear"), row("regression"), row("one-sided"), row("ok")]).table
    found = [(table.level(r), table.named(r)["outcome"]) for r in table.rows]
    assert found == [
        ("notice", "skipped"), ("error", "failed"), ("warning", "skipped"), ("", "passed"),
    ]  # fmt: skip


def test_the_verdict_is_the_first_thing_that_is_said():
    rows = [row("ok"), row("regression"), row("unclear")]
    assert headline(rows).startswith("Check of 1 model: 1 regression, 1 unclear: m MAdds more")
    assert headline([row("ok")]) == "Check of 1 model: no regression."
    assert "no regression" not in headline([row("not comparable")])
    view = check_view(rows)
    assert view.tables[0].title == headline(rows)
    assert view.data["exit_code"] == 1


def test_what_was_not_compared_is_said_before_all_else():
    new = Row("n", "latency_s", None, None, "new", "one-sided")
    assert headline([row("ok"), new]) == "Not compared: n (new). Check of 2 models: no regression."
    assert headline([new]) == "Not compared: n (new). Check of 1 model: nothing was compared."
    found = headline([new, row("regression")])
    assert found.startswith("Not compared: n (new). Check of 2 models: 1 regression: m MAdds")
    many = [Row(f"n{i}", "latency_s", None, None, "new", "one-sided") for i in range(9)]
    assert headline(many).startswith("Not compared: n0 (new), n1 (new), n2 (new), 6 more. ")


def test_what_was_only_counted_is_not_called_free_of_regressions():
    counted = Row("n", "params", None, 5, "counted", "ok")
    unchecked = Row("n", "latency_s", None, None, "not checked", "unclear")
    assert headline([counted, unchecked]).startswith("Check of 1 model: nothing was compared, 1 un")


def test_rows_without_a_finding_are_folded_away():
    unchanged = Row("m", "params", 5, 5, "equal", "ok")
    view = check_view([row("regression"), unchanged])
    assert [len(table.rows) for table in view.tables] == [1, 1]
    assert len(view.table.rows) == 2  # programs get all of them
