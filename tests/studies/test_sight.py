"""What networks get to see of an image: with torchvision's own weights what torchvision shows them."""

from __future__ import annotations

import pytest
import torch
from colours import Colours, write_weights
from PIL import Image

import lightbench as lb
from lightbench.errors import ModelError
from lightbench.studies.learned import network_of
from lightbench.studies.sight import sight_of

torchvision = pytest.importorskip("lightbench.models.torchvision").import_torchvision()


@pytest.fixture
def published(monkeypatch):
    """torchvision's weights, as if they were downloaded."""
    from torchvision.models import _api

    torch.manual_seed(1)
    network = torchvision.models.squeezenet1_1().eval()
    asked = []

    def download(url, *_, **__):
        asked.append(url)
        return network.state_dict()

    monkeypatch.setattr(_api, "load_state_dict_from_url", download)
    network.asked = asked
    return network


def test_classes_and_transforms_of_torchvisions_weights_are_torchvisions_own(published, tmp_path):
    """Its answer is made by torchvision alone, of an image that is not square."""
    image = Image.effect_mandelbrot((300, 260), (-2, -1, 1, 1), 90).convert("RGB")
    image.save(tmp_path / "a.png")
    entry = torchvision.models.SqueezeNet1_1_Weights.DEFAULT
    with torch.inference_mode():
        shares, numbers = published(entry.transforms()(image)[None]).softmax(1)[0].topk(5)
    found = lb.predict(
        "torchvision:squeezenet1_1", tmp_path / "a.png", weights="torchvision:DEFAULT", top=5
    )
    assert published.asked == [entry.url]
    guesses = found.images[0].guesses
    assert [guess.number for guess in guesses] == numbers.tolist()
    assert [guess.name for guess in guesses] == [entry.meta["categories"][n] for n in numbers]
    assert [guess.probability for guess in guesses] == pytest.approx(shares.tolist(), rel=1e-4)
    assert "scaled to 256, cut to 224x224, mean 0.485 0.456 0.406" in found.made_ready
    assert not found.assumed


def test_what_stands_beside_weights_decides_whatever_the_network_takes(tmp_path):
    source = write_weights(tmp_path / "w.pt")
    known = network_of(Colours(), source, input="3x64x64", trusted=True)
    sight = sight_of(known)
    seen = sight.see(Image.new("RGB", (9, 7), (255, 51, 0)))
    assert seen.shape == (3, 4, 4)
    assert seen[:, 0, 0].tolist() == pytest.approx([1.0, 0.2, 0.0])
    assert sight.classes == ("red one", "green one", "blue one")
    assert not sight.assumed


def test_a_network_without_weights_is_the_same_each_time():
    one, other = (
        network_of("mobilenet_v1_cifar", None, input=None, trusted=True).network for _ in range(2)
    )
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_module_that_cannot_be_copied_is_said():
    class Locked(Colours):
        def __deepcopy__(self, memo):
            raise RuntimeError("no copies")

    with pytest.raises(ModelError, match="Locked cannot be copied: RuntimeError: no copies"):
        network_of(Locked(), None, input=None, trusted=True)
