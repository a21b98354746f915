"""What lint shows, as a table and as data; where a network is defined; and lint in Python."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import OrderedDict
from dataclasses import replace

import pytest
import torch
from breaking import Block, chain, conv, look
from markdown_it import MarkdownIt
from torch import nn

from lightbench import registry
from lightbench.errors import UsageError
from lightbench.records import SCHEMA, Case, Environment, InputSpec, Record
from lightbench.studies.lint.api import lint as lint_model
from lightbench.studies.lint.find import find_all
from lightbench.studies.lint.linting import Linting, lint_view
from lightbench.studies.lint.source import places_of
from lightbench.studies.lint.verify import Saving
from lightbench.units import visible

# As a table and as data.


def linting(network, shape="8x10x10", model="Net", places=None, savings=None, card=None):
    found = look(network, shape, card)
    return Linting(looked_at(found, model), found, find_all(found), savings or {}, places)


def looked_at(found, model):
    """The record of a network before its findings are in it."""
    return Record(
        schema=SCHEMA,
        time="2026-01-02T03:04:05Z",
        case=Case(model=model, inputs=(InputSpec(shape=(8, 10, 10)),)),
        status="ok",
        environment=Environment(comparable={"threads": 2}, noted={}),
        costs=found.costs,
    )


def rows(view):
    keys = [column.key for column in view.table.columns]
    return [dict(zip(keys, row, strict=True)) for row in view.table.rows]


def test_a_finding_is_a_row_with_its_share_of_all_memory_access():
    """A convolution of 8 on 10 x 10 (800, 800, 576) and ReLU (800, 800): 1,600 of 3,776 elements."""
    (row,) = rows(lint_view(linting(Block(conv(8, 8, 3, padding=1), nn.ReLU()))))
    assert row["guideline"] == "G4"
    assert row["mem_bytes"] == 4 * 1600
    assert row["share"] == pytest.approx(1600 / 3776)
    assert row["estimate_s"] is row["measured_s"] is row["interval"] is row["file"] is None
    assert row["advice"]


def test_causes_are_of_all_findings_however_few_places_are_shown():
    made = linting(Block(conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()))
    for top in (1, 2, 20, None):
        view = lint_view(made, top)
        (listed,) = map(listed_as, view.above)
        assert [(row["cause"], row["places"], row["mem_bytes"]) for row in listed] == [
            ("norm", 1, 4 * 1632), ("activation", 1, 4 * 1600),
        ]  # fmt: skip
        assert len(view.table.rows) == min(top or 2, 2)
        assert len(view.data) == 2
        assert view.folded.rows == view.table.rows
    assert (
        "dearest 1 of 2 places, `lightbench lint --top` shows more"
        in lint_view(made, 1).folded.title
    )
    assert "--top" not in lint_view(made, 2).folded.title


def listed_as(table):
    return [table.named(row) for row in table.rows]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_advice_is_never_what_a_narrow_screen_leaves_out(width, card):
    """Numbers go first: that is what somebody reads lint for."""
    block = Block(conv(8, 64, 1), conv(64, 64, 1, groups=4), nn.BatchNorm2d(64), nn.ReLU())
    saving = Saving(seconds=0.002, low_s=0.001, high_s=0.003, block_s=0.010)
    view = lint_view(linting(block, card=card, savings={0: saving}))
    shown = registry.load("format", "table").render(view, width=width)
    assert len([line for line in shown.splitlines() if " advice" in line and "cause" in line]) == 2
    if width >= 80:
        assert "fold into its layer" in shown
        assert "one group, equal MAdds" in shown


def test_what_was_measured_stands_beside_the_finding_it_belongs_to():
    saving = Saving(seconds=0.002, low_s=0.001, high_s=0.003, block_s=0.010)
    network = Block(conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    view = lint_view(linting(network, savings={1: saving}))
    first, second = rows(view)
    assert first["measured_s"] is None
    assert (second["measured_s"], second["interval"]) == (0.002, "1.00 ms to 3.00 ms")
    assert view.data[1]["measured_low_s"] == 0.001
    assert view.data[1]["block_s"] == 0.010
    assert any(note.startswith("measured:") for note in view.table.notes)
    without = lint_view(linting(network, savings={1: replace(saving, low_s=None, high_s=None)}))
    assert rows(without)[1]["interval"] is None


def test_without_a_card_the_view_says_how_to_make_one_and_with_one_whose_it_is(card):
    network = chain(6)
    assert any("lightbench device-card" in n for n in lint_view(linting(network)).table.notes)
    notes = " ".join(lint_view(linting(network, card=card)).table.notes)
    assert "estimate: from the device card of batch 1, cpu, eager, float32" in notes
    assert "made 2026-01-02T03:04:05Z; not a measurement." in notes


def test_data_name_the_operators():
    (found,) = lint_view(linting(Block(conv(8, 8, 3, padding=1), nn.ReLU()))).data
    assert found["operators"] == [{"path": "layers.1", "op": "relu", "kind": "activation"}]
    assert found["model"] == "Net"
    assert (found["kind"], found["change"]) == ("activation", "fewer, or fusing engine")


@pytest.mark.parametrize("name", registry.names("format"))
def test_a_network_without_findings_and_one_without_operators_can_be_shown(name):
    for network in (nn.Identity(), nn.Sequential(conv(8, 8, 1))):
        shown = registry.load("format", name).render(lint_view(linting(network)))
        assert shown.endswith("\n") or (name, shown) == ("jsonl", "")


UGLY = ["<b>x", "a|b", "`", "![x](//e)", "\x1b[31m", "a\n::error::b", "net\u202ecod",
        "%0A", "x" * 300]  # fmt: skip


@pytest.mark.parametrize("text", UGLY, ids=ascii)
@pytest.mark.parametrize("name", registry.names("format"))
def test_hostile_names_of_layers_and_networks_are_only_text(name, text):
    block = Block(conv(8, 8, 1), nn.ReLU(), conv(8, 8, 1))
    network = nn.Sequential(OrderedDict([(text, block)]))
    view = lint_view(linting(network, model=text, places=lambda _path: (text, 3)))
    (row,) = rows(view)
    assert row["layer"] == text
    shown = registry.load("format", name).render(view)
    assert all(c == "\n" or c.isprintable() for c in shown)
    if name == "markdown":
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(shown)
        inline = [child for token in tokens for child in token.children or ()]
        assert {t.type for t in inline} <= {"text", "code_inline", "strong_open", "strong_close"}
        assert [t.type for t in tokens].count("table_open") == 2
    elif name == "html":
        assert "<b>x" not in shown
    elif name == "csv":
        (read,) = csv.DictReader(io.StringIO(shown, newline=""))
        assert read["layer"].lstrip("'") == visible(text)
    elif name == "json":
        assert [found["layer"] for found in json.loads(shown)] == [text]
    elif name == "github":
        assert shown.count("\n") == 1
        assert shown.startswith("::notice file=")


# Where a network is defined.


@pytest.fixture
def nets(tmp_path):
    """Nothing of it may run."""
    path = tmp_path / "nets.py"
    path.write_text(
        "raise SystemExit('it ran')\n"
        "\n"
        "@decorated\n"
        "class Net(Base):\n"
        "    class Inner: pass\n"
        "\n"
        "def factory(width): ...\n"
        "other = Net\n"
    )
    return path


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("Net", 4),
        ("Net(8, width=2)", 4),
        (" Net (8)", 4),
        ("factory(3)", 7),
        ("other", 1),  # made by no class or function of its own: the file
        ("Inner", 1),
        ("Missing", 1),
        ("", 1),
    ],
)
def test_the_line_is_that_of_the_class_or_function(call, line, nets):
    assert places_of(f"{nets}:{call}")("") == (str(nets), line)


LAYERS = """\
class Block(nn.Module):
    def __init__(self, c):
        self.conv1 = nn.Conv2d(c, c, 1)
        self.act: nn.Module = nn.ReLU()

class Wide(Block):
    def __init__(self, c):
        super().__init__(c)
        self.more = nn.Conv2d(c, c, 3)

class Round(Trip): pass
class Trip(Round): pass

class Net(nn.Module):
    def __init__(self):
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3),
            nn.BatchNorm2d(8),
        )
        self.body = nn.Sequential(*[Block(8) for _ in range(4)], nn.ReLU())
        self.list = nn.ModuleList([Wide(8),
            nn.Conv2d(8, 8, 1)])
        self.named = nn.Sequential(OrderedDict([
            ("first", nn.Conv2d(8, 8, 1)),
            ("second", Block(8)),
        ]))
        self.table = nn.ModuleDict({
            "a": nn.Linear(8, 8),
        })
        self.trip = Round()
        self.grown = self.grow(8)

def net(pretrained=False):
    return Net()
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 14),
        ("stem", 16),
        ("stem.0", 17),
        ("stem.1", 18),
        ("stem.7", 16),  # it has no such: where the container is
        ("body", 20),
        ("body.0", 1),  # a block is where its class is
        ("body.3.conv1", 3),
        ("body.2.act", 4),
        ("list.0.conv1", 3),  # of the class that Wide comes from
        ("list.0.more", 9),
        ("list.1", 22),
        ("named.first", 24),
        ("named.second.act", 4),
        ("table.a", 28),
        ("trip.nowhere", 11),
        ("grown.0.conv", 31),  # what a method makes: where it is called
        ("missing.conv", 14),
    ],
)
def test_a_layers_line_is_where_it_is_written(path, line, tmp_path):
    file = tmp_path / "net.py"
    file.write_text(LAYERS)
    assert places_of(f"{file}:Net")(path) == (str(file), line)
    assert places_of(f"{file}:net(pretrained=True)")(path)[1] == (line if path else 33)


def test_each_annotation_stands_at_the_line_of_its_layer(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(LAYERS.replace("Conv2d(8, 8, 1)", "Conv2d(8, 8, 1, groups=4)"))
    network = nn.Sequential(
        OrderedDict([("conv1", nn.Conv2d(8, 8, 1, groups=4)), ("act", nn.ReLU())])
    )
    (row,) = (r for r in rows(lint_view(linting(network, places=places_of(f"{file}:Block"))))
              if r["guideline"] == "G2")  # fmt: skip
    assert (row["layer"], row["file"], row["line"]) == ("conv1", str(file), 3)


@pytest.mark.parametrize("model", ["resnet18", "torchvision:resnet18", "stack:linear(c=4)", ""])
def test_networks_that_come_from_no_file_have_no_place(model):
    assert places_of(model) is None


@pytest.mark.parametrize("text", ["def broken(:", "x = '\0'", "\udcff"])
def test_a_file_that_cannot_be_read_as_python_is_the_file(text, tmp_path):
    path = tmp_path / "net.py"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert places_of(f"{path}:Net")("conv1") == (str(path), 1)
    assert places_of(f"{tmp_path}/missing.py:Net")("") == (f"{tmp_path}/missing.py", 1)


# From Python.


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"engine": "compile"}, "lint looks at operators as eager runs them, not compile"),
        ({"seconds": 0}, "seconds are a number above zero, got 0. Try --seconds 2."),
        ({"seconds": -1}, "got -1"),
        ({"seconds": math.nan}, "got nan"),
        ({"seconds": math.inf}, "got inf"),
        ({"batch": 0}, "a batch is a whole number"),
        ({"dtype": "float23"}, "no dtype is called 'float23'"),
        ({"device": "nul"}, "no device is called 'nul'. Did you mean null"),
    ],
)
def test_what_cannot_be_linted_says_why(settings, words):
    with pytest.raises(UsageError) as error:
        lint_model("example_dense", **settings)
    assert words in " ".join(str(error.value).split())


def test_an_answer_shows_the_ten_dearest_and_holds_them_all():
    lint = lint_model("mobilenet_v2")
    assert len(lint.view.table.rows) == 10
    assert len(lint.findings) == len(lint.shown(None).table.rows) > 10
    assert "Lint: mobilenet_v2" in repr(lint)


def test_a_module_is_linted_in_its_own_precision_and_given_back_as_it_was():
    network = Block(conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Dropout()).to(torch.bfloat16)
    network.train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = torch.get_rng_state()
    (finding,) = lint_model(network, input="8x10x10").findings
    # BatchNorm in bfloat16: maps and 4 numbers a channel of 2 bytes each
    assert finding.mem_bytes == 2 * (800 + 800 + 32)
    assert network.training
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_module_in_another_precision_is_estimated_from_that_precisions_card(monkeypatch):
    """A module says its own precision where the caller says none."""
    asked = []
    monkeypatch.setattr(
        "lightbench.studies.card.cache.card", lambda setup, _path: asked.append(setup)
    )
    lint_model(Block(conv(8, 8, 3), nn.ReLU()).to(torch.bfloat16), input="8x10x10")
    lint_model(Block(conv(8, 8, 3), nn.ReLU()), input="8x10x10", dtype="bfloat16")
    assert [setup.dtype for setup in asked] == ["bfloat16", "bfloat16"]
