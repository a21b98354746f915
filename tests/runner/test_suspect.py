"""Times that cannot be: a network that does not do, in the call that is timed, what was counted."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Thread

import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.devices import find
from lightbench.engines import Program
from lightbench.runner import suspect, watch
from lightbench.runner.answer import answer
from lightbench.runner.watch import Watch
from lightbench.timing.clock import Reading

QUICK = {"seconds": 0.05, "rel": 1.0, "threads": 1, "input": "3x64x64"}


class Honest(nn.Module):
    """Its work takes milliseconds."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 64, 7)
        self.seen, self.calls = {}, 0

    def work(self, x):
        return self.layer(x)

    def forward(self, x):
        return self.work(x)

    def __deepcopy__(self, _memo):
        return self


class RemembersTensors(Honest):
    def forward(self, x):
        if id(x) not in self.seen:
            self.seen[id(x)] = self.work(x)
        return self.seen[id(x)]


class RemembersValues(Honest):
    def forward(self, x):
        key = bytes(x.numpy()) if x.device.type == "cpu" else b""
        if key not in self.seen:
            self.seen[key] = self.work(x)
        return self.seen[key]


class Lazy(Honest):
    """Works for a few calls only."""

    def forward(self, x):
        self.calls += x.device.type == "cpu"
        return self.work(x) if self.calls < 4 else torch.zeros(len(x), 64, 58, 58)


class Yields(Honest):
    def forward(self, x):
        yield self.work(x)


class Promises(Honest):
    pool = ThreadPoolExecutor(1)

    def forward(self, x):
        return self.work(x) if x.device.type == "meta" else self.pool.submit(self.work, x)


def toil(seconds):
    """Without Python's lock, as operators work."""
    until, a = time.thread_time() + seconds, torch.ones(400, 400)
    while time.thread_time() < until:
        a = (a @ a).clamp_(0, 1)


class HandsOn(Honest):
    """Its answer is that of the first call; a thread does the work."""

    def forward(self, x):
        if x.device.type == "meta" or not self.seen:
            self.seen[x.device.type] = self.work(x)
        if x.device.type == "cpu":
            Thread(target=toil, args=(0.1,), daemon=True).start()
        return self.seen[x.device.type].clone()


class Sleepers(Honest):
    """Threads that do nothing are no work left undone."""

    def forward(self, x):
        Thread(target=time.sleep, args=(0.2,), daemon=True).start()
        return self.work(x)


class Draws(Honest):
    """Another answer each time, and honest."""

    def forward(self, x):
        return self.work(x) + 100 * torch.randn(1, 64, 58, 58, device=x.device)


class Constant(Honest):
    def forward(self, x):
        return self.work(x).sum() * 0 + 1


class Overwrites(Honest):
    def forward(self, x):
        return self.work(x.div_(2))


class Refuses(Honest):
    """Other values than those it was given: an error, which is no sign of a lie."""

    def forward(self, x):
        if x.device.type == "cpu" and self.seen and float(x.flatten()[0]) != self.seen["first"]:
            raise ValueError("other values")
        if x.device.type == "cpu":
            self.seen["first"] = float(x.flatten()[0])
        return self.work(x)


def suspicions(network, **settings):
    record = lb.profile(network, **{**QUICK, **settings}).record
    assert record.status == "ok", record.failure
    assert record.believed == (not record.contended and not record.suspicions)
    return record.suspicions


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (RemembersTensors, "matrix multiplication attains"),
        (RemembersValues, "matrix multiplication attains"),
        (Lazy, "answers otherwise"),
        (Yields, "with a generator"),
        (Promises, "with a Future"),
        (HandsOn, "threads of its own"),
    ],
)
def test_a_time_that_cannot_be_says_why(network, why):
    assert [said for said in suspicions(network()) if why in said]


@pytest.mark.parametrize("network", [Honest, Sleepers, Draws, Constant, Overwrites, Refuses])
def test_what_does_its_work_is_believed(network):
    assert suspicions(network()) == ()


@pytest.mark.parametrize("how", [{"mode": "train"}, {"batch": 3}, {"layout": "channels_last"}])
def test_however_it_runs(how):
    assert suspicions(Honest(), **how) == ()


def test_zoo_networks_are_believed():
    assert suspicions("squeezenet1_1") == ()


@pytest.mark.parametrize(
    ("network", "why"),
    [(RemembersTensors, "gives its old answer"), (RemembersValues, "has not seen before")],
)
def test_a_memory_is_found_where_no_speed_tells_it(network, why, monkeypatch):
    """On a device whose matrix multiplication is not known, or for work that is little."""
    monkeypatch.setattr(suspect, "attained", lambda *_: None)
    (said,) = suspicions(network())
    assert why in said


def test_it_is_looked_at_between_timed_blocks_and_the_reading_is_the_steps_own(monkeypatch):
    """One that is honest again when the timing is over is found too."""
    monkeypatch.setattr(watch, "LOOKS", 1.0)
    answers = iter([torch.ones(2)] * 2 + [torch.zeros(2)] * 99)
    program = Program(lambda: next(answers), nullcontext)
    seen = Watch(program, answer(torch.ones(2)), ())
    step = seen.around(lambda n: Reading(wall_s=n * 1.0), nullcontext)
    assert [step(1), step(3)] == [Reading(1.0), Reading(3.0)]
    assert seen.said == ""
    assert step(1) == Reading(1.0)
    assert "answers otherwise" in seen.said


def test_one_that_draws_between_few_answers_is_not_taken_for_one_that_changed_its_mind():
    """As with a random number of channels: two in a row are often the same."""
    answers = iter([torch.zeros(2)] * 4 + [torch.ones(2)] * 99)
    seen = Watch(Program(lambda: next(answers), nullcontext), answer(torch.ones(2)), ())
    seen.look()
    seen.look()
    assert seen.said == ""


def test_inputs_are_as_they_were_afterwards():
    class Notes(Honest):
        def forward(self, x):
            if x.device.type == "cpu":
                self.seen[id(x)] = x
            return self.work(x)

    network, x = Notes(), torch.rand(1, 3, 64, 64)
    given = x.clone()
    lb.profile(network, args=(x,), seconds=0.02, rel=1.0, threads=1)
    assert torch.equal(x, given)
    assert any(torch.equal(seen, given) for seen in network.seen.values())


def test_a_device_attains_what_its_clock_says_and_no_number_in_a_precision_that_it_lacks():
    cpu = find("cpu")
    assert suspect.attained(cpu, "float32", 1) > 1e6
    assert suspect.attained(cpu, "no such precision", 1) is None


def test_a_record_that_is_suspect_is_neither_disturbed_nor_believed(make_record):
    record = make_record("a", warnings=("suspect: it remembers.",))
    assert record.suspicions == ("it remembers.",)
    assert (record.contended, record.believed) == (False, False)
    assert make_record("a").believed
    assert not make_record("a", warnings=("contended: by others.",)).believed
    assert not make_record("a", failure="it failed.").believed


def test_answers_are_alike_but_for_rounding():
    x = torch.linspace(-1, 1, 10_000).reshape(1, 100, 100)
    assert answer(x).like(answer(x.to(torch.bfloat16)))
    assert answer((x, {"a": [x]})).like(answer((x, {"a": [x + 1e-6]})))
    assert not answer(x).like(answer(x * 1.2))
    assert not answer(x).like(answer(x[:, :50]))
    assert not answer(x).like(answer((x, x)))
    assert answer(x * float("nan")).like(answer(x * float("nan")))
    assert answer(torch.complex(x, x)).like(answer(torch.complex(x, x)))
    assert answer([None, "text", 3]).like(answer([None, "text", 3]))
