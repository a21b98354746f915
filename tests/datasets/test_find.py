"""What is written after --data, and what of it is told before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightbench import datasets, registry
from lightbench.errors import UnknownName, UsageError


def test_a_name_alone_names_no_folder():
    data = datasets.find("digits")
    assert (data.name, data.place, data.text) == ("digits", None, "digits")


def test_a_folder_follows_the_first_colon_and_may_have_more():
    data = datasets.find("cifar10:/data/a:b")
    assert (data.name, data.place) == ("cifar10", Path("/data/a:b"))
    assert data.text == "cifar10:/data/a:b"


def test_the_home_of_the_user_may_be_a_tilde(monkeypatch):
    monkeypatch.setenv("HOME", "/home/x")
    assert datasets.find("mnist:~/data").place == Path("/home/x/data")


def test_a_colon_that_nothing_follows_is_refused():
    with pytest.raises(UsageError, match="no folder follows the colon") as raised:
        datasets.find("cifar10:")
    assert raised.value.hint == "Try cifar10:PATH."


@pytest.mark.parametrize("text", ["", ":", "cfar10", "CIFAR10", "../digits", "support", "digits\0"])
def test_what_is_no_data_set_is_refused_with_where_to_look(text):
    with pytest.raises(UnknownName) as raised:
        datasets.find(text)
    assert "lightbench list data" in raised.value.hint


def test_a_name_that_is_nearly_one_is_told():
    with pytest.raises(UnknownName, match="Did you mean cifar10"):
        datasets.find("cfar10")


def test_a_folder_without_a_name_is_told_how_to_be_named(tmp_path):
    with pytest.raises(UnknownName) as raised:
        datasets.find(str(tmp_path))
    assert f"imagefolder:{tmp_path}" in raised.value.hint


@pytest.mark.parametrize("name", registry.names("data set"))
def test_channels_are_those_of_its_mean(name):
    grey = {"digits", "mnist", "fashionmnist"}
    assert datasets.find(name).channels == (1 if name in grey else 3)


@pytest.mark.parametrize("name", registry.names("data set"))
def test_only_what_stays_what_it_is_in_a_mirror_is_mirrored(name):
    """A mirrored 2 is no 2, and house numbers and digits are digits."""
    digits = {"digits", "mnist", "svhn"}
    assert datasets.find(name).plugin.MIRRORED is (name not in digits)


def test_what_the_operating_system_refuses_is_told_in_a_sentence(monkeypatch):
    data = datasets.find("digits")

    def refuse(_place, *, train):
        raise PermissionError(13, "Permission denied", "/data/x.bin")

    monkeypatch.setattr(data.plugin, "split", refuse)
    with pytest.raises(
        UsageError, match="digits cannot be read: .*Permission denied: '/data/x.bin'"
    ):
        data.split(train=True)


def test_images_that_are_in_memory_have_no_files_to_look_at():
    datasets.Split(images=[], classes=("a",)).check()
