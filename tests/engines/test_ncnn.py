"""ncnn as an engine: one image, float32, and none of the ways in which it answers wrongly or ends the process."""

import subprocess
import sys
from importlib.util import find_spec

import msgspec
import pytest
import torch
from torch import nn

if not (find_spec("ncnn") and find_spec("pnnx")):
    pytest.skip("ncnn or pnnx is not installed", allow_module_level=True)

from lightbench.engines import ncnn as engine
from lightbench.engines.ncnn import convert, load
from lightbench.errors import ModelError, UsageError
from lightbench.workers import journal


class Calls(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args, **keywords):
        return self.function(*args, **keywords)


def loaded(network, *inputs, threads=1, **keywords):
    tensors = [*inputs, *(x for x in keywords.values() if isinstance(x, torch.Tensor))]
    return load(convert(network, inputs, keywords), tensors, threads=threads)


def answer(program):
    with program.context():
        return program.call()


@pytest.mark.parametrize(
    "size", [7, 8]
)  # of channels whose ends lie apart, and of ones that follow on another
def test_a_call_answers_for_what_is_in_the_tensors_when_its_context_is_entered(size):
    x = torch.randn(1, 3, size, size)
    program = loaded(nn.ReLU(), x)
    for _ in range(2):
        (y,) = answer(program)
        assert torch.equal(y, x.relu())
        x.neg_()


def test_a_first_layer_that_works_in_place_neither_ends_the_process_nor_changes_the_input():
    """Over an array that is not its own ncnn reads a null pointer there: in a process of its own."""
    script = """
import torch
from torch import nn
from lightbench.engines.ncnn import convert, load
x = torch.tensor([[[[-1.0, 2.0]]]])
program = load(convert(nn.ReLU(inplace=True), (x.clone(),), {}), [x], threads=1)
with program.context():
    for _ in range(3):
        assert program.call()[0].tolist() == [[[[0, 2]]]]
assert x.tolist() == [[[[-1, 2]]]]
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_several_inputs_and_answers_of_any_form_keep_their_order_and_shapes():
    a, b = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4)

    def function(first, times, *, unused, more):
        pooled = torch.nn.functional.adaptive_avg_pool2d(first * times, 1)
        return {"sum": first + more["of"], "pooled": pooled}

    network = Calls(function)
    keywords = {"unused": torch.zeros(1, 2), "more": {"of": b}}
    model = convert(network, (a, 3), keywords)
    total, pooled = answer(load(model, [a, keywords["unused"], b], threads=1))
    assert torch.allclose(total, a + b)
    assert pooled.shape == (1, 3, 1, 1)
    assert torch.allclose(pooled, (3 * a).mean((2, 3), keepdim=True), atol=1e-6)


@pytest.mark.parametrize(
    ("x", "why"),
    [
        (torch.zeros(8, 3, 4, 4), "ncnn has no batch: .* is given 8x3x4x4"),
        (torch.zeros(4), "is given 4"),
        (torch.tensor(1.0), "is given a number"),
        (torch.zeros(1, 4, dtype=torch.int64), "inputs of float32 here, and is given int64"),
    ],
)
def test_what_it_would_read_as_something_else_is_refused_before_anything_is_converted(
    x, why, monkeypatch
):
    """Of a batch of 8 it makes one image of four dimensions, and no error."""
    monkeypatch.setattr(engine, "_trace", None)
    with pytest.raises(UsageError, match=why):
        convert(nn.ReLU(), (x,), {})
    with pytest.raises(UsageError, match=why):
        load(b"", [x], threads=1)


def test_weights_and_sums_are_of_float32():
    """1 + 2^-12 is 1 in float16, with whose weights and sums ncnn computes unless told."""
    network = nn.Conv2d(64, 2, 1, bias=False)
    nn.init.constant_(network.weight, 1 + 2**-12)
    x = torch.full((1, 64, 4, 4), 1 + 2**-12)
    (y,) = answer(loaded(network, x))
    assert torch.allclose(y, torch.full((1, 2, 4, 4), 64 * (1 + 2**-12) ** 2), rtol=1e-6)


def test_no_option_makes_it_compute_in_less_and_threads_are_as_many_as_it_is_told():
    x = torch.zeros(1, 2)
    file = msgspec.msgpack.decode(convert(nn.ReLU(), (x,), {}), type=engine._File)
    option = engine._loaded(file, 2).opt
    short = [name for name in dir(option) if name.startswith(("use_fp16", "use_bf16"))]
    assert len(short) >= 4
    assert not any(getattr(option, name) for name in short)
    assert (option.num_threads, option.use_vulkan_compute) == (2, False)


def test_grouped_convolutions_are_right():
    """With bfloat16 storage they are not a number."""
    network = nn.Sequential(nn.Conv2d(24, 24, 1, groups=12), nn.Conv2d(24, 36, 3, groups=3))
    x = torch.randn(1, 24, 6, 6)
    (y,) = answer(loaded(network, x))
    assert torch.allclose(y, network(x), atol=1e-5)


def test_an_operator_that_ncnn_has_not_is_named_and_nothing_is_loaded(capfd):
    with pytest.raises(ModelError, match=r"^ncnn has no aten::sort, which Calls needs"):
        convert(Calls(lambda x: x.sort(-1)[0]), (torch.randn(1, 8),), {})
    assert capfd.readouterr() == ("", "")


def test_a_network_that_cannot_be_traced_says_why():
    def fails(x):
        raise ValueError("seven is enough")

    with pytest.raises(ModelError, match="Calls cannot be traced: .*seven is enough"):
        convert(Calls(fails), (torch.zeros(1, 8),), {})


def test_a_program_that_fails_or_takes_too_long_is_an_error_with_its_last_words(
    monkeypatch, tmp_path
):
    import pnnx

    program = tmp_path / "pnnx"
    program.write_text("#!/bin/sh\necho it is not what it was\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(pnnx, "EXEC_PATH", str(program))
    with pytest.raises(ModelError, match="pnnx: exit code 3.\nit is not what it was"):
        convert(nn.ReLU(), (torch.zeros(1, 8),), {})
    program.write_text("#!/bin/sh\necho so far\nsleep 60\n")
    monkeypatch.setattr(journal, "patience_s", lambda: 0.2)
    with pytest.raises(ModelError, match="pnnx: it took longer than 0.2 s.\nso far"):
        convert(nn.ReLU(), (torch.zeros(1, 8),), {})
    program.write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(ModelError, match="pnnx: it made nothing"):
        convert(nn.ReLU(), (torch.zeros(1, 8),), {})


def test_nothing_is_printed_and_nothing_left_behind(capfd, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    x = torch.randn(1, 3, 8, 8)
    network = nn.Conv2d(3, 4, 3).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    answer(loaded(network, x))
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_files_that_ncnn_does_not_read_are_an_error(capfd):
    model = msgspec.msgpack.encode(engine._File("7767517\n1 1\nNone of ours 0 1 in0\n", b"", []))
    with pytest.raises(ModelError, match="does not read its own files"):
        load(model, [torch.zeros(1, 2)], threads=1)
    assert capfd.readouterr() == ("", "")


def test_inputs_that_are_numbered_otherwise_are_an_error_and_no_answer_about_nothing():
    """As by pnnx until 20260526, which left out an input that is not read."""
    x = torch.randn(1, 8)
    model = convert(nn.ReLU(), (x,), {})
    with pytest.raises(
        ModelError, match="has inputs in0 and answers out0, where the network has 2 and 1"
    ):
        load(model, [torch.zeros(1, 2), x], threads=1)


def test_answers_are_not_overwritten_by_later_calls():
    x = torch.randn(1, 3, 8, 8)
    program = loaded(nn.Conv2d(3, 4, 3).eval(), x)
    (first,) = answer(program)
    kept = first.clone()
    x.neg_()
    answer(program)
    assert torch.equal(first, kept)
