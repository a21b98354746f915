"""torch.compile as an engine: the same numbers as eager, compiled for sure, and an error where not.

What needs no real kernels is tried with a backend of our own, which counts graphs and runs them as
they are: real ones take a C++ compiler seconds each.
"""

import warnings
from functools import partial

import pytest
import torch
from torch import nn
from torch._dynamo import config
from torch._inductor.exc import CppCompileError, InvalidCxxCompiler

import lightbench
from lightbench.engines import compile as engine
from lightbench.engines import eager
from lightbench.errors import MissingPackage, ModelError, NotAvailable, OutOfMemory


class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, width, 3), nn.BatchNorm2d(width)
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        return self.head(torch.relu(self.norm(self.conv(x))).mean((2, 3)))


class Branching(nn.Module):
    """Its way depends on its input's values: no single graph can hold it."""

    def forward(self, x):
        return x * 2 if x.sum() > 0 else x - 1


class Counting(nn.Module):
    """A Python number that changes from call to call, and so does the code made from it."""

    calls = 0

    def forward(self, x):
        self.calls += 1
        return x * self.calls


def image(size=8):
    return (torch.linspace(-1, 1, 3 * size * size).reshape(1, 3, size, size),)


def run(program):
    with program.context():
        return program.call()


@pytest.fixture
def graphs(monkeypatch):
    """The graphs that are compiled, by a backend that leaves them as they are."""
    found = []

    def backend(graph, _inputs):
        found.append(graph)
        return graph.forward

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    return found


def failing(monkeypatch, error):
    """Whatever is compiled now raises ``error``, as PyTorch's own backend would."""

    def backend(_graph, _inputs):
        raise error

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))


# The same numbers.


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_a_compiled_network_gives_what_eager_gives():
    torch.manual_seed(0)
    network = Net().eval()
    with torch.inference_mode():
        expected = network(*image(64))
    output = run(engine.prepare(network, image(64), mode="infer"))
    torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-4)
    assert output.is_inference()


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_a_compiled_training_step_has_the_loss_and_the_gradients_of_eager():
    torch.manual_seed(0)
    ours, theirs = Net(), Net()
    theirs.load_state_dict(ours.state_dict())
    losses = [run(engine.prepare(ours, image(), mode="train")),
              run(eager.prepare(theirs, image(), mode="train"))]  # fmt: skip
    torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-5)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_way_that_depends_on_values_is_taken_as_in_eager(sign, graphs):
    x = torch.full((3,), float(sign))
    output = run(engine.prepare(Branching(), (x,), mode="infer"))
    torch.testing.assert_close(output, Branching()(x))
    assert len(graphs) == 2  # a graph break: one before the branch, one after


def test_a_network_that_cannot_be_trained_is_called_by_its_own_name():
    with pytest.raises(ModelError, match="Branching has no parameter to train"):
        engine.prepare(Branching(), image(), mode="train")


# Compiled, once, and for sure.


def test_the_first_call_compiles_and_no_later_one_does(graphs):
    program = engine.prepare(Net(), image(), mode="infer")
    assert graphs == []
    for _ in range(3):
        run(program)
        with torch.autograd.profiler.profile(profile_memory=True):
            run(program)
    assert len(graphs) == 1


def test_shapes_are_fixed_also_after_others_of_the_same_network(graphs):
    """Left alone, PyTorch makes the second shape it sees of a piece of code a variable."""
    for size in (8, 16, 32):
        run(engine.prepare(Net(), image(size), mode="infer"))
    inputs = [n.meta["example_value"] for g in graphs for n in g.graph.find_nodes(op="placeholder")]
    images = [tuple(x.shape) for x in inputs if x.dim() == 4 and x.shape[0] == 1]
    assert images == [(1, 3, size, size) for size in (8, 16, 32)]
    assert all(type(n) is int for shape in images for n in shape)


def test_every_network_of_a_class_is_compiled_however_many_there_are(graphs):
    """PyTorch compiles a piece of code 8 times (its recompile_limit), then runs it in eager."""
    programs = [engine.prepare(Net(width), image(), mode="infer") for width in range(1, 12)]
    for program in programs + programs:
        run(program)
    assert len(graphs) == len(programs)


@pytest.mark.slow
def test_also_where_graph_breaks_make_them_share_their_code(graphs):
    for n in range(1, 12):
        run(engine.prepare(Branching(), (torch.ones(n),), mode="infer"))
    assert len(graphs) == 2 * 11


def test_what_the_caller_has_compiled_stays_compiled(graphs):
    network = Net().eval()
    theirs = torch.compile(network)
    with torch.inference_mode():
        theirs(*image())
        run(engine.prepare(Net(), image(), mode="infer"))
        theirs(*image())
    assert len(graphs) == 2


def test_code_that_never_settles_is_an_error_instead_of_eager(graphs, monkeypatch):
    monkeypatch.setattr(engine, "_RECOMPILES", 3)
    program = engine.prepare(Counting(), image(), mode="infer")
    with pytest.raises(ModelError, match="Counting is compiled anew call after call") as raised:
        for _ in range(5):
            run(program)
    assert "TORCH_LOGS=recompiles" in raised.value.hint
    assert len(graphs) == 3


def test_a_switched_off_compiler_is_an_error_instead_of_eager():
    with config.patch(disable=True), pytest.raises(NotAvailable, match="TORCH_COMPILE_DISABLE"):
        engine.prepare(Net(), image(), mode="infer")


def test_a_failure_is_an_error_also_for_those_who_suppress_them(monkeypatch):
    failing(monkeypatch, KeyError("inside"))
    program = engine.prepare(Net(), image(), mode="infer")
    with config.patch(suppress_errors=True):
        with pytest.raises(ModelError, match="Net cannot be compiled"):
            run(program)
        assert config.suppress_errors
        assert config.recompile_limit == 8


def test_nothing_is_compiled_for_a_device_that_runs_nothing(graphs):
    with torch.device("meta"):
        network, x = Net(), torch.empty(1, 3, 8, 8)
    for mode in ("infer", "train"):
        assert run(engine.prepare(network, (x,), mode=mode)).is_meta
    assert graphs == []


# What is missing is said, with the next step.


@pytest.mark.parametrize(
    ("error", "expected", "words", "next_step"),
    [
        (InvalidCxxCompiler(), MissingPackage, "no C++ compiler that works.", "Install g++"),
        (
            CppCompileError(["g++"], "In file x.h:\nx.h:1: fatal error: Python.h: No such file.\n"),
            NotAvailable, "this C++ compiler: x.h:1: fatal error: Python.h: No such file.", "python3-dev",
        ),
        (CppCompileError(["g++"], "killed"), NotAvailable, "cannot use this C++ compiler.", "g++ 9"),
        (type("TritonMissing", (RuntimeError,), {})(), MissingPackage, "triton", "pip install triton"),
        (type("GPUTooOldForTriton", (RuntimeError,), {})(), NotAvailable, "newer", "--engine eager"),
        (MemoryError(), OutOfMemory, "out of memory", "--batch"),
        (ValueError("odd\nand long"), ModelError, "Net cannot be compiled: ValueError: odd.", "--engine eager"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_with_the_next_step(error, expected, words, next_step, monkeypatch):
    failing(monkeypatch, error)
    program = engine.prepare(Net(), image(), mode="infer")
    with pytest.raises(expected) as raised:
        run(program)
    assert type(raised.value) is expected
    assert words in raised.value.message
    assert next_step in raised.value.hint


def test_what_a_network_itself_raises_passes_through(graphs):
    network = nn.Embedding(3, 2)
    with pytest.raises(IndexError, match="out of range"):
        run(engine.prepare(network, (torch.tensor([5]),), mode="infer"))


# Warnings.


def test_deprecations_inside_the_compiler_are_no_errors_under_w_error(monkeypatch):
    def backend(graph, _inputs):
        for category in (DeprecationWarning, FutureWarning):
            warnings.warn("old", category, stacklevel=1)
        return graph.forward

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(engine.prepare(Net(), image(), mode="infer"))


def test_calls_that_are_timed_leave_the_filters_alone(graphs):
    """A changed filter makes Python show again what it has shown: once for each timed block."""
    program = engine.prepare(Net(), image(), mode="infer")
    run(program)
    before = list(warnings.filters)
    with program.context():
        assert warnings.filters == before


# Through the front door.


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_eager_and_compile_are_profiled_side_by_side():
    found = lightbench.profile(
        Net(), engine=["eager", "compile"], input="3x8x8", seconds=0.05, threads=1
    )
    assert [(r.case.engine, r.status) for r in found.records] == [
        ("eager", "ok"),
        ("compile", "ok"),
    ]
    assert found.records[0].costs == found.records[1].costs


def test_without_a_compiler_the_case_fails_with_4_and_the_other_is_measured(monkeypatch):
    failing(monkeypatch, InvalidCxxCompiler())
    found = lightbench.profile(
        Net(), engine=["eager", "compile"], input="3x8x8", seconds=0.05, threads=1
    )
    assert [r.status for r in found.records] == ["ok", "failed"]
    assert found.records[1].failure.exit_code == 4


def test_the_null_device_takes_its_millisecond_compiled_or_not():
    found = lightbench.profile("mobilenet_v2", engine="compile", device="null", seconds=0.05)
    assert found.latency.median_s == 0.001
