"""Data sets as they lie on a disk, of pictures that a network can tell apart: a class has its own colour, in noise."""

from __future__ import annotations

import gzip
import pickle
import struct

import numpy as np
from PIL import Image

CIFAR10 = {True: tuple(f"data_batch_{i}" for i in range(1, 6)), False: ("test_batch",)}
CIFAR100 = {True: ("train",), False: ("test",)}


def pictures(count, classes=10, *, side=32, seed=0):
    """N x side x side x 3 bytes and N labels, each class as often as the others."""
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    colours = np.random.default_rng(1).integers(40, 216, (classes, 1, 1, 3))
    noise = draw.integers(-40, 40, (count, side, side, 3))
    return (colours[labels] + noise).astype(np.uint8), labels


def rows(pixels, labels, *, coarse=False):
    """CIFAR's binary layout: 1 label byte (CIFAR-100: coarse, fine), then 1024 of red, of green and of blue."""
    planes = pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1)
    heads = [labels // 5, labels] if coarse else [labels]
    return np.column_stack([*heads, planes]).astype(np.uint8).tobytes()


def write_cifar10(root, each=20, *, test=None):
    """``cifar-10-batches-bin`` below ``root``: five files to learn from of so many images, and one to test on.
    CIFAR-10 itself has 10,000 in each of six."""
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for i, name in enumerate((*CIFAR10[True], *CIFAR10[False])):
        count = each if name != "test_batch" or test is None else test
        (folder / f"{name}.bin").write_bytes(rows(*pictures(count, seed=i)))
    return folder


def write_cifar100(root, train=200, test=100):
    """``cifar-100-binary`` below ``root``."""
    folder = root / "cifar-100-binary"
    folder.mkdir(parents=True)
    for seed, (name, count) in enumerate((("train", train), ("test", test))):
        (folder / f"{name}.bin").write_bytes(rows(*pictures(count, 100, seed=seed), coarse=True))
    (folder / "fine_label_names.txt").write_text("".join(f"name{i}\n" for i in range(100)))
    return folder


def write_pickled(root, name, files, *, key="labels", classes=10, each=20):
    """CIFAR's Python version: dictionaries of N x 3072 bytes and labels. Gives the MD5 of each file."""
    from hashlib import md5

    folder = root / name
    folder.mkdir(parents=True)
    sums = {}
    for seed, file in enumerate(files):
        pixels, labels = pictures(each, classes, seed=seed)
        content = {"data": pixels.transpose(0, 3, 1, 2).reshape(each, -1), key: labels.tolist()}
        (folder / file).write_bytes(pickle.dumps(content))
    named = [f"name{i}" for i in range(classes)]
    for meta, its in (("batches.meta", "label_names"), ("meta", "fine_label_names")):
        (folder / meta).write_bytes(pickle.dumps({its: named}))
    for file in folder.iterdir():
        sums[file.name] = md5(file.read_bytes()).hexdigest()
    return sums


def idx(values):
    """MNIST's layout: two zeros, 8 for bytes, how many axes, the length of each, all big-endian; then the bytes."""
    values = np.asarray(values, dtype=np.uint8)
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def mnist_files(train=50, test=20, classes=10):
    """File -> content, of 28x28 pixels."""
    found = {}
    for part, count in (("train", train), ("t10k", test)):
        pixels, labels = pictures(count, classes, side=28)
        found[f"{part}-images-idx3-ubyte"] = idx(pixels[..., 0])
        found[f"{part}-labels-idx1-ubyte"] = idx(labels)
    return found


def write_mnist(root, kind="MNIST", **counts):
    """``MNIST/raw`` below ``root``, or ``FashionMNIST/raw``."""
    folder = root / kind / "raw"
    folder.mkdir(parents=True)
    for name, content in mnist_files(**counts).items():
        (folder / name).write_bytes(content)
    return folder


def packed(content):
    """As it is downloaded, always the same."""
    return gzip.compress(content, mtime=0)


def write_folders(
    root, classes=("cat", "dog"), each=3, *, parts=("train", "val"), suffix=".png", side=40
):
    """A folder for each class below those for learning and testing."""
    for part in parts:
        pixels, labels = pictures(each * len(classes), len(classes), side=side)
        for i, (image, label) in enumerate(zip(pixels, labels, strict=True)):
            file = root / part / classes[label] / f"{i}{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(file)
    return root
