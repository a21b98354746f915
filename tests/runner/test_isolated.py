"""A process that measures for another: what it sends arrives, and however it ends, that is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from types import MappingProxyType

import msgspec
import pytest

from lightbench import devices
from lightbench.errors import LightbenchError
from lightbench.records import Case, Environment, InputSpec, SweepPoint
from lightbench.runner import interleave, isolated
from lightbench.runner.interleave import Group
from lightbench.runner.worker import Request
from lightbench.timing.stopping import Progress, Rule
from lightbench.workers import autoload, worker

NET = "example_conv_g4"
QUICK = Rule(max_s=0.02, rel=1.0)
WHERE = Environment(comparable={"device": "far"}, noted={})


def case(batch=1, **settings):
    inputs = (InputSpec(shape=(16, 8, 8)),)
    return Case(**{"model": NET, "inputs": inputs, "batch": batch, "device": "null", **settings})


def group(*numbers, **settings):
    return Group(cases={i: case(batch=i) for i in numbers}, rule=QUICK, seed=7, **settings)


class Far:
    """A device that wants a process of its own."""

    strict = MappingProxyType({"FAR_STRICT": "1"})

    def fell_back(self, message):
        return "no kernel" in message


class Heard:
    """What the process that asked was told."""

    def __init__(self):
        self.said, self.progress, self.finished = [], [], []

    def measure(self, group, device=None):
        isolated.measure(
            group,
            device or Far(),
            say=self.said.append,
            progress=self.progress.append,
            finish=lambda i, record: self.finished.append((i, record)),
        )


@pytest.fixture
def heard():
    return Heard()


WORKER = """
import json, os, signal, sys, time
request = json.load(sys.stdin)
strict = os.environ.get("FAR_STRICT")
pipe = os.fdopen(int(sys.argv[1]), "w")

def send(kind, value):
    pipe.write(json.dumps([kind, value]) + "\\n")
    pipe.flush()

with open(LOG, "a") as log:
    log.write(json.dumps({"request": request, "environ": dict(os.environ), "pid": os.getpid()}) + "\\n")
"""


@pytest.fixture
def child(monkeypatch, tmp_path, make_record):
    """Python text in place of the worker; gives a function for what each of its runs was asked."""
    log, script = tmp_path / "log", tmp_path / "child.py"
    popen = subprocess.Popen

    def started(command, **settings):
        assert (command[0], command[1], command[-2]) == (
            sys.executable,
            "-P",
            "lightbench.runner.worker",
        )
        return popen([sys.executable, str(script), command[-1]], **settings)

    def replace(code):
        ok = msgspec.json.encode(make_record(device="far")).decode()
        bad = msgspec.json.encode(
            make_record(failure="no kernel for aten::sin", costs=False)
        ).decode()
        given = f"LOG, OK, FELL = {str(log)!r}, {ok!r}, {bad!r}\n"
        script.write_text(given + WORKER + "OK, FELL = json.loads(OK), json.loads(FELL)\n" + code)
        monkeypatch.setattr(subprocess, "Popen", started)
        return lambda: [json.loads(line) for line in log.read_text().splitlines()]

    return replace


# what arrives


def test_records_come_back_with_their_numbers_in_the_order_they_were_sent(
    child, heard, make_record
):
    child('for i in (7, 3):\n    send("record", [i, OK])\nsend("end", "done")')
    heard.measure(group(3, 7))
    assert heard.finished == [(7, make_record(device="far")), (3, make_record(device="far"))]


def test_what_is_said_and_progress_arrive(child, heard):
    states = [Progress(1.0, 2.0, 3, None), Progress(2.0, 0.0, 6, 0.01)]
    sent = "".join(f'send("progress", {msgspec.to_builtins(state)})\n' for state in states)
    child('send("say", "load")\n' + sent + 'send("end", "done")')
    heard.measure(group(1))
    assert heard.said == ["load"]
    assert heard.progress == states


def test_the_child_is_asked_for_the_cases_and_how_they_are_timed(child, heard):
    asked = child('send("end", "done")')
    heard.measure(group(2, 5, trusted=False))
    (run,) = asked()
    request = msgspec.convert(run["request"], Request, strict=False)
    assert request.cases == {2: case(2), 5: case(5)}
    assert (request.rule, request.seed, request.trusted) == (QUICK, 7, False)


def test_the_child_is_marked_and_strict_and_has_the_users_own_setting(child, heard, monkeypatch):
    monkeypatch.setenv(autoload.VARIABLE, "0")
    monkeypatch.setenv(autoload.USERS, "")  # held back by the command line; the user had not set it
    asked = child('send("end", "done")')
    heard.measure(group(1))
    environ = asked()[0]["environ"]
    assert environ[worker.MARK] == "1"
    assert environ["FAR_STRICT"] == "1"
    assert autoload.VARIABLE not in environ
    assert autoload.USERS not in environ
    assert "FAR_STRICT" not in os.environ
    assert worker.MARK not in os.environ


# how it ends


@pytest.mark.parametrize(
    ("last", "ending"),
    [
        ("os._exit(0)", "exit code 0"),
        ("os._exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGRTMIN + 3)", f"killed by signal {signal.SIGRTMIN + 3}"),
        ('pipe.write(\'["record", [2, {"sch\'); pipe.flush(); os._exit(9)', "exit code 9"),
    ],
)
def test_an_early_death_is_a_sentence_and_what_came_before_it_is_kept(child, heard, last, ending):
    child(f'send("record", [1, OK])\n{last}')
    with pytest.raises(LightbenchError) as raised:
        heard.measure(group(1, 2))
    assert raised.value.message == f"the process that measures on null ended early: {ending}."
    assert "doctor" in raised.value.hint
    assert [i for i, _ in heard.finished] == [1]


def test_a_death_before_it_has_read_what_was_asked_is_a_sentence_too(heard, monkeypatch):
    popen = subprocess.Popen
    monkeypatch.setattr(
        subprocess,
        "Popen",
        lambda _, **settings: popen([sys.executable, "-c", ""], **settings),
    )
    many = Group(
        cases={i: case(batch=i + 1) for i in range(3000)}, rule=QUICK
    )  # more than a pipe holds
    with pytest.raises(LightbenchError, match="ended early: exit code 0"):
        heard.measure(many)


@pytest.mark.parametrize("code", [2, 3, 4])
def test_an_error_is_raised_again_with_its_exit_code(child, heard, code):
    child(f'send("error", {{"message": "no.", "hint": "Try.", "exit_code": {code}}})')
    with pytest.raises(LightbenchError) as raised:
        heard.measure(group(1))
    assert (raised.value.message, raised.value.hint, raised.value.exit_code) == (
        "no.",
        "Try.",
        code,
    )
    assert LightbenchError.exit_code == 2  # of all others, as before


@pytest.mark.parametrize("error", ["in the child", "here"])
def test_no_child_is_left_behind_by_an_error(child, monkeypatch, error):
    sent = (
        '"error", {"message": "no.", "hint": "", "exit_code": 2}'
        if error != "here"
        else '"say", ""'
    )
    asked = child(f"send({sent})\ntime.sleep(0.1)")

    def fails(*_):
        raise OSError("disk full")

    with pytest.raises((LightbenchError, OSError)):
        isolated.measure(group(1), Far(), say=fails, progress=None, finish=fails)
    with pytest.raises(ProcessLookupError):
        os.kill(asked()[0]["pid"], 0)


def test_an_interrupted_child_interrupts_after_what_it_has(child, heard):
    child('send("record", [1, OK])\nsend("end", "interrupted")')
    with pytest.raises(KeyboardInterrupt):
        heard.measure(group(1, 2))
    assert [i for i, _ in heard.finished] == [1]


DEAF = "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"


def test_ctrl_c_here_waits_for_what_the_child_still_sends(child, heard):
    """Ctrl-C reaches both: this process goes on reading, and the child has the last word."""
    child(
        f"{DEAF}send('say', 'here')\nos.kill(os.getppid(), signal.SIGINT)\ntime.sleep(0.2)\n"
        'send("record", [1, OK])\nsend("end", "interrupted")'
    )
    with pytest.raises(KeyboardInterrupt):
        heard.measure(group(1))
    assert [i for i, _ in heard.finished] == [1]


def test_ctrl_c_while_something_is_said_loses_nothing_either(child):
    child(f'{DEAF}send("say", "load")\nsend("record", [1, OK])\nsend("end", "interrupted")')
    finished, before = [], signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        isolated.measure(
            group(1),
            Far(),
            say=lambda _: os.kill(os.getpid(), signal.SIGINT),
            progress=None,
            finish=lambda i, _: finished.append(i),
        )
    assert finished == [1]
    assert signal.getsignal(signal.SIGINT) == before


def test_a_signal_to_us_alone_is_handed_on(child, heard):
    child(
        "def heard(number, frame):\n"
        "    send('record', [1, OK])\n    send('end', 'interrupted')\n    os._exit(0)\n"
        "signal.signal(signal.SIGINT, heard)\nsend('say', 'here')\n"
        "os.kill(os.getppid(), signal.SIGINT)\ntime.sleep(600)"
    )
    with pytest.raises(KeyboardInterrupt):
        heard.measure(group(1))
    assert [i for i, _ in heard.finished] == [1]


def test_a_child_that_does_not_let_go_is_ended(child, heard):
    asked = child(
        f"{DEAF}send('say', 'here')\nos.kill(os.getppid(), signal.SIGINT)\ntime.sleep(600)"
    )
    with pytest.raises(KeyboardInterrupt):
        heard.measure(group(1))
    with pytest.raises(ProcessLookupError):
        os.kill(asked()[0]["pid"], 0)


def test_a_second_ctrl_c_ends_a_child_that_does_not(child):
    asked = child(f'{DEAF}send("say", "load")\nsend("say", "run")\ntime.sleep(600)')
    with pytest.raises(KeyboardInterrupt):
        isolated.measure(
            group(1),
            Far(),
            say=lambda _: os.kill(os.getpid(), signal.SIGINT),
            progress=None,
            finish=print,
        )
    with pytest.raises(ProcessLookupError):
        os.kill(asked()[0]["pid"], 0)


# what has no kernel

FALLS = """
for i in request["cases"]:
    send("record", [int(i), FELL if strict and i == "2" else OK])
send("end", "done")
"""


def test_what_has_no_kernel_runs_once_more_by_itself_in_a_process_that_is_not_strict(child, heard):
    asked = child(FALLS)
    heard.measure(group(1, 2, 3))
    assert [sorted(run["request"]["cases"]) for run in asked()] == [["1", "2", "3"], ["2"]]
    assert ["FAR_STRICT" in run["environ"] for run in asked()] == [True, False]
    assert [(i, record.status) for i, record in heard.finished] == [(1, "ok"), (3, "ok"), (2, "ok")]
    assert any("once more" in said for said in heard.said)


def test_of_a_sweep_all_run_once_more_since_only_one_round_compares(child, heard):
    asked = child(FALLS)
    sweep = {i: SweepPoint(run="r", experiment="e", point=str(i), reference=i == 2) for i in (2, 3)}
    heard.measure(group(2, 3, sweep=sweep))
    assert [sorted(run["request"]["cases"]) for run in asked()] == [["2", "3"], ["2", "3"]]
    assert [sorted(run["request"]["sweep"]) for run in asked()] == [["2", "3"], ["2", "3"]]
    assert [i for i, _ in heard.finished] == [2, 3]
    assert all(record.status == "ok" for _, record in heard.finished)


def test_another_failure_is_a_failure_and_not_tried_again(child, heard):
    asked = child(
        FALLS.replace('"2"', '"9"').replace(
            "else OK", "else {**FELL, 'failure': {**FELL['failure'], 'message': 'odd'}}"
        )
    )
    heard.measure(group(1))
    assert len(asked()) == 1
    assert [record.failure.message for _, record in heard.finished] == ["odd"]


# the real worker


def test_the_real_worker_measures_what_this_process_would(heard):
    cases = {4: case(4), 2: case(2), 9: case(3, model="nope")}
    both = Group(cases=cases, rule=QUICK, seed=0)
    isolated.measure(
        both, devices.find("null"), say=heard.said.append, progress=None,
        finish=lambda i, record: heard.finished.append((i, record)),
    )  # fmt: skip
    here = {}
    interleave.measure(
        both, devices.find("null"), say=lambda _: None, progress=None, finish=here.__setitem__
    )
    there = dict(heard.finished)
    assert there.keys() == here.keys()
    for i, record in there.items():
        assert (record.case, record.status, record.failure) == (
            cases[i],
            here[i].status,
            here[i].failure,
        )
        assert (record.costs, record.latency) == (here[i].costs, here[i].latency)
    assert heard.said


def test_the_real_worker_sends_an_error_that_it_can_explain(heard):
    unknown = Group(cases={0: case(options=("warp",))}, rule=QUICK)
    with pytest.raises(LightbenchError, match="null has no option 'warp'") as raised:
        heard.measure(unknown)
    assert raised.value.hint == "Options are for accelerators."


def test_what_the_real_worker_prints_does_not_disturb_our_output(heard, capfd, tmp_path):
    file = tmp_path / "loud.py"
    file.write_text("import torch\nprint('loud')\nNet = lambda: torch.nn.Conv2d(16, 4, 1)\n")
    heard.measure(Group(cases={0: case(model=f"{file}:Net")}, rule=QUICK))
    said = capfd.readouterr()
    assert said.out == ""
    assert "loud" in said.err


# a worker, by itself


def test_a_worker_starts_no_further_one(monkeypatch):
    assert not worker.is_one()
    monkeypatch.setenv(worker.MARK, "1")
    assert worker.is_one()
