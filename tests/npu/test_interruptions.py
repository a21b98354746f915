"""What is interrupted or killed while it measures on an NPU keeps the records that were finished."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest
from npu_runs import lines, profile, read

# interruptions


def workers(process):
    """The processes that measure, which the one that runs the command has started."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.Error):
            found += [child.pid] if "lightbench.runner.worker" in child.cmdline() else []
    return found


def until(condition, process, limit_s=60):
    end = time.monotonic() + limit_s
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def started(npu_environment, fork_servers, tmp_path):
    """``lightbench profile`` of a network that is slow on the second device, in the background."""
    store, notes = tmp_path / "records.jsonl", tmp_path / "notes.txt"
    environment = npu_environment(SIMCANN_DEVICES=2, NOTES=notes)
    command = [sys.executable, "-P", "-m", "lightbench", *profile("Slow", device="npu:0,1")]
    command += ["--seconds", "60"]
    with fork_servers.popen(
        [*command, "--rel", "0.5", "--store", store],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        process.store, process.notes = store, notes
        yield process
        process.kill()


def is_measuring_the_second(process):
    return lines(process.notes).count("npu:1 1") > 15


def test_ctrl_c_keeps_the_records_that_were_finished(started):
    until(lambda: is_measuring_the_second(started), started)
    os.killpg(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=20)
    assert started.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    first, *rest = read(started.store)
    assert (first.case.device, first.samples.stop) == ("npu:0", "converged")
    assert all(r.samples.stop == "interrupted" for r in rest)


def test_ctrl_c_while_the_process_that_measures_starts_is_no_failure(started):
    until(lambda: workers(started), started)
    time.sleep(1)
    os.killpg(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=20)
    assert started.returncode == 130
    assert "interrupted" in said
    assert "ended early" not in said


def test_a_process_that_is_killed_is_said_at_once(started):
    until(lambda: is_measuring_the_second(started), started)
    (worker,) = workers(started)
    os.kill(worker, signal.SIGKILL)
    _, said = started.communicate(timeout=20)
    assert started.returncode == 4
    assert "the process that measures on npu:1 ended early: killed by SIGKILL." in said
    assert "Traceback" not in said
    assert [r.case.device for r in read(started.store)] == ["npu:0"]
