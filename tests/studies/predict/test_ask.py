"""Images are shown some at a time, and each gets its own answer."""

from __future__ import annotations

import weakref

import pytest
import torch
from PIL import Image

from lightbench.datasets.support.image_files import Found, NoImage, files_of
from lightbench.studies.predict.answers import answers
from lightbench.studies.predict.ask import show


def place(image):
    """An image's number, which is in its colours."""
    red, green, _ = image.getpixel((0, 0))
    return red * 256 + green


@pytest.fixture
def many(tmp_path):
    """A folder of 70 images, every tenth of which is damaged."""
    for i in range(70):
        file = tmp_path / f"{i:03}.png"
        Image.new("RGB", (2, 2), (i // 256, i % 256, 0)).save(file)
        if i % 10 == 3:
            file.write_bytes(file.read_bytes()[:40])
    return tmp_path


class Asker:
    def __init__(self):
        self.batches, self.alive, self.most = [], 0, 0

    def see(self, image):
        made = torch.tensor([float(place(image))])
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(made, self.gone)
        return made

    def gone(self):
        self.alive -= 1

    def ask(self, images):
        self.batches.append(len(images))
        rows = torch.nn.functional.one_hot(images[:, 0].long(), 70).float()
        return answers(rows, len(images), 1, "Net")


@pytest.mark.parametrize("batch", [1, 7, 32, 1000])
def test_each_image_gets_its_own_answer_and_memory_holds_a_batch(batch, many):
    asker = Asker()
    found = show(files_of([many]), asker.see, asker.ask, batch=batch, say=lambda _: None)
    assert [one.path.name for one in found.asked] == [f"{i:03}.png" for i in range(70)]
    for i, one in enumerate(found.asked):
        if i % 10 == 3:
            assert one.answer is None
            assert one.problem.startswith("is damaged: ")
        else:
            assert one.answer.classes == (i,)
    assert sum(asker.batches) == 63
    assert max(asker.batches) == min(batch, 63)
    assert asker.most <= batch + 1  # and the one that is made
    assert asker.alive == 0


def test_a_file_that_is_named_and_is_no_image_is_said_before_any_is_shown(many):
    (many / "n.txt").write_text("x")
    asker = Asker()
    with pytest.raises(NoImage, match=r"n.txt' is no image"):
        show(
            [*files_of([many]), Found(many / "n.txt", named=True)], asker.see, asker.ask,
            batch=1, say=lambda _: None,
        )  # fmt: skip
    assert asker.batches == []


def test_in_folders_what_is_no_image_is_skipped_unless_it_is_called_one(many):
    for name in ("a.txt", "b", "c.jpg"):
        (many / name).write_text("x")
    found = show(files_of([many]), Asker().see, Asker().ask, batch=8, say=lambda _: None)
    assert found.skipped == 2
    assert [one.problem for one in found.asked if one.path.name == "c.jpg"] == ["is no image"]
