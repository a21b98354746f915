"""Which cases are asked for, where some values of an axis are none of others: see also test_suite.py."""

from pathlib import Path

import pytest

from lightbench.errors import UsageError
from lightbench.runner.plan import plan

NET = "example_conv_g4"


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").touch()
    return str(tmp_path / "photos")


def asked(**axes):
    cases, _ = plan([NET], **axes)
    return [(case.engine, case.dtype, case.calibration) for case in cases]


def test_only_int8_is_calibrated_and_other_precisions_are_asked_for_once(photos):
    assert asked(
        engine=["onnxruntime", "openvino"], dtype=["float32", "int8"], calibration=[photos, None]
    ) == [
        (engine, dtype, place)
        for engine in ("onnxruntime", "openvino")
        for dtype, place in (("float32", None), ("int8", photos), ("int8", None))
    ]


def test_a_path_of_python_is_as_good_as_its_name(photos):
    (case,), _ = plan([NET], engine=["openvino"], dtype=["int8"], calibration=[Path(photos)])
    assert case.calibration == photos


def test_models_that_cannot_be_found_keep_their_places(photos):
    cases, errors = plan(
        ["nope", NET], engine=["openvino"], dtype=["float32", "int8"], calibration=[photos, None]
    )
    assert [case.model for case in cases] == ["nope"] * 3 + [NET] * 3
    assert sorted(errors) == [0, 1, 2]


def test_without_int8_there_is_nothing_to_calibrate(photos):
    with pytest.raises(UsageError, match="nothing here is in int8") as raised:
        plan([NET], engine=["openvino"], calibration=[photos])
    assert raised.value.hint == "Say --dtype int8, or leave it out."


def test_a_place_without_images_ends_the_plan(tmp_path):
    with pytest.raises(UsageError, match="there are no images in"):
        plan([NET], engine=["openvino"], dtype=["int8"], calibration=[str(tmp_path)])
    with pytest.raises(UsageError, match="calibration cannot be 3"):
        plan([NET], engine=["openvino"], dtype=["int8"], calibration=[3])
