"""lightbench from end to end on torch_npu's own binary and a simulated CANN, in child processes.

A process takes up to ten seconds, most of it imports. So each of RUNS is run once, most of them in this process,
and several tests read what it left behind.
"""

import json
from statistics import median

import pytest
from npu_runs import GENEROUS, KNOWN, KNOWN_S, lines, profile, read, wrong

from lightbench.devices.npu import QUIRKS
from lightbench.devices.support import npu_probe

STATES = ("no-cann", "no-driver", "no-device", "cann-env", "old-cann", "crash")

GUIDELINE = "guidelines {} --device npu --widths 1 --seconds 1 -q --format json"

# What is run: its arguments and its environment.
RUNS = {
    "json": (
        [
            *("profile", "shufflenet_v2_x0_5", "--input", "3x64x64", "--device", "npu"),
            *("--format", "json", "--seconds", "0.5"),
        ],
        {},
    ),
    "four": (
        profile("Lgamma", "SaysFallback", "Hoard", "Good"),
        {"SIMCANN_MEMORY_MB": 100, "TORCH_DEVICE_BACKEND_AUTOLOAD": 1},
    ),
    "queue off": (profile("TenKernels"), KNOWN | {"TASK_QUEUE_ENABLE": 0}),
    "queue on": (profile("TenKernels"), KNOWN | {"TASK_QUEUE_ENABLE": 1}),
    "both": (
        profile("Where", device="npu:0,1"),
        {"SIMCANN_DEVICES": 3, "ASCEND_RT_VISIBLE_DEVICES": "0,1"},
    ),
    "beyond": (
        profile("Where", device="npu:0,5"),
        {"SIMCANN_DEVICES": 3, "ASCEND_RT_VISIBLE_DEVICES": "0,1"},
    ),
    "graph": (profile("Good", more=["--graph"]), {}),
    "transfers": (profile("Good", more=["--h2d", "--cold-cache"]), {}),
    "float64": (profile("Good", more=["--dtype", "float64"]), {}),
    "sweep": (GUIDELINE.format("g2").split(), {}),
    "sweep that falls back": (GUIDELINE.format("g4").split(), {"SIMCANN_NO_KERNEL": "relu,relu_"}),
    "auto": (profile("Good", device="auto"), {"environment": "no-cann"}),
    **{state: (profile("Good"), {"environment": state}) for state in STATES},
}


# In a process of their own, as users run them.
NEW = {"json", "four", "transfers", "crash"}


class Left:
    """What a run left behind."""

    def __init__(self, answer, store, notes):
        self.code, self.out, self.err = answer
        self.store, self.notes = read(store), lines(notes)

    def record(self, network):
        (found,) = [r for r in self.store if r.case.model.endswith(f":{network}")]
        return found


@pytest.fixture(scope="session")
def ran(lightbench_child, lightbench_here, tmp_path_factory):
    """What one of RUNS left behind: ``ran("json").out``."""
    folder, done = tmp_path_factory.mktemp("runs"), {}

    def run(name):
        arguments, variables = RUNS[name]
        store, notes = folder / f"{name}.jsonl", folder / f"{name}.txt"
        keep = ["--store", store] if arguments[0] == "profile" else []
        variables = {"TORCH_DEVICE_BACKEND_AUTOLOAD": None} | variables | {"NOTES": notes}
        lightbench = lightbench_child if name in NEW else lightbench_here
        return Left(lightbench(*arguments, *keep, **variables), store, notes)

    def get(name):
        if name not in done:
            done[name] = run(name)
        return done[name]

    return get


@pytest.mark.parametrize("name", RUNS)
def test_nothing_ends_in_a_traceback(ran, name):
    left = ran(name)
    assert "Traceback" not in left.err
    assert left.code != 70


# states of an installation

SAID = {
    "no-cann": ("CANN's libhccl.so was not found", "source its set_env.sh"),
    "no-driver": ("the driver's libascend_hal.so was not found", "Install the Ascend driver"),
    "no-device": ("they see no device", "Does `npu-smi info` list one?"),
    "cann-env": ("not set up: ASCEND_OPP_PATH", "Source CANN's set_env.sh"),
    "old-cann": ("calls aclrtCreateEventExWithFlag, which this CANN does not have", "Install the"),
    "crash": ("ends the process: exit code -6, what():", "install the CPU build"),
}


@pytest.mark.parametrize("state", STATES)
def test_an_incomplete_installation_is_said_with_the_next_step(ran, state):
    left = ran(state)
    reason, step = SAID[state]
    assert (left.code, left.out, left.store) == (4, "", [])
    assert left.err.startswith("lightbench: no NPU here: ")
    assert reason in left.err
    assert step in left.err


def test_a_hang_is_stopped_and_said(child):
    code = """
import time
from lightbench.records import store as records
from lightbench.devices.support import npu_probe as _npu_state
start = time.monotonic()
found = _npu_state.probe_now(limit_s=2)
print(found.state, time.monotonic() - start < 20, _npu_state.why(found).message)
"""
    done = child(code, "hang")
    assert done.out.startswith("hang True no NPU here: importing torch_npu 2.13.0 does not return")


def test_without_torch_npu_the_state_is_absent(monkeypatch):
    def nothing(name):
        raise npu_probe.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(npu_probe.metadata, "version", nothing)
    assert npu_probe.probe_now() == npu_probe.Probe("absent")


def test_auto_is_the_cpu_where_cann_is_missing_though_torch_npu_is_installed(ran):
    left = ran("auto")
    assert left.code == 0, left.err
    assert left.record("Good").case.device == "cpu"


# records


def test_stdout_is_one_json_document_though_torch_npu_prints_there(ran):
    left = ran("json")
    assert left.code == 0, left.err
    (record,) = json.loads(left.out)
    assert record["status"] == "ok"
    assert "ASCEND_HOME_PATH environment variable is not set" in left.err


def test_a_record_says_what_must_be_equal_before_times_are_compared(ran):
    (record,) = ran("json").store
    facts = record.environment.comparable
    assert facts["device"] == "npu:0"
    assert facts["torch_npu"] == "2.13.0"
    assert facts["accelerator"].startswith("Ascend")
    assert facts["cann"]
    assert (facts["hf32_conv"], facts["hf32_matmul"]) == ("True", "False")


def test_the_same_call_has_three_times_and_that_of_the_device_is_within_that_of_the_wall(ran):
    samples = ran("json").store[0].samples
    assert len(samples.device_s) == len(samples.launch_s) == len(samples.wall_s) > 0
    device_s, launch_s, wall_s = map(median, (samples.device_s, samples.launch_s, samples.wall_s))
    assert 0 < launch_s < wall_s
    assert 0 < device_s <= wall_s * 1.02  # its clock starts right before that of the wall


def test_settings_in_the_environment_are_in_the_record(ran):
    facts = ran("queue off").store[0].environment.comparable
    assert facts["npu_settings"] == "TASK_QUEUE_ENABLE=0"


# kernels of known length


@pytest.mark.parametrize("queue", ["queue off", "queue on"])
def test_a_latency_is_at_least_that_of_its_kernels_and_launching_is_not_waiting(ran, queue):
    left = ran(queue)
    assert left.code == 0, left.err
    record = left.record("TenKernels")
    middle = [median(getattr(record.samples, x)) for x in ("device_s", "launch_s", "wall_s")]
    assert wrong(*middle) == set()
    assert min(record.samples.device_s) >= KNOWN_S
    assert KNOWN_S <= record.latency.median_s < GENEROUS * KNOWN_S


# devices


def test_each_device_that_is_named_has_a_record(ran):
    left = ran("both")
    assert left.code == 0, left.err
    assert [r.case.device for r in left.store] == ["npu:0", "npu:1"]
    assert [r.environment.comparable["device"] for r in left.store] == ["npu:0", "npu:1"]


def test_a_network_runs_on_the_device_that_is_named(ran):
    assert {x for x in ran("both").notes if x.startswith("npu")} == {"npu:0 0", "npu:1 1"}


def test_a_device_that_is_not_there_is_refused_before_anything_is_measured(ran):
    left = ran("beyond")
    assert (left.code, left.out, left.store) == (4, "", [])
    assert "there is no npu:5 here, only npu:0 to npu:1." in left.err  # the third is hidden
    assert not any(x.startswith("npu") for x in left.notes)


# what goes wrong


def test_out_of_memory_is_a_failed_row_and_the_others_go_on(ran):
    left = ran("four")
    assert left.code == 3
    failure = left.record("Hoard").failure
    assert failure.error == "OutOfMemory"
    assert "NPU out of memory. Tried to allocate" in failure.message
    assert left.record("Good").status == "ok"


def test_what_ran_on_the_cpu_is_measured_and_marked(ran):
    left = ran("four")
    record = left.record("Lgamma")
    assert record.status == "ok"
    said = "fell back: no NPU kernel, so it ran on the CPU: aten::lgamma.out."
    assert said in record.warnings
    (row,) = [x for x in left.out.splitlines() if "Lgamma" in x and "failed" not in x][:1]
    assert "c" in row.rpartition("Lgamma")[2]
    assert "c fell back" in left.out


def test_what_ran_on_the_npu_is_measured_where_falling_back_is_an_error(ran):
    left = ran("four")
    assert not any("fell back" in said for said in left.record("Good").warnings)
    processes = {x for x in left.notes if x.startswith("process")}
    assert len(processes) == 2  # the strict one, and one more for Lgamma alone


def test_a_network_that_fails_with_a_message_about_a_fallback_has_failed(ran):
    failure = ran("four").record("SaysFallback").failure
    assert "no FALLBACK on CPU for this input" in failure.message


def test_only_torch_npus_own_error_means_that_an_operator_has_no_kernel():
    assert QUIRKS.fell_back(
        "the forward pass failed in Net with 1x8: RuntimeError: The operator 'aten::lgamma.out' would"
        " execute its main computation on CPU through dispatcher backend fallback because no kernel"
        " is registered for the NPU PrivateUse1 backend, but CPU fallback is disabled by"
        " TORCH_NPU_FALLBACK_CPU_DISABLE=1"
    )
    assert not QUIRKS.fell_back("RuntimeError: no fallback for this input")
    assert not QUIRKS.fell_back("RuntimeError: set TORCH_NPU_FALLBACK_CPU_DISABLE=1 and try again")


def test_a_user_who_wants_autoload_has_it_in_what_their_code_starts(ran):
    assert {x for x in ran("four").notes if x.startswith("autoload")} == {"autoload 1"}
    assert {x for x in ran("transfers").notes if x.startswith("autoload")} == {"autoload None"}


def test_a_guideline_is_measured(ran):
    left = ran("sweep")
    assert left.code == 0, left.err
    records = json.loads(left.out)["records"]
    assert {r["status"] for r in records} == {"ok"}
    assert not any("fell back" in said for r in records for said in r["warnings"])


def test_points_of_a_sweep_that_fall_back_are_marked_and_timed_with_all_others(ran):
    left = ran("sweep that falls back")
    assert left.code == 0, left.err
    records = json.loads(left.out)["records"]
    assert {r["status"] for r in records} == {"ok"}
    assert len({r["found"]["run"] for r in records}) == 1
    for record in records:
        has_relu = any(op["op"].startswith("relu") for op in record["costs"]["ops"])
        assert has_relu == any("fell back" in said for said in record["warnings"])


# options


def test_a_graph_that_cannot_be_recorded_is_a_sentence(ran):
    left = ran("graph")
    assert left.code in (2, 3)
    assert "this network cannot be recorded as a graph: " in left.err
    assert "Measure it without --graph." in left.err


def test_a_precision_that_an_npu_has_not_is_a_sentence(ran):
    left = ran("float64")
    assert (left.code, left.out) == (2, "")
    assert "npu has no float64." in left.err


def test_transfers_are_timed_and_the_cache_is_emptied(ran):
    left = ran("transfers")
    assert left.code == 0, left.err
    record = left.record("Good")
    assert record.case.options == ("cold-cache", "h2d")
    assert min(record.samples.to_device_s) > 0
    assert min(record.samples.to_host_s) > 0


def test_where_torch_cuda_means_the_npu_cuda_is_refused(child):
    code = """
import torch, torch_npu
from torch_npu.contrib import transfer_to_npu
from lightbench import devices
print("\\n" + devices.find("cuda:0").unavailable().message)
print(devices.find("npu:0").unavailable(), devices.named("npu"), devices.registry.load("device", "npu").count())
"""
    done = child(code)
    assert done.code == 0, done.err
    refused, npu = done.out.splitlines()[-2:]
    assert refused == "torch.cuda is an NPU in this process: transfer_to_npu has rewired it."
    assert npu == "None ['npu:0'] 1"
