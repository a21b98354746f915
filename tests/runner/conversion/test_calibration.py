"""int8 is calibrated on images that are named: what a network is given of them, and what the record says."""

import re

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image
from plain_engine import profile

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.records import Record
from lightbench.runner.conversion.calibration import said, samples
from lightbench.runner.reuse import _engine_as_it_was

IMAGE = ((torch.zeros(1, 3, 4, 4),), {})


@pytest.fixture
def photos(tmp_path):
    """Three images of one colour each, of which two are larger than they are high."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        Image.new("RGB", (8 + i, 8), colour).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def ready(tmp_path):
    """``ready(array)``: a file of inputs."""

    def written(numbers, name="ready.npy"):
        file = tmp_path / name
        if name.endswith(".npy"):
            np.save(file, numbers, allow_pickle=True)
        else:
            torch.save(numbers, file)
        return str(file)

    return written


def test_an_image_is_normalised_as_those_of_imagenet_are(photos):
    """(1 - 0.485) / 0.229 of full red, and (0 - 0.456) / 0.224 of no green, (0 - 0.406) / 0.225 of no blue."""
    first = next(samples(str(photos), IMAGE))[0][0]
    assert first.shape == (1, 3, 4, 4)
    assert first.dtype == torch.float32
    for channel, value in enumerate([0.515 / 0.229, -0.456 / 0.224, -0.406 / 0.225]):
        assert torch.allclose(first[0, channel], torch.tensor(value), atol=1e-5)


def test_the_middle_of_an_image_is_made_as_large_as_the_networks_input(tmp_path):
    wide = Image.new("RGB", (30, 10), (0, 0, 0))
    wide.paste((255, 255, 255), (8, 0, 22, 10))  # white in the middle, and somewhat beyond
    wide.save(tmp_path / "wide.png")
    (x,), _ = next(samples(str(tmp_path), ((torch.zeros(1, 3, 5, 5),), {})))
    assert x.shape == (1, 3, 5, 5)
    assert float(x.min()) > 2  # (1 - 0.485) / 0.229 = 2.2 and more


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1"])
def test_images_of_any_kind_are_taken_in_colour(mode, tmp_path):
    Image.new(mode, (6, 6)).save(tmp_path / ("image.tif" if mode == "CMYK" else "image.png"))
    (x,), _ = next(samples(str(tmp_path), IMAGE))
    assert x.shape == (1, 3, 4, 4)


def test_a_batch_takes_as_many_images_and_the_last_one_begins_again(photos):
    found = list(samples(str(photos), ((torch.zeros(2, 3, 4, 4),), {})))
    assert [args[0].shape for args, _ in found] == [(2, 3, 4, 4)] * 2
    red, green, blue = (args[0][0] for args, _ in samples(str(photos), IMAGE))
    assert torch.equal(found[0][0][0], torch.stack([red, green]))
    assert torch.equal(found[1][0][0], torch.stack([blue, red]))
    (args, _), *more = samples(str(photos), ((torch.zeros(5, 3, 4, 4),), {}))
    assert torch.equal(args[0], torch.stack([red, green, blue, red, green]))
    assert not more


def test_whole_numbers_beside_the_image_stay_and_are_no_one_elses(photos):
    ids, by_name = torch.tensor([4, 2]), torch.tensor([True])
    for args, keywords in samples(str(photos), ((ids,), {"x": IMAGE[0][0], "mask": by_name})):
        assert torch.equal(args[0], ids)
        assert args[0] is not ids
        assert keywords["mask"].item() is True
        assert keywords["x"].abs().sum() > 0


@pytest.mark.parametrize("name", ["ready.npy", "ready.pt"])
def test_inputs_that_are_ready_are_taken_as_they_are(ready, name):
    numbers = np.arange(5 * 2 * 3, dtype="float64").reshape(5, 2, 3)
    place = ready(numbers if name == "ready.npy" else torch.from_numpy(numbers), name)
    found = [args[0] for args, _ in samples(place, ((torch.zeros(1, 2, 3),), {}))]
    assert torch.equal(torch.cat(found), torch.from_numpy(numbers).float())
    assert re.fullmatch(rf"5 inputs of {name} \([0-9a-f]{{8}}\)", said(place))


def test_of_more_than_64_inputs_so_many_are_taken(ready):
    place = ready(np.arange(640, dtype="float32").reshape(640, 1))
    found = [args[0] for args, _ in samples(place, ((torch.zeros(1, 1),), {}))]
    assert torch.cat(found).reshape(-1).tolist() == [10.0 * i for i in range(64)]
    assert said(place).startswith("64 inputs of ready.npy (")


def test_what_is_said_is_how_many_of_which_folder_and_no_path(photos):
    assert re.fullmatch(r"3 images of photos \([0-9a-f]{8}\)", said(str(photos)))
    for file in list(photos.iterdir())[1:]:
        file.unlink()
    assert said(str(photos)).startswith("1 image of photos (")


# What is none.


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (np.zeros((2, 1, 4, 4), "float32"), "has inputs of 1x4x4, and the network takes 3x4x4"),
        (np.zeros((3, 4, 4), "float32"), "has inputs of 4x4, and the network takes 3x4x4"),
        (np.zeros((2, 3, 4, 4), "uint8"), "has uint8, and a network takes numbers that are normal"),
        (np.zeros((2, 3, 4, 4), "complex64"), "has complex64"),
        (np.zeros((0, 3, 4, 4), "float32"), "has no inputs: it is 0x3x4x4"),
        (np.float32(1), "has no inputs"),
        (np.full((2, 3, 4, 4), np.nan, "float32"), "has what is no number"),
        (np.array([{"a": 1}], dtype=object), "cannot read 'ready.npy' as inputs: ValueError: Obj"),
        (np.array(["a"]), "cannot read 'ready.npy' as inputs: TypeError"),
    ],
)
def test_inputs_that_no_network_takes_are_refused_with_what_they_are(numbers, words, ready):
    with pytest.raises(UsageError, match=words) as raised:
        list(samples(ready(numbers), IMAGE))
    assert raised.value.hint


class Trap:
    def __reduce__(self):
        return print, ("it ran",)


def test_nothing_in_a_file_is_run(ready, capsys):
    with pytest.raises(UsageError, match=r"cannot read 'ready\.pt' as inputs: UnpicklingError"):
        list(samples(ready(Trap(), "ready.pt"), IMAGE))
    with pytest.raises(UsageError, match=r"cannot read 'ready\.npy' as inputs"):
        list(samples(ready(np.array([Trap()], dtype=object)), IMAGE))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_an_image_that_is_none_is_named(content, photos):
    (photos / "1.png").write_bytes(content)
    with pytest.raises(UsageError, match=r"cannot read '1\.png' as an image: \w+: [^/]*$"):
        list(samples(str(photos), IMAGE))


def test_a_file_of_several_tensors_is_refused(ready):
    place = ready([torch.zeros(3, 4, 4)], "ready.pt")
    with pytest.raises(UsageError, match=r"ready\.pt has a list, and no tensor"):
        list(samples(place, IMAGE))


@pytest.mark.parametrize("shape", [(1, 1, 28, 28), (1, 8), (1, 3, 4), (1, 3, 4, 4, 4)])
def test_images_are_for_networks_of_images_in_colour(shape, photos):
    with pytest.raises(UsageError, match="has images, which are 3xHxW, and the network takes") as e:
        list(samples(str(photos), ((torch.zeros(shape),), {})))
    assert "a .npy file of Nx" in e.value.hint


@pytest.mark.parametrize("args", [(torch.zeros(1, 3, 4, 4), torch.zeros(1, 2)), (torch.tensor(1),)])
def test_a_network_of_several_inputs_of_numbers_or_of_none_is_refused(args, photos):
    with pytest.raises(UsageError, match=r"with one input of numbers, and this one takes [02]\."):
        list(samples(str(photos), (args, {})))


# In a profile.


@pytest.fixture
def numbers(engine, ready):
    """An engine that quantizes, and inputs for the network of its tests."""
    engine.DTYPES = ("float32", "int8")
    return ready(np.arange(12, dtype="float32").reshape(3, 4))


def test_an_engine_quantizes_from_what_is_named_and_the_record_says_so(engine, net, numbers):
    record = profile(net, dtype="int8", calibration=numbers)
    assert record.failure is None, record.failure
    assert [args[0].tolist() for args, _ in engine.samples] == [
        [[0, 1, 2, 3]], [[4, 5, 6, 7]], [[8, 9, 10, 11]],
    ]  # fmt: skip
    assert record.conversion.calibrated_on == said(numbers)
    assert record.case.calibration == numbers


def test_what_was_made_from_other_inputs_is_not_taken(engine, net, numbers, ready):
    assert not profile(net, dtype="int8", calibration=numbers).conversion.kept
    assert not profile(net, dtype="int8").conversion.kept
    assert profile(net, dtype="int8", calibration=numbers).conversion.kept
    ready(np.ones((3, 4), "float32"))
    assert not profile(net, dtype="int8", calibration=numbers).conversion.kept


def test_a_record_stands_as_long_as_the_inputs_are_what_they_were(engine, net, numbers, ready):
    record = profile(net, dtype="int8", calibration=numbers)
    assert _engine_as_it_was(record)
    content = np.load(numbers)
    ready(np.ones((3, 4), "float32"))
    assert not _engine_as_it_was(record)
    ready(content)
    assert _engine_as_it_was(record)
    gone = msgspec.structs.replace(record.case, calibration=f"{numbers}.npy")
    assert not _engine_as_it_was(msgspec.structs.replace(record, case=gone))


def test_several_are_so_many_cases_and_float32_is_one_without(engine, net, numbers, ready):
    other = ready(np.ones((1, 4), "float32"), "other.npy")
    records = lb.profile(
        net, engine="plain", input="4", dtype=["float32", "int8"], calibration=[numbers, other],
        seconds=0.05, rel=1.0, threads=1,
    ).records  # fmt: skip
    assert [(r.case.dtype, r.case.calibration) for r in records] == [
        ("float32", None), ("int8", numbers), ("int8", other),
    ]  # fmt: skip
    on = [r.conversion.calibrated_on for r in records]
    assert on == [None, said(numbers), said(other)]


def test_what_does_not_fit_the_network_is_a_row_with_its_reason(engine, net, ready):
    engine.DTYPES = ("float32", "int8")
    record = profile(net, dtype="int8", calibration=ready(np.ones((2, 5), "float32")))
    assert record.failure.message == "ready.npy has inputs of 5, and the network takes 4."
    assert record.failure.exit_code == 2


def test_a_record_with_one_can_be_written_and_read(make_record):
    record = make_record(dtype="int8", calibration="photos")
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
