"""A user's project in two versions, and what networks that are built of each give."""

from __future__ import annotations

import subprocess

import torch

from lightbench.models import sources
from lightbench.models.sources.source_trees import Tree, leaks, loaded_from
from lightbench.studies.check.checkout import checkout

OLD, NEW = 2.0, 3.0  # what each version multiplies by: a forward pass says which one it is

SCALE = "def scale(x):\n    return x * {factor}\n"
NET = """
from torch import nn
{imports}
class Net(nn.Module):
    def forward(self, x):
        return {scale}(x)
"""


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def git(folder, *arguments):
    names = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def net(imports, scale="scale"):
    return NET.format(imports=imports, scale=scale)


def built(model, tree):
    """The network of that version, run once as it must be; and that it leaks nothing."""
    with loaded_from(tree):
        network = sources.find(model).build()
        network(torch.ones(1))
        assert leaks(tree) == []
    return network


def factors(model, beside, order):
    """What the networks of the versions do after they have all been loaded and left."""
    with checkout("HEAD~1", beside) as old:
        trees = {"old": old, "new": Tree(old.instead_of, old.instead_of), "own": None}
        networks = [built(model, trees[name]) for name in order]
    return [float(network(torch.ones(1))) for network in networks]
