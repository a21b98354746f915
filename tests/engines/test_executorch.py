"""ExecuTorch as an engine: what it answers, what it leaves to portable kernels, and the one pool of threads."""

import os
import sys
from types import SimpleNamespace

import pytest
import torch
from exported_nets import Looking, Overwriting, answers_for_what_is_there_now, mixed
from torch import nn

from lightbench.engines import executorch as engine
from lightbench.engines.executorch import convert, load
from lightbench.errors import MissingPackage, ModelError
from lightbench.process.streams import unheard
from lightbench.runner.conversion.converted import packages_of

try:
    MISSING = packages_of(engine) and ""
except MissingPackage as error:
    MISSING = error.message
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=MISSING)]


@pytest.fixture(scope="module")
def made():
    before = dict(os.environ)
    network, args, keywords, _ = mixed()
    with unheard():
        converted = convert(network, args, keywords)
    assert dict(os.environ) == before  # what its packages set is put back
    return converted


def test_a_call_answers_for_what_is_in_the_tensors_now(made):
    network, args, keywords, tensors = mixed()
    program = load(made.model, tensors, threads=1)
    answers_for_what_is_there_now(program, network.eval(), args, keywords)


def test_what_xnnpack_has_not_taken_is_told_with_its_module(made):
    found = {(row.op, row.path): row.count for row in made.left}
    assert found["avg_pool2d", "body.0"] == 1  # padded
    assert found["mean", ""] == 1  # it does not keep its dimensions
    assert not {op for op, _ in found} & {"convolution", "relu", "view"}
    assert {row.why for row in made.left} == {"outside XNNPACK"}


def test_threads_are_as_many_as_the_program_was_told_whatever_others_ask_for(made):
    from executorch.extension.pybindings import portable_lib

    _, _, _, tensors = mixed()
    programs = [(threads, load(made.model, tensors, threads=threads)) for threads in (1, 2, 1)]
    answers = []
    for threads, program in programs * 5:
        with program.context():
            answers.append(program.call()[0])
            assert portable_lib._threadpool_get_thread_count() == threads
    for answer in answers[1:]:
        torch.testing.assert_close(answer, answers[0])


def test_a_network_that_overwrites_its_input_is_refused():
    with pytest.raises(ModelError, match="Overwriting overwrites its input") as raised:
        convert(Overwriting(), (torch.ones(2),), {})
    assert raised.value.hint == "Try --engine eager."


class Inverse(nn.Module):
    def forward(self, x):
        return torch.linalg.inv(x)


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (Looking(), "Looking cannot be exported"),
        (Inverse(), "Inverse cannot be made an ExecuTorch program: .*linalg_inv"),
    ],
)
def test_what_cannot_be_converted_says_why_and_what_to_do(network, why):
    with pytest.raises(ModelError, match=why) as raised, unheard():
        convert(network, (torch.eye(2),), {})
    assert raised.value.hint == "Try --engine eager."


def test_what_its_kernels_cannot_run_says_so():
    x = torch.rand(1, 2, 5, 5, 5)
    with unheard():
        program = load(convert(nn.Conv3d(2, 3, 3), (x,), {}).model, [x], threads=1)
        with program.context(), pytest.raises(ModelError, match="ExecuTorch cannot run it: "):
            program.call()


def test_a_package_of_it_that_is_missing_comes_with_the_two_commands_that_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "executorch.exir", None)
    with pytest.raises(MissingPackage, match="executorch does not load: ") as raised:
        convert(nn.ReLU(), (torch.ones(2),), {})
    alone, _, others = raised.value.hint.partition(" && ")
    assert alone == 'pip install --no-deps "executorch>=1.5,<1.6" "torchao>=0.18,<0.19"'
    assert others.startswith("pip install ")
    assert all(f'"{name}>=' in others for name in ("flatbuffers", "ruamel.yaml", "tabulate"))


def test_operators_on_single_numbers_are_no_finding():
    from torch import fx

    graph = fx.Graph()
    x, number = graph.placeholder("x"), graph.placeholder("number")
    x.meta["val"], number.meta["val"] = torch.ones(4), torch.ones(())
    for given in (x, number):
        graph.call_function(torch.ops.aten.neg.default, (given,)).meta["val"] = given.meta["val"]
    graph.call_function(
        torch.add, (x, x)
    )  # no operator of a program: memory, a view, a part for XNNPACK
    graph.output(())
    (row,) = engine.off_path(SimpleNamespace(nodes=graph.nodes))
    assert (row.op, row.count, row.path) == ("neg", 1, "")


def test_it_quantizes_by_its_own_quantizer_and_its_answers_are_near():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 1)).eval()
    samples = [((torch.rand(1, 3, 16, 16),), {}) for _ in range(4)]
    with unheard():
        made = engine.quantize(network, samples)
        (x,), _ = samples[0]
        program = load(made.model, [x], threads=1, dtype="int8")
        with program.context():
            (said,) = program.call()
    true = network(x).detach()
    assert 0 < float((said - true).abs().max() / true.abs().max()) < 0.1


def test_its_arena_is_what_the_compiler_has_planned():
    """A pooling that XNNPACK does not take: its input, 4 x 16 x 16 numbers of 4 bytes, and its answer of 4 x 8 x 8."""
    x = torch.rand(1, 4, 16, 16)
    with unheard():
        made = convert(nn.AvgPool2d(3, 2, 1), (x,), {})
    assert [row.op for row in made.left] == ["avg_pool2d"]
    assert engine.arena(made.model, [x]) == 4 * (4 * 16 * 16 + 4 * 8 * 8)
