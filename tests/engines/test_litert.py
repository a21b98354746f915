"""LiteRT as an engine: a call answers for the tensors of now, and what XNNPACK has left is known.

``data/two_answers.tflite`` is what `convert` has made of ``Two`` with litert-torch 0.10.0.
"""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import nn

if not find_spec("ai_edge_litert"):
    pytest.skip("ai-edge-litert is not installed", allow_module_level=True)

from lightbench.engines import litert as engine
from lightbench.engines.litert import convert, left_outside, load, opened
from lightbench.engines.support import converters
from lightbench.errors import MissingPackage, ModelError

MODEL = (Path(__file__).parent / "data" / "two_answers.tflite").read_bytes()


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(2, 3, 3, padding=1)
        self.pool = nn.MaxPool2d(2, padding=1)

    def forward(self, x, n, *, unused=None, scale=2):
        return {"a": self.pool(torch.relu(self.conv(x))) * scale, "b": n + 1}


def inputs():
    return [torch.randn(1, 2, 6, 6), torch.arange(3), torch.zeros(7)]


def answer(program):
    with program.context():
        return program.call()


def test_a_call_answers_for_what_is_in_the_tensors_when_its_context_is_entered():
    """Channels come first, as in the network; whole numbers are 64 bits there and 32 here."""
    x, n, unused = inputs()
    program, network = load(MODEL, [x, n, unused], threads=1), Two().eval()
    for _ in range(2):
        images, numbers = answer(program)
        right = network(x, n)
        assert images.shape == right["a"].shape
        assert torch.allclose(images, right["a"], atol=1e-5)
        assert numbers.tolist() == right["b"].tolist()
        x.neg_()
        n.add_(10)


def test_calls_leave_the_input_in_place_and_answers_are_not_overwritten():
    program = load(MODEL, inputs(), threads=1)
    with program.context():
        first = program.call()[0]
        kept = first.clone()
        assert all(torch.equal(program.call()[0], kept) for _ in range(3))
    other = load(MODEL, inputs(), threads=1)
    answer(other)
    assert torch.equal(first, kept)


def test_an_input_that_is_none_of_the_networks_is_an_error_and_no_answer_about_nothing():
    with pytest.raises(ModelError, match="an input 'args_2', which is none of the network's"):
        load(MODEL, inputs()[:2], threads=1)


def test_threads_are_as_many_as_it_is_told_and_nothing_is_printed(monkeypatch, capfd):
    from ai_edge_litert import interpreter

    asked = []
    real = interpreter.Interpreter

    def spied(**how):
        asked.append(how["num_threads"])
        return real(**how)

    monkeypatch.setattr(interpreter, "Interpreter", spied)
    answer(load(MODEL, inputs(), threads=2))
    assert asked == [2]
    assert capfd.readouterr() == ("", "")


def test_operators_that_xnnpack_has_not_taken_over_are_counted():
    """Padding with what is not 0, as before a largest value, and sums of whole numbers."""
    assert sorted(left_outside(opened(MODEL, threads=1))) == [("ADD", 1), ("PADV2", 1)]


class Lists:
    """An interpreter's own list of operators."""

    def __init__(self, *operators):
        self.operators = operators

    def _get_ops_details(self):
        return [{"op_name": n, "inputs": i, "outputs": o} for n, i, o in self.operators]


def test_without_a_delegate_all_is_left_and_with_one_for_all_nothing():
    operators = [("CONV_2D", [0, 1], [2]), ("ADD", [2, 0], [3]), ("ADD", [3, -1], [4])]
    assert left_outside(Lists(*operators)) == (("ADD", 2), ("CONV_2D", 1))
    assert left_outside(Lists(*operators, ("DELEGATE", [0, 1], [4]))) == ()
    two = (("DELEGATE", [0, 1], [2]), ("DELEGATE", [3], [4]))
    assert left_outside(Lists(*operators, *two)) == (("ADD", 1),)


def test_without_its_converter_the_command_that_makes_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for ask in (engine.of_its_converter, lambda: convert(nn.ReLU(), (torch.zeros(1, 2),), {})):
        with pytest.raises(MissingPackage, match="an environment of its own") as raised:
            ask()
        assert "`lightbench converter litert`" in raised.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def converter():
    try:
        return converters.versions(engine.CONVERTER)
    except MissingPackage as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_a_network_is_converted_and_answers_as_it_did(converter, capfd):
    x, n, unused = inputs()
    network = Two().eval()
    model = convert(network, (x, n), {"unused": unused, "scale": 3}).model
    images, _ = answer(load(model, [x, n, unused], threads=1))
    assert torch.allclose(images, network(x, n, scale=3)["a"], atol=1e-5)
    assert capfd.readouterr() == ("", "")


def images(many):
    torch.manual_seed(0)
    return [((torch.rand(1, 3, 16, 16),), {}) for _ in range(many)]


@pytest.mark.slow
def test_it_quantizes_by_its_makers_tool_and_its_answers_are_near(converter, capfd):
    """What is handed over and answered stays float32, so that what that takes is in a call."""
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 1)).eval()
    samples = images(4)
    made = engine.quantize(network, samples)
    (x,), _ = samples[0]
    (said,) = answer(load(made.model, [x], threads=1, dtype="int8"))
    true = network(x).detach()
    assert said.dtype == torch.float32
    assert 0.001 < float((said - true).abs().max() / true.abs().max()) < 0.1
    interpreter = opened(made.model, threads=1)
    ends = (*interpreter.get_input_details(), *interpreter.get_output_details())
    assert {each["dtype"].__name__ for each in ends} == {"float32"}
    kinds = {each["dtype"].__name__ for each in interpreter.get_tensor_details()}
    assert "int8" in kinds
    assert made.left == ()
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_ranges_are_those_of_the_samples(converter):
    """Of inputs from 0 to 1 nothing beyond 1 can come out, and of ten times as large ones it can."""
    x = torch.full((1, 4), 5.0)

    def most(largest):
        samples = [((torch.linspace(0, largest, 4)[None],), {}) for _ in range(4)]
        model = engine.quantize(nn.Sequential(nn.Linear(4, 4), nn.ReLU()).eval(), samples).model
        return answer(load(model, [x], threads=1, dtype="int8"))[0]

    torch.manual_seed(0)
    narrow = most(1.0)
    torch.manual_seed(0)
    wide = most(10.0)
    assert float(narrow.abs().max()) < float(wide.abs().max())


@pytest.mark.slow
def test_whole_numbers_and_what_is_not_read_go_with_the_samples(converter):
    network, samples = Two().eval(), []
    for _ in range(3):
        x, n, unused = inputs()
        samples.append(((x, n), {"unused": unused, "scale": 3}))
    (x, n), _ = samples[0]
    model = engine.quantize(network, samples).model
    said, numbers = answer(load(model, [x, n, unused], threads=1, dtype="int8"))
    with torch.no_grad():
        true = network(x, n, scale=3)
    assert float((said - true["a"]).abs().max() / true["a"].abs().max()) < 0.2
    assert numbers.tolist() == true["b"].tolist()


def test_of_int8_the_version_of_its_quantizer_is_known_too(converter):
    wide, small = engine.of_its_converter(), engine.of_its_converter("int8")
    assert [one.partition(" ")[0] for one in wide] == ["litert-torch"]
    assert [one.partition(" ")[0] for one in small] == ["litert-torch", "ai-edge-quantizer"]


@pytest.mark.slow
def test_a_network_that_it_cannot_convert_is_an_error_with_the_converters_reason(converter):
    class Counts(nn.Module):
        def forward(self, x):
            return x.nonzero()

    with pytest.raises(
        ModelError, match=r"Counts cannot be converted: litert-torch: exit code 1.\n\w+Error: "
    ):
        convert(Counts(), (torch.ones(2, 2),), {})


def test_a_network_that_cannot_be_exported_says_why(monkeypatch):
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError("seven is enough")

    monkeypatch.setattr(engine, "of_its_converter", tuple)
    with pytest.raises(ModelError, match="Fails cannot be exported: .*seven is enough"):
        convert(Fails(), (torch.ones(2, 2),), {})
