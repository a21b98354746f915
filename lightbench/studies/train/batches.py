"""Images in batches: in a random order with augmentation to learn from, all of them once to be tested on."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.distributed import DistributedSampler

from lightbench.datasets import Data, Images
from lightbench.datasets.support.preparation import Preparation, augmented, seen
from lightbench.studies.train import seeds
from lightbench.studies.train.settings import Settings
from lightbench.studies.train.together import Together

TEST_BATCH = 4  # times that of learning: nothing is kept for a backward pass


class Prepared(Dataset[tuple[Tensor, int]]):
    """Images of a data set as a network takes them, with the number of each one's class."""

    def __init__(self, images: Images, prepare: Callable[[Any], Tensor]) -> None:
        self.images = images
        self.prepare = prepare

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image, number = self.images[index]
        return self.prepare(image), int(number)


def learning(
    data: Data,
    images: Images,
    how: Preparation,
    settings: Settings,
    together: Together,
    *,
    pin: bool,
) -> tuple[DataLoader[Any], torch.Generator]:
    """For `loop.learn`; the order is the generator's, which an epoch seeds. Batches are whole, but where one is all that
    there is: a norm cannot learn from the single image that a last one may have."""
    order = torch.Generator()
    prepared = Prepared(images, augmented(how, mirrored=data.plugin.MIRRORED))
    sampler: DistributedSampler[Any] | None = None
    if together.devices > 1:
        sampler = DistributedSampler(
            prepared, together.devices, together.rank, seed=settings.seed, drop_last=True
        )
    loader = DataLoader(
        prepared,
        batch_size=min(settings.batch, len(images) // together.devices),
        shuffle=sampler is None,
        sampler=sampler,
        drop_last=True,
        generator=order,
        num_workers=settings.workers,  # started anew each epoch, so that one that is begun again draws the same
        pin_memory=pin,
        worker_init_fn=seed_worker if settings.workers else None,
    )
    return loader, order


def testing(images: Images, how: Preparation, settings: Settings, *, pin: bool) -> DataLoader[Any]:
    """For `loop.test`: each image once, the last batch as small as it is."""
    return DataLoader(
        Prepared(images, seen(how)),
        batch_size=TEST_BATCH * settings.batch,
        num_workers=settings.workers,
        pin_memory=pin,
    )


def seed_worker(_number: int) -> None:
    """PyTorch has seeded itself; what else augmentation may draw from follows it."""
    drawn = torch.initial_seed() % 2**32
    random.seed(drawn)
    np.random.seed(drawn)  # noqa: NPY002  users' augmentation draws from it


def begin(loader: DataLoader[Any], order: torch.Generator, seed: int, epoch: int) -> None:
    """All chance of an epoch follows from the seed and its number."""
    order.manual_seed(seeds.begin(seed, epoch))
    if isinstance(loader.sampler, DistributedSampler):
        loader.sampler.set_epoch(epoch)
