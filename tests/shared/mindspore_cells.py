"""Networks of MindSpore's as files that define them: what they cost is known by formula, or by those of PyTorch's."""

import os
import sys
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

from lightbench.models import sources

with_mindspore = pytest.mark.skipif(
    not (find_spec("mindspore") and find_spec("onnx")), reason="needs mindspore and onnx"
)


@contextmanager
def process_as_before():
    """Importing MindSpore sets environment variables and the depth of recursion for good."""
    variables, depth = dict(os.environ), sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(depth)
        for name in os.environ.keys() - variables.keys():
            del os.environ[name]
        os.environ.update(variables)


def written(folder):
    """`SMALL` as a file."""
    file = folder / "small.py"
    file.write_text(SMALL)
    return file


def built(file, call):
    """A network of a file."""
    return sources.find(f"{file}:{call}").build()


SMALL = """
from mindspore import nn, ops

class Net(nn.Cell):
    def __init__(self, wide=8):
        super().__init__()
        self.conv = nn.Conv2d(3, wide, 3, 2, "pad", 1)
        self.norm = nn.BatchNorm2d(wide)
        self.relu = nn.ReLU()
        self.classifier = nn.Dense(wide, 10)
        self.mean = ops.ReduceMean()

    def construct(self, x):
        return self.classifier(self.mean(self.relu(self.norm(self.conv(x))), (2, 3)))

class Bad(nn.Cell):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3), nn.Conv2d(9, 8, 3)

    def construct(self, x):
        return self.second(self.first(x))

class Two(nn.Cell):
    def construct(self, image, scale):
        return image * scale, (image - scale,)

class Many(nn.Cell):
    def construct(self, *images):
        return images[0]

net = Net(4)
"""

# As the paper has it, in the form in which tutorials write it: a group is a convolution of its own.
SHUFFLENET_V1 = """
from mindspore import nn, ops

STAGES = ((240, 4), (480, 8), (960, 4))

class GroupConv(nn.Cell):
    def __init__(self, wide_in, wide_out, groups):
        super().__init__()
        self.groups = groups
        convs = [nn.Conv2d(wide_in // groups, wide_out // groups, 1) for _ in range(groups)]
        self.convs = nn.CellList(convs)

    def construct(self, x):
        parts = ops.split(x, x.shape[1] // self.groups, axis=1)
        made = ()
        for i in range(self.groups):
            made = made + (self.convs[i](parts[i]),)
        return ops.cat(made, axis=1)

class Block(nn.Cell):
    def __init__(self, wide_in, wide_out, groups, stride, first):
        super().__init__()
        self.groups, self.stride = groups, stride
        narrow = wide_out // 4
        self.main_1 = nn.SequentialCell(
            GroupConv(wide_in, narrow, 1 if first else groups), nn.BatchNorm2d(narrow), nn.ReLU())
        out = wide_out - wide_in if stride == 2 else wide_out
        self.main_2 = nn.SequentialCell(
            nn.Conv2d(narrow, narrow, 3, stride, "pad", 1, group=narrow), nn.BatchNorm2d(narrow),
            GroupConv(narrow, out, groups), nn.BatchNorm2d(out))
        self.pool = nn.AvgPool2d(3, 2, "same")
        self.relu = nn.ReLU()

    def construct(self, x):
        right = self.main_1(x)
        batch, wide, high, long = right.shape
        right = ops.reshape(right, (batch, wide // self.groups, self.groups, high, long))
        right = ops.reshape(ops.transpose(right, (0, 2, 1, 3, 4)), (batch, wide, high, long))
        right = self.main_2(right)
        if self.stride == 2:
            return self.relu(ops.cat((self.pool(x), right), axis=1))
        return self.relu(x + right)

class ShuffleNetV1(nn.Cell):
    def __init__(self, groups=3, classes=1000):
        super().__init__()
        self.stem = nn.SequentialCell(
            nn.Conv2d(3, 24, 3, 2, "pad", 1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(3, 2, "same"))
        blocks, wide = [], 24
        for out, repeats in STAGES:
            for i in range(repeats):
                blocks.append(Block(wide, out, groups, 1 if i else 2, wide == 24))
                wide = out
        self.features = nn.SequentialCell(blocks)
        self.pool = nn.AvgPool2d(7)
        self.classifier = nn.Dense(wide, classes)

    def construct(self, x):
        x = self.pool(self.features(self.stem(x)))
        return self.classifier(ops.reshape(x, (x.shape[0], -1)))
"""
