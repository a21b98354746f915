"""A network whose arguments and answers are of all kinds, for engines that compile what torch.export gives."""

import torch
from torch import nn


class Mixed(nn.Module):
    """Takes an image, whole numbers and more by name, and answers with what holds three tensors."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.body = nn.Sequential(nn.AvgPool2d(3, 2, 1), nn.ReLU())

    def forward(self, x, unread, n, *, scale=2, shift=None):
        y = self.body(self.norm(self.conv(x))) * scale + shift
        return {"y": y, "more": (n + 1, y.mean((2, 3)))}


class Overwriting(nn.Module):
    def forward(self, x):
        return x.add_(1) * 2


class Looking(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum() > 0 else x - 1


def mixed():
    """It in training mode, its arguments, its keywords, and their tensors in order."""
    torch.manual_seed(0)
    args = (torch.rand(1, 3, 8, 8), torch.rand(2), torch.tensor([1, 2]))
    keywords = {"scale": 3, "shift": torch.ones(1, 4, 3, 3)}
    return Mixed().train(), args, keywords, [*args, keywords["shift"]]


def answers_for_what_is_there_now(program, network, args, keywords):
    """Called twice, with other values in the same tensors: does it say what the network does?"""
    for value in (None, 0.25):
        if value is not None:
            args[0].fill_(value)
            args[2].add_(5)
        with program.context():
            found = program.call()
        with torch.no_grad():
            right = network(*args, **keywords)
        for one, other in zip(found, (right["y"], *right["more"]), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
            assert not one.requires_grad
