"""What tests on the simulated device rely on: kernels have the length they were given, nothing waits for
them unasked, devices and their memory are told apart. Values are in another file.

Lower bounds on time are strict. Upper bounds hold for the best of a few tries: processors are shared.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
import simdevice

MIB = 1 << 20

# time: ten kernels of 4 ms

LENGTH_S = 0.040

TEN_KERNELS = """
x = torch.zeros(8, device="sim")

def ten_kernels():
    for _ in range(10):
        x.relu_()

def tries(work, wait):
    seconds = []
    for _ in range(4):
        torch.accelerator.synchronize()
        start = time.perf_counter()
        work()
        wait()
        seconds.append(time.perf_counter() - start)
    return seconds
"""

WAITING = """
end = torch.Event("sim")

def by_event():
    end.record()
    end.synchronize()

def by_asking():
    end.record()
    while not end.query():
        pass

answer(
    nothing=tries(ten_kernels, lambda: None),
    device=tries(ten_kernels, torch.accelerator.synchronize),
    stream=tries(ten_kernels, lambda: torch.accelerator.current_stream().synchronize()),
    event=tries(ten_kernels, by_event),
    query=tries(ten_kernels, by_asking),
    item=tries(ten_kernels, x[0].item),
    copy=tries(ten_kernels, x.cpu),
)
"""


@pytest.fixture(scope="module")
def waiting(on_sim):
    return on_sim(TEN_KERNELS + WAITING, kernel_s=4e-3)


@pytest.mark.slow
def test_a_launch_does_not_wait_for_its_kernel(waiting):
    assert min(waiting["nothing"]) < LENGTH_S / 2


@pytest.mark.parametrize("way", ["device", "stream", "event", "query", "item", "copy"])
def test_whoever_waits_has_waited_for_every_kernel(waiting, way):
    assert min(waiting[way]) >= LENGTH_S
    assert min(waiting[way]) < 2 * LENGTH_S


@pytest.fixture(scope="module")
def events(on_sim):
    code = """
start, end = (torch.Event("sim", enable_timing=True) for _ in range(2))
elapsed_ms, pending, done = [], [], []
for _ in range(4):
    start.record()
    ten_kernels()
    end.record()
    pending.append(not end.query())
    end.synchronize()
    done.append(end.query())
    elapsed_ms.append(start.elapsed_time(end))

end.record()
end.synchronize()
ten_kernels()
try:
    end.record()
    refused_pending = bool(start.elapsed_time(end)) and None
except RuntimeError as error:
    refused_pending = str(error)
try:
    untimed = torch.Event("sim")
    untimed.record()
    refused_untimed = bool(untimed.elapsed_time(untimed)) and None
except ValueError as error:
    refused_untimed = str(error)
answer(
    elapsed_s=[ms / 1e3 for ms in elapsed_ms], pending=pending, done=done,
    refused_pending=refused_pending, refused_untimed=refused_untimed,
)
"""
    return on_sim(TEN_KERNELS + code, kernel_s=4e-3)


@pytest.mark.slow
def test_events_tell_the_time_between_them(events):
    assert min(events["elapsed_s"]) >= LENGTH_S
    assert min(events["elapsed_s"]) < 2 * LENGTH_S


def test_an_event_is_done_when_the_kernels_before_it_are(events):
    assert any(events["pending"])
    assert all(events["done"])


def test_events_refuse_what_they_cannot_tell(events):
    assert "Both events must be completed" in events["refused_pending"]
    assert "enable_timing" in events["refused_untimed"]


@pytest.mark.slow
def test_streams_run_side_by_side_until_one_waits_for_another(on_sim):
    facts = on_sim(
        TEN_KERNELS
        + """
one, other = torch.Stream("sim"), torch.Stream("sim")

def on_both(apart):
    with one:
        ten_kernels()
    with other:
        if not apart:
            other.wait_stream(one)
        ten_kernels()

answer(
    default=torch.accelerator.current_stream().stream_id,
    ids=[one.stream_id, other.stream_id],
    apart=tries(lambda: on_both(True), torch.accelerator.synchronize),
    after=tries(lambda: on_both(False), torch.accelerator.synchronize),
    one_of_them=tries(lambda: on_both(False), one.synchronize),
)
""",
        kernel_s=4e-3,
    )
    assert len({facts["default"], *facts["ids"]}) == 3
    assert LENGTH_S <= min(facts["apart"]) < 2 * LENGTH_S
    assert min(facts["after"]) >= 2 * LENGTH_S
    assert LENGTH_S <= min(facts["one_of_them"]) < 2 * LENGTH_S


@pytest.mark.slow
def test_a_launch_takes_as_long_on_the_host_as_it_was_told(on_sim):
    code = "answer(host=tries(ten_kernels, lambda: None))"
    host = on_sim(TEN_KERNELS + code, launch_s=4e-3)["host"]
    assert LENGTH_S <= min(host) < 2 * LENGTH_S


@pytest.mark.slow
def test_the_host_waits_for_a_copy_unless_it_asked_not_to(on_sim):
    facts = on_sim(
        TEN_KERNELS
        + """
y = torch.ones(8)
nothing = lambda: None
answer(
    to_device=tries(lambda: y.to("sim"), nothing),
    to_host=tries(x.cpu, nothing),
    unwaited=tries(lambda: y.to("sim", non_blocking=True), nothing),
    on_device=tries(x.clone, nothing),
)
""",
        transfer_s=LENGTH_S,
        kernel_s=LENGTH_S,
    )
    assert LENGTH_S <= min(facts["to_device"]) < 2 * LENGTH_S
    assert LENGTH_S <= min(facts["to_host"]) < 2 * LENGTH_S
    assert min(facts["unwaited"]) < LENGTH_S / 2
    assert min(facts["on_device"]) < LENGTH_S / 2


def test_lengths_can_change_between_launches(on_sim):
    code = """
short = tries(ten_kernels, torch.accelerator.synchronize)
simdevice.configure(kernel_s=4e-3)
answer(short=short, long=tries(ten_kernels, torch.accelerator.synchronize))
"""
    facts = on_sim(TEN_KERNELS + code)
    assert min(facts["short"]) < LENGTH_S / 2
    assert min(facts["long"]) >= LENGTH_S


# devices


@pytest.fixture(scope="module")
def devices(on_sim):
    return on_sim(
        TEN_KERNELS
        + """
MIB = 1 << 20
there = torch.zeros(8, device="sim:0")
before = torch.accelerator.current_device_index()
torch.accelerator.set_device_index(1)
x = torch.zeros(MIB, dtype=torch.uint8, device="sim")
here = str(x.device)
torch.accelerator.set_device_index(0)

try:
    torch.accelerator.set_device_index(2)
    refused = None
except RuntimeError as error:
    refused = str(error)

answer(
    count=torch.accelerator.device_count(), before=before, here=here, refused=refused,
    allocated=[torch.accelerator.memory_allocated(i) for i in range(2)],
    moved=[str(x.to("sim:0").device), x.add(3).to("sim:0").sum().item()],
    wait_for_first=tries(ten_kernels, lambda: torch.accelerator.synchronize(0)),
    wait_for_second=tries(ten_kernels, lambda: torch.accelerator.synchronize(1)),
    current=torch.accelerator.current_device_index(),
)
""",
        devices=2,
        kernel_s=4e-3,
    )


@pytest.mark.slow
def test_new_tensors_are_on_the_current_device(devices):
    assert (devices["count"], devices["before"], devices["here"]) == (2, 0, "sim:1")


def test_a_device_that_is_not_there_is_refused(devices):
    assert devices["refused"] == "sim has no device 2: there are 2."


def test_devices_have_their_own_memory(devices):
    first, second = devices["allocated"]
    assert first == 512  # eight numbers, and the smallest amount there is
    assert second == MIB


def test_tensors_move_between_devices(devices):
    assert devices["moved"] == ["sim:0", 3 * MIB]


def test_kernels_are_on_the_device_of_their_tensors_not_on_the_current_one(devices):
    assert devices["current"] == 0
    assert min(devices["wait_for_second"]) >= LENGTH_S


def test_who_waits_for_one_device_does_not_wait_for_the_other(devices):
    assert min(devices["wait_for_first"]) < LENGTH_S / 2


def test_there_may_be_no_device(on_sim):
    code = """
found = torch.accelerator.current_accelerator(check_available=True)
answer(available=torch.accelerator.is_available(), count=torch.accelerator.device_count(), found=found)
"""
    assert on_sim(code, devices=0) == {"available": False, "count": 0, "found": None}


# memory


@pytest.fixture(scope="module")
def memory(on_sim):
    return on_sim(
        """
MIB = 1 << 20
A = torch.accelerator
uint8 = {"dtype": torch.uint8, "device": "sim"}

x = torch.zeros(MIB, **uint8)
one = A.memory_allocated()
A.reset_peak_memory_stats()
y = x + x
two, peak = A.memory_allocated(), A.max_memory_allocated()
del y
freed, still_peak = A.memory_allocated(), A.max_memory_allocated()
A.reset_peak_memory_stats()
reset = A.max_memory_allocated()

try:
    torch.zeros(8 * MIB, **uint8)
    refused = None
except torch.OutOfMemoryError as error:
    refused = str(error)
free, total = A.get_memory_info()
rest = torch.zeros(7 * MIB, **uint8)
full = A.memory_allocated()
del x, rest

answer(
    one=one, two=two, peak=peak, freed=freed, still_peak=still_peak, reset=reset, refused=refused,
    free=free, total=total, full=full, end=A.memory_allocated(),
)
""",
        memory_bytes=8 * MIB,
    )


@pytest.mark.slow
def test_a_tensor_takes_its_bytes(memory):
    assert (memory["one"], memory["two"], memory["end"]) == (MIB, 2 * MIB, 0)


def test_the_peak_stays_until_it_is_reset(memory):
    assert memory["peak"] == memory["still_peak"] == 2 * MIB
    assert memory["freed"] == memory["reset"] == MIB


def test_too_much_is_out_of_memory_and_what_fits_still_fits(memory):
    assert memory["refused"].startswith("sim out of memory. Tried to allocate 8388608 bytes.")
    assert (memory["free"], memory["total"]) == (7 * MIB, 8 * MIB)
    assert memory["full"] == 8 * MIB


# building


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """A slow compiler that writes down that it ran. Gives the list of its runs."""
    log = tmp_path / "log"
    program = tmp_path / "compiler"
    program.write_text(
        f'#!/bin/sh\nsleep 0.2\necho ran >> {log}\nfor last; do :; done\n: > "$last"\n'
    )
    program.chmod(0o700)
    monkeypatch.setattr(simdevice, "BUILD", tmp_path / "build")
    monkeypatch.setattr(simdevice, "COMMAND", (str(program),))
    return lambda: log.read_text().split()


def test_who_comes_while_another_compiles_waits_for_it(compiler):
    with ThreadPoolExecutor() as pool:
        libraries = list(pool.map(lambda _: simdevice.build(), range(3)))
    assert len(set(libraries)) == 1
    assert len(compiler()) == 1


def test_another_source_is_another_library(compiler, tmp_path, monkeypatch):
    first = simdevice.build()
    monkeypatch.setattr(simdevice, "SOURCE", tmp_path / "other.cpp")
    (tmp_path / "other.cpp").write_text("int changed;")
    assert simdevice.build() != first
    assert len(compiler()) == 2


def test_without_a_compiler_there_is_a_reason(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert simdevice.missing() == "the simulated device needs g++."
