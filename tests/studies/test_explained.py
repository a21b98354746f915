"""What explains a case is stored and shown again: times of operators and findings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.records import InputSpec, store
from lightbench.records.findings import Finding, Linted
from lightbench.stats.interval import Interval
from lightbench.studies.card import cache
from lightbench.studies.card.card import DeviceCard, Figure
from lightbench.studies.layers.api import layers as measure_layers
from lightbench.studies.layers.table import (
    SORTS,
    dearest,
    layers_view,
    stored_kinds_view,
    stored_layers_view,
)
from lightbench.studies.layers.why import UNSAID
from lightbench.studies.lint.api import lint as lint_model
from lightbench.studies.lint.table import ESTIMATE, MEASURED, NO_CARD, findings_view

ROOT = Path(__file__).parents[2]
NULL = ("--device", "null", "--threads", "1")
SMALL = ("mobilenet_v2_x0_35", "--input", "3x64x64")
LAYERS = ("layers", *SMALL, *NULL, "--measure", "--seconds", "0.01")
LINT = ("lint", *SMALL, *NULL)
COUNT = ("count", *SMALL, "--crosscheck")
COMMANDS = {"layers": LAYERS, "lint": LINT, "crosscheck": COUNT}
each_command = pytest.mark.parametrize(("study", "command"), COMMANDS.items(), ids=COMMANDS)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of thop and fvcore


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """No card of this machine is found."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "new folder" / "store.jsonl"


@pytest.fixture
def nets(tmp_path):
    path = tmp_path / "nets.py"
    path.write_text(
        "from torch import nn\n"
        "print('the file says hello')\n"
        "class Loud(nn.Conv2d):\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 64, 1)\n"
        "    def forward(self, x):\n"
        "        print('forward')\n"
        "        return super().forward(x).relu()\n"
    )
    return path


# The commands.


@pytest.mark.slow
@each_command
def test_each_run_appends_one_record_of_its_study(study, command, file, lightbench):
    for n in (1, 2):
        assert lightbench(*command, "--store", file).code == 0
        assert store.verify(file) == []
        records = store.read(file)
        assert [record.study for record in records] == [study] * n
    record = records[-1]
    assert record.status == "ok"
    assert record.case.model == "mobilenet_v2_x0_35"
    assert record.case.inputs == (InputSpec(shape=(3, 64, 64)),)
    assert record.costs.madds == lb.count("mobilenet_v2_x0_35", input="3x64x64").costs.madds
    # the usual facts: what decides whether two times may be compared, and what else is known
    assert {"cpu", "torch", "threads", "device", "os"} <= record.environment.comparable.keys()
    assert {"commit", "load_1min", "lightbench"} <= record.environment.noted.keys()
    device = "cpu" if study == "crosscheck" else "null"
    assert record.environment.comparable["device"] == record.case.device == device
    threads = torch.get_num_threads() if study == "crosscheck" else 1
    assert record.environment.comparable["threads"] == threads


@pytest.mark.slow
@pytest.mark.parametrize("command", [LINT, COUNT], ids=["lint", "crosscheck"])
def test_the_answer_is_the_same_with_and_without_a_store(command, file, lightbench):
    assert lightbench(*command, "--store", file).out == lightbench(*command).out


@each_command
@pytest.mark.parametrize("quiet", ["-q", "--quiet"])
def test_quiet_has_an_empty_stderr_also_with_a_network_that_prints(
    study, command, quiet, file, nets, lightbench
):
    named = [f"{nets}:Loud" if word == SMALL[0] else word for word in command]
    assert "the file says hello" in lightbench(*named).err
    more = ("--trace", file.with_suffix(".json"), "--figure", file.with_suffix(".svg"))
    answer = lightbench(*named, quiet, "--store", file, *(more if study == "layers" else ()))
    assert (answer.code, answer.err) == (0, "")
    assert answer.out
    (record,) = store.read(file)
    assert record.case.model == f"{nets}:Loud"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("layers", *SMALL), "--store is about measured time. Add --measure."),
        (("count", *SMALL), "--store is for what --crosscheck finds. Add --crosscheck."),
        (("count", *SMALL, "--convention", "thop"), "Add --crosscheck."),
    ],
)
def test_a_store_without_what_it_stores_is_refused(command, words, file, lightbench):
    answer = lightbench(*command, "--store", file)
    assert (answer.code, answer.out) == (2, "")
    assert words in " ".join(answer.err.split())
    assert not file.exists()


@each_command
def test_a_store_that_cannot_be_written_is_said_before_anything_runs(
    study, command, tmp_path, nets, lightbench
):
    named = [f"{nets}:Loud" if word == SMALL[0] else word for word in command]
    answer = lightbench(*named, "--store", tmp_path)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"lightbench: cannot write '{tmp_path}': Is a directory.")
    assert "hello" not in answer.err


def test_a_trace_that_cannot_be_written_is_said_before_anything_runs(tmp_path, nets, lightbench):
    answer = lightbench("layers", f"{nets}:Loud", *NULL, "--trace", tmp_path / "nets.py" / "t.json")
    assert (answer.code, answer.out) == (2, "")
    assert "cannot write" in answer.err
    assert "hello" not in answer.err


def test_each_network_that_can_be_counted_has_a_record(file, lightbench):
    answer = lightbench(
        "count", "example_conv_g4", "resnet5", "example_dense", "--crosscheck", "--store", file
    )
    assert answer.code == 3
    models = [record.case.model for record in store.read(file)]
    assert models == ["example_conv_g4", "example_dense"]


def test_a_trace_implies_measure_and_holds_every_operator(tmp_path, lightbench):
    file = tmp_path / "trace.json"
    answer = lightbench(
        "layers", *SMALL, *NULL, "--seconds", "0.01", "--trace", file, "--format", "json"
    )
    assert answer == (0, answer.out, f"lightbench: wrote {file}\n")
    operators = [
        event for event in json.loads(file.read_text())["traceEvents"] if "op" in event["args"]
    ]
    parts = json.loads(answer.out)["parts"]
    assert [event["name"] for event in operators] == [part["op"] for part in parts]
    assert {event["dur"] for event in operators} == {1000}  # of the null device: 1 ms


def test_the_record_that_json_names_is_the_one_in_the_store(file, lightbench):
    answer = lightbench(*LAYERS, "--store", file, "--format", "json")
    assert json.loads(answer.out)["record"]["id"] == store.read(file)[0].id


# Findings.


def test_lint_stores_all_findings_dearest_first_and_measured_ones_with_their_interval(
    file, lightbench
):
    command = (*LINT, "--top", "2", "--verify", "--seconds", "0.02", "--format", "json")
    shown = json.loads(lightbench(*command, "--store", file).out)
    (record,) = store.read(file)
    assert len(record.findings) == len(shown) > 2
    costs = [finding.mem_bytes for finding in record.findings]
    assert costs == sorted(costs, reverse=True)
    assert [finding.measured_s is not None for finding in record.findings] == [
        i < 2 for i in range(len(shown))
    ]
    for finding, row in zip(record.findings, shown, strict=True):
        assert (finding.guideline, finding.layer) == (row["guideline"], row["layer"])
        assert (finding.cause, finding.advice) == (row["cause"], row["advice"])
        if finding.measured_s:
            assert finding.measured_s.median == row["measured_s"]
            assert finding.measured_s.low == row["measured_low_s"]


def test_a_linted_case_is_the_case_that_is_profiled():
    settings = {"input": "3x32x32", "batch": 2, "device": "null", "threads": 1}
    linted = lint_model("mobilenet_v2_x0_35", **settings, layout="channels_last").record
    profiled = lb.profile(
        "mobilenet_v2_x0_35", **settings, layout="channels_last", seconds=0.01
    ).record
    assert linted.case == profiled.case


def test_a_module_that_is_linted_is_called_as_its_class_in_its_own_precision():
    record = lint_model(nn.Sequential(nn.Conv2d(8, 64, 1)).double(), input="8x9x9").record
    assert (record.case.model, record.case.dtype) == ("Sequential", "float64")
    assert record.findings[0].guideline == "G1"
    assert "/" not in record.case.model


def test_a_card_at_hand_estimates_without_a_file(monkeypatch, make_record):
    """A norm of 8 channels on 10 x 10 moves 2 x 800 elements and 32 numbers, here at 1 GB/s."""
    monkeypatch.setattr(cache, "card", lambda *_: pytest.fail("it was looked for"))
    card = DeviceCard(
        record=make_record("stream"),
        madds_per_s={"dense conv": Figure(1e9)},
        bandwidth=Figure(1e9),
        bytes_per_s={"element-wise": Figure(1e8), "norm": Figure(1e9)},
        launch_s=Figure(1e-12),
        conv_launch_s=None,
    )
    network = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
    (finding,) = lint_model(network, input="8x10x10", card=card).record.findings
    assert finding.mem_bytes == 4 * (800 + 800 + 32)
    assert finding.estimate_s == pytest.approx(6.528e-6)


@pytest.fixture
def linted(make_record):
    """A record with two findings in a network that moves 94.5 MB."""
    one = Finding(
        guideline="G1",
        layer="a.conv",
        cause="32 -> 256, 58% above bound",
        advice="91 -> 91 channels have the same MAdds",
        mem_bytes=9_450_000.0,
    )
    two = msgspec.structs.replace(one, guideline="G4", cause="1 x norm", mem_bytes=945_000.0)
    return msgspec.structs.replace(make_record("net", batch=2), found=Linted(findings=(one, two)))


def with_times(record, **times):
    first, *rest = record.findings
    changed = msgspec.structs.replace(first, **times)
    return msgspec.structs.replace(record, found=Linted(findings=(changed, *rest)))


def cells(view):
    return [view.table.named(row) for row in view.table.rows]


def test_a_stored_finding_is_a_row_with_its_share_of_all_memory_access(linted):
    view = findings_view(linted)
    assert [(row["guideline"], row["layer"], row["share"]) for row in cells(view)] == [
        ("G1", "a.conv", pytest.approx(0.1)), ("G4", "a.conv", pytest.approx(0.01)),
    ]  # fmt: skip
    assert view.table.title == "Lint: net (batch 2, cpu, float32, contiguous, threads 2)"
    (listed,) = ([table.named(row) for row in table.rows] for table in view.above)
    assert [(row["places"], row["mem_bytes"], row["share"]) for row in listed] == [
        (1, 9_450_000, pytest.approx(0.1)), (1, 945_000, pytest.approx(0.01)),
    ]  # fmt: skip
    assert [row["layer"] for row in view.data] == ["a.conv", "a.conv"]


def test_of_many_findings_the_dearest_are_shown_and_data_have_all(linted):
    view = findings_view(linted, 1)
    assert [row["guideline"] for row in cells(view)] == ["G1"]
    assert len(view.data) == 2
    assert "the dearest 1 of 2 places" in view.folded.title


def test_a_record_tells_whether_there_was_a_card_and_a_measurement(linted):
    assert findings_view(linted).table.notes[1:] == (NO_CARD,)
    told = with_times(linted, estimate_s=0.002, measured_s=Interval(0.002, 0.001, 0.003))
    view = findings_view(told)
    assert view.table.notes[1:] == (ESTIMATE.format(of=""), MEASURED)
    first, second = cells(view)
    assert (first["estimate_s"], first["measured_s"]) == (0.002, 0.002)
    assert (first["interval"], second["interval"]) == ("1.00 ms to 3.00 ms", None)
    assert view.above[0].named(view.above[0].rows[0])["estimate_s"] == 0.002
    none = msgspec.structs.replace(linted, found=Linted(findings=()))
    assert len(findings_view(none).table.notes) == 1
    unbound = with_times(linted, measured_s=Interval(0.002))
    assert cells(findings_view(unbound))[0]["interval"] is None


def test_findings_in_a_network_that_moves_nothing_or_was_not_counted_have_no_share(linted):
    assert cells(findings_view(msgspec.structs.replace(linted, costs=None)))[0]["share"] is None


def test_a_stored_record_is_shown_as_the_network_was(file):
    found = lint_model("mobilenet_v2_x0_35", input="3x64x64")
    store.append(file, [found.record])
    (record,) = store.read(file)
    live, stored = found.shown(5), findings_view(record, 5)
    assert (stored.table, stored.above) == (live.table, live.above)
    more = {"block_s", "operators"}  # what a record does not keep
    assert stored.data == [{k: v for k, v in row.items() if k not in more} for row in live.data]


# Times of operators.


@pytest.fixture(scope="module")
def apart():
    return measure_layers("mobilenet_v2_x0_35", input="3x64x64", threads=1, seconds=0.05)


@pytest.mark.parametrize("sort", [None, *SORTS])
@pytest.mark.parametrize("top", [None, 3])
def test_stored_layers_are_shown_as_measured_ones(sort, top, apart, file):
    store.append(file, [apart.record])
    (record,) = store.read(file)
    live = apart.by(None, dearest(apart.parts(None), sort, top), why=UNSAID)
    assert stored_layers_view(record, sort, top) == live
    assert stored_kinds_view(record) == apart.by("group", why=UNSAID)


def test_the_dearest_layer_stands_first(apart):
    rows = cells(stored_layers_view(apart.record, sort="time", top=4))[:-1]
    times = [row["time_s"] for row in rows]
    assert len(times) == 4
    assert times == sorted(times, reverse=True)
    assert times[0] == max(part.time_s for part in apart.parts(None))
    by_access = cells(stored_layers_view(apart.record, sort="mem", top=1))[0]["mem_bytes"]
    assert by_access == max(op.mem_bytes for op in apart.record.costs.ops)


def test_a_table_of_single_layers_needs_times_and_a_latency(make_record, apart):
    for view in (stored_layers_view, stored_kinds_view):
        with pytest.raises(ValueError, match="no times of operators"):
            view(make_record())
    untimed = msgspec.structs.replace(apart.record, samples=None, latency=None)
    with pytest.raises(ValueError, match="no latency"):
        layers_view(untimed, [])


def test_what_a_stored_record_shows_imports_no_torch(apart, file, linted):
    store.append(file, [apart.record, linted])
    code = (
        "import sys; from lightbench.records import store\n"
        "from lightbench.studies.layers.table import stored_kinds_view, stored_layers_view\n"
        "from lightbench.studies.layers.trace import trace_text\n"
        "from lightbench.studies.lint.table import findings_view\n"
        "apart, linted = store.read(sys.argv[1])\n"
        "stored_layers_view(apart, 'time', 5), stored_kinds_view(apart), trace_text(apart)\n"
        "findings_view(linted, 5)\n"
        "sys.exit(' '.join({'torch', 'pandas', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", code, file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
