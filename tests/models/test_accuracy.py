"""Published accuracies are those of the papers and of torchvision; the reader's own are read with care."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from lightbench import registry
from lightbench.errors import MissingPackage, UsageError
from lightbench.models.accuracies import accuracies
from lightbench.models.accuracy import Accuracy, published, published_for, read_accuracy
from lightbench.models.torchvision import import_torchvision
from lightbench.models.torchvision_top1 import TOP1

TABLES = {
    family: table
    for family in registry.names("model family")
    if (table := registry.literal("model family", family, "TOP1"))
}


def own():
    return {name: figure for table in TABLES.values() for name, figure in table.items()}


@pytest.fixture
def figures(tmp_path):
    """A reader's file with this content."""

    def write(text, encoding="utf-8"):
        path = tmp_path / "own.csv"
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return path

    return write


@pytest.fixture(scope="module")
def torchvision_models():
    try:
        import_torchvision()
    except MissingPackage:
        pytest.skip("torchvision is not installed")
    return importlib.import_module("torchvision.models")


# Published.


@pytest.mark.parametrize(
    ("model", "error"),
    [
        # ShuffleNet V2, Table 8
        ("shufflenet_v2_x0_5", 39.7), ("shufflenet_v2_x1_0", 30.6),
        ("shufflenet_v2_x1_5", 27.4), ("shufflenet_v2_x2_0", 25.1),
        # ShuffleNet, Table 2
        ("shufflenet_v1_x0_5_g1", 45.1), ("shufflenet_v1_x1_0_g1", 33.6),
        ("shufflenet_v1_x1_0_g2", 32.7), ("shufflenet_v1_x1_0_g4", 32.8),
        # megvii-model/ShuffleNet-Series
        ("shufflenet_v1_x0_5_g3", 42.7), ("shufflenet_v1_x1_0_g3", 32.2),
        ("shufflenet_v1_x1_5_g3", 28.4), ("shufflenet_v1_x2_0_g3", 25.9),
        ("shufflenet_v1_x0_5_g8", 41.2), ("shufflenet_v1_x1_0_g8", 32.0),
        ("shufflenet_v1_x1_5_g8", 29.0), ("shufflenet_v1_x2_0_g8", 27.1),
    ],
)  # fmt: skip
def test_what_was_published_as_an_error_is_an_accuracy_here(model, error):
    assert published(model).top1 == pytest.approx(100 - error)


@pytest.mark.parametrize(
    ("model", "top1", "source"),
    [
        ("mobilenet_v1", 70.6, "Howard et al. 2017, Table 6"),
        ("mobilenet_v1_x0_25", 50.6, "Howard et al. 2017, Table 6"),
        ("convnet", 71.7, "Howard et al. 2017, Table 4"),
        ("mobilenet_v2", 72.0, "Sandler et al. 2018, Table 4"),
        ("mobilenet_v2_x1_4", 75.0, "github.com/tensorflow/models"),
        ("mobilenet_v2_x0_35", 60.3, "github.com/tensorflow/models"),
        ("mobilenet_v3_large", 75.2, "github.com/tensorflow/models"),
        ("mobilenet_v3_small_x0_75", 64.876, "github.com/d-li14/mobilenetv3.pytorch"),
        ("resnet18", 69.758, "torchvision"),
        ("torchvision:resnet18", 69.758, "torchvision"),
        ("torchvision:mobilenet_v3_large", 74.042, "torchvision"),
    ],
)
def test_a_figure_comes_with_its_source(model, top1, source):
    found = published(model)
    assert (found.top1, found.measured) == (top1, False)
    assert found.source.startswith(source)


@pytest.mark.parametrize(
    "model",
    [
        "mobilenet_v1_cifar", "shufflenet_v2_x1_0_cifar", "example_dense", "mobilenet_v3_small_2019",
        "net.py:Net", "resnet18.py:resnet18", "torchvision:efficientnet_b1", "torchvision:inception_v3",
        "torchvision:", "torchvision:no_such", "timm:resnet18", "stack:linear(c=64)", "", "TOP1",
    ],
)  # fmt: skip
def test_without_a_published_figure_there_is_none(model):
    assert published(model) is None


def test_every_figure_belongs_to_a_network_of_its_file_at_224():
    assert len(own()) == 39
    for family, table in TABLES.items():
        inputs = registry.literal("model family", family, "INPUTS") or {}
        assert set(table) <= set(registry.literal("model family", family, "VARIANTS"))
        assert not set(table) & set(inputs)
        for top1, source in table.values():
            assert 50 < top1 < 80
            assert source


def test_the_table_of_torchvision_is_what_the_installed_one_says(torchvision_models):
    """For every classifier whose first ImageNet weights see 224x224."""
    found = {}
    for name in torchvision_models.list_models(module=torchvision_models):
        for weights in torchvision_models.get_model_weights(name):
            if weights.name == "IMAGENET1K_V1" and weights.transforms().crop_size == [224]:
                found[name] = weights.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert found == TOP1


def test_figures_that_are_torchvisions_are_in_its_table():
    names = {name: name.removesuffix("_halves") for name, (_, s) in own().items() if "torchv" in s}
    assert len(names) == 10
    for ours, theirs in names.items():
        assert own()[ours][0] == TOP1[theirs]


def test_looking_one_up_imports_no_torch():
    code = (
        "import sys; from lightbench.models.accuracy import published\n"
        "assert published('resnet18') and published('torchvision:resnet18')\n"
        "sys.exit(' '.join({'torch', 'torchvision'} & set(sys.modules)) or 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_published_figure_holds_at_224_only(make_record):
    assert published_for(make_record("resnet18")).top1 == 69.758
    assert published_for(make_record("resnet18", shape=(3, 192, 192))) is None
    assert published_for(make_record("net.py:Net")) is None


def test_the_readers_figure_goes_first_and_holds_for_any_input(make_record):
    mine = {"resnet18": Accuracy(71.0, "my run", measured=True)}
    for shape in ((3, 224, 224), (3, 192, 192)):
        record = make_record("resnet18", shape=shape)
        assert accuracies([record], mine).of(record) is mine["resnet18"]


@pytest.mark.parametrize(
    ("figure", "kind"),
    [(Accuracy(70.0, "a paper"), "published"), (Accuracy(70.0, "me", measured=True), "own"),
     (Accuracy(70.0, "best.pt", measured=True, images=355), "measured")],
)  # fmt: skip
def test_a_figure_says_where_it_comes_from(figure, kind):
    assert figure.kind == kind


@pytest.mark.parametrize("top1", [-0.1, 100.1, float("nan"), float("inf")])
def test_an_accuracy_is_a_percentage(top1):
    with pytest.raises(ValueError):
        Accuracy(top1, "somewhere")


# The reader's own.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_of_figures_is_read(figures, encoding):
    path = figures("model,top1,source\nresnet18, 71.5 ,my run\nnet.py:Net,0,\n\n", encoding)
    assert read_accuracy(path) == {
        "resnet18": Accuracy(71.5, "my run", measured=True),
        "net.py:Net": Accuracy(0.0, "given by the reader", measured=True),
    }


def test_columns_may_stand_in_any_order_and_the_source_be_left_out(figures):
    assert read_accuracy(figures("top1,note,model\n71.5,x,a\n")) == {
        "a": Accuracy(71.5, "given by the reader", measured=True)
    }


def test_a_figure_may_be_on_another_data_set(figures):
    found = read_accuracy(figures("model,top1,data\na,91.2,CIFAR-10\nb,70,\n"))
    assert (found["a"].data, found["b"].data) == ("CIFAR-10", "ImageNet")


def test_a_name_with_a_comma_is_quoted(figures):
    found = read_accuracy(figures('model,top1\n"net.py:Net(8, width=0.5)",60\n'))
    assert list(found) == ["net.py:Net(8, width=0.5)"]


@pytest.mark.parametrize("top1", ["", "x", "71.5%", "-1", "100.01", "nan", "inf", "7,1"])
def test_what_is_no_percentage_is_named_with_its_line(figures, top1):
    path = figures(f'model,top1\na,50\nb,"{top1}"\n')
    with pytest.raises(UsageError, match="own.csv, line 3: .* is no accuracy"):
        read_accuracy(path)


@pytest.mark.parametrize("row", [",50", "a,50,more", "  ,50"])
def test_rows_that_do_not_fit_are_named_with_their_line(figures, row):
    with pytest.raises(UsageError, match="own.csv, line 3: a model, its top-1"):
        read_accuracy(figures(f"model,top1\nb,50\n{row}\n"))


def test_a_model_that_is_there_twice_is_refused(figures):
    with pytest.raises(UsageError, match="own.csv, line 3: 'a' is there twice"):
        read_accuracy(figures("model,top1\na,50\na,60\n"))


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "no column model and no column top1"),
        ("a,b\n1,2\n", "no column model"),
        ("model\na\n", "no column top1"),
    ],
)
def test_a_file_without_its_heading_is_refused(figures, text, missing):
    with pytest.raises(UsageError, match=missing):
        read_accuracy(figures(text))


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00m", b'model,top1\n"a,50\n', b"model,top1\n\xe9,5\n"]
)
def test_a_file_of_another_kind_is_refused(figures, content):
    with pytest.raises(UsageError, match="own.csv is no CSV file"):
        read_accuracy(figures(content))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="none.csv: No such file"):
        read_accuracy(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="Is a directory"):
        read_accuracy(tmp_path)
