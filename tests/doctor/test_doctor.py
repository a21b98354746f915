"""`lightbench doctor`: the self-test finds what is wrong, and whatever happens there is a file."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from lightbench import devices, doctor, registry
from lightbench.cli.commands import doctor as doctor_command
from lightbench.devices import cpu
from lightbench.devices.support import inventory
from lightbench.doctor import apart, selftest
from lightbench.doctor import report as reporting
from lightbench.doctor.anonymous import Nameless, variables
from lightbench.doctor.checks import Check, Selftest
from lightbench.doctor.selftest import FLOAT16, FLOAT32, KNOWN, REDUCED, agreement, compare
from lightbench.timing.clock import Reading

# The self-test itself, on devices that are wrong in one way each.


class Wrong(cpu.Cpu):
    """A CPU; subclasses say what is wrong with it."""

    device_share = 1.0  # of the wall's time, by its own clock

    def step(self, call, context, inputs=()):
        timed = super().step(call, context)

        def told(n):
            wall_s = max(timed(n).wall_s, 0.025 / n)
            return Reading(wall_s, device_s=wall_s * self.device_share, launch_s=3e-6)

        return told


def checked(device):
    return {(check.name, check.dtype): check for check in selftest.run(device)}


def test_on_the_cpu_every_operator_is_right_in_both_types():
    found = checked(devices.find("cpu"))
    assert {name for name, dtype in found if dtype == "float32"} == set(KNOWN)
    assert {name for name, dtype in found if dtype == "float16"} == set(KNOWN)
    assert {check.state for check in found.values()} == {"ok"}
    assert found["relu6", "float32"].max_abs_error == 0.0
    assert 0 < found["conv", "float32"].max_rel_error < FLOAT32
    assert found["clocks", None].note == "it has no clock of its own"
    assert 0 < found["launch", None].launch_s < 1e-3


def test_wrong_numbers_differ_and_only_those(monkeypatch):
    def silu(_self, x):  # the reference, in float64, stays right
        return x * torch.sigmoid(x if x.dtype == torch.float64 else 1.01 * x)

    monkeypatch.setattr(torch.nn.SiLU, "forward", silu)
    found = checked(Wrong())
    wrong = {key for key, check in found.items() if check.state != "ok"}
    assert ("silu", "float32") in wrong
    assert wrong <= {("silu", "float32"), ("silu", "float16")}
    assert found["silu", "float32"].reason == "the error is above 0.0000200"


def test_a_clock_that_runs_at_half_speed_differs():
    class HalfSpeed(Wrong):
        device_share = 0.5

    clocks = checked(HalfSpeed())["clocks", None]
    assert clocks.state == "differs"
    assert clocks.reason.startswith("50.0 % lie")
    assert clocks.device_s == pytest.approx(clocks.wall_s / 2)


def test_a_clock_that_agrees_is_ok_and_its_launch_time_is_the_devices():
    found = checked(Wrong())
    assert found["clocks", None].state == "ok"
    assert found["launch", None].launch_s == 3e-6


def test_an_operator_that_raises_fails_and_the_rest_goes_on(monkeypatch):
    def refuse(_self, _x):
        raise RuntimeError("no kernel\nfor this")

    monkeypatch.setattr(torch.nn.GELU, "forward", refuse)
    found = checked(Wrong())
    assert found["gelu", "float32"].state == "failed"
    assert found["gelu", "float32"].reason == "RuntimeError: no kernel for this"
    assert found["gelu", "float16"].state == "missing"  # float16 is checked where there is any
    assert found["softmax", "float32"].state == "ok"
    assert not Selftest(device="cpu", checks=tuple(found.values())).passed


def test_what_ran_somewhere_else_is_said_with_its_operator():
    class Elsewhere(Wrong):
        @contextmanager
        def noticing(self):
            found = []
            yield found
            found.append("fell back: aten::x.")

    assert {check.fell_back for check in checked(Elsewhere()).values()} == {
        ("fell back: aten::x.",)
    }


# Tolerances.


def off_by(relative, *, dtype=torch.float32, name="conv", may_be_reduced=False):
    expected = torch.tensor([0.25, -1.0], dtype=torch.float64)
    output = (expected * (1 + relative)).to(dtype)
    return compare(output, expected, dtype, KNOWN[name], may_be_reduced=may_be_reduced)


@pytest.mark.parametrize(
    ("relative", "options", "state"),
    [
        (FLOAT32 / 2, {}, "ok"),
        (FLOAT32 * 2, {}, "differs"),
        (2**-11, {"may_be_reduced": True}, "ok"),
        (REDUCED * 2, {"may_be_reduced": True}, "differs"),
        (FLOAT16 / 2, {"dtype": torch.float16}, "ok"),
        (FLOAT16 * 2, {"dtype": torch.float16}, "differs"),
        (0.0, {"name": "max pool"}, "ok"),
        (2**-22, {"name": "max pool"}, "differs"),
    ],
)
def test_an_error_is_tolerated_up_to_what_the_arithmetic_rounds(relative, options, state):
    assert off_by(relative, **options)["state"] == state


def test_reduced_precision_is_said_where_it_shows_and_only_there():
    assert "TF32" in off_by(2**-11, may_be_reduced=True)["note"]
    assert off_by(FLOAT32 / 2, may_be_reduced=True)["note"] == ""


def test_what_is_not_finite_or_of_another_shape_or_type_differs():
    x = torch.ones(2, dtype=torch.float64)
    for output, said in (
        (torch.tensor([1.0, float("nan")]), "not finite"),
        (torch.ones(3), "[3], not"),
        (torch.ones(2, dtype=torch.float16), "float16"),
    ):
        found = compare(output, x, torch.float32, KNOWN["conv"], may_be_reduced=False)
        assert found["state"] == "differs"
        assert said in found["reason"]


@pytest.mark.parametrize(
    ("facts", "reduced"),
    [
        ({"hf32_conv": "True", "hf32_matmul": "False"}, {"conv"}),
        ({"hf32_conv": "False", "hf32_matmul": "False"}, set()),
        ({"conv_precision": "tf32", "matmul_precision": "ieee"}, {"conv"}),
        ({}, {"conv", "matmul"}),
    ],
)
def test_float32_may_be_reduced_unless_the_device_says_it_is_not(facts, reduced):
    class Card(cpu.Cpu):
        torch_device = "card:0"

        def facts(self):
            return facts

    assert selftest._reduced(Card()) == reduced
    assert selftest._reduced(devices.find("cpu")) == set()


def test_clocks_agree_within_5_percent_or_20_us_of_a_block():
    def state(wall_s, device_s, n):
        return agreement([Reading(wall_s, device_s=device_s)], n)["state"]

    assert state(1e-3, 0.96e-3, 100) == "ok"
    assert state(1e-3, 0.94e-3, 100) == "differs"
    assert state(1e-3, 1.06e-3, 100) == "differs"  # events that count more than there was
    assert state(100e-6, 85e-6, 1) == "ok"
    assert state(100e-6, 75e-6, 1) == "differs"


# The process that it runs in.


def child(tmp_path, text):
    """The command of a process that does this instead of testing; FD is where it answers."""
    path = tmp_path / "child.py"
    path.write_text(
        f"import json, os, signal, sys, time\nFD = int(sys.argv[1])\n"
        f"def send(*line):\n    os.write(FD, json.dumps(line).encode() + b'\\n')\n{text}"
    )
    return [sys.executable, str(path)]


FINE = "send('doing', 'a')\nsend('check', {'name': 'a', 'state': 'ok'})\nsend('doing', 'b')\n"


def test_a_child_that_comes_to_its_end_says_what_it_found(tmp_path):
    found = apart.selftest("npu:0", command=child(tmp_path, f"{FINE}send('end', '')\n"))
    assert found == Selftest(device="npu:0", checks=(Check(name="a", state="ok"),))
    assert found.passed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "b ended the process: killed by SIGSEGV"),
        ("os.abort()", "b ended the process: killed by SIGABRT"),
        ("sys.exit(3)", "b ended the process: exit code 3"),
        ("send('error', 'OSError: gone')", "b: OSError: gone"),
    ],
)
def test_a_child_that_dies_is_a_finding_with_its_last_words(tmp_path, text, reason):
    said = "print('to stdout', flush=True)\nsys.stderr.write('last words\\n')\nsys.stderr.flush()\n"
    found = apart.selftest("npu:0", command=child(tmp_path, FINE + said + text))
    assert found.reason == reason
    assert [check.name for check in found.checks] == ["a"]
    assert found.said == ("to stdout", "last words")
    assert not found.passed


def test_a_child_that_hangs_is_stopped_and_is_a_finding(tmp_path):
    command = child(tmp_path, f"{FINE}time.sleep(600)\n")
    found = apart.selftest("npu:0", command=command, patience_s=1.0)
    assert found.reason == "b did not return: it was stopped after 1 s without an answer"
    assert [check.name for check in found.checks] == ["a"]


def test_a_child_that_does_not_even_start_is_a_finding():
    found = apart.selftest("npu:0", command=[sys.executable, "-c", "raise OSError('no')"])
    assert found.reason == "starting Python ended the process: exit code 1"
    assert found.said[-1] == "OSError: no"


# The command.


@pytest.mark.slow
def test_it_passes_on_the_cpu_and_the_file_has_everything(lightbench, tmp_path):
    path = tmp_path / "x.json"
    answer = lightbench("doctor", "--selftest", "-o", path)
    assert (answer.code, answer.out, answer.err) == (0, "", f"lightbench: wrote {path}\n")
    found = json.loads(path.read_text())
    assert found["device"] == "cpu"
    assert found["versions"]["torch"] == torch.__version__
    assert found["environment"]["comparable"]["torch"] == torch.__version__
    assert [row["device"].partition(":")[0] for row in found["devices"]].count("npu") == 1
    assert found["selftest"]["passed"]
    assert len(found["selftest"]["checks"]) == 2 * len(KNOWN) + 2


def test_a_package_that_is_imported_says_its_build_itself(monkeypatch):
    installed = {"torch": "2.13.0", "torchvision": "0.28.0", "numpy": "2.4.6"}
    monkeypatch.setattr(reporting.metadata, "version", lambda name: installed.get(name, "1"))
    monkeypatch.setitem(reporting.sys.modules, "torch", SimpleNamespace(__version__="2.13.0+cu130"))
    monkeypatch.setitem(reporting.sys.modules, "torchvision", SimpleNamespace())  # has lost its own
    monkeypatch.delitem(reporting.sys.modules, "numpy", raising=False)
    found = reporting.versions()
    assert (found["torch"], found["torchvision"], found["numpy"]) == (
        "2.13.0+cu130",
        "0.28.0",
        "2.4.6",
    )
    assert "numpy" not in reporting.sys.modules


def test_a_device_that_is_not_there_is_code_4_and_the_file_is_written(lightbench, tmp_path):
    path = tmp_path / "x.json"
    assert lightbench("doctor", "--device", "mps", "--selftest", "-o", path).code == 4
    found = json.loads(path.read_text())
    assert not found["usable"]
    assert found["selftest"] is None
    answer = lightbench("doctor", "--device", "mps")
    assert answer.code == 4
    assert "mps:0: no mps device here" in " ".join(answer.out.split())


@pytest.mark.parametrize("checks", [(), (Check(name="conv", state="differs", reason="wrong"),)])
def test_a_self_test_that_is_not_passed_is_code_3(lightbench, monkeypatch, checks):
    reason = "" if checks else "conv ended the process: killed by SIGSEGV"
    failed = Selftest(device="cpu", checks=checks, reason=reason)
    monkeypatch.setattr(
        doctor_command.doctor, "examine",
        lambda device, test: reporting.examine(device, test=test, run=lambda _: failed),
    )  # fmt: skip
    answer = lightbench("doctor", "--selftest")
    assert answer.code == 3
    assert ("conv: wrong." if checks else "killed by SIGSEGV") in answer.out


def test_a_plugin_that_raises_is_a_device_that_is_not_available(monkeypatch):
    def load(kind, name):
        if (kind, name) == ("device", "mps"):
            raise OSError("no driver")
        return genuine(kind, name)

    genuine = registry.load
    monkeypatch.setattr(registry, "load", load)
    report = doctor.examine("mps", test=True)
    assert report.exit_code == 4
    assert "no driver" in report.asked.reason


def test_a_name_that_is_none_is_bad_usage(lightbench):
    assert lightbench("doctor", "--device", "toaster").code == 2
    assert lightbench("doctor", "--device", "null", "--selftest").code == 2


def test_a_file_that_cannot_be_written_is_said_before_anything_is_checked(
    lightbench, tmp_path, monkeypatch
):
    monkeypatch.setattr(inventory, "everything", lambda: pytest.fail("it went on"))
    assert lightbench("doctor", "-o", tmp_path).code == 2
    assert lightbench("doctor", "-o", "x.nonsense").code == 2


# What may be in the file.


def test_of_folders_and_names_nothing_is_left():
    nameless = Nameless(home="/home/ann", user="ann", host="ann-laptop")
    data = {"a": ["/home/ann/cann/lib", 3, None], "b": "at ann-laptop: /data/ann/x, /home/anna"}
    assert nameless(data) == {
        "a": ["~/cann/lib", 3, None],
        "b": "at <host>: /data/<user>/x, /home/anna",
    }


def test_a_host_that_is_called_like_a_device_takes_no_words_away():
    assert Nameless(home="/", user="", host="cpu")("cpu /usr/lib") == "cpu /usr/lib"


def test_the_file_holds_no_name_of_host_user_or_home(lightbench, monkeypatch):
    monkeypatch.setenv("HOME", "/home/some.body")
    monkeypatch.setenv("LOGNAME", "some.body")
    monkeypatch.setattr("platform.node", lambda: "secret-host")
    monkeypatch.setenv("ASCEND_HOME_PATH", "/home/some.body/Ascend")
    monkeypatch.setenv("ASCEND_OPP_PATH", "/data/some.body/opp")
    monkeypatch.setenv("ASCEND_NOTE", "made on secret-host")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/home/some.body/lib")
    out = lightbench("doctor", "--format", "json").out
    assert json.loads(out)["variables"] == {
        **json.loads(out)["variables"],
        "ASCEND_HOME_PATH": "~/Ascend",
        "ASCEND_OPP_PATH": "/data/<user>/opp",
        "ASCEND_NOTE": "made on <host>",
        "LD_LIBRARY_PATH": "set",
    }
    assert "some.body" not in out
    assert "secret-host" not in out
    assert "some.body" not in lightbench("doctor").out


def test_only_variables_that_matter_are_read_and_never_a_secret():
    found = variables(
        {
            "CUDA_VISIBLE_DEVICES": "1", "ASCEND_API_TOKEN": "s3cret", "HCCL_IF_IP": "10.0.0.1",
            "AWS_SECRET": "s3cret", "TASK_QUEUE_ENABLE": "2", "LD_PRELOAD": "/x.so",
        }
    )  # fmt: skip
    assert found == {
        "CUDA_VISIBLE_DEVICES": "1", "TASK_QUEUE_ENABLE": "2",
        "LD_LIBRARY_PATH": "not set", "LD_PRELOAD": "set",
    }  # fmt: skip


def test_autoload_is_told_as_the_user_had_set_it():
    ours = {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0", "LIGHTBENCH_USER_AUTOLOAD": ""}
    assert "TORCH_DEVICE_BACKEND_AUTOLOAD" not in variables(ours)
    theirs = {**ours, "LIGHTBENCH_USER_AUTOLOAD": "1"}
    assert variables(theirs)["TORCH_DEVICE_BACKEND_AUTOLOAD"] == "1"


def test_what_a_container_must_mount_is_there_or_not(tmp_path):
    (tmp_path / "dev").mkdir()
    for name in ("davinci3", "davinci_manager"):
        (tmp_path / "dev" / name).touch()
    tool = tmp_path / "npu-smi"
    tool.touch(mode=0o755)
    found = reporting.mounts(Path(tmp_path), {"PATH": str(tmp_path)})
    assert [name for name, there in found.items() if there] == [
        "/dev/davinci[0-9]*", "/dev/davinci_manager", "npu-smi",
    ]  # fmt: skip
    assert not reporting.mounts(tmp_path, {"PATH": "/nowhere"})["npu-smi"]


def test_a_file_about_a_device_that_is_not_there_is_written_and_the_reason_is_said(
    lightbench, tmp_path
):
    file = tmp_path / "doctor.json"
    answer = lightbench("doctor", "--device", "cuda", "-o", file)
    assert (answer.code, answer.out) == (4, "")
    assert "no cuda device here" in answer.err
    assert f"wrote {file}" in answer.err
    assert json.loads(file.read_text())["usable"] is False
