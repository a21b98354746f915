"""What lightbench relies on in torch_npu about devices, asked of its own binary: which there are, that each
has its own memory and time, and what is said of one. One child answers several tests.
"""

import pytest

# devices


TWO_DEVICES = """
torch.zeros(1, device="npu:0")
one = torch.zeros(1 << 20, device="npu:1")

def ten_kernels():
    for _ in range(10):
        one.relu_()

def event_ms():
    torch.npu.synchronize(1)
    before, after = (torch.Event("npu:1", enable_timing=True) for _ in range(2))
    before.record()
    ten_kernels()
    after.record()
    after.synchronize()
    return before.elapsed_time(after)

while_other_is_current = event_ms()
torch.accelerator.set_device_index(1)
while_current = event_ms()
torch.accelerator.set_device_index(0)

ten_kernels()
start = time.perf_counter()
torch.npu.synchronize(0)
first = time.perf_counter()
torch.npu.synchronize(1)
second = time.perf_counter()
answer(
    count=torch.accelerator.device_count(),
    kind=torch.accelerator.current_accelerator().type,
    names=[torch.npu.get_device_name(i) for i in range(torch.npu.device_count())],
    allocated=[torch.npu.memory_allocated(i) for i in range(torch.npu.device_count())],
    first_ms=(first - start) * 1e3,
    second_ms=(second - start) * 1e3,
    event_ms=[while_other_is_current, while_current],
)
"""


@pytest.fixture(scope="module")
def two(facts):
    return facts(
        TWO_DEVICES, SIMCANN_DEVICES=2, SIMCANN_SOC="Ascend910B4", SIMCANN_KERNEL_US=50_000
    )


def test_every_device_is_found_and_named(two):
    assert (two["count"], two["kind"]) == (2, "npu")
    assert two["names"] == ["Ascend910B4", "Ascend910B4"]


def test_each_device_has_its_own_memory(two):
    assert two["allocated"][0] == 0
    assert two["allocated"][1] >= 4 << 20


def test_each_device_has_its_own_time(two):
    assert two["first_ms"] < 250
    assert two["second_ms"] > 250  # ten kernels of 50 ms were launched on it


def test_an_event_is_recorded_on_the_current_device_whichever_it_was_made_for(two):
    while_other_is_current, while_current = two["event_ms"]
    assert while_other_is_current < 250
    assert while_current >= 500


@pytest.mark.parametrize(
    ("visible", "count"),
    [("1,2", 2), ("0,7,1", 1), ("", 0)],
    ids=["some", "until one that is not there", "none"],
)
def test_ascend_rt_visible_devices_says_which_there_are(facts, visible, count):
    counted = "answer(count=torch.npu.device_count())"
    seen = facts(counted, SIMCANN_DEVICES=4, ASCEND_RT_VISIBLE_DEVICES=visible)
    assert seen["count"] == count


# what torch_npu says of a device


ONE_DEVICE = """
try:
    torch.empty(200 << 20, dtype=torch.uint8, device="npu")
except torch.OutOfMemoryError as error:
    too_much = str(error)

big = torch.empty(8 << 20, dtype=torch.uint8, device="npu")
del big
peak = torch.accelerator.max_memory_allocated()
torch.accelerator.reset_peak_memory_stats()
try:
    capability = torch.accelerator.get_device_capability()
except RuntimeError as error:
    capability = str(error)

answer(
    too_much=too_much,
    free=torch.npu.mem_get_info()[0],
    total=torch.npu.get_device_properties().total_memory,
    peak=peak,
    peak_after_reset=torch.accelerator.max_memory_allocated(),
    capability=capability,
    utilization=torch.npu.utilization(),
    conv_hf32=torch.npu.conv.allow_hf32,
    matmul_hf32=torch.npu.matmul.allow_hf32,
    cann=torch_npu.npu.utils.get_cann_version(),
    driver=torch_npu.npu.utils.get_cann_version("DRIVER"),
    public=hasattr(torch.npu, "get_cann_version"),
)
"""


@pytest.fixture(scope="module")
def device(facts):
    return facts(ONE_DEVICE, SIMCANN_MEMORY_MB=100, SIMCANN_VERSION="9.2.0")


def test_memory_that_is_not_there_is_an_out_of_memory_error_of_torch(device):
    assert device["too_much"].startswith("NPU out of memory. Tried to allocate 20")
    assert 0 < device["free"] <= device["total"]


def test_peak_memory_is_remembered_until_it_is_reset(device):
    assert device["peak"] >= 8 << 20
    assert device["peak_after_reset"] == 0


def test_there_is_no_capability_and_there_is_a_utilization(device):
    assert "doesn't support getting device capabilities" in device["capability"]
    assert device["utilization"] == 50


def test_convolutions_run_in_hf32_unless_told_otherwise(device):
    assert (device["conv_hf32"], device["matmul_hf32"]) == (True, False)


def test_the_versions_are_known_to_torch_npus_own_utils_only(device):
    assert (device["cann"], device["driver"], device["public"]) == ("9.2.0", "9.2.0", False)


@pytest.mark.parametrize("chip", ["Ascend310P3", "Ascend910A"])
def test_an_older_chip_wants_weights_in_its_own_layout_until_compiling_is_off(facts, chip):
    code = """
def moved():
    try:
        torch.nn.Conv2d(16, 16, 3).to("npu")
        torch.npu.synchronize()
    except RuntimeError as error:
        return str(error)

torch.npu.set_compile_mode(jit_compile=False)
off = moved()
torch.npu.set_compile_mode(jit_compile=True)
answer(off=off, on=moved())
"""
    seen = facts(code, SIMCANN_SOC=chip)
    assert seen["off"] is None
    assert "the current working operator name is Identity" in seen["on"]  # a cast of the layout
