"""Training from Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import torch
from torch import nn

from lightbench import datasets, devices
from lightbench.datasets import Data, Split
from lightbench.datasets.support.preparation import preparation_of
from lightbench.devices import Device
from lightbench.errors import ModelError, UsageError
from lightbench.runner.control import Say, unsaid
from lightbench.runner.session import process_kept
from lightbench.studies.learned import About, Learned, check_classes, learned
from lightbench.studies.result import Shown
from lightbench.studies.train import batches, checkpoint, ending, log, making, seeds, together
from lightbench.studies.train.checkpoint import Epoch, Kept
from lightbench.studies.train.curves import curves
from lightbench.studies.train.settings import Amp, Settings
from lightbench.studies.train.table import train_view
from lightbench.studies.train.training import BEST, LAST, Progress, Training, best_of, run
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Trained(Shown):
    """What `train` made: ``folder`` has the weights with the best test accuracy (best.pt), all of where the training
    stood last (last.pt) and its log (log.jsonl); ``epochs`` are all of them, from the first."""

    folder: Path
    about: About
    epochs: tuple[Epoch, ...]
    warnings: tuple[str, ...] = ()

    @property
    def best(self) -> Epoch:
        """The first epoch with the highest test accuracy."""
        return best_of(self.epochs)

    @property
    def weights(self) -> Path:
        """The file with the weights of that."""
        return self.folder / BEST

    @property
    def view(self) -> View:  # type: ignore[override]
        return train_view(self.about, self.epochs, self.best, self.warnings)

    def plot(self) -> Figure:
        """Loss, accuracy and learning rate, epoch by epoch. Raises UsageError without epochs."""
        return curves(self.about, self.epochs)


def train(
    model: str | nn.Module,
    *,
    data: str,
    folder: str | Path,
    device: str = "cpu",
    threads: int | None = None,
    input: str | None = None,  # noqa: A002  the word of the command line
    weights: str | None = None,
    resume: bool = False,
    force: bool = False,
    tensorboard: bool = False,
    trusted: bool = True,
    epochs: int = 60,
    batch: int = 128,
    optimizer: str = "sgd",
    lr: float | None = None,
    schedule: str = "onecycle",
    label_smoothing: float = 0.0,
    amp: Amp = "float32",
    ema: float | None = None,
    clip: float | None = None,
    compile: bool = False,  # noqa: A002
    resize: int | None = None,
    seed: int = 0,
    workers: int = 0,
    patience: int | None = None,
    say: Say = unsaid,
    progress: Progress = lambda _epoch, _step: None,
) -> Trained:
    """Let a network learn a data set: "digits", "cifar10:PATH", "imagefolder:PATH".

    Its weights are drawn anew from ``seed``, or begin with those of a file, ``weights``; a module is itself trained, from
    those that it has. What it writes goes into the ``folder``, after each epoch. One that was stopped goes on with
    ``resume`` and ends with the very weights that it would have had, on the same machine with as many ``threads``;
    ``force`` begins anew in its folder. The settings are those of the command line; ``say`` is told what is done before
    the first step, and ``progress`` how far each epoch is, of which the first is 0.

    Raises UsageError for what does not go together, before anything is trained; ModelError for a loss that is no number;
    DeviceUnavailable, MissingPackage.
    """
    chosen = Settings(
        epochs=epochs, batch=batch, optimizer=optimizer, lr=lr, schedule=schedule, label_smoothing=label_smoothing,
        amp=amp, ema=ema, clip=clip, compile=compile, resize=resize, seed=seed, workers=workers, patience=patience,
    )  # fmt: skip
    found, folder = datasets.find(data), Path(folder)
    kept = _kept(folder, resume=resume, force=force)
    one_of = together.from_environment()
    where = devices.answering(together.device_of(device, one_of))
    splits = found.split(train=True), found.split(train=False)
    for split in splits:
        split.check(say)
    cores = threads or torch.get_num_threads()
    kind = where.torch_device.partition(":")[0]
    with (
        process_kept(),
        where.session(threads=cores) as active,
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True),
        together.joined(one_of, kind),
    ):
        seeds.begin(chosen.seed, -1)
        network = learned(model, weights, input=input, trusted=trusted)
        check_classes(network, found.name, splits[0].classes)
        doubt = ending.warning(network.network, network.input.shape, network.model)
        about = _about(network, found, splits[0], chosen, active)
        training = _training(
            folder, about, chosen, network.network, (found, *splits), where, one_of
        )
        if kept is not None:
            _take_up(training, kept)
        if tensorboard and one_of.first:
            training.board = log.Board(folder, len(training.epochs) + 1)
            image = torch.zeros(1, *network.input.shape, device=where.torch_device)
            training.board.graph(network.network, image)
        run(training, progress)
    return Trained(folder, about, training.epochs, (doubt,) if doubt else ())


def _kept(folder: Path, *, resume: bool, force: bool) -> Kept | None:
    """Where a training in this folder stood, to go on from. Raises UsageError for one that is there and was not
    expected."""
    if force or not (folder / LAST).exists():
        return None
    if not resume:
        raise UsageError(
            f"{str(folder)!r} holds a training already.",
            "Add --resume to go on with it, --force to begin anew, or name another --folder.",
        )
    return checkpoint.read(folder / LAST)


def _about(
    network: Learned, data: Data, learning: Split, settings: Settings, threads: int
) -> About:
    channels, side, _ = network.input.shape
    return About(
        model=network.model,
        data=data.name,
        classes=learning.classes,
        preparation=preparation_of(data, side=settings.resize or side, channels=channels),
        seed=settings.seed,
        settings={**msgspec.structs.asdict(settings), "threads": threads},
    )


def _training(
    folder: Path,
    about: About,
    settings: Settings,
    network: nn.Module,
    given: tuple[Data, Split, Split],
    where: Device,
    one_of: together.Together,
) -> Training:
    data, learning, testing = given
    device, how = torch.device(where.torch_device), about.preparation
    pin = device.type == "cuda"  # copies to others are not faster for it
    loader, order = batches.learning(data, learning.images, how, settings, one_of, pin=pin)
    learner = making.make(network, settings, device, one_of, steps=len(loader))
    tested = batches.testing(testing.images, how, settings, pin=pin)
    return Training(folder, about, settings, learner, loader, order, tested, one_of)


def _or_own(value: Any) -> Any:
    """A setting as it is said: None is what the optimiser, the network or nobody says."""
    return "unsaid" if value is None else value


def _take_up(training: Training, kept: Kept) -> None:
    """Raises UsageError for a training that was told something else, of which the first difference is named."""
    before, now = ({**msgspec.to_builtins(a), **a.settings} for a in (kept.about, training.about))
    for key, value in now.items():
        if key not in ("settings", "workers", "patience") and before.get(key) != value:
            raise UsageError(
                f"the training in {str(training.folder)!r} has {key} {_or_own(before.get(key))}, and asked for is"
                f" {_or_own(value)}.",
                "Ask for the same to go on, or begin anew with --force, or in another --folder with --weights of it.",
            )
    if not kept.epochs:
        raise ModelError("the checkpoint has no epochs.")
    checkpoint.restore(training.learner, kept)
    training.epochs = kept.epochs
