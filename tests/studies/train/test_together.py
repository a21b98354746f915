"""Several processes that learn one network, and TensorBoard's files beside it."""

from __future__ import annotations

import inspect
import json
import shutil
import subprocess
import sys

import pytest
from small_classifier import Small

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.studies.train.together import Together, device_of, from_environment


def test_torchrun_says_which_process_this_is(monkeypatch):
    assert from_environment() == Together(0, 1, 0)
    for name, value in {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    assert from_environment() == Together(3, 4, 1)
    assert not from_environment().first


def test_each_process_has_a_device_of_its_own():
    assert device_of("npu", Together(3, 4, 1)) == "npu:1"
    assert device_of("cpu", Together(3, 4, 1)) == "cpu"
    assert device_of("cuda:2", Together()) == "cuda:2"
    with pytest.raises(UsageError, match="'cuda:2' is one"):
        device_of("cuda:2", Together(3, 4, 1))


@pytest.mark.slow
def test_two_processes_learn_together_and_one_of_them_writes(tmp_path):
    shutil.copy(inspect.getfile(Small), tmp_path / "net.py")
    words = (
        "train net.py:Small --data digits --input 1x8x8 --epochs 2 --batch 48 --lr 0.05 --threads 1"
    )
    run = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    done = subprocess.run(
        [*run, "-m", "lightbench", *words.split(), "--folder", "two", "--format", "json"],
        cwd=tmp_path, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    epochs = [json.loads(line) for line in (tmp_path / "two/log.jsonl").read_text().splitlines()]
    assert [e["epoch"] for e in epochs] == [1, 2]
    assert epochs[1]["test_accuracy"] > 0.2
    (answer,) = done.stdout.strip().splitlines() if done.stdout.count("\n") == 1 else [done.stdout]
    assert json.loads(answer)["epochs"] == epochs  # one process answers


def test_tensorboard_gets_scalars_the_graph_and_histograms(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = lb.train(
        Small(), data="digits", input="1x8x8", epochs=2, batch=96, lr=0.05, threads=1,
        folder=tmp_path, tensorboard=True,
    )  # fmt: skip
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    read = [event.value for event in events.Scalars("test_accuracy")]
    assert read == pytest.approx([e.test_accuracy for e in found.epochs])
    assert "layers.0.weight" in events.Tags()["histograms"]
    assert events.Tags()["graph"]
