"""Which process measures what, and that every device is checked before the first is measured."""

from __future__ import annotations

import pytest

from lightbench import devices
from lightbench.errors import DeviceUnavailable, OutOfMemory
from lightbench.records import Case, Environment, InputSpec
from lightbench.runner import interleave, isolated, run
from lightbench.runner.given import Given
from lightbench.runner.record import failed
from lightbench.timing.stopping import Rule
from lightbench.workers import worker

NET = "example_conv_g4"
QUICK = Rule(max_s=0.02, rel=1.0)
WHERE = Environment(comparable={"device": "far"}, noted={})


def case(batch=1, **settings):
    return Case(model=NET, inputs=(InputSpec(shape=(16, 8, 8)),), batch=batch, **settings)


@pytest.fixture
def measured(monkeypatch):
    """Groups as `suite.run` hands them over, with what is asked to measure them."""
    calls = []

    def by(place):
        def measure(group, device, *, say, progress, finish, so_far):
            calls.append((place, group.device, {i: c.batch for i, c in group.cases.items()}))
            for i, c in group.cases.items():
                finish(i, failed(c, OutOfMemory("."), WHERE))

        return measure

    monkeypatch.setattr(isolated, "measure", by("apart"))
    monkeypatch.setattr(interleave, "measure", by("here"))
    return calls


@pytest.fixture
def machine(monkeypatch):
    """Devices by name -> what is wrong with them; gives what happened, in order."""
    seen = []

    def there(faults, strict=()):
        class Device(type(devices.find("null"))):
            def __init__(self, name, options=()):
                self.name, self.options = name, tuple(options)
                self.strict = {"X": "1"} if name in strict else None

            def unavailable(self):
                seen.append((self.name, self.options))
                return faults.get(self.name)

        monkeypatch.setattr(devices, "find", Device)
        return seen

    return there


def test_every_device_is_checked_before_the_first_is_measured(machine, measured):
    checked = machine({"z": DeviceUnavailable("z is off.")})
    with pytest.raises(DeviceUnavailable, match=r"z is off\."):
        run.run([case(device=name) for name in ("a", "z", "b")], rule=QUICK)
    assert measured == []
    assert {name for name, _ in checked} == {"a", "b", "z"}


def test_a_device_is_checked_once_for_its_options_and_threads(machine, measured):
    checked = machine({})
    cases = [
        case(i + 1, device="a", threads=1, options=("h2d",) if i == 2 else ()) for i in range(3)
    ]
    run.run(cases, rule=QUICK)
    assert checked == [("a", ()), ("a", ("h2d",))]


def test_cases_of_one_device_thread_count_and_options_are_one_group(machine, measured):
    machine({})
    kinds = [("b", 1, ()), ("a", 2, ("h2d",)), ("a", 2, ()), ("a", 1, ()), ("a", None, ())]
    cases = [
        case(batch, device=device, threads=threads, options=options)
        for batch in (1, 2)
        for device, threads, options in kinds
    ]
    records = run.run(cases, rule=QUICK)
    assert [record.case for record in records] == cases
    groups = [sorted(members) for _, _, members in measured]
    assert sorted(groups) == [[0, 5], [1, 6], [2, 7], [3, 8], [4, 9]]
    assert all(members[i] == cases[i].batch for _, _, members in measured for i in members)


@pytest.mark.parametrize(
    ("strict", "in_worker", "place"),
    [(["a"], False, "apart"), (["a"], True, "here"), ([], False, "here")],
)
def test_a_device_that_wants_a_process_has_one_but_not_within_one(
    machine, measured, monkeypatch, strict, in_worker, place
):
    machine({}, strict)
    if in_worker:
        monkeypatch.setenv(worker.MARK, "1")
    run.run([case(device="a")], rule=QUICK)
    assert [where for where, _, _ in measured] == [place]


def test_a_network_that_is_handed_over_stays_in_this_process(machine, measured):
    machine({}, ["a"])
    run.run([case(device="a")], rule=QUICK, given={NET: Given(None)})
    assert [where for where, _, _ in measured] == ["here"]
