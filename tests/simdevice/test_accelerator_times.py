"""The times that `Accelerator` reads of a device whose kernels have a known length. Lower bounds on time are
strict; upper bounds hold for the best of a few tries: processors are shared.
"""

import pytest
from known_kernels import LENGTH_S

# time


@pytest.fixture(scope="module")
def times(on_accelerator):
    code = """
events = torch.Event

def without_events(*arguments, **settings):
    raise NotImplementedError("this device has no events")

class Hasty(Accelerator):
    def synchronize(self):
        pass

step = on().step(ten_kernels, nullcontext)
one = tries(step)
before = simdevice.launches()
block = tries(step, 5, times=2)
launched = simdevice.launches() - before
torch.Event = without_events
plain = tries(on().step(ten_kernels, nullcontext))
torch.accelerator.synchronize()
hasty = tries(on(kind=Hasty).step(ten_kernels, nullcontext))
torch.accelerator.synchronize()
torch.Event = events
try:
    pending = tries(on(kind=Hasty).step(ten_kernels, nullcontext)) and None
except RuntimeError as error:
    pending = str(error)
answer(one=one, block=block, launched=launched, plain=plain, hasty=hasty, pending=pending)
"""
    return on_accelerator(code, kernel_s=4e-3)


@pytest.mark.slow
def test_a_call_takes_as_long_as_its_kernels_by_both_clocks(times):
    for clock in ("device_s", "wall_s"):
        assert min(times["one"][clock]) >= LENGTH_S
        assert min(times["one"][clock]) < 2 * LENGTH_S


def test_launching_does_not_wait_for_the_kernels(times):
    assert 0 < min(times["one"]["launch_s"]) < LENGTH_S / 2


def test_a_call_launches_before_it_ends(times):
    one = times["one"]
    assert all(launch < wall for launch, wall in zip(one["launch_s"], one["wall_s"], strict=True))


def test_times_of_a_block_are_per_call(times):
    assert times["launched"] == 2 * 5 * 10
    for clock in ("device_s", "wall_s"):
        assert min(times["block"][clock]) >= LENGTH_S
        assert min(times["block"][clock]) < 2 * LENGTH_S
    assert min(times["block"]["launch_s"]) < LENGTH_S / 2


def test_without_events_there_is_the_wall_clock_only(times):
    assert times["plain"]["device_s"] == [None] * 4
    assert min(times["plain"]["wall_s"]) >= LENGTH_S


def test_a_device_that_is_not_waited_for_is_seen_by_these_tests(times):
    """The check of the check: without synchronisation the bound above does not hold."""
    assert min(times["hasty"]["wall_s"]) < LENGTH_S / 2
    assert "Both events must be completed" in times["pending"]


def test_nothing_that_was_not_asked_for_is_timed(times):
    assert times["one"]["to_device_s"] == times["one"]["to_host_s"] == [None] * 4
    assert times["one"]["throttled"] == times["one"]["cpu_s"] == [None] * 4


@pytest.mark.alone
def test_where_launches_take_longest_a_call_is_launch_bound(on_accelerator):
    facts = on_accelerator(
        """
from lightbench.records import Samples
from lightbench.records import launch_bound

def samples():
    times = tries(on().step(ten_kernels, nullcontext), times=7)
    kept = {clock: tuple(times[clock]) for clock in ("wall_s", "device_s", "launch_s")}
    return Samples(**kept, first_call_s=1.0, warmup_calls=1, stop="converged")

simdevice.configure(launch_s=4e-3)
launches = samples()
block = tries(on().step(ten_kernels, nullcontext), 3, times=2)["launch_s"]
simdevice.configure(launch_s=0.0, kernel_s=4e-3)
kernels = samples()
answer(block=block, launch_s=launches.launch_s, wall_s=launches.wall_s,
       launches=launch_bound(launches), kernels=launch_bound(kernels))
"""
    )
    assert min(facts["launch_s"]) >= LENGTH_S
    assert min(facts["wall_s"]) < 2 * LENGTH_S
    assert LENGTH_S <= min(facts["block"]) < 2 * LENGTH_S  # per call
    assert facts["launches"] is True
    assert facts["kernels"] is False


def test_an_empty_call_takes_the_resolution_of_the_clock_and_not_nothing(on_accelerator):
    facts = on_accelerator(
        "answer(device_s=tries(on().step(lambda: None, nullcontext))['device_s'])"
    )
    assert min(facts["device_s"]) >= 0.5e-6


def test_calls_are_made_in_their_context_and_without_the_garbage_collector(on_accelerator):
    facts = on_accelerator("""
import gc
inside = []

@contextmanager
def context():
    inside.append("in")
    yield
    inside.append("out")

def call():
    inside.append("no gc" if not gc.isenabled() else "gc")

on().step(call, context)(2)
answer(inside=inside, after=gc.isenabled())
""")
    assert facts == {"inside": ["in", "no gc", "no gc", "out"], "after": True}
