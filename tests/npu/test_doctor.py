"""`lightbench devices` and `lightbench doctor` on the simulated NPU, in every state of an installation."""

import json

import pytest

REASONS = {
    "no-cann": "CANN's libhccl.so was not found",
    "no-driver": "the driver's libascend_hal.so was not found",
    "no-device": "they see no device",
    "cann-env": "CANN is installed but not set up",
    "old-cann": "which this CANN does not have",
    "crash": "ends the process",
}


def report(lightbench, tmp_path, *arguments, **options):
    path = tmp_path / "doctor.json"
    done = lightbench("doctor", "--device", "npu", *arguments, "-o", path, **options)
    assert done.out == ""
    return done.code, json.loads(path.read_text())


def row(found, name):
    return next(row for row in found["devices"] if row["device"] == name)


@pytest.mark.parametrize(
    ("where", "environment"), [("lightbench_child", "ok"), ("lightbench_here", "sourced")]
)
def test_the_self_test_passes_and_the_file_says_on_what(where, environment, tmp_path, request):
    lightbench = request.getfixturevalue(where)
    code, found = report(lightbench, tmp_path, "--selftest", environment=environment)
    assert code == 0, found["selftest"]
    assert found["versions"]["torch_npu"].startswith("2.")
    npu = row(found, "npu:0")
    assert (npu["torch_device"], npu["product"]) == ("npu:0", "Ascend910B3")
    assert npu["memory_bytes"] > 0
    assert npu["facts"]["hf32_conv"] == "True"
    checks = {check["name"]: check for check in found["selftest"]["checks"]}
    assert checks["clocks"]["device_s"] == pytest.approx(checks["clocks"]["wall_s"], rel=0.1)
    assert checks["launch"]["launch_s"] > 0
    assert checks["conv"]["max_rel_error"] < 4e-3


@pytest.mark.parametrize("environment", REASONS)
def test_without_an_npu_the_file_says_what_is_missing(lightbench_here, tmp_path, environment):
    code, found = report(lightbench_here, tmp_path, "--selftest", environment=environment)
    assert code == 4
    assert found["selftest"] is None
    npu = row(found, "npu")
    assert not npu["usable"]
    assert REASONS[environment] in npu["reason"]
    assert npu["hint"].endswith(".")
    assert row(found, "cpu")["usable"]


def test_an_operator_without_a_kernel_is_named(lightbench_here, tmp_path):
    code, found = report(
        lightbench_here, tmp_path, "--selftest", SIMCANN_NO_KERNEL="hardswish,hardswish.out"
    )
    checks = found["selftest"]["checks"]
    wrong = {check["name"] for check in checks if check["state"] != "ok"}
    assert wrong <= {"clocks"}, found[
        "selftest"
    ]  # its numbers are right, on however busy a machine
    assert code == (3 if wrong else 0)
    fell = {check["name"]: check["fell_back"] for check in checks if check["fell_back"]}
    assert set(fell) == {"hardswish"}
    assert "hardswish" in fell["hardswish"][0]


def test_where_the_cpu_is_ruled_out_the_operator_fails(lightbench_here, tmp_path):
    code, found = report(
        lightbench_here,
        tmp_path,
        "--selftest",
        SIMCANN_NO_KERNEL="hardswish",
        TORCH_NPU_FALLBACK_CPU_DISABLE=1,
    )
    assert code == 3
    failed = [c for c in found["selftest"]["checks"] if c["state"] == "failed"]
    assert [check["name"] for check in failed] == ["hardswish"]
    assert failed[0]["fell_back"]


def test_every_npu_is_listed_and_auto_takes_the_first(lightbench_here):
    done = lightbench_here("devices", "--format", "json", SIMCANN_DEVICES=2)
    assert done.code == 0
    found = {row["device"]: row for row in json.loads(done.out)}
    assert found["npu:0"]["usable"]
    assert found["npu:1"]["usable"]
    assert [name for name, row in found.items() if row["auto"]] == ["npu:0"]


@pytest.mark.parametrize("environment", ["no-cann", "crash"])
def test_devices_work_where_torch_npu_does_not_load(lightbench_child, environment):
    done = lightbench_child("devices", environment=environment, TORCH_DEVICE_BACKEND_AUTOLOAD=None)
    assert (done.code, done.err) == (0, "")
    assert "npu: no NPU here" in done.out
    assert "--device auto takes cpu." in done.out
