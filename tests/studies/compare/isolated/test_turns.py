"""The process of one side: what it does for each token, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import msgspec
import pytest

from lightbench import devices
from lightbench.errors import NotAvailable
from lightbench.records import Case, Environment, InputSpec
from lightbench.studies.compare import pairs
from lightbench.studies.compare.isolated import turns
from lightbench.studies.compare.isolated.turns import AFRESH, DROP, FINISH, TIMED, WARM, Task, Turns
from lightbench.studies.compare.worker import Version
from lightbench.timing.clock import Reading

CASE = Case(model="example_conv_g4", inputs=(InputSpec(shape=(16, 8, 8)),), device="null")
WHERE = Environment(comparable={"device": "null"}, noted={})


class Network:
    """Takes ``wall_s`` for a call; keeps how often it was called in each block."""

    def __init__(self, wall_s, throttled=None):
        self.blocks, self.reading = [], Reading(wall_s, wall_s, throttled=throttled)

    def __call__(self, n):
        self.blocks.append(n)
        return self.reading


def taken(network, tokens, calls=None):
    side = Turns(network, calls)
    for token in tokens:
        side.take(token)
    return side


def test_one_token_is_one_call():
    network = Network(0.01)
    samples = taken(network, [WARM, WARM, TIMED, TIMED, TIMED]).samples()
    assert network.blocks == [1, 1, 1, 1, 1]
    assert samples.wall_s == samples.cpu_s == (0.01, 0.01, 0.01)
    assert samples.warmup_calls == 2


def test_short_calls_are_timed_in_blocks_of_a_millisecond():
    """20 us: 50 of them fill 1 ms. The blocks of the warm-up double until they last as long."""
    network = Network(20e-6)
    samples = taken(network, [WARM] * 8 + [TIMED]).samples()
    assert network.blocks == [1, 2, 4, 8, 16, 32, 64, 64, 50]
    assert (samples.calls_per_sample, samples.warmup_calls) == (50, 191)


def test_a_later_process_makes_as_many_calls_as_the_first_one():
    network = Network(20e-6)
    assert taken(network, [WARM, TIMED], calls=49).samples().calls_per_sample == 49
    assert network.blocks == [1, 49]


@pytest.mark.parametrize(("wall_s", "calls"), [(0.01, [1, 1, 1]), (0.2, [1, 1])])
def test_a_call_before_the_one_that_counts_fills_the_caches_unless_calls_are_long(wall_s, calls):
    network = Network(wall_s)
    samples = taken(network, [WARM, AFRESH]).samples()
    assert network.blocks == calls
    assert samples.wall_s == (wall_s,)


def test_a_round_that_is_dropped_is_only_counted():
    samples = taken(Network(0.01), [WARM, TIMED, TIMED, DROP]).samples()
    assert (len(samples.wall_s), samples.throttled_rounds) == (1, 1)


def test_if_the_device_was_slowed_down_all_the_time_nothing_is_said_to_be_measured():
    with pytest.raises(NotAvailable, match=r"slowed down \(heat\) in all 2 rounds"):
        taken(Network(0.01, "heat"), [WARM, TIMED, DROP, TIMED, DROP]).samples()


def test_what_is_no_token_is_an_error():
    with pytest.raises(ValueError, match="no such token"):
        Turns(Network(0.01)).take(b"x")


# its answer


def answer(tokens, case=CASE):
    said, given = [], iter(tokens)
    side = pairs.Side(case)
    task = Task(Version(case), trusted=True)
    device = devices.find(case.device)
    record = turns._answer(
        side, device, WHERE, task, lambda *x: said.append(x), lambda: next(given)
    )
    return record, said


def test_what_is_timed_is_a_record_like_any_other():
    record, said = answer([WARM, TIMED, TIMED, FINISH])
    assert [kind for kind, _ in said] == ["ready", "reading", "reading", "reading"]
    ready = said[0][1]
    assert ready.samples is None
    assert record.costs == ready.costs
    assert record.samples.wall_s == (0.001, 0.001)  # what the null device takes
    assert record.environment.comparable == WHERE.comparable


def test_a_network_that_cannot_be_loaded_is_a_failed_record():
    record, said = answer([], msgspec.structs.replace(CASE, model="nope"))
    assert said == []
    assert record.failure.error == "UnknownName"


def test_a_network_that_fails_in_its_turn_is_a_failed_record(monkeypatch):
    def fails(_n):
        raise RuntimeError("sometimes")

    prepared = pairs.prepared_side
    monkeypatch.setattr(
        pairs, "prepared_side", lambda *args, **kw: prepared(*args, **kw)._replace(step=fails)
    )
    record, _ = answer([WARM, FINISH])
    assert record.failure.message == (
        "the network failed while it was timed: RuntimeError: sometimes."
    )


def test_a_token_that_never_comes_ends_the_process():
    with pytest.raises(SystemExit) as raised:
        answer([WARM, b""])
    assert raised.value.code == 0


@pytest.mark.parametrize("text", [b'{"a": 1}', b'{"version": {"case": {}}, "trusted": true}'])
def test_a_request_of_another_version_is_an_error_that_says_so(text):
    with pytest.raises(NotAvailable, match="does not understand what it is asked") as raised:
        turns._understood(text)
    assert "same version" in raised.value.hint
    assert raised.value.exit_code == 4


def test_cores_that_are_not_there_are_no_reason_to_stop():
    assert turns._pin(None) is False
    assert turns._pin((100_000,)) is False


def test_the_process_runs_on_its_core_and_ends_with_who_asked(tmp_path):
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    task = Task(Version(CASE), trusted=True, cores=None if core is None else (core,))
    (lines, its_lines), (its_tokens, tokens) = os.pipe(), os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", turns.__name__, str(its_lines), str(its_tokens)],
        stdin=subprocess.PIPE,
        pass_fds=[its_lines, its_tokens],
    ) as process:
        os.close(its_lines)
        os.close(its_tokens)
        with process.stdin as stdin:
            stdin.write(msgspec.json.encode(task))
        os.write(tokens, WARM)
        os.close(tokens)
        with os.fdopen(lines) as said:
            answers = [json.loads(line) for line in said]
        assert process.wait(60) == 0
    assert [kind for kind, _ in answers] == ["hello", "here", "ready", "reading"]
    here = answers[1][1]
    assert here["pinned"] == (core is not None)
    if core is not None:
        assert here["environment"]["comparable"]["usable_cores"] == 1
