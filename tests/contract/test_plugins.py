"""A plugin is a file: what every file of a folder must give, and that one more file is all it takes."""

from __future__ import annotations

import csv
import importlib.metadata
import inspect
import json
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from itertools import product

import click
import pytest
import torch
from torch import nn

from lightbench import devices, registry
from lightbench.cli.commands import profile
from lightbench.devices import Device
from lightbench.devices.support.options import device_options
from lightbench.errors import DeviceUnavailable, NotAvailable, UnknownName
from lightbench.models import sources
from lightbench.models.inputs import make_inputs
from lightbench.records import InputSpec
from lightbench.studies.sweep.plan import Sweep
from lightbench.timing.clock import Reading

PLUGINS = [(kind, name) for kind in registry.KINDS for name in registry.names(kind)]
# `sources` finds models; the families are the other files of its folder.
FAMILIES = registry.names("model family")
VARIANTS = sources.own_names()


def takes(function, *names):
    return list(inspect.signature(function).parameters) == [*names]


# Every plugin.


def test_each_folder_has_the_plugins_that_lie_in_it():
    for kind, (_, patterns) in registry.KINDS.items():
        for pattern in patterns:
            files = [file for file in registry.PACKAGE.glob(pattern) if file.stem[0] != "_"]
            assert files
            assert {registry.file(kind, name) for name in registry.names(kind)} >= set(files)


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_its_docstring_begins_with_one_short_line_that_lists_show(kind, name):
    line = registry.summary(kind, name)
    assert line == (registry.load(kind, name).__doc__ or "").split("\n")[0]
    assert 10 <= len(line) <= 100
    assert line.endswith((".", ":", ")"))


@pytest.mark.parametrize("kind", registry.KINDS)
def test_a_name_that_is_not_there_suggests_the_nearest(kind):
    name = registry.names(kind)[0]
    with pytest.raises(UnknownName, match=name):
        registry.load(kind, name[:-1])


# Devices.


@pytest.mark.parametrize("name", registry.names("device"))
def test_a_device_has_what_the_profiler_asks_of_it(name):
    device = devices.find(name)
    assert isinstance(device, Device)
    assert device.torch_device.partition(":")[0] in (name, "meta")
    assert isinstance(device.known, tuple)


@pytest.mark.parametrize("name", registry.names("device"))
def test_options_of_a_device_are_told_without_importing_it(name):
    told = device_options()
    assert set(devices.find(name).known) <= set(told)
    for option, about in (registry.literal("device", name, "OPTIONS") or {}).items():
        assert option in devices.find(name).known
        assert told[option] == about
        assert about.endswith(".")


def test_options_of_devices_are_no_options_of_the_command_that_has_them():
    flags = [flag for option in profile.command.params for flag in option.opts]
    assert len(flags) == len(set(flags))
    assert {f"--{option}" for option in device_options()} < set(flags)


@pytest.mark.parametrize("name", registry.names("device"))
def test_a_device_that_is_there_runs_a_call_in_its_context_and_says_how_long_it_took(name):
    device = devices.find(name)
    if reason := device.unavailable():
        assert isinstance(reason, DeviceUnavailable)
        assert reason.message.endswith(".")
        assert reason.hint.endswith(".")
        pytest.skip(reason.message)
    log = []

    class Context:
        def __enter__(self):
            log.append("in")

        def __exit__(self, *_):
            log.append("out")

    with device.session(threads=1) as active:
        assert active == 1
        reading = device.step(lambda: log.append("call"), Context)(3)
        peak = device.peak_memory(lambda: torch.ones(1000), nullcontext)
    assert isinstance(reading, Reading)
    assert reading.wall_s > 0
    assert log in ([], ["in", "call", "call", "call", "out"])
    assert peak is None or peak >= 4000
    free = device.free_memory()
    assert free is None or free > 0


@pytest.mark.parametrize("name", registry.names("device"))
def test_a_device_leaves_the_thread_count_as_it_was_also_after_an_exception(name):
    device = devices.find(name)
    if device.unavailable():
        pytest.skip("not here")
    before = torch.get_num_threads()
    with pytest.raises(KeyError), device.session(threads=before + 1):
        raise KeyError
    assert torch.get_num_threads() == before


# Engines.


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.names("engine"))
@pytest.mark.parametrize("mode", ["infer", "train"])
def test_an_engine_makes_a_program_that_can_be_called_again_and_again(name, mode, request):
    if name == "compile":
        request.getfixturevalue("compiler")
    network, inputs = nn.Linear(3, 2), (torch.ones(4, 3),)
    expected = network(*inputs).detach()
    program = registry.load("engine", name).prepare(network, inputs, mode=mode)
    assert callable(program.call)
    for _ in range(2):
        with program.context():
            output = program.call()
    if mode == "infer":
        torch.testing.assert_close(output, expected)
        assert not output.requires_grad
    assert network.training is (mode == "train")


# Formats and figures: what they do is in test_exporters.py and test_plots.py.


@pytest.mark.parametrize("name", registry.names("format"))
def test_a_format_has_suffixes_and_render(name):
    form = registry.load("format", name)
    assert form.SUFFIXES
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in form.SUFFIXES)
    assert takes(form.render, "view", "width", "colour")


def test_no_two_formats_claim_a_suffix():
    suffixes = [s for n in registry.names("format") for s in registry.load("format", n).SUFFIXES]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize("name", registry.names("figure"))
def test_a_figure_can_be_drawn(name):
    assert "records" in inspect.signature(registry.load("figure", name).draw).parameters


# Guidelines.


@pytest.mark.parametrize("name", registry.names("guideline"))
def test_a_guideline_says_what_it_claims_and_what_its_rows_are(name):
    guideline = registry.load("guideline", name)
    assert guideline.CLAIM[0].isupper()
    assert not guideline.CLAIM.endswith((".", "?"))  # it is a sentence, and a question in titles
    assert guideline.ROW
    assert guideline.CHANNELS
    assert set(guideline.STRONGEST) == set(guideline.CHANNELS)
    assert all(set_ == set_.partition(" ")[0] for set_ in guideline.CHANNELS)


@pytest.mark.parametrize("name", registry.names("guideline"))
def test_a_guideline_is_a_sweep_for_every_set_of_channels_and_width(name):
    guideline = registry.load("guideline", name)
    assert takes(guideline.sweep, "channels", "width", *getattr(guideline, "OPTIONS", ()))
    for channels, width in product(guideline.CHANNELS, (1, 2, 4)):
        sweep = guideline.sweep(channels, width)
        assert isinstance(sweep, Sweep)
        assert (sweep.experiment, sweep.channels, sweep.width) == (name, channels, width)
        labels = [point.label for point in sweep.points]
        assert labels.count(sweep.reference) == 1
        assert guideline.STRONGEST[channels] in labels
        assert guideline.STRONGEST[channels] != sweep.reference
        assert sweep.equal_madds is not None or sweep.per_madd
        for point in sweep.points:
            assert sources.find(point.model).inputs


@pytest.mark.parametrize("name", registry.names("guideline"))
def test_options_of_a_guideline_have_their_default_first_and_make_another_set_of_channels(name):
    guideline = registry.load("guideline", name)
    parameters = inspect.signature(guideline.sweep).parameters
    for option, values in getattr(guideline, "OPTIONS", {}).items():
        assert values[0] == parameters[option].default
        channels = next(iter(guideline.CHANNELS))
        sets = [guideline.sweep(channels, 1, **{option: value}).channels for value in values]
        assert sets[0] == channels
        assert len(set(sets)) == len(values)
        assert all(set_.startswith(channels) for set_ in sets)


def test_a_bound_is_a_number_of_elements_for_the_settings_of_any_point():
    bounded = [n for n in registry.names("guideline") if hasattr(registry.load("guideline", n), "bound")]  # fmt: skip
    assert bounded
    for name in bounded:
        guideline = registry.load("guideline", name)
        for point in guideline.sweep(next(iter(guideline.CHANNELS)), 1).points:
            assert guideline.bound(point.settings, 1) > 0


# Commands.


@pytest.mark.parametrize("name", registry.names("command"))
def test_a_command_is_a_click_command_of_that_name(name):
    command = registry.load("command", name).command
    assert isinstance(command, click.Command)
    assert command.name == name.replace("_", "-")
    assert command.help


# Model families.


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_variants_that_can_be_read_without_importing_it(family):
    module = registry.load("model family", family)
    variants = registry.literal("model family", family, "VARIANTS")
    assert variants == module.VARIANTS
    assert variants
    inputs = registry.literal("model family", family, "INPUTS") or {}
    assert set(inputs) <= set(variants)
    parameters = inspect.signature(module.build).parameters
    for settings in variants.values():
        inspect.signature(module.build).bind(**settings)
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters.values())


def test_no_two_families_have_a_variant_of_the_same_name():
    listed = [v for f in FAMILIES for v in registry.literal("model family", f, "VARIANTS")]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(VARIANTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_built_without_weights_and_runs_on_its_own_input(name):
    source = sources.find(name)
    assert all(isinstance(spec, InputSpec) for spec in source.inputs)
    with torch.device("meta"):
        network = source.build()
    assert all(parameter.is_meta for parameter in network.parameters())
    with torch.no_grad():
        output = network.eval()(*make_inputs(source.inputs, batch=2, device="meta"))
    assert output.shape[0] == 2


# One file added, nothing else touched.

ADDED = {
    "devices/slow.py": (
        '"""A device that takes exactly 5 ms, or 6."""\n'
        "from lightbench.devices.null import Null\n"
        "OPTIONS = {'tired': 'Slow: takes 6 ms.'}\n"
        "class Slow(Null):\n"
        "    known = tuple(OPTIONS)\n"
        "def at(_index, options):\n"
        "    slow = Slow()\n"
        "    slow.seconds = 0.006 if 'tired' in options else 0.005\n"
        "    return slow\n"
    ),
    "engines/same.py": (
        '"""What eager does, by another name."""\nfrom lightbench.engines.eager import prepare\n'
    ),
    "models/zoo/perceptron.py": (
        '"""Two linear layers."""\n'
        "from torch import nn\n"
        "VARIANTS = {'perceptron': {'width': 7}}\n"
        "INPUTS = {'perceptron': '10'}\n"
        "def build(*, width):\n"
        "    return nn.Sequential(nn.Linear(10, width), nn.Linear(width, 2))\n"
    ),
    "formats/words.py": (
        '"""The models, and nothing else."""\n'
        "SUFFIXES = ('.words',)\n"
        "def render(view, *, width=None, colour=False):\n"
        "    return ' '.join(row[0] for row in view.table.rows) + '\\n'\n"
    ),
    "studies/guidelines/experiments/tiny.py": (
        '"""One layer or two."""\n'
        "from lightbench.studies.sweep.plan import Point, Sweep\n"
        "CLAIM = 'One layer is faster than two'\n"
        "ROW = 'layers'\n"
        "CHANNELS = {'few': 8}\n"
        "STRONGEST = {'few': 'two'}\n"
        "def sweep(channels, width):\n"
        "    points = tuple(\n"
        "        Point(name, 'grouped', {'c': CHANNELS[channels] * width, 'layers': n})\n"
        "        for n, name in enumerate(('one', 'two'), 1)\n"
        "    )\n"
        "    return Sweep('tiny', points, 'one', channels, width, launch=True)\n"
    ),
    "studies/lint/rules/dense.py": (
        '"""A layer that is dense."""\n'
        "from lightbench.studies.lint.linted import Finding\n"
        "GUIDELINE = 'G5'\n"
        "ABOUT = 'dense layers'\n"
        "def find(network):\n"
        "    for i, op in enumerate(network.ops):\n"
        "        if op.kind == 'linear':\n"
        "            yield Finding(GUIDELINE, op.path, 'dense', 'fewer', 8.0, None, (i,), (i,))\n"
    ),
    "reports/parts/closing.py": (
        '"""What is said last."""\n'
        "from lightbench.views.section import Section\n"
        "ORDER = 990\n"
        "def section(subject):\n"
        "    return Section('Closing', (f'{len(subject.evidence.profiles)} network, no more.',))\n"
    ),
    "reports/figures/nothing.py": (
        '"""An empty figure."""\n'
        "def draw(records):\n"
        "    from matplotlib.figure import Figure\n"
        "    return Figure()\n"
    ),
    "studies/depth/__init__.py": '"""What a second layer takes."""\n',
    "studies/depth/gather.py": (
        '"""One layer, and several of them."""\n'
        "import msgspec\n"
        "from lightbench.studies.sweep.plan import Point, Sweep\n"
        "from lightbench.studies.sweep.run import measure_all\n"
        "ORDER = 60\n"
        "class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):\n"
        "    layers: int = 2\n"
        "def gather(task, settings):\n"
        "    points = tuple(\n"
        "        Point(str(n), 'grouped', {'c': 8, 'layers': n}) for n in (1, settings.layers)\n"
        "    )\n"
        "    for setup in task.setups():\n"
        "        measure_all(\n"
        "            [Sweep('depth', points, '1')], setup, seconds=lambda _: 0.05,\n"
        "            stored=task.known, force=task.force, say=task.say, keep=task.keep,\n"
        "        )\n"
    ),
    "studies/depth/section.py": (
        '"""How much longer several layers take."""\n'
        "from lightbench import registry\n"
        "from lightbench.views.section import Drawing, Section\n"
        "ORDER = 77\n"
        "def section(subject):\n"
        "    found = [r for r in subject.evidence.records if r.sweep and r.sweep.experiment == 'depth']\n"
        "    if not found:\n"
        "        return None\n"
        "    figure = registry.load('figure', 'depth')\n"
        "    drawing = Drawing('depth', 'Time.', lambda: figure.draw(found))\n"
        "    points = ' and '.join(r.sweep.point for r in found)\n"
        "    return Section('Depth', (f'Measured: {points} layers.',), drawings=(drawing,))\n"
    ),
    "studies/depth/figure.py": (
        '"""Time against the number of layers."""\n'
        "def draw(records):\n"
        "    from matplotlib.figure import Figure\n"
        "    figure = Figure()\n"
        "    times = [r.latency.median_s for r in records]\n"
        "    figure.subplots().plot([int(r.sweep.point) for r in records], times)\n"
        "    return figure\n"
    ),
    "cli/commands/hello.py": (
        '"""Says hello."""\n'
        "import click\n"
        "@click.command('hello')\n"
        "def command():\n"
        '    """Says hello."""\n'
        "    click.echo('hello')\n"
    ),
    "cli/commands/draw.py": (
        '"""Draws a figure by its name."""\n'
        "from pathlib import Path\n"
        "import click\n"
        "from lightbench.cli.study_command import draw\n"
        "@click.command('draw')\n"
        "@click.argument('name')\n"
        "@click.argument('file', type=Path)\n"
        "def command(name, file):\n"
        '    """Draws a figure by its name."""\n'
        "    draw(name, [], file, quiet=True)\n"
    ),
}


@pytest.fixture(scope="session")
def enlarged(tmp_path_factory):
    """Run commands in a copy of the package that has the files of ADDED, and nothing else changed."""
    folder = tmp_path_factory.mktemp("a copy é")
    shutil.copytree(
        registry.PACKAGE, folder / "lightbench", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name, text in ADDED.items():
        file = folder / "lightbench" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    (folder / "suite.toml").write_text(
        'models = ["perceptron"]\nmax_seconds = 0.05\n[depth]\nlayers = 3\n'
    )
    code = (
        "import json, io, sys\n"
        "from contextlib import redirect_stdout\n"
        "from lightbench.cli import run\n"
        "answers = []\n"
        "for arguments in json.loads(sys.argv[1]):\n"
        "    with redirect_stdout(io.StringIO()) as out:\n"
        "        code = run(arguments)\n"
        "    answers.append([code, out.getvalue()])\n"
        "print(json.dumps(answers))\n"
    )
    profile = "profile perceptron --device slow --engine same --max-seconds 0.05 --format"
    lines = [
        "list devices --format json", "list engines --format json", "list models --format json",
        "list formats --format json", "--help", "hello", "count perceptron --format json",
        f"{profile} json", f"{profile} words", f"{profile} csv --tired", "profile --help",
        "compare perceptron --device slow --b tired --seconds 0.2",
        "guidelines tiny --widths 1,2 --seconds 0.05 --device slow --format json",
        "guidelines --widths 1 --seconds 0.05 --device slow --format csv", "guidelines --help",
        f"count perceptron -o {folder.name[:1]}.words", "list studies --format json", "lint perceptron",
        "draw nothing nothing.svg",
        "report --suite suite.toml --device slow -o report.md -o report.html",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps([line.split() for line in lines])],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers = dict(zip(lines, json.loads(done.stdout), strict=True))
    return folder, {line: out for line, (code, out) in answers.items() if code == 0}


def line(answers, beginning, end=""):
    (found,) = [out for text, out in answers.items() if text.startswith(beginning) and text.endswith(end)]  # fmt: skip
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "name", "about"),
    [
        ("devices", "slow", "A device that takes exactly 5 ms, or 6."),
        ("engines", "same", "What eager does, by another name."),
        ("models", "perceptron", "Two linear layers."),
        ("formats", "words", "The models, and nothing else."),
        ("studies", "depth", "One layer, and several of them."),
    ],
)
def test_one_file_is_listed_with_its_first_line(what, name, about, enlarged):
    rows = json.loads(line(enlarged[1], f"list {what}"))
    assert {"name": name, "about": about} in rows


def test_one_file_is_a_command(enlarged):
    assert enlarged[1]["hello"] == "hello\n"
    assert ["hello", "Says", "hello."] in [
        line.split() for line in enlarged[1]["--help"].splitlines()
    ]


def test_one_file_is_a_model_that_is_counted(enlarged):
    (costs,) = json.loads(line(enlarged[1], "count", "json"))
    assert costs["madds"] == 10 * 7 + 7 * 2
    assert costs["params"] == 10 * 7 + 7 + 7 * 2 + 2


def test_one_file_is_a_device_and_one_an_engine_that_are_used(enlarged):
    (record,) = json.loads(line(enlarged[1], "profile", "json"))
    assert record["latency"]["median_s"] == 0.005
    assert record["case"]["engine"] == "same"


def test_an_option_of_its_own_needs_no_other_file(enlarged):
    answers = enlarged[1]
    assert "Slow: takes 6 ms." in line(answers, "profile --help")
    (row,) = csv.DictReader(line(answers, "profile", "--tired").splitlines())
    assert float(row["latency_s"]) == 0.006
    assert "+20.0 %" in line(answers, "compare")


def test_one_file_is_a_guideline_that_is_measured_and_judged(enlarged):
    answer = json.loads(line(enlarged[1], "guidelines", "json"))
    found = [(f["guideline"], f["width"], f["row"], f["reference"]) for f in answer["findings"]]
    assert found == [("tiny", 1, "two", "one"), ("tiny", 2, "two", "one")]
    assert all(f["claim"] == "One layer is faster than two" for f in answer["findings"])
    # every call takes 5 ms there, also for one pixel
    assert {f["finding"] for f in answer["findings"]} == {"launch-bound"}
    assert {point["latency_s"] for point in answer["points"]} == {0.005}
    assert {point["paper_gpu"] for point in answer["points"]} == {None}


def test_one_file_is_a_guideline_that_is_measured_where_none_is_named(enlarged):
    table = csv.DictReader(line(enlarged[1], "guidelines", "csv").splitlines())
    found = {row["guideline"] for row in table}
    assert {"G1", "G2", "G3", "G4", "tiny"} <= found
    assert not {"units", "operators"} & found
    assert "tiny" in line(enlarged[1], "guidelines --help").splitlines()[0]


def test_one_file_is_a_format_by_name_and_by_suffix(enlarged):
    folder, answers = enlarged
    assert line(answers, "profile", "words") == "perceptron\n"
    assert (folder / "a.words").read_text() == "perceptron\n"


def test_one_file_is_a_rule_of_lint_with_a_guideline_of_its_own(enlarged):
    rows = [row.split() for row in line(enlarged[1], "lint").splitlines()]
    assert ["G5", "dense", "layers", "2"] in [row[:4] for row in rows]
    assert ["G5", "0", "dense"] in [row[:3] for row in rows]
    assert ["G5", "1", "dense"] in [row[:3] for row in rows]


def test_one_file_is_a_part_of_the_report(enlarged):
    report = (enlarged[0] / "report.md").read_text()
    assert report.rstrip().endswith("## Closing\n\n1 network, no more.")


def test_one_file_is_a_figure_that_is_drawn_by_its_name(enlarged):
    folder, answers = enlarged
    assert answers["draw nothing nothing.svg"] == ""
    assert "<svg" in (folder / "nothing.svg").read_text()


def test_one_folder_is_a_study_that_a_suite_asks_for_and_a_report_shows(enlarged):
    folder, answers = enlarged
    assert line(answers, "report") == ""
    page = (folder / "report.md").read_text()
    assert "## Depth\n\nMeasured: 1 and 3 layers." in page
    assert "](report-depth.svg)" in page
    assert "<svg" in (folder / "report-depth.svg").read_text()
    assert "<h2" in (folder / "report.html").read_text()
    assert "## Sweeps" not in page  # it is shown once
    assert '"experiment":"depth"' in (folder / "report.jsonl").read_text()


# Plugins of other packages.


@pytest.fixture
def third_party(monkeypatch, tmp_path):
    """Entry points as an installed package would declare them: one that works, one that does not."""
    (tmp_path / "their_device.py").write_text(
        '"""Their device."""\nfrom lightbench.devices.null import *\n'
    )
    (tmp_path / "their_ruin.py").write_text("raise OSError('no driver')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "their_device", raising=False)
    registry._syntax.cache_clear()
    points = {
        name: importlib.metadata.EntryPoint(name, module, "lightbench.devices")
        for name, module in (("theirs", "their_device"), ("ruin", "their_ruin"), ("gone", "gone"))
    }
    ours = registry._entry_points
    monkeypatch.setattr(
        registry, "_entry_points", lambda kind: points if kind == "device" else ours(kind)
    )


def test_an_installed_package_can_add_a_device(third_party):
    assert registry.names("device")[-3:] == ("theirs", "ruin", "gone")
    assert devices.find("theirs").unavailable() is None
    assert registry.summary("device", "theirs") == "Their device."


def test_listing_them_imports_none_of_them(third_party):
    for name in registry.names("device"):
        registry.summary("device", name)
        registry.literal("device", name, "VARIANTS")
    assert not {"their_device", "their_ruin"} & set(sys.modules)


def test_a_broken_one_fails_only_when_it_is_used(third_party, capsys):
    from lightbench.cli import run

    with pytest.raises(NotAvailable, match="no driver") as raised:
        registry.load("device", "ruin")
    assert raised.value.exit_code == 4
    assert run(["list", "devices"]) == 0
    assert "theirs" in capsys.readouterr().out
