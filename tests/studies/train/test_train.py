"""A training: what it leaves, that it can be repeated, and that one which was stopped ends as if it had not been."""

from __future__ import annotations

import inspect
import json
import shutil
import subprocess
import sys
import time

import msgspec
import pytest
import torch
from small_classifier import Small
from torch import nn

import lightbench as lb
from lightbench.errors import ModelError, UsageError
from lightbench.models import weights
from lightbench.studies.train import checkpoint

QUICK = {"data": "digits", "input": "1x8x8", "epochs": 3, "batch": 96, "lr": 0.05, "threads": 1}


def digest(file):
    return weights.read(str(file)).digest


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return again(tmp_path_factory.mktemp("trained"))


def again(folder, **changes):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = Small()
    return lb.train(network, folder=folder, **{**QUICK, **changes})


# What it leaves.


def test_it_learns(trained):
    """One digit in ten is right by chance."""
    assert trained.best.test_accuracy > 0.5
    assert trained.epochs[-1].loss < trained.epochs[0].loss


def test_in_its_folder_are_the_best_weights_the_last_state_and_a_log(trained):
    assert sorted(p.name for p in trained.folder.iterdir()) == ["best.pt", "last.pt", "log.jsonl"]
    lines = (trained.folder / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]
    assert json.loads(lines[0])["loss"] == trained.epochs[0].loss


def test_the_weights_have_beside_them_what_predicting_needs(trained):
    about = json.loads(weights.read(str(trained.weights)).about)
    assert about["classes"] == list("0123456789")
    assert about["preparation"]["side"] == 8
    assert (about["data"], about["seed"]) == ("digits", 0)


def test_the_best_weights_are_those_of_the_best_epoch(trained):
    """Tested by hand, all images at once."""
    from lightbench import datasets
    from lightbench.datasets.support.preparation import seen

    split = datasets.find("digits").split(train=False)
    prepare = seen(trained.about.preparation)
    x = torch.stack([prepare(split.images[i][0]) for i in range(len(split.images))])
    y = torch.tensor([split.images[i][1] for i in range(len(split.images))])
    network = Small().eval()
    network.load_state_dict(weights.read(str(trained.weights)).tensors)
    with torch.no_grad():
        right = (network(x).argmax(1) == y).float().mean().item()
    assert right == pytest.approx(trained.best.test_accuracy)


def test_a_table_has_a_row_for_each_epoch_and_of_many_people_see_a_few(trained):
    assert [row[0] for row in trained.view.table.rows] == [1, 2, 3]
    many = tuple(
        msgspec.structs.replace(
            trained.epochs[0], epoch=i + 1, test_accuracy=0.9 if i == 4 else 0.5
        )
        for i in range(40)
    )
    view = type(trained)(trained.folder, trained.about, many).view
    assert len(view.table.rows) == 40
    assert [row[0] for row in view.folded.rows] == [5, *range(30, 41)]


def test_the_curves_are_drawn(trained):
    from lightbench.studies.train.curves import curves

    panels = curves(trained.about, trained.epochs).axes
    assert len(panels) == 3
    assert list(panels[2].lines[0].get_ydata()) == [e.lr for e in trained.epochs]
    with pytest.raises(UsageError, match="nothing to draw"):
        curves(trained.about, ())


def test_losses_that_differ_much_are_on_a_logarithmic_axis_and_others_on_a_plain_one(trained):
    """A plain one would hide the small ones; a logarithmic one of 1.7 to 2.3 has no round number but 2."""
    from lightbench.studies.train.curves import curves

    def scale(*losses):
        epochs = [
            msgspec.structs.replace(trained.epochs[0], epoch=i, loss=loss, test_loss=loss)
            for i, loss in enumerate(losses, 1)
        ]
        return curves(trained.about, epochs).axes[0].get_yscale()

    assert scale(2.3, 1.7) == "linear"
    assert scale(2.3, 0.4) == "log"


def test_its_filters_can_be_looked_at(trained):
    from lightbench.studies.layers.filters import filters

    (first,) = filters(
        Small(), ["layers"], weights=str(trained.weights), input="1x8x8"
    ).convolutions
    learned = weights.read(str(trained.weights)).tensors["layers.0.weight"]
    tiles = torch.as_tensor(first.filters.tiles)
    assert len(tiles) == 8
    darkest, lightest = learned.flatten(1).sum(1).argsort()[[0, -1]]
    assert tiles[darkest].float().mean() < tiles[lightest].float().mean()


# The same again.


def test_one_seed_gives_the_same_weights_twice_and_another_gives_others(trained, tmp_path):
    assert digest(again(tmp_path / "a").weights) == digest(trained.weights)
    assert digest(again(tmp_path / "b", seed=1).weights) != digest(trained.weights)


def test_what_the_caller_has_seeded_goes_on_as_it_was(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    again(tmp_path, epochs=1)
    assert torch.equal(torch.rand(1), expected)


HOWS = [
    {},
    {"optimizer": "adamw", "schedule": "cosine:warmup=1", "ema": 0.9, "clip": 1.0},
    {"schedule": "plateau:patience=1", "label_smoothing": 0.1, "workers": 1},
    {"schedule": "multistep", "amp": "bfloat16"},
]


@pytest.mark.parametrize("how", HOWS)
def test_stopped_after_an_epoch_and_resumed_it_ends_with_the_very_weights(how, tmp_path):
    whole = again(tmp_path / "whole", **how)

    class Stopped(Exception):
        pass

    def stop(epoch, _step):
        if epoch == 1:
            raise Stopped

    with pytest.raises(Stopped):
        again(tmp_path / "parts", **how, progress=stop)
    assert len(checkpoint.read(tmp_path / "parts/last.pt").epochs) == 1
    resumed = again(tmp_path / "parts", **how, resume=True)
    assert digest(resumed.weights) == digest(whole.weights)
    assert digest(tmp_path / "parts/last.pt") == digest(tmp_path / "whole/last.pt")
    for one, other in zip(resumed.epochs, whole.epochs, strict=True):
        assert (one.loss, one.test_loss, one.lr) == (other.loss, other.test_loss, other.lr)


@pytest.mark.slow
def test_a_command_that_is_killed_anywhere_and_resumed_ends_with_the_very_weights(tmp_path):
    """Held against one that was trained in one go, from Python."""
    shutil.copy(inspect.getfile(Small), tmp_path / "net.py")
    words = (
        "--data digits --input 1x8x8 --epochs 6 --batch 96 --lr 0.05 --threads 1 -q --folder parts"
    )
    program = (sys.executable, "-m", "lightbench", "train", "net.py:Small", *words.split())
    log, said = tmp_path / "parts/log.jsonl", tmp_path / "said"
    with said.open("w") as errors:
        how = {"cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": errors}
        begun = subprocess.Popen(program, **how)
        until = time.monotonic() + 120
        while not log.exists() or log.read_text().count("\n") < 2:
            assert time.monotonic() < until
            time.sleep(0.01)
        begun.kill()
        begun.wait()
        time.sleep(0.5)  # its child ends with it
        code = subprocess.run([*program, "--resume"], timeout=120, **how).returncode
    assert code == 0, said.read_text()
    whole = lb.train(
        f"{tmp_path}/net.py:Small", folder=tmp_path / "whole", **{**QUICK, "epochs": 6}
    )
    assert digest(tmp_path / "parts/last.pt") == digest(whole.folder / "last.pt")


# What cannot be.


def test_a_folder_that_holds_a_training_is_not_written_over(trained):
    with pytest.raises(UsageError, match="holds a training already") as refused:
        again(trained.folder)
    assert "--resume" in refused.value.hint


def test_a_training_that_was_told_otherwise_is_not_gone_on_with(trained):
    with pytest.raises(UsageError, match=r"has lr 0\.05, and asked for is 0\.1"):
        again(trained.folder, resume=True, lr=0.1)
    with pytest.raises(UsageError, match=r"has ema unsaid, and asked for is 0\.9"):
        again(trained.folder, resume=True, ema=0.9)
    assert len(again(trained.folder, resume=True).epochs) == 3  # it is done: nothing is left


def test_a_checkpoint_that_is_damaged_or_runs_code_is_said(tmp_path):
    (tmp_path / "last.pt").write_bytes(b"PK")
    with pytest.raises(UsageError, match="is no checkpoint"):
        again(tmp_path, resume=True)
    assert again(tmp_path, force=True, epochs=1).epochs


def test_learning_that_diverges_stops_with_the_step_and_what_to_do(tmp_path):
    with pytest.raises(ModelError, match=r"diverged: the loss is (nan|inf) in epoch 1, step \d+\.") as said:  # fmt: skip
        again(tmp_path, lr=1e25)
    assert "lower --lr" in said.value.hint


def test_it_stops_early_where_nothing_gets_better(tmp_path):
    found = again(tmp_path, lr=1e-30, epochs=9, patience=2)
    assert [e.epoch for e in found.epochs] == [1, 2, 3]


def test_an_accuracy_is_of_every_test_image_once(trained):
    """355 are for testing: the last batch of 96 x 4 is not whole, and not left out."""
    right = [e.test_accuracy * 355 for e in trained.epochs]
    assert right == pytest.approx([round(r) for r in right])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": "letters"}, "no data set is called 'letters'"),
        ({"input": "1x8x9"}, "takes no square image"),
        ({"epochs": 0}, "epochs is a whole number"),
        ({"schedule": "fast"}, "no schedule is called 'fast'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_trained(changes, said, tmp_path):
    with pytest.raises(UsageError, match=said):
        again(tmp_path / "new", **changes)
    assert not (tmp_path / "new").exists()


def test_a_network_that_ends_in_softmax_learns_and_it_is_said_that_it_should_not(tmp_path):
    """The least loss of ten classes is then log(e + 9) - 1 = 1.461."""
    network = nn.Sequential(Small(), nn.Softmax(1))
    found = lb.train(network, folder=tmp_path, **{**QUICK, "epochs": 1})
    assert "cannot fall below 1.46," in found.warnings[0]
    assert found.warnings[0] in found.view.table.sentences
    assert again(tmp_path / "other", epochs=1).warnings == ()
