"""One file more is all that a plugin takes: the smallest of each kind, added to a copy of the package."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys

import pytest

from lightbench import registry

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
    "datasets/squares.py": (
        '"""Three squares to learn from, and one to test on."""\n'
        "from lightbench.datasets import Split\n"
        "from lightbench.datasets.support.arrays import Arrays\n"
        "MEAN, STD, SIDE, MIRRORED = (0.5,), (0.5,), 4, True\n"
        "def split(place, *, train):\n"
        "    import numpy as np\n"
        "    count = 3 if train else 1\n"
        "    pixels = np.zeros((count, 4, 4), np.uint8)\n"
        "    return Split(Arrays(pixels, np.arange(count) % 2), ('black', 'white'))\n"
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
        "            yield Finding(\n"
        "                GUIDELINE, op.path, 'dense', 'fewer', 8.0, None, (i,), (i,), rewrite='emptied'\n"
        "            )\n"
    ),
    "studies/lint/rewrites/emptied.py": (
        '"""No dense layer."""\n'
        "from torch import nn\n"
        "ANSWERS = 'retrained'\n"
        "def rewrite(network, looked_at, findings):\n"
        "    for finding in findings:\n"
        "        network[int(finding.layer)] = nn.Identity()\n"
        "    return len(findings)\n"
    ),
    "reports/parts/closing.py": (
        '"""What is said last."""\n'
        "from lightbench.views.section import Section\n"
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
        "            [Sweep('depth', points, '1')], setup, seconds=lambda _: 0.05, control=task.control\n"
        "        )\n"
    ),
    "studies/depth/section.py": (
        '"""How much longer several layers take."""\n'
        "from lightbench import registry\n"
        "from lightbench.views.section import Drawing, Section\n"
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
    "cli/commands/images.py": (
        '"""Counts the images of a data set."""\n'
        "import click\n"
        "from lightbench import datasets\n"
        "@click.command('images')\n"
        "@click.argument('name')\n"
        "def command(name):\n"
        '    """Counts the images of a data set."""\n'
        "    splits = [datasets.find(name).split(train=train) for train in (True, False)]\n"
        "    click.echo(' and '.join(str(len(split.images)) for split in splits))\n"
    ),
    "cli/commands/draw.py": (
        '"""Draws a figure by its name."""\n'
        "from pathlib import Path\n"
        "import click\n"
        "from lightbench import registry\n"
        "from lightbench.cli.study_command import draw\n"
        "@click.command('draw')\n"
        "@click.argument('name')\n"
        "@click.argument('file', type=Path)\n"
        "def command(name, file):\n"
        '    """Draws a figure by its name."""\n'
        "    draw(lambda: registry.load('figure', name).draw([]), file, quiet=True)\n"
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
        'models = ["perceptron"]\nseconds = 0.05\n[depth]\nlayers = 3\n'
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
    profile = "profile perceptron --device slow --engine same --seconds 0.05 --format"
    lines = [
        "list devices --format json", "list engines --format json", "list models --format json",
        "list formats --format json", "list data --format json", "images squares", "--help", "hello", "count perceptron --format json",
        f"{profile} json", f"{profile} words", f"{profile} csv --tired", "profile --help",
        "compare perceptron --device slow --b tired --seconds 0.2",
        "guidelines tiny --widths 1,2 --seconds 0.05 --device slow --format json",
        "guidelines --widths 1 --seconds 0.05 --device slow --format csv", "guidelines --help",
        f"count perceptron -o {folder.name[:1]}.words", "list studies --format json", "lint perceptron", "lint perceptron --try --device slow --seconds 0.02 -q --format json",
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
        ("data", "squares", "Three squares to learn from, and one to test on."),
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


def test_one_file_is_a_data_set_that_is_found_by_its_name(enlarged):
    assert enlarged[1]["images squares"] == "3 and 1\n"


def test_one_file_is_a_rule_of_lint_with_a_guideline_of_its_own(enlarged):
    rows = [row.split() for row in enlarged[1]["lint perceptron"].splitlines()]
    assert ["G5", "dense", "fewer", "2"] in [row[:4] for row in rows]
    assert ["G5", "0", "dense"] in [row[:3] for row in rows]
    assert ["G5", "1", "dense"] in [row[:3] for row in rows]


def test_one_file_is_a_rewrite_that_lint_tries(enlarged):
    found = json.loads(line(enlarged[1], "lint perceptron --try"))
    assert {one["tried"]["rewrite"] for one in found} == {"emptied"}
    assert {one["tried"]["places"] for one in found} == {2}


def test_one_file_is_a_part_of_the_report(enlarged):
    report = (enlarged[0] / "report.md").read_text()
    assert "\n## Closing\n\n1 network, no more.\n\n## How to reproduce\n" in report  # which is last


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
