"""Cold caches, copies and graphs on a device whose kernels have a known length, and what is refused. Lower
bounds on time are strict; upper bounds hold for the best of a few tries: processors are shared.
"""

import pytest
from known_kernels import LENGTH_S, MIB, SETUP

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
