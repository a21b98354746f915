"""Files of weights, and what is taken for one: a sentence says what it is, and nothing in it is run."""

from __future__ import annotations

import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save, save_file

from lightbench.errors import UsageError
from lightbench.models.weight_files import content

STATE = {"conv.weight": torch.arange(6.0).view(2, 3)}


class Runs:
    """A pickle that writes a file where it is read."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return (open, (str(self.place), "w"))


def saved(path, **how):
    torch.save(STATE, path, **how)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors", "w"])
@pytest.mark.parametrize(
    "write",
    [
        lambda path: torch.save(STATE, path),
        lambda path: torch.save(STATE, path, _use_new_zipfile_serialization=False),
        lambda path: save_file(STATE, path),
    ],
)
def test_they_are_read_whatever_they_are_called(write, name, tmp_path):
    write(tmp_path / name)
    assert torch.equal(content(tmp_path / name)["conv.weight"], STATE["conv.weight"])


def test_safetensors_whose_head_is_as_long_as_a_pickle_begins_are_read(tmp_path):
    """A head of 128 bytes begins with 0x80, and so does a pickle. Names make it longer, to multiples of eight."""
    found = [save({"a" * n: torch.ones(1)}) for n in range(1, 128)]
    (tmp_path / "w.pt").write_bytes(next(one for one in found if one[0] == 0x80))
    assert len(content(tmp_path / "w.pt")) == 1


def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path):
    (tmp_path / "w.pt").write_bytes(pickle.dumps({"conv.weight": Runs(tmp_path / "ran")}))
    torch.save({"conv.weight": Runs(tmp_path / "ran")}, tmp_path / "zip.pt")
    (tmp_path / "ran").unlink(missing_ok=True)  # it ran where it was written
    for name in ("w.pt", "zip.pt"):
        with pytest.raises(UsageError, match="holds more than data, and may run code"):
            content(tmp_path / name)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("held", "said", "hint"),
    [
        (b"", "is empty", "Download"),
        (b'{"epoch": 1, "loss": 2.3}\n' * 50, "is text, and weights were expected", "safetensors"),
        ("größe,1\n".encode() * 100, "is text", "safetensors"),  # a letter may be cut by its end
        (b"cos\n", "is text", "safetensors"),
        (b"<!DOCTYPE html><title>404</title>", "is a web page", "Download the weights again"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS", "git lfs pull"),
        (b"\x89PNG\r\n\x1a\n", "is an image", "safetensors"),
        (bytes(400), "is no file of weights", "safetensors"),
        (b"\x08\x07\x12\x07pytorch\x1a", "is no file of weights", "safetensors"),  # ONNX
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_what_is_no_file_of_weights_is_said(held, said, hint, name, tmp_path):
    (tmp_path / name).write_bytes(held)
    with pytest.raises(UsageError, match=said) as refused:
        content(tmp_path / name)
    assert hint in refused.value.hint
    assert "more than data" not in refused.value.message


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.99])
@pytest.mark.parametrize("how", ["zip", "pickle", "safetensors"])
def test_one_that_is_cut_off_is_damaged(how, share, tmp_path):
    whole = save(STATE) if how == "safetensors" else saved(tmp_path / "a", _use_new_zipfile_serialization=how == "zip")  # fmt: skip
    (tmp_path / "w.pt").write_bytes(whole[: max(10, int(len(whole) * share))])
    with pytest.raises(UsageError, match="begins as a file of weights, and is damaged"):
        content(tmp_path / "w.pt")


def test_archives_of_something_else_are_said(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UsageError, match="is an archive without weights"):
        content(tmp_path / "w.pt")
    with zipfile.ZipFile(tmp_path / "jit.pt", "w") as archive:
        for name in ("net/data.pkl", "net/code/__torch__.py", "net/constants.pkl"):
            archive.writestr(name, "")
    with pytest.raises(UsageError, match="is TorchScript"):
        content(tmp_path / "jit.pt")


def test_a_file_that_is_not_there_and_a_folder_are_said(tmp_path):
    with pytest.raises(UsageError, match=r"there is no file .*missing\.pt"):
        content(tmp_path / "missing.pt")
    with pytest.raises(UsageError, match="is no file"):
        content(tmp_path)
