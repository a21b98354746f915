"""What a network ends in: the loss takes a softmax itself, and one too many is an error that learns all the same."""

from __future__ import annotations

import math

import torch
from torch import nn

from lightbench.studies.rows import are_probabilities


def warning(network: nn.Module, shape: tuple[int, ...], model: str) -> str:
    """Of a network whose answers are probabilities already: a loss that takes their softmax once more cannot fall
    below log(e + n - 1) - 1 for n classes, where all is right with certainty. "" for others."""
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        answers = network(torch.rand(4, *shape)).float()
    if answers.shape[1] < 2 or not are_probabilities(answers).all():
        return ""
    floor = math.log(math.e + answers.shape[1] - 1) - 1
    return (
        f"{model} ends in a softmax, and the loss takes one, too: it cannot fall below {floor:.3g}, and learning is slow."
        " Let the network answer without it."
    )
