"""A session on an accelerator: what is set up for it, its memory, its energy, and what the device says of itself."""

import pytest
from known_kernels import LENGTH_S, MIB

POWER_W = 100.0


# sessions


@pytest.fixture(scope="module")
def sessions(on_accelerator):
    code = """
A = torch.accelerator
log = []
device = on(1, options=("h2d",), start=lambda: log.append("start"), set_up=lambda o: log.append(list(o)))

def state():
    return [A.current_device_index(), torch.get_num_threads()]

before = state()
with device.session(threads=2) as active:
    inside, made_on = state(), str(torch.zeros(1, device="sim").device)
after = state()
try:
    with device.session(threads=3):
        raise KeyboardInterrupt
except KeyboardInterrupt:
    stopped = state()

def set_up(options):
    raise RuntimeError("the driver is gone")

try:
    with on(1, set_up=set_up).session(threads=2):
        pass
except RuntimeError:
    failed = state()

before_launches = simdevice.launches()
module.CLOCK_S = 0.2
start = time.perf_counter()
with on().session(threads=None):
    raised_s, raised = time.perf_counter() - start, simdevice.launches() - before_launches
matmul = torch.Tensor.__matmul__
def no_products(*tensors):
    raise RuntimeError("no kernel for matmul")
torch.Tensor.__matmul__ = no_products
with on().session(threads=None) as without:
    pass
answer(before=before, inside=inside, after=after, stopped=stopped, failed=failed, active=active,
       made_on=made_on, log=log[:2], raised_s=raised_s, raised=raised, without=without,
       asked=[device.host_threads(5), device.host_threads(None)], facts=device.facts(),
       too_many=refused(lambda: device.host_threads(10**6)))
"""
    return on_accelerator(code, devices=2)


@pytest.mark.slow
def test_in_a_session_the_device_is_the_current_one_and_afterwards_what_was(sessions):
    assert sessions["before"] == [0, 1]
    assert sessions["inside"] == [1, 2]
    assert sessions["active"] == 2
    assert sessions["made_on"] == "sim:1"
    assert sessions["after"] == sessions["before"]


@pytest.mark.parametrize("how", ["stopped", "failed"])
def test_a_session_that_ends_badly_leaves_everything_as_it_was_too(sessions, how):
    assert sessions[how] == sessions["before"]


def test_a_session_starts_the_package_and_then_sets_it_up_for_its_options(sessions):
    assert sessions["log"] == ["start", ["h2d"]]


def test_a_session_begins_with_products_that_raise_the_clock(sessions):
    assert sessions["raised_s"] >= 0.2
    assert sessions["raised"] > 1  # the copy, and products
    assert sessions["without"] == 1  # a device without them can be measured too


def test_threads_are_those_of_the_host(sessions):
    assert sessions["asked"] == [5, 1]
    assert sessions["too_many"][0] == "UsageError"
    assert sessions["facts"] == {"accelerator": "simulated 1"}


# memory


@pytest.mark.slow
def test_the_peak_is_what_a_call_adds_at_its_highest_point(on_accelerator):
    facts = on_accelerator(
        """
big = torch.zeros(MIB, dtype=torch.uint8, device="sim")
context_used = []

@contextmanager
def context():
    context_used.append(True)
    yield

def call():
    y = big + big       # 1 MiB
    z = y + y           # 2
    del y               # 1
    return z + z        # 2

device = on()
free = device.free_memory()
peak = device.peak_memory(call, context)
again = device.peak_memory(lambda: big + big, nullcontext)
called = []
def none(*_):
    raise NotImplementedError("no allocator that counts")
torch.accelerator.reset_peak_memory_stats = none
torch.accelerator.get_memory_info = none
answer(free=free, peak=peak, again=again, context=context_used, unknown=device.free_memory(),
       silent=device.peak_memory(lambda: called.append(1), nullcontext), called=called)
""",
        memory_bytes=8 * MIB,
    )
    assert facts["peak"] == 2 * MIB
    assert facts["again"] == MIB  # the peak before is forgotten
    assert facts["context"] == [True]
    assert facts["free"] == 8 * MIB - MIB - 512  # eight numbers take the smallest amount
    assert (facts["unknown"], facts["silent"]) == (None, None)
    assert facts["called"] == [1]


# what the device says of itself


@pytest.fixture(scope="module")
def watched(on_accelerator):
    code = f"""
module.ENERGY_S = 0.3
state = {{"throttled": None, "power_w": {POWER_W}}}

def read():
    return Health(at_s=time.perf_counter(), clock_mhz=1500.0, max_clock_mhz=2000.0, utilization=0.5, **state)

device = on(health=lambda index: read, watch_s=0.01)
cold = on(options=("cold-cache",), l2_bytes=lambda index: 512, health=lambda index: read, watch_s=0.01)
outside = device.energy(ten_kernels, nullcontext), device.concerns(), dict(device.noted())
with device.session(threads=None):
    concerns = device.concerns()
    step = device.step(ten_kernels, nullcontext)
    cool = step(2).throttled
    joules = device.energy(ten_kernels, nullcontext)
    state["throttled"] = "too hot"
    time.sleep(0.2)
    hot = step(2).throttled
    state["throttled"] = None
    time.sleep(0.2)
    cool_again = step(2).throttled
    state["power_w"] = None
    time.sleep(0.2)
    module.ENERGY_S = 0.02
    silent = device.energy(ten_kernels, nullcontext)
    noted = dict(device.noted())
with cold.session(threads=None):
    step = cold.step(x.relu_, nullcontext)
    cool_cold = step(3).throttled
    state["throttled"] = "too hot"
    time.sleep(0.2)
    hot_cold = step(3).throttled
after = device.energy(ten_kernels, nullcontext), device.concerns(), dict(device.noted())
with on().session(threads=None):
    unwatched = on().step(ten_kernels, nullcontext)(1).throttled
answer(outside=outside, after=after, concerns=concerns, cool=[cool, cool_again, cool_cold], hot=[hot, hot_cold],
       joules=joules, silent=silent, noted=noted, unwatched=unwatched)
"""
    return on_accelerator(code, kernel_s=4e-3)


@pytest.mark.slow
def test_energy_of_a_call_is_its_power_times_its_time(watched):
    """100 W for 40 ms are 4 J."""
    assert POWER_W * LENGTH_S <= watched["joules"] < 2 * POWER_W * LENGTH_S


def test_without_readings_of_power_there_is_no_energy(watched):
    assert watched["silent"] is None


def test_a_block_says_why_the_device_was_slowed_down_meanwhile(watched):
    assert watched["hot"] == ["too hot", "too hot"]
    assert watched["cool"] == [None, None, None]
    assert watched["unwatched"] is None


def test_who_else_uses_the_device_is_a_concern(watched):
    (said,) = watched["concerns"]
    assert "50.0 % busy" in said


def test_what_it_said_is_noted(watched):
    assert watched["noted"]["clock_mhz_median"] == 1500
    assert watched["noted"]["power_w_mean"] == POWER_W
    assert watched["noted"]["throttled_readings"] > 0


def test_a_device_is_watched_in_sessions_only(watched):
    assert watched["outside"] == watched["after"] == [None, [], {}]
