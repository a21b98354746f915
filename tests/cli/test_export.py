"""`lightbench export`: a file that was loaded again and checked, and none that was there is lost."""

import json
from importlib.util import find_spec

import click.testing
import pytest
import torch
from torch import nn

from lightbench.cli.commands.export import command
from lightbench.engines import exports
from lightbench.errors import UsageError
from lightbench.records.outputs import Outputs
from lightbench.runner.conversion import export as made

for package in ("onnx", "onnxscript"):
    pytest.importorskip(package, reason=f"needs {package}")

NET = """
from torch import nn
class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Export a small network of a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret_place").mkdir()
    (tmp_path / "secret_place/net.py").write_text(NET)

    def export(*arguments):
        typed = ["secret_place/net.py:Net", "--input", "3x8x8", "--threads", "1", *arguments]
        return click.testing.CliRunner().invoke(command, typed, standalone_mode=False)

    return export


def needs(engine):
    return pytest.mark.skipif(not find_spec(engine), reason=f"needs {engine}")


def test_each_format_has_an_engine_and_a_suffix():
    known = exports()
    assert known["onnx"] == ("onnxruntime", (".onnx",))
    assert known["openvino"] == ("openvino", (".xml", ".bin"))
    assert known["ncnn"] == ("ncnn", (".param", ".bin"))


@pytest.mark.parametrize(
    ("to", "names"),
    [
        pytest.param("onnx", ["net.onnx"], marks=needs("onnxruntime")),
        pytest.param("openvino", ["net.xml", "net.bin"], marks=needs("openvino")),
    ],
)
def test_what_is_written_answers_as_the_network_and_names_no_file_of_its_source(
    run, tmp_path, to, names
):
    result = run("--to", to, "-o", names[0])
    assert result.exception is None
    assert result.return_value == 0
    assert result.stdout.startswith("outputs: same")
    assert f"wrote {' and '.join(names)}" in result.stderr
    for name in names:
        content = (tmp_path / name).read_bytes()
        assert b"net.py" not in content
        assert str(tmp_path).encode() not in content


@needs("onnxruntime")
def test_a_file_that_is_there_is_written_over_only_if_that_is_asked_for(run, tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"mine")
    result = run("--to", "onnx", "-o", "net.onnx")
    assert isinstance(result.exception, UsageError)
    assert "--force" in result.exception.hint
    assert (tmp_path / "net.onnx").read_bytes() == b"mine"
    assert run("--to", "onnx", "-o", "net.onnx", "--force").return_value == 0
    assert (tmp_path / "net.onnx").stat().st_size > 100


def test_the_weights_of_another_model_are_not_written_over_either(run, tmp_path):
    (tmp_path / "net.bin").write_bytes(b"mine")
    assert "'net.bin' is there already" in str(run("--to", "openvino", "-o", "net.xml").exception)


def test_a_suffix_of_another_format_is_refused(run):
    assert "Try -o net.onnx." in str(run("--to", "onnx", "-o", "net.xml").exception)


@needs("onnxruntime")
def test_a_file_that_answers_otherwise_is_said_to_and_is_an_exit_code(run, monkeypatch):
    wrong = Outputs(error=0.5, eager_error=1e-7)
    monkeypatch.setattr(made, "_answers", lambda *_: wrong)
    result = run("--to", "onnx", "-o", "net.onnx")
    assert result.return_value == 3
    assert result.stdout.startswith("outputs: differs")
    assert "it is not the same network" in result.stderr


@needs("onnxruntime")
def test_a_model_file_is_not_exported_again(run, tmp_path):
    run("--to", "onnx", "-o", "net.onnx")
    runner = click.testing.CliRunner()
    result = runner.invoke(command, ["net.onnx", "--to", "openvino", "-o", "a.xml"], standalone_mode=False)  # fmt: skip
    assert "net.onnx is a model file, and networks of PyTorch's are exported" in str(
        result.exception
    )


def test_what_is_written_beside_the_file_takes_nobodys_place_either(run, tmp_path):
    """ncnn's weights are called as OpenVINO's are."""
    (tmp_path / "net.bin").write_bytes(b"weights of net.xml")
    result = run("--to", "ncnn", "-o", "net.param")
    assert isinstance(result.exception, UsageError)
    assert "net.bin" in result.exception.message
    assert (tmp_path / "net.bin").read_bytes() == b"weights of net.xml"


def written(tmp_path, name="w.pt", **about):
    """Weights of the network, as `lightbench train` writes them, and what they make of a white image."""
    torch.manual_seed(7)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)
    )
    torch.save({"weights": network.state_dict(), **about}, tmp_path / name)
    with torch.inference_mode():
        return network.eval()(torch.ones(1, 3, 8, 8))


ABOUT = {
    "model": "net.py:Net", "data": "digits", "classes": list("01234"),
    "preparation": {"side": 8, "mean": [0.25] * 3, "std": [0.5] * 3},
}  # fmt: skip


@needs("onnxruntime")
def test_trained_weights_are_in_the_file_and_how_images_are_made_ready_is_said(run, tmp_path):
    import onnxruntime

    expected = written(tmp_path, about=json.dumps(ABOUT))
    result = run("--to", "onnx", "-o", "net.onnx", "--weights", "w.pt")
    assert result.exception is None
    assert result.stdout.startswith("outputs: same")
    assert "as in training on digits: 8x8, mean 0.250 0.250 0.250" in result.stderr
    session = onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {session.get_inputs()[0].name: torch.ones(1, 3, 8, 8).numpy()})
    torch.testing.assert_close(torch.from_numpy(answer), expected, rtol=1e-4, atol=1e-5)


@needs("onnxruntime")
def test_inputs_are_as_large_as_the_weights_were_trained_on(run, tmp_path):
    """The network's own are 3x224x224, for which its head has no weights."""
    import onnxruntime

    written(tmp_path, about=json.dumps(ABOUT))
    typed = ["secret_place/net.py:Net", "--to", "onnx", "-o", "net.onnx", "--weights", "w.pt"]
    result = click.testing.CliRunner().invoke(command, typed, standalone_mode=False)
    assert result.exception is None
    session = onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [1, 3, 8, 8]


def test_weights_that_do_not_fit_are_refused_and_nothing_is_written(run, tmp_path):
    torch.save({"0.weight": torch.ones(2)}, tmp_path / "w.pt")
    result = run("--to", "onnx", "-o", "net.onnx", "--weights", "w.pt")
    assert isinstance(result.exception, UsageError)
    assert "the weights do not fit secret_place/net.py:Net" in result.exception.message
    assert not (tmp_path / "net.onnx").exists()
