"""SVHN, as MATLAB's files."""

from __future__ import annotations

import sys
from hashlib import md5

import numpy as np
import pytest
from image_files import pictures

from lightbench import datasets
from lightbench.errors import MissingPackage, UsageError

io = pytest.importorskip("scipy.io")


@pytest.fixture
def houses(tmp_path, monkeypatch):
    """Small files whose checksums are made known; as in SVHN a zero is class 10."""
    from lightbench.models.torchvision import import_torchvision

    import_torchvision()
    from torchvision.datasets import SVHN

    known = {}
    for which, count in (("train", 30), ("test", 10)):
        pixels, labels = pictures(count)
        file = tmp_path / f"{which}_32x32.mat"
        io.savemat(
            file, {"X": pixels.transpose(1, 2, 3, 0), "y": np.where(labels, labels, 10)[:, None]}
        )
        known[which] = ["http://nowhere.invalid", file.name, md5(file.read_bytes()).hexdigest()]
    monkeypatch.setattr(SVHN, "split_list", known)
    return tmp_path


def test_a_zero_is_class_0(houses):
    found = datasets.find(f"svhn:{houses}").split(train=True)
    assert [found.images[i][1] for i in range(10)] == list(range(10))
    assert found.classes == tuple("0123456789")
    assert np.array_equal(np.asarray(found.images[0][0]), pictures(30)[0][0])
    assert len(datasets.find(f"svhn:{houses}").split(train=False).images) == 10


@pytest.mark.parametrize(("train", "file"), [(True, "train_32x32.mat"), (False, "test_32x32.mat")])
def test_a_file_that_is_missing_is_named_with_its_folder(train, file, houses):
    (houses / file).unlink()
    with pytest.raises(UsageError) as raised:
        datasets.find(f"svhn:{houses}").split(train=train)
    assert f"Put {file} of" in raised.value.hint
    assert f"into {houses}, then try --data svhn:{houses}." in raised.value.hint
    assert len(datasets.find(f"svhn:{houses}").split(train=not train).images)


def test_without_scipy_what_brings_it_is_told(houses, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(MissingPackage, match="scipy") as raised:
        datasets.find(f"svhn:{houses}").split(train=True)
    assert "scikit-learn" in raised.value.hint
