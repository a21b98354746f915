"""Two processes that hand a token to one another: who runs when, what it says, and that none is left."""

from __future__ import annotations

import math
import os
import random
import stat
import sys

import msgspec
import psutil
import pytest

from lightbench.environment import capture
from lightbench.errors import NotAvailable, UnknownName, UsageError
from lightbench.records import Case, InputSpec
from lightbench.studies.compare.isolated import pairs as isolate
from lightbench.studies.compare.isolated import side as child
from lightbench.studies.compare.isolated.pairs import compare_isolated, cores_for, take_rounds
from lightbench.studies.compare.isolated.restarts import judged_restarts
from lightbench.studies.compare.isolated.turns import AFRESH, DROP, TIMED, WARM
from lightbench.studies.compare.worker import Request, Version
from lightbench.timing.clock import Reading
from lightbench.timing.summary import summarize

SMALL = "stack:ratio(c1=16, c2=16, blocks=2)"


def request(a=SMALL, b=SMALL, *, seconds=1.0, comparisons=1, **settings):
    both = [
        Version(Case(model=model, inputs=(InputSpec(shape=(16, 8, 8)),), **settings), label=label)
        for model, label in ((a, "old"), (b, "new"))
    ]
    return Request(
        a=both[0],
        b=both[1],
        tolerance=0.02,
        seconds=seconds,
        comparisons=comparisons,
        seed=3,
        trusted=True,
    )


# whose turn it is


class Table:
    """Both sides, and a clock that each call moves on."""

    def __init__(self, a=0.01, b=0.01, throttled=()):
        self.takes, self.throttled = {"a": a, "b": b}, {*throttled}
        self.now, self.tokens = 0.0, []

    def turns(self):
        return {key: lambda token, key=key: self.turn(key, token) for key in "ab"}

    def turn(self, key, token):
        self.tokens.append((key, token))
        if token == DROP:
            return Reading(self.takes[key])
        self.now += self.takes[key]
        heat = "heat" if key == "a" and self.count("a", TIMED) in self.throttled else None
        return Reading(self.takes[key], throttled=heat)

    def count(self, key, token):
        return self.tokens.count((key, token))

    def play(self, seconds, seed=0, **settings):
        take_rounds(
            self.turns(), seconds, rng=random.Random(seed), clock=lambda: self.now, **settings
        )
        return self

    def rounds(self, token):
        keys = [key for key, each in self.tokens if each == token]
        return list(zip(keys[::2], keys[1::2], strict=True))


def test_each_round_visits_both_sides_once_in_a_random_order():
    rounds = Table().play(2.0).rounds(TIMED)
    assert {*rounds} == {("a", "b"), ("b", "a")}
    first = sum(order == ("a", "b") for order in rounds)
    assert 25 < first < 75  # of 100: beyond 5 standard deviations of a fair coin


def test_rounds_end_before_the_seconds_do():
    """A round takes 20 ms: 50 of them fit into one second, the warm-up not counted."""
    assert 49 <= len(Table().play(1.0).rounds(TIMED)) <= 50


def test_one_round_is_made_however_long_it_takes():
    assert len(Table(a=9.0, b=9.0).play(1.0).rounds(TIMED)) == 1


def test_both_sides_are_warmed_up_in_turn_for_15_rounds_or_more():
    rounds = Table().play(0.1).rounds(WARM)
    assert len(rounds) == 15
    assert {*rounds} == {("a", "b"), ("b", "a")}


def test_a_long_warm_up_ends_with_its_seconds():
    """A second for each side: two rounds of 1 s."""
    assert len(Table(a=0.5, b=0.5).play(0.1).rounds(WARM)) == 2


@pytest.mark.parametrize(("b", "token"), [(0.0101, TIMED), (0.015, AFRESH)])
def test_only_sides_of_different_length_fill_the_caches_before_each_call(b, token):
    tokens = {each for _, each in Table(b=b).play(0.2).tokens}
    assert tokens == {WARM, token}


def test_a_round_in_which_the_device_was_slowed_down_is_dropped_by_both():
    told = []
    table = Table(throttled={2, 5}).play(0.2, report=lambda _s, rounds: told.append(rounds))
    assert table.count("a", DROP) == table.count("b", DROP) == 2
    assert told == [1]


def test_a_seed_fixes_the_order():
    assert Table().play(0.5, seed=7).tokens == Table().play(0.5, seed=7).tokens
    assert Table().play(0.5, seed=7).tokens != Table().play(0.5, seed=8).tokens


# what pairs of processes say

T4 = 4.6041  # Student's t, 4 degrees of freedom, 99 %: any table


@pytest.fixture
def side(make_record):
    """The record of a process in which every call took as long."""

    def build(wall_s, cpu_s=None, n=100, threads=1, **settings):
        record = make_record(comparable={"threads": threads}, **settings)
        cpu = (wall_s if cpu_s is None else cpu_s,) * n
        samples = msgspec.structs.replace(record.samples, wall_s=(wall_s,) * n, cpu_s=cpu)
        return msgspec.structs.replace(record, samples=samples, latency=summarize(samples))

    return build


@pytest.fixture
def pairs(side):
    """Pairs in which b takes so many times as long as a."""
    return lambda *ratios, **settings: [
        (side(0.01, **settings), side(0.01 * ratio, **settings)) for ratio in ratios
    ]


def judged(pairs, level=0.99):
    return judged_restarts(pairs, ("old", "new"), 0.02, level)


def test_each_pair_of_processes_is_one_value_however_many_calls_they_made(pairs):
    logs = [0.03, 0.04, 0.05, 0.06, 0.07]
    few, many = (judged(pairs(*map(math.exp, logs), n=n)) for n in (10, 1000))
    half = T4 * math.sqrt(0.00025 / 5)  # variance of the logs: 0.001 / 4
    for found in (few, many):
        assert found.ratio.n == found.restarts == 5
        assert found.ratio.log == pytest.approx(0.05)
        assert found.ratio.log_low == pytest.approx(0.05 - half, rel=1e-4)
        assert found.ratio.log_high == pytest.approx(0.05 + half, rel=1e-4)
        assert found.verdict == "unclear"


def test_restarts_that_agree_are_known_no_better_than_their_own_intervals(side):
    """Rounds from 0 to +20 %, evenly: six of them have an interval of 90 % over their whole range."""
    b = side(0.01, n=6)
    times = tuple(0.01 * math.exp(0.04 * i) for i in range(6))
    samples = msgspec.structs.replace(b.samples, wall_s=times, cpu_s=times)
    wide = msgspec.structs.replace(b, samples=samples)
    found = judged([(side(0.01, n=6), wide)] * 5, level=0.9)
    # The second smallest and the second largest leave out 2 * 7 / 64: less than 90 %.
    assert found.ratio.log_high - found.ratio.log_low == pytest.approx(0.2 / math.sqrt(5))


def test_the_cpu_clock_counts_where_there_is_one_thread(pairs):
    jitter = (1.0, 1.001, 0.999, 1.0005, 0.9995)
    found = judged(pairs(*jitter))
    assert (found.clock, found.verdict) == ("cpu", "same")
    assert found.ratio == found.cpu_ratio
    found = judged(pairs(*jitter, threads=2))
    assert (found.clock, found.verdict) == ("wall", "same")
    assert found.cpu_ratio is not None


def test_where_the_machine_took_the_cpu_away_its_clock_still_counts(side):
    """Every other call of b was stopped for as long as it runs."""
    b = side(0.01)
    samples = msgspec.structs.replace(b.samples, wall_s=(0.01, 0.0201) * 50)
    found = judged([(side(0.01), msgspec.structs.replace(b, samples=samples))] * 5)
    assert found.clock == "cpu"
    assert found.ratio.ratio == 1.0
    assert any("other programs disturbed it" in said for said in found.warnings)


def test_a_side_that_waits_is_judged_by_the_wall_clock(side):
    """It computes for 10 ms in either version, and sleeps for 5 ms in the new one."""
    jitter = (1.0, 1.001, 0.999, 1.0005, 0.9995)
    found = judged([(side(0.01), side(0.015 * x, cpu_s=0.01 * x)) for x in jitter])
    assert (found.clock, found.verdict) == ("wall", "slower")
    assert found.ratio.ratio == pytest.approx(1.5)


def test_an_accelerator_is_not_judged_by_the_clock_of_its_host(pairs):
    found = judged(pairs(1.0, 1.001, 0.999, device="mps"))
    assert found.clock == "wall"


def test_a_thread_clock_too_coarse_for_these_calls_does_not_count(side):
    found = judged([(side(0.01, cpu_s=0.0), side(0.01 * x)) for x in (1.0, 1.001)])
    assert (found.clock, found.cpu_ratio) == ("wall", None)


def test_swapping_the_sides_mirrors_the_verdict(pairs):
    forth = pairs(1.04, 1.05, 1.06, 1.05, 1.04)
    slower, faster = judged(forth), judged([(b, a) for a, b in forth])
    assert (slower.verdict, faster.verdict) == ("slower", "faster")
    assert faster.ratio.log == -slower.ratio.log
    assert (faster.ratio.log_low, faster.ratio.log_high) == (
        -slower.ratio.log_high,
        -slower.ratio.log_low,
    )


def test_the_records_hold_the_samples_of_all_processes_in_rounds(side):
    found = judged([(side(0.01, n=7), side(0.02, n=7)), (side(0.03, n=9), side(0.06, n=9))])
    assert found.a.samples.wall_s == (0.01,) * 7 + (0.03,) * 9
    assert found.b.samples.wall_s == (0.02,) * 7 + (0.06,) * 9
    assert found.a.latency == summarize(found.a.samples)
    assert found.a.samples.warmup_calls == 6  # 3 in each


def test_a_busy_machine_is_said_once_and_what_else_is_said_is_kept(side):
    def busy(load):
        record = side(0.01, warnings=())
        noted = {"load_1min": load}
        where = msgspec.structs.replace(
            record.environment, comparable={"threads": 1, "logical_cores": 2}, noted=noted
        )
        said = (*capture.warnings(where), f"odd: {load}.")
        return msgspec.structs.replace(record, environment=where, warnings=said)

    found = judged([(busy(1.7), busy(1.8)), (busy(1.9), busy(1.7))])
    assert len([said for said in found.a.warnings if said.startswith("Other programs")]) == 1
    assert {"odd: 1.7.", "odd: 1.9."} < {*found.a.warnings}


# when to look


@pytest.fixture
def restarts(monkeypatch):
    """Pairs in place of those that processes would give; gives how many there were."""

    def replace(made):
        begun, left = [], iter(made)

        def restart(plan, before):
            begun.append(len(before))
            return next(left), []

        monkeypatch.setattr(isolate, "_restart", restart)
        return begun

    return replace


CLEAR = (1.1, 1.101, 1.102, 1.101, 1.1)
HAZY = (1.0, 1.1, 1.0, 1.1, 1.0)


def test_a_clear_verdict_needs_five_restarts_and_no_more(restarts, pairs):
    begun = restarts(pairs(*CLEAR, *CLEAR))
    found = compare_isolated(request())
    assert (found.verdict, found.restarts, found.looks) == ("slower", 5, 1)
    assert begun == [0, 1, 2, 3, 4]
    assert found.a.samples.stop == "converged"


def test_what_is_unclear_after_five_is_looked_at_once_more_after_ten(restarts, pairs):
    restarts(pairs(*HAZY, *HAZY))
    found = compare_isolated(request())
    assert (found.verdict, found.restarts, found.looks) == ("unclear", 10, 2)
    assert found.a.samples.stop == "max_seconds"


@pytest.mark.parametrize(
    ("comparisons", "most", "level"), [(1, 10, 0.995), (4, 10, 0.99875), (4, 5, 0.9975)]
)
def test_one_error_in_a_hundred_is_split_over_looks_and_comparisons(
    restarts, pairs, comparisons, most, level
):
    restarts(pairs(*CLEAR))
    found = compare_isolated(request(comparisons=comparisons), most=most)
    assert found.confidence == pytest.approx(level)


def test_a_side_that_fails_ends_it_as_not_comparable(restarts, pairs, side, make_record):
    bad = make_record(failure="no such layer.")
    begun = restarts([*pairs(1.0, 1.0), (side(0.01), bad)])
    found = compare_isolated(request())
    assert (found.verdict, found.ratio, found.b.failure) == ("not comparable", None, bad.failure)
    assert len(begun) == 3


@pytest.mark.parametrize("wanted", [(1, 10), (5, 4), (0, 0)])
def test_one_pair_of_processes_says_nothing_of_how_they_differ(wanted):
    with pytest.raises(UsageError, match="cannot judge after"):
        compare_isolated(request(), restarts=wanted[0], most=wanted[1])


@pytest.mark.parametrize("wrong", [0, -1.0, math.nan, math.inf])
def test_seconds_are_above_zero(wrong):
    with pytest.raises(UsageError, match="above zero"):
        compare_isolated(request(seconds=wrong))
    with pytest.raises(UsageError, match="above zero"):
        compare_isolated(request(), seconds=wrong)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be chosen here")
def test_both_sides_get_the_last_cores_that_may_be_used_as_many_as_their_threads(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 2, 9, 7})
    case = request().a.case
    assert cores_for(case) == (9,)
    assert cores_for(msgspec.structs.replace(case, threads=1)) == (9,)
    assert cores_for(msgspec.structs.replace(case, threads=2)) == (7, 9)
    assert cores_for(msgspec.structs.replace(case, threads=64)) == (2, 5, 7, 9)
    assert cores_for(msgspec.structs.replace(case, device="cuda:0")) is None
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores_for(case) is None


# processes, played by a script

SCRIPT = """#!{python}
import json, os, signal, sys, time
task = json.load(sys.stdin)
lines, tokens = int(sys.argv[3]), int(sys.argv[4])
label, record = task["version"]["label"], json.loads({record!r})
noted = {{name: os.environ.get(name) for name in ("PYTHONHASHSEED", "LIGHTBENCH_WORKER", "OMP_WAIT_POLICY")}}
environment = {{**record["environment"], "noted": noted}}
environment["comparable"]["torch"] = {torch!r}
record["environment"] = environment

def send(kind, value):
    os.write(lines, json.dumps([kind, value]).encode() + b"\\n")

def load():
    send("hello", {{"protocol": 1, "lightbench": "0.1.0"}})
    send("here", {{"environment": environment, "pinned": True}})
    send("ready", {{**record, "samples": None, "latency": None}})

def play(time_s):
    times = []
    while (token := os.read(tokens, 1)) != b"f":
        if token in b"tu":
            times.append(time_s)
        time.sleep(0.001)
        send("reading", [time_s, time_s, None, None, None, None, None])
    samples = {{**record["samples"], "wall_s": times, "cpu_s": times}}
    send("record", {{**record, "samples": samples}})
    send("end", "done")

"""


@pytest.fixture
def script(tmp_path, make_record):
    """A program in place of Python, by its path. It plays the process of a side."""

    def write(code, torch="2.13.0", name="python"):
        file = tmp_path / name
        record = msgspec.json.encode(make_record(comparable={"threads": 1})).decode()
        file.write_text(SCRIPT.format(python=sys.executable, record=record, torch=torch) + code)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return str(file)

    return write


@pytest.fixture(autouse=True)
def none_is_left(tmp_path):
    ours = psutil.Process()
    before = {*ours.children(recursive=True)}  # another test may have failed to end its own
    yield
    assert {*ours.children(recursive=True)} - before == set()
    forked = [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(tmp_path) in " ".join(process.info["cmdline"] or ())
    ]
    assert psutil.wait_procs(forked, timeout=10)[1] == []  # they are killed, and end in their time


def played(old, new=None, **settings):
    return compare_isolated(
        request(threads=1), restarts=2, most=2, seconds=0.05, python=(old, new or old), **settings
    )


def test_a_side_that_takes_longer_is_slower(script):
    now = script("load(); play(0.0101)", name="old")
    found = played(now, script("load(); play(0.0202)", name="new"))
    assert found.ratio.ratio == pytest.approx(2.0)
    assert found.names == ("old", "new")
    assert len(found.a.samples.wall_s) == len(found.b.samples.wall_s) > 2
    assert (found.restarts, found.clock) == (2, "cpu")


def test_what_differs_between_the_environments_is_said(script):
    old = script("load(); play(0.01)", torch="2.10.0", name="old")
    found = played(old, script("load(); play(0.01)"))
    assert found.a.environment.comparable["torch"] == "2.10.0"
    assert found.b.environment.comparable["torch"] == "2.13.0"
    assert "torch differs: 2.10.0 and 2.13.0." in found.warnings


def test_each_process_has_hashes_of_its_own_and_lets_the_other_one_run(script, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    found = played(script("load(); play(0.01)"))
    assert found.a.environment.noted == {
        "PYTHONHASHSEED": None,
        "LIGHTBENCH_WORKER": "1",  # it starts no further process
        "OMP_WAIT_POLICY": "passive",
    }


def test_later_processes_make_as_many_calls_as_the_first_and_any_side_may_start_first(
    script, monkeypatch
):
    tasks, started = [], isolate.started

    def noted(key, task, python):
        tasks.append((key, task.calls_per_sample))
        return started(key, task, python)

    monkeypatch.setattr(isolate, "started", noted)
    file = script('record["samples"]["calls_per_sample"] = 7; load(); play(0.01)')
    compare_isolated(request(), restarts=8, most=8, seconds=0.001, python=(file, file))
    assert [calls for _, calls in tasks] == [None] * 2 + [7] * 14
    assert {key for key, _ in tasks[::2]} == {"a", "b"}


def test_progress_goes_on_over_restarts(script):
    seen, said = [], []
    played(script("load(); play(0.01)"), progress=seen.append, say=said.append)
    assert [state.rounds for state in seen] == sorted(state.rounds for state in seen)
    assert all(0 <= state.left_s <= 0.1 for state in seen)
    assert seen[0].done_s < 0.05 <= seen[-1].done_s
    assert said[0] == "restart 1 of 2"
    assert "restart 2 of 2" in said


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("load(); os.kill(os.getpid(), signal.SIGKILL)", "ended early: killed by SIGKILL"),
        ("load(); os.read(tokens, 1); os._exit(7)", "ended early: exit code 7"),
        ("load(); os.write(lines, b'[\"read'); os._exit(7)", "ended early: exit code 7"),
        ("load(); os.fork() or time.sleep(600); os._exit(7)", "ended early: exit code 7"),
    ],
)
def test_a_side_that_dies_is_not_comparable_and_says_how(script, code, ending):
    """In the last one what it has forked still holds its pipe."""
    found = played(script("load(); play(0.01)", name="old"), script(code))
    assert found.verdict == "not comparable"
    assert found.b.failure.message == f"the process of new {ending}."
    assert found.b.environment.comparable["torch"] == "2.13.0"
    assert found.a.failure is None


def test_a_side_whose_network_fails_in_its_turn_says_why(script, make_record):
    bad = msgspec.json.encode(make_record(failure="no more.")).decode()
    failing = script(f"load(); os.read(tokens, 1); send('record', json.loads({bad!r}))")
    found = played(script("load(); play(0.01)", name="old"), failing)
    assert found.verdict == "not comparable"
    assert (found.a.failure, found.b.failure.message) == (None, "no more.")


def test_a_side_that_hangs_is_not_waited_for_for_ever(script, monkeypatch):
    monkeypatch.setattr(child, "PATIENCE_S", 0.5)
    found = played(script("load(); time.sleep(600)", name="old"), script("load(); play(0.01)"))
    assert found.a.failure.message == "the process of old has said nothing for 500 ms."


@pytest.mark.slow
def test_ctrl_c_ends_both(script):
    stopping = script("load(); os.kill(os.getppid(), signal.SIGINT); time.sleep(600)")
    with pytest.raises(KeyboardInterrupt):
        played(script("load(); time.sleep(600)", name="old"), stopping)


def test_an_error_of_ours_ends_both_too(script):
    def fails(_state):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        played(script("load(); play(0.01)"), progress=fails)


def test_an_error_that_the_child_raises_is_raised_with_its_exit_code(script):
    code = 'send("hello", {"protocol": 1}); send("error", {"message": "no NPU.", "hint": "Try.", "exit_code": 4})'
    with pytest.raises(Exception, match=r"no NPU\.") as raised:
        played(script(code))
    assert raised.value.exit_code == 4


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "its process ended early: exit code 0"),
        ("raise SystemExit(3)", "its process ended early: exit code 3"),
        ('send("hello", {"protocol": 2, "lightbench": "9.1"})', "its lightbench is of version 9.1"),
        ("os.write(lines, b'hello\\n')", "cannot be read"),
        ("os.write(lines, b'[[[[\\xff\\n')", "cannot be read"),
        ("send('hello', 5)", "cannot be read"),
        ("send('error', {})", "cannot be read"),
        ("send('reading', [1])", "it says 'reading' instead of 'hello'"),
        ("send('hello', {'protocol': 1}); send('here', {'pinned': 1})", "cannot be read"),
        ("load = send('hello', {'protocol': 1}); send('record', {'schema': 99})", "cannot be read"),
    ],
)
def test_an_interpreter_that_cannot_be_asked_is_an_error_that_teaches(script, code, why):
    python = script(code)
    with pytest.raises(NotAvailable) as raised:
        played(python)
    assert raised.value.message.startswith(f"{python} cannot be asked to measure: ")
    assert why in raised.value.message
    assert "It needs lightbench 0.1.0" in raised.value.hint
    assert raised.value.exit_code == 4


def test_an_interpreter_without_lightbench_is_such_a_one(tmp_path, capfd):
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(NotAvailable, match="cannot be asked to measure"):
        played(str(bare))
    assert "No module named" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["nowhere/python", ".", "text"])
def test_what_is_no_program_is_a_usage_error(tmp_path, name):
    (tmp_path / "text").write_text("print(1)")
    with pytest.raises(UsageError, match="cannot start") as raised:
        played(str(tmp_path / name))
    assert "--old-python" in raised.value.hint


# the real ones


@pytest.mark.slow
def test_a_network_is_never_slower_than_itself():
    """Of identical sides 1 % would be, over all runs: with two restarts even a wide interval."""
    found = compare_isolated(request(), restarts=2, most=2, seconds=0.3)
    assert found.verdict in {"same", "unclear"}
    assert found.ratio.n == found.restarts == 2
    for side in (found.a, found.b):
        assert len(side.samples.wall_s) == len(found.a.samples.wall_s)
        assert side.costs.madds == found.a.costs.madds
    if hasattr(os, "sched_setaffinity"):
        assert found.a.environment.comparable["threads"] == 1
        assert found.clock == "cpu"
        assert any("--threads asks for more" in said for said in found.warnings)


@pytest.mark.slow
def test_a_network_that_cannot_be_found_is_a_failed_side_and_the_other_is_counted():
    found = compare_isolated(request(b="nope"), restarts=2, most=2, seconds=0.3)
    assert found.verdict == "not comparable"
    assert found.b.failure.error == UnknownName.__name__
    assert found.a.costs.madds > 0
