"""MindSpore's networks, each a Cell, named by their file: counted through the export that MindSpore makes."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mindspore_cells import SHUFFLENET_V1, built, process_as_before, with_mindspore, written

import lightbench as lb
from lightbench.errors import LightbenchError, ModelError, UsageError
from lightbench.graphs import CELL, readers
from lightbench.graphs.support.cells import CellNetwork, is_cell, is_cell_class, seeded
from lightbench.runner.identity import structure_of


@pytest.fixture(autouse=True)
def _as_before():
    with process_as_before():
        yield


@pytest.fixture
def small(tmp_path):
    return written(tmp_path)


def test_a_cell_is_known_by_its_class_and_mindspore_is_not_imported_for_that():
    base = type("Cell", (), {"__module__": "mindspore.nn.cell"})
    net = type("Net", (base,), {})
    assert is_cell_class(net)
    assert is_cell(net())
    assert not is_cell(net)  # it is no network yet
    other = type("Optimizer", (), {"__module__": "mindspore.nn.optim"})  # its own, and no network
    assert not any(map(is_cell, (torch.nn.ReLU(), type("Cell", (), {})(), other(), None)))


def test_one_that_is_handed_over_is_to_be_named_by_its_file():
    cell = type("Cell", (), {"__module__": "mindspore.nn.cell"})()
    with pytest.raises(UsageError, match="a Cell of MindSpore's") as raised:
        lb.count(cell)
    assert "path/file.py:Net" in raised.value.hint


def test_mindspore_runs_cells_and_those_that_read_its_export_run_that():
    assert readers(CELL) == ["mindspore"]


def test_where_mindspore_is_not_installed_the_file_says_what_it_lacks(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "mindspore", None)
    with pytest.raises(LightbenchError, match="mindspore"):
        built(small, "Net")


def test_without_mindspore_nothing_is_seeded(monkeypatch):
    monkeypatch.delitem(sys.modules, "mindspore", raising=False)
    with seeded():
        assert "mindspore" not in sys.modules


@with_mindspore
def test_a_cell_costs_what_the_formula_says(small):
    costs = lb.count(f"{small}:Net(16)", input="3x32x32").costs
    assert costs.madds == 16 * 16 * 16 * 27 + 16 * 10
    assert costs.stored_params == 16 * 27 + 4 * 16 + 16 * 10 + 10  # norms are not folded
    assert costs.params is None


@with_mindspore
def test_an_object_in_a_file_is_taken_as_it_is_and_each_batch_is_exported(small):
    assert isinstance(built(small, "net"), CellNetwork)
    one, four = (lb.count(f"{small}:net", input="3x32x32", batch=n).costs.madds for n in (1, 4))
    assert (one, four) == (4 * 256 * 27 + 40, 4 * (4 * 256 * 27 + 40))


@with_mindspore
def test_the_export_is_there_as_long_as_the_network(small):
    network = built(small, "Net")
    given = {"x": torch.zeros(1, 3, 8, 8)}
    read = network.reading("onnxruntime", (".onnx",), (), given)
    again = network.reading("onnxruntime", (".onnx",), (), given)
    assert read.model == again.model
    assert read.model.stat().st_size == read.size_bytes
    assert read.seconds > 0
    folder = Path(read.model).parent
    del network
    assert not folder.exists()


@with_mindspore
def test_weights_are_the_same_each_time_and_numpys_numbers_go_on(small):
    before = np.random.get_state()[1].copy()  # noqa: NPY002  it is this one that MindSpore seeds
    weights = [built(small, "Net").cell.conv.weight.asnumpy() for _ in range(2)]
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert np.array_equal(*weights)
    assert weights[0].std() > 0


@with_mindspore
@pytest.mark.parametrize(
    ("call", "args", "said"),
    [
        ("Net", (torch.zeros(1, 3, 8, 8), torch.zeros(1)), r"takes \(x\), and other inputs are"),
        ("Net", (), r"takes \(x\), and other inputs are given: missing"),
        ("Many", (torch.zeros(1),), "one tensor for each argument"),
        ("Net", (3,), "one tensor for each argument"),
    ],
)
def test_inputs_that_it_does_not_take_are_refused(small, call, args, said):
    with pytest.raises(UsageError, match=said):
        built(small, call).bound(args, {})


@with_mindspore
def test_inputs_may_be_named(small):
    one, two = torch.zeros(1), torch.ones(1)
    assert list(built(small, "Two").bound((one,), {"scale": two})) == ["image", "scale"]


@with_mindspore
def test_a_cell_that_does_not_fit_together_is_explained_by_mindspores_words(
    small, capfd, monkeypatch
):
    monkeypatch.chdir(small.parent)
    with pytest.raises(ModelError, match="Bad cannot be exported to ONNX by MindSpore.*Conv2D"):
        lb.count(f"{small}:Bad", input="3x32x32")
    assert capfd.readouterr() == ("", "")
    assert not list(small.parent.glob("rank_*"))  # MindSpore writes there what it has understood


@with_mindspore
def test_two_structures_are_told_apart(small):
    four, eight, again = (structure_of(built(small, f"Net({n})")) for n in (4, 8, 8))
    assert four != eight == again


@with_mindspore
def test_other_conventions_count_modules_of_pytorchs(small):
    with pytest.raises(UsageError, match="is a Cell of MindSpore's"):
        lb.count(f"{small}:net", input="3x32x32").convention("thop")


@pytest.mark.slow
@with_mindspore
def test_shufflenet_v1_as_tutorials_write_it_costs_what_the_papers_does(tmp_path):
    """A group is a convolution of its own there: other rows, and the same sums."""
    file = tmp_path / "shufflenet.py"
    file.write_text(SHUFFLENET_V1)
    costs = lb.count(f"{file}:ShuffleNetV1", input="3x224x224").costs
    ours = lb.count("shufflenet_v1_x1_0_g3").costs
    assert costs.madds == ours.madds
    assert costs.mem_access == ours.mem_access
    network = built(file, "ShuffleNetV1").cell
    params = sum(p.size for p in network.trainable_params())
    assert params == ours.params + 1000  # a bias of the classifier
