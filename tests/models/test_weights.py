"""Weights from files of every origin: what fits is taken, and what does not is said in a sentence."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lightbench.errors import UsageError
from lightbench.models import weights


class Small(nn.Module):
    def __init__(self, wide=4, classes=3):
        super().__init__()
        self.conv = nn.Conv2d(3, wide, 3)
        self.norm = nn.BatchNorm2d(wide)
        self.head = nn.Linear(wide, classes)


@pytest.fixture
def state():
    torch.manual_seed(3)
    return Small().state_dict()


def same(network, state):
    return all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"state_dict": s, "epoch": 3},
        lambda s: {"model": {f"module.{k}": v for k, v in s.items()}, "optimizer": {"state": {}}},
        lambda s: {f"_orig_mod.{k}": v for k, v in s.items()},
        lambda s: {"module." + k: v for k, v in s.items()} | {"n_averaged": torch.tensor(7)},
    ],
)
def test_weights_are_found_as_others_keep_them(wrap, state, tmp_path):
    torch.save(wrap(state), tmp_path / "w.pt")
    network = Small()
    weights.fit(network, weights.read(str(tmp_path / "w.pt")), "Small")
    assert same(network, state)


def test_safetensors_are_read_and_have_the_digest_of_the_same_weights_elsewhere(state, tmp_path):
    save_file(state, tmp_path / "w.safetensors")
    torch.save(dict(reversed(state.items())), tmp_path / "w.pt")
    one, other = (weights.read(str(tmp_path / name)) for name in ("w.safetensors", "w.pt"))
    assert one.digest == other.digest
    other.tensors["head.bias"][0] += 1
    assert weights.digest_of(other.tensors) != one.digest


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {}, torch.ones(3), {"state_dict": {}}])
def test_what_holds_no_weights_is_said(content, tmp_path):
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(UsageError, match=r"holds no weights: .* it has a (list|dict|Tensor)\."):
        weights.read(str(tmp_path / "w.pt"))


def test_what_holds_itself_has_an_end(tmp_path):
    content = {}
    content["model"] = content
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(UsageError, match="holds no weights"):
        weights.read(str(tmp_path / "w.pt"))


@pytest.mark.filterwarnings("ignore")  # PyTorch gives up quantized tensors
@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: torch.ones(3, device="meta"), "a of .* is without data"),
        (lambda: torch.ones(3).to_sparse(), "a of .* is sparse"),
        (lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "is quantized"),
    ],
)
def test_tensors_that_are_no_plain_numbers_are_said(made, said, tmp_path):
    torch.save({"a": made()}, tmp_path / "w.pt")
    with pytest.raises(UsageError, match=f"{said}, and no plain numbers"):
        weights.read(str(tmp_path / "w.pt"))


@pytest.mark.parametrize("before", ["model.", "backbone."])
def test_weights_of_a_network_that_was_part_of_another_fit(before, state):
    """Lightning keeps them as "model.conv.weight"."""
    network = Small()
    weights.fit(network, weights.Weights({before + k: v for k, v in state.items()}, None, ""), "x")
    assert same(network, state)


def test_weights_of_two_parts_of_another_network_do_not_fit(state):
    given = {f"model.{k}": v for k, v in state.items()} | {"loss.weight": torch.ones(3)}
    with pytest.raises(UsageError, match="8 of its 9 are missing"):
        weights.fit(Small(), weights.Weights(given, None, ""), "Small")


def test_what_does_not_fit_is_summed_up(state):
    del state["conv.weight"]
    state["extra"] = torch.ones(1)
    with pytest.raises(UsageError) as refused:
        weights.fit(Small(classes=5), weights.Weights(state, None, ""), "Small")
    assert refused.value.message == (
        "the weights do not fit Small: 1 of its 9 are missing (conv.weight); 1 of the file's 9 are not its own (extra);"
        " 2 of its 9 have another shape (head.weight 3x4 for 5x4, head.bias 3 for 5)."
    )


def test_of_many_the_first_are_named(state):
    with pytest.raises(UsageError, match=r"8 of its 9 are missing \(conv.weight, conv.bias, norm.weight, \.\.\.\)"):  # fmt: skip
        weights.fit(Small(), weights.Weights({}, None, ""), "Small")


def test_counters_of_norms_may_be_missing_as_in_old_files(state):
    old = {name: value for name, value in state.items() if "num_batches" not in name}
    network = Small()
    weights.fit(network, weights.Weights(old, None, ""), "Small")
    assert torch.equal(network.head.weight, state["head.weight"])


def test_published_weights_are_of_torchvisions_own_networks():
    with pytest.raises(
        UsageError, match="publishes weights of its own networks, and not of mobilenet_v2"
    ):
        weights.of_torchvision("mobilenet_v2", "DEFAULT")
    with pytest.raises(UsageError, match="It has: IMAGENET1K_V1") as refused:
        weights.of_torchvision("torchvision:resnet18", "IMAGENET9")
    assert "no weights 'IMAGENET9'" in refused.value.message
