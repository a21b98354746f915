"""What `Accelerator` says of a device whose kernels have a known length. Lower bounds on time are
strict; upper bounds hold for the best of a few tries: processors are shared.
"""

import pytest

MIB = 1 << 20
LENGTH_S = 0.040  # of one call: ten kernels of 4 ms
POWER_W = 100.0

SETUP = """
from contextlib import contextmanager, nullcontext
from lightbench.devices.support import accelerator as module
from lightbench.devices.support.accelerator import Accelerator, accelerator
from lightbench.devices.support.health import Health
from lightbench.devices.support.quirks import Quirks, in_torch
from lightbench.errors import LightbenchError

module.CLOCK_S = 0.0  # of matrix products: no clock here rises
MIB = 1 << 20

def quirks(**changes):
    facts = lambda index: {"accelerator": f"simulated {index}"}
    return Quirks(**{"probe": in_torch("sim", "Load it."), "facts": facts, **changes})

def on(index=0, options=(), kind=Accelerator, **changes):
    return kind("sim", index, quirks(**changes), options)

def ten_kernels():
    for _ in range(10):
        x.relu_()
    return x

def tries(step, n=1, times=4):
    readings = [step(n)._asdict() for _ in range(times)]
    return {clock: [reading[clock] for reading in readings] for clock in readings[0]}

def refused(work):
    try:
        work()
    except LightbenchError as error:
        return [type(error).__name__, error.message, error.hint]

if torch.accelerator.device_count():
    x = torch.zeros(8, device="sim")
"""


@pytest.fixture(scope="session")
def on_accelerator(on_sim):
    def run(code, **settings):
        return on_sim(SETUP + code, **settings)

    return run


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


# cold caches, copies, graphs


@pytest.mark.slow
def test_a_cold_cache_is_flushed_before_every_call_and_outside_its_time(on_accelerator):
    facts = on_accelerator(
        """
seen = []
def call():
    seen.append(simdevice.launches())
    x.relu_()

A = torch.accelerator
before = A.memory_allocated()
step = on(options=("cold-cache",), l2_bytes=lambda index: MIB).step(call, nullcontext)
held = A.memory_allocated() - before
start = simdevice.launches()
reading = step(3)
launched = simdevice.launches() - start
del step
step = on(options=("cold-cache",)).step(call, nullcontext)
answer(held=held, launched=launched, seen=[n - start for n in seen[:3]],
       times=tries(step), unknown=A.memory_allocated() - before)
""",
        kernel_s=LENGTH_S,
    )
    assert facts["held"] == 2 * MIB  # twice the cache
    assert facts["unknown"] == 2 * 128 * MIB
    assert facts["launched"] == 3 * 2
    assert facts["seen"] == [1, 3, 5]  # a flush is launched before each call
    for clock in ("device_s", "wall_s"):
        assert LENGTH_S <= min(facts["times"][clock]) < 2 * LENGTH_S


@pytest.mark.slow
def test_copies_there_and_back_are_timed_apart_from_the_call(on_accelerator):
    facts = on_accelerator(
        """
inputs = [x, {"mask": torch.ones(4, device="sim"), "scale": 2}]
step = on(options=("h2d",)).step(lambda: (x.relu_(), "text"), nullcontext, inputs)
answer(**tries(step))
""",
        transfer_s=LENGTH_S,
    )
    assert 2 * LENGTH_S <= min(facts["to_device_s"]) < 4 * LENGTH_S  # two tensors
    assert LENGTH_S <= min(facts["to_host_s"]) < 2 * LENGTH_S  # one
    assert min(facts["wall_s"]) < LENGTH_S / 2
    assert min(facts["device_s"]) < LENGTH_S / 2


@pytest.fixture(scope="module")
def graph(on_accelerator):
    code = """
from lightbench.errors import OutOfMemory
called, played, inside = [], [], []

@contextmanager
def context():
    inside.append(True)
    yield
    inside.append(False)

def call():
    called.append(inside[-1:] == [True])
    ten_kernels()

def capture(recorded):
    recorded()
    def replay():
        played.append(inside[-1])
        x.relu_()  # ten kernels as one
    return replay

def cannot(recorded):
    raise RuntimeError("sync is not allowed\\nand more")

def ours(recorded):
    raise OutOfMemory("out of memory.")

graph = ("graph",)
step = on(options=graph, capture=capture).step(call, context)
before = len(called)
times = tries(step, 3)
answer(
    before=before, after=len(called), in_context=all(called), played=len(played), times=times,
    cannot=refused(lambda: on(options=graph, capture=cannot).step(call, nullcontext)),
    ours=refused(lambda: on(options=graph, capture=ours).step(call, nullcontext)),
    none=refused(lambda: on(options=graph).step(call, nullcontext)),
    known=[list(on().known), list(on(capture=capture, options=("sim-fast",)).known)],
)
"""
    return on_accelerator(code, kernel_s=4e-3)


@pytest.mark.slow
def test_a_graph_is_recorded_once_in_the_context_and_then_only_played(graph):
    assert graph["before"] == graph["after"] == 3 + 1  # three to get ready, one that is recorded
    assert graph["in_context"] is True
    assert graph["played"] == 4 * 3


def test_what_is_played_is_timed(graph):
    assert LENGTH_S / 10 <= min(graph["times"]["device_s"]) < LENGTH_S


def test_what_cannot_be_recorded_is_one_line_with_a_way_forward(graph):
    kind, message, hint = graph["cannot"]
    assert kind == "UsageError"
    assert message == "this network cannot be recorded as a graph: sync is not allowed"
    assert "--graph" in hint


def test_an_error_that_is_explained_already_passes(graph):
    assert graph["ours"] == ["OutOfMemory", "out of memory.", ""]


def test_a_device_without_graphs_refuses_them_and_does_not_list_them(graph):
    assert graph["none"][1] == "sim has no graphs."
    assert graph["known"] == [
        ["cold-cache", "h2d", "energy"],
        ["graph", "cold-cache", "h2d", "energy"],
    ]


# what is asked for


@pytest.mark.slow
def test_what_a_device_cannot_do_is_refused_with_a_way_forward(on_accelerator):
    facts = on_accelerator("""
able, plain = on(), on(channels_last=False, float64=False)
graph = on(options=("graph",))
usual = {"layout": "contiguous", "dtype": "float32", "mode": "infer"}
each = [{"layout": "channels_last"}, {"dtype": "float64"}, {"mode": "train"}]
answer(
    able=[refused(lambda: able.refuse(**{**usual, **change})) for change in each],
    plain=[refused(lambda: plain.refuse(**{**usual, **change})) for change in each],
    graph=[refused(lambda: graph.refuse(**{**usual, **change})) for change in each],
    usual=refused(lambda: plain.refuse(**usual)),
    both=refused(lambda: accelerator("sim", 0, quirks(), ("graph", "h2d"))),
)
""")
    assert facts["able"] == [None, None, None]
    assert [bool(error) for error in facts["plain"]] == [True, True, False]
    assert [bool(error) for error in facts["graph"]] == [False, False, True]
    assert facts["usual"] is None
    errors = [*facts["plain"][:2], facts["graph"][2]]
    assert all(kind == "UsageError" and hint for kind, _, hint in errors)
    assert "--channels-last" in facts["plain"][0][2]
    assert "--dtype float32" in facts["plain"][1][2]
    assert "no transfers" in facts["both"][1]


@pytest.mark.slow
def test_one_device_and_its_options_are_one_object(on_accelerator):
    facts = on_accelerator("""
row = quirks()
one = accelerator("sim", 0, row, ("h2d",))
answer(same=one is accelerator("sim", 0, row, ("h2d",)),
       others=[one is accelerator("sim", 1, row, ("h2d",)), one is accelerator("sim", 0, row, ())],
       name=accelerator("sim", 1, row, ()).torch_device)
""")
    assert facts == {"same": True, "others": [False, False], "name": "sim:1"}


@pytest.mark.slow
def test_a_device_that_is_there_can_be_used_and_one_that_is_not_says_so(on_accelerator):
    code = "answer(each=[str(on(i).unavailable() or 'usable') for i in range(3)])"
    there, too, beyond = on_accelerator(code, devices=2)["each"]
    assert (there, too) == ("usable", "usable")
    assert "no sim:2 here, only sim:0 to sim:1" in beyond
    only = on_accelerator(code, devices=1)["each"][1]
    assert "only sim:0." in only
    none = on_accelerator("answer(why=str(on().unavailable()))", devices=0)["why"]
    assert "no sim device here" in none
    assert "Load it." in none


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


def test_no_memory_for_a_graph_is_no_fault_of_the_network(on_sim):
    facts = on_sim(
        SETUP
        + """
def capture(call):
    raise torch.OutOfMemoryError("out of memory")

device = on(options=("graph",), capture=capture)
try:
    device.step(lambda: None, nullcontext)
except Exception as error:
    answer(kind=type(error).__name__)
"""
    )
    assert facts == {"kind": "OutOfMemoryError"}
