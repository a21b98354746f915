"""A file that is no network that can be built: weights, scripts, other tools' models."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lightbench.errors import UsageError
from lightbench.graphs import format_of
from lightbench.models import sources
from lightbench.models.sources.other_files import OTHERS


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("name", ["best.pt", "best.pth", "my nets/best.CKPT", "model.safetensors"])
def test_weights_are_told_from_the_network_that_has_to_be_named(name, there, tmp_path):
    file = tmp_path / name
    if there:
        file.parent.mkdir(exist_ok=True)
        torch.save(nn.Linear(2, 2).state_dict(), file)
    with pytest.raises(UsageError, match="holds weights, and not the network") as raised:
        sources.find(str(file))
    assert "path/file.py:Class" in raised.value.hint
    assert raised.value.hint.endswith(f"--weights {file}.")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_script_is_told_from_weights_by_what_it_holds(tmp_path):
    file = tmp_path / "net.pt"
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), file)
    with pytest.raises(UsageError, match="is TorchScript") as raised:
        sources.find(str(file))
    assert "ONNX" in raised.value.hint


def test_a_file_that_only_ends_like_weights_is_taken_for_weights(tmp_path):
    file = tmp_path / "net.pt"
    file.write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(UsageError, match="holds weights"):
        sources.find(str(file))


@pytest.mark.parametrize("suffix", OTHERS)
def test_every_kind_of_file_says_what_it_is_and_what_to_name(suffix):
    assert format_of(f"net{suffix}") is None  # what can be read is not refused
    with pytest.raises(UsageError, match=f"'net{suffix}' (is|was|holds) ") as raised:
        sources.find(f"net{suffix}")
    assert raised.value.hint.startswith(("Name ", "Convert "))
