"""OpenVINO's files cost what the same operators cost in ONNX, and what is no model is refused."""

from importlib.util import find_spec

import pytest

from lightbench.errors import ModelError
from lightbench.studies.count.api import count

pytest.importorskip("onnx", reason="needs onnx")
if not find_spec("openvino"):  # which we import without its telemetry
    pytest.skip("needs openvino", allow_module_level=True)

from onnx_files import value, weight, write

from lightbench.engines import openvino

IMAGE = (2, 8, 15, 11)
NODES = {
    "Conv": (("Conv", ["x", "w"], ["y"]), (6, 8, 3, 3)),
    "grouped Conv": (("Conv", ["x", "w"], ["y"], {"group": 2, "strides": [2, 2]}), (6, 4, 3, 3)),
    "depthwise Conv": (("Conv", ["x", "w"], ["y"], {"group": 8}), (8, 1, 3, 3)),
    "ConvTranspose": (("ConvTranspose", ["x", "w"], ["y"], {"strides": [2, 2]}), (8, 6, 4, 4)),
    "grouped ConvTranspose": (("ConvTranspose", ["x", "w"], ["y"], {"group": 2}), (8, 3, 4, 4)),
    "MatMul": (("MatMul", ["x", "w"], ["y"]), (11, 7)),
}


@pytest.mark.parametrize("name", NODES)
def test_an_operator_costs_the_same_as_in_onnx(tmp_path, name):
    node, shape = NODES[name]
    file = write(tmp_path / "net.onnx", [value("x", IMAGE)], [node], [weight("w", *shape)])
    openvino.save(file.read_bytes(), tmp_path / "net.xml")
    (a,), (b,) = (count(str(tmp_path / f"net.{end}")).layers for end in ("onnx", "xml"))
    for key in ("kind", "madds", "mem_access", "mem_bytes", "output", "groups"):
        assert getattr(a, key) == getattr(b, key), key


def test_an_open_batch_is_that_which_is_asked_for(tmp_path):
    node, shape = NODES["Conv"]
    file = write(tmp_path / "a.onnx", [value("x", ("N", 8, 5, 5))], [node], [weight("w", *shape)])
    openvino.save(file.read_bytes(), tmp_path / "net.xml")
    found = count(str(tmp_path / "net.xml"), batch=3)
    assert found.costs.madds == 3 * 6 * 9 * 72


@pytest.mark.parametrize(
    ("text", "weights", "said"),
    [
        ("hello", True, "it is no model of OpenVINO"),
        ("<net></net>", True, "OpenVINO says"),
        ("<net></net>", False, "its weights, net.bin, are not beside it"),
    ],
)
def test_what_is_no_model_is_refused_in_a_sentence(tmp_path, text, weights, said):
    (tmp_path / "net.xml").write_text(text)
    if weights:
        (tmp_path / "net.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=said):
        count(str(tmp_path / "net.xml"))


def test_weights_that_are_cut_off_are_refused(tmp_path):
    node, shape = NODES["Conv"]
    file = write(tmp_path / "a.onnx", [value("x", IMAGE)], [node], [weight("w", *shape)])
    openvino.save(file.read_bytes(), tmp_path / "net.xml")
    (tmp_path / "net.bin").write_bytes((tmp_path / "net.bin").read_bytes()[:100])
    with pytest.raises(ModelError, match="net.xml cannot be read: OpenVINO says: "):
        count(str(tmp_path / "net.xml"))
