"""Commands under "How to reproduce": what they say, and that lightbench and a shell take them."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import click
import msgspec
import pytest
from rooflines import peak_records

from lightbench.cli import lightbench as group
from lightbench.errors import UsageError
from lightbench.records import SweepPoint
from lightbench.records.findings import (
    Check,
    Crosscheck,
    EngineTimes,
    Finding,
    LayerTimes,
    Linted,
    Opinion,
    PartTime,
)
from lightbench.reports.commands import commands
from lightbench.runner.setup import Setup
from lightbench.stats.interval import Interval
from lightbench.studies.card.plan import plan_card
from lightbench.studies.guidelines.plan import plan
from lightbench.studies.sweep.axes import AXES, plan_axis
from lightbench.studies.sweep.run import _case, _place

HOSTILE = [
    "--output=/tmp/PWNED.csv",
    "-o evil",
    "--",
    "",
    "a b",
    "$(reboot)",
    "`id`",
    "x; rm -rf /",
    "'",
    "\n",
    "a\nb'c\\d!e$(f)",
    "\x1b[31m1",  # an escape before a digit of its own
    "cod\u202eexe",
    "né\u200b💡",
    "\\n",
    "~/*",
]


def as_lint(record, measured_s=None):
    finding = Finding(
        guideline="G1", layer="a", cause="b", advice="c", mem_bytes=1.0, measured_s=measured_s
    )
    return msgspec.structs.replace(
        record, samples=None, latency=None, found=Linted(findings=(finding,))
    )


def as_layers(record):
    part = PartTime(name="conv2d", time_s=Interval(0.001), share=Interval(1.0))
    times = LayerTimes(
        rounds=1, total_s=Interval(0.001), over_whole=Interval(1.0),
        operators=(part,), kinds=(part,), views=part,
    )  # fmt: skip
    return msgspec.structs.replace(record, found=times)


def as_crosscheck(record):
    opinions = (Opinion(tool="thop", ours=1, theirs=1),)
    return msgspec.structs.replace(
        record, samples=None, latency=None, found=Crosscheck(opinions=opinions)
    )


def parsed(line):
    """The options as the command line itself reads them. Raises what it would refuse."""
    return read(shlex.split(line)[1:])


def read(words):
    name, *words = words
    command = group.get_command(click.Context(group), name)
    with command.make_context(name, words) as context:
        return {key: value for key, value in context.params.items() if value}


def run_by_bash(line):
    """What bash hands to lightbench, call by call."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    script = f"lightbench() {{ printf '%s\\0' \"$@\" END-OF-CALL; }}; {line}"
    out = subprocess.run([bash, "-c", script], capture_output=True, check=True).stdout
    calls = out.decode().split("END-OF-CALL\0")[:-1]
    return [call.split("\0")[:-1] for call in calls]


@pytest.fixture
def asked(monkeypatch, tmp_path, lightbench):
    """The sweeps and the setup that a command, a line or its words, would measure."""
    seen = []

    def instead(sweeps, setup, **_settings):
        seen.append((list(sweeps), setup))
        raise UsageError("this test measures nothing.")

    for study in ("card", "guidelines", "sweep"):
        monkeypatch.setattr(f"lightbench.studies.{study}.api.measure_all", instead)
    monkeypatch.chdir(tmp_path)

    def call(line):
        seen.clear()
        answer = lightbench(*(shlex.split(line)[1:] if isinstance(line, str) else line))
        assert seen, answer.err
        return seen[0]

    return call


@pytest.fixture
def measured(make_record):
    """The records of sweeps as a run would leave them, without measuring."""

    def made(sweeps, setup):
        return [
            msgspec.structs.replace(
                make_record(),
                case=_case(p, setup, (1, 1) if launch else p.size),
                found=_place(sweep, p, f"{i}", launch=launch),
            )
            for i, sweep in enumerate(sweeps)
            for launch in ((False, True) if sweep.launch else (False,))
            for p in sweep.points
        ]

    return made


def test_networks_of_one_setup_are_one_command(make_record):
    records = [make_record(name, threads=1) for name in ("a", "b", "a")]
    line, last = commands(records)
    assert last == "lightbench report runs.jsonl -o report.html"
    assert line == (
        "lightbench profile --device cpu --threads 1 --batch 1 --input 3x224x224"
        " --store runs.jsonl -- a b"
    )


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"batch": 8}, "--batch 8"),
        ({"dtype": "bfloat16"}, "--dtype bfloat16"),
        ({"layout": "channels_last"}, "--channels-last"),
        ({"engine": "compile"}, "--engine compile"),
        ({"mode": "train"}, "--mode train"),
        ({"dtype": "int8", "calibration": "photos"}, "--calibration photos"),
        ({"device": "cuda:1", "options": ("graph", "cold-cache")}, "--graph --cold-cache"),
        ({"shape": (1, 28, 28)}, "--input 1x28x28"),
    ],
)
def test_what_makes_a_case_is_in_its_command_and_the_command_line_takes_it(
    case, words, make_record
):
    line, _ = commands([make_record("net", **case)])
    assert words in line
    assert parsed(line)["models"] == ("net",)


@pytest.mark.parametrize("option", ["output=/tmp/PWNED.csv", "trust-code", "graph --trust-code"])
def test_an_option_that_no_device_has_is_none_of_the_command(option, make_record):
    line, _ = commands([make_record("net", options=(option, "energy"))])
    assert parsed(line).keys() == {
        "device",
        "batch",
        "input",
        "path",
        "models",
        "device_option_energy",
    }


def test_a_device_or_an_engine_cannot_be_another_option(make_record):
    line, _ = commands([make_record("net", device="--output=a.csv", engine="--output=b.csv")])
    given = parsed(line)
    assert (given["device"], given["engine"]) == ("--output=a.csv", ["--output=b.csv"])
    assert "output" not in given


def test_every_study_has_a_command_that_the_command_line_takes(make_record, sweep_records):
    records = [
        *sweep_records(width=1, run="a", threads=1),
        *sweep_records(width=2, run="b", threads=1),
        *sweep_records(experiment="device_card", run="c"),
        *sweep_records(experiment="kernel", run="d"),
        as_lint(make_record("a")),
        as_lint(make_record("b")),
        as_layers(make_record("a")),
        as_crosscheck(make_record("a")),
        as_crosscheck(make_record("b")),
    ]
    lines = commands(records)
    assert [(line.partition(" --")[0], line.rpartition("-- ")[2]) for line in lines[:6]] == [
        ("lightbench device-card", lines[0]),
        ("lightbench guidelines", "g1"),
        ("lightbench sweep", "kernel"),
        ("for model in a b; do lightbench lint", '"$model"; done'),
        ("lightbench layers", "a"),
        ("lightbench count", "a b"),
    ]
    assert lines[6:] == ["lightbench report runs.jsonl -o report.html"]
    assert parsed(lines[1])["widths"] == [1, 2]
    for line in (lines[0], lines[2], *lines[4:]):
        parsed(line)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("other", [(), ("b",)], ids=["alone", "in a loop"])
def test_a_name_is_a_name_for_the_shell_and_for_lightbench(name, other, make_record):
    """Of all studies, and only what a document can show as it is stands there."""
    records = [make_record(each) for each in (name, *other)]
    kinds = (as_lint, as_layers, as_crosscheck)
    lines = commands([*records, *(kind(record) for kind in kinds for record in records)])
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)
    found = [[read(call) for call in run_by_bash(line)] for line in lines[:-1]]
    for given in (given for calls in found for given in calls):
        assert "output" not in given
        assert given["path"] == "runs.jsonl"
    profile, lint, layers, count = found
    assert profile[0]["models"] == count[0]["models"] == (name, *other)
    for calls in (lint, layers):
        assert [given.get("model", "") for given in calls] == [name, *other]  # read() drops ""
    assert all(given["measure"] for given in layers)
    assert count[0]["crosscheck"]


def test_half_a_character_is_no_obstacle(make_record):
    """It stands in no file and in no command line, but a report of it must not fail."""
    assert commands([make_record("a\udcff")])[0].endswith(r" -- $'a\x5cudcff'")


def test_lint_takes_the_card_of_its_setup_and_so_does_the_report(make_record, card_records):
    """The card is measured first, though it stands last."""
    lint = [as_lint(make_record("a", threads=n)) for n in (1, 2)]
    first, with_card, without, last = commands([*lint, *card_records(threads=1)])
    assert first == "lightbench device-card --device cpu --threads 1 --card card.jsonl"
    assert with_card.endswith(
        "--threads 1 --batch 1 --input 3x224x224 --card card.jsonl --store runs.jsonl -- a"
    )
    assert "--card" not in without
    assert last == "lightbench report runs.jsonl card.jsonl -o report.html"


def test_the_sweeps_of_a_card_are_measured_with_it(measured, asked):
    """Group counts and ratios, which are axes too."""
    first, last = commands(measured(plan_card(), Setup(threads=2)))
    assert asked(first) == (plan_card(), Setup(threads=2))
    assert last.startswith("lightbench report")


def test_a_roofline_is_measured_first_and_with_an_engine_that_of_eager_too(make_record):
    own = peak_records(make_record, engine="onnxruntime", threads=1)
    records = [make_record("a", threads=1), *peak_records(make_record, threads=1), *own]
    first, second, _ = commands(records)
    assert first == (
        "lightbench roofline --device cpu --engine onnxruntime --threads 1 --store runs.jsonl"
    )
    assert second.startswith("lightbench profile")
    parsed(first)


def test_findings_that_were_timed_are_timed_again(make_record):
    timed, not_timed = as_lint(make_record("a"), Interval(0.001)), as_lint(make_record("b"))
    first, second, _ = commands([timed, not_timed])
    assert parsed(first)["verify"]
    assert "verify" not in parsed(second)


def test_what_an_engine_has_told_of_itself_is_told_again_without_more(make_record):
    told = as_lint(make_record("a", engine="onnxruntime"), Interval(0.001))
    kernels = EngineTimes(calls=6, profiled_s=0.01, kernels=())
    times = msgspec.structs.replace(make_record("a", engine="onnxruntime"), found=kernels)
    first, second, _ = commands([told, times])
    assert "verify" not in parsed(first)
    assert second.startswith("lightbench layers --measure --device cpu --engine onnxruntime")


def test_a_check_has_a_side_that_a_reader_may_not_have(make_record):
    checked = msgspec.structs.replace(make_record(), found=Check(against="main", metrics=()))
    assert commands([checked]) == ["lightbench report runs.jsonl -o report.html"]


@pytest.mark.parametrize(
    ("axis", "constant"),
    [(axis, constant) for axis, about in AXES.items() for constant in about.constants],
)
def test_the_command_of_a_sweep_measures_its_very_points(axis, constant, measured, asked):
    """192 channels are enough for each axis at constant MAdds, and a multiple of what any needs."""
    size = (56, 56) if axis == "resolution" else (28, 20)
    sweep = plan_axis(axis, 192, constant, size)
    setup = Setup(batch=1 if axis == "batch" else 4, dtype="bfloat16", threads=1)
    line, _ = commands(measured([sweep], setup))
    assert asked(line) == ([sweep], setup)


def test_axes_with_the_same_options_are_one_loop(measured, asked):
    """A sweep has one axis."""
    sweeps = [plan_axis(axis, 192) for axis in ("ratio", "kind", "kernel")]
    line, _ = commands(measured(sweeps, Setup()))
    assert line.startswith("for axis in ratio kind kernel; do lightbench sweep ")
    assert [asked(words)[0] for words in run_by_bash(line)] == [[sweep] for sweep in sweeps]


def test_sweeps_of_one_axis_are_as_many_commands_as_they_differ(measured, asked):
    kinds = [(64, (28, 28)), (128, (28, 28)), (64, (28, 28)), (64, (14, 14))]
    sweeps = [plan_axis("batch", channels, size=size) for channels, size in kinds]
    *lines, _ = commands(measured(sweeps, Setup()))
    assert [asked(line)[0] for line in lines] == [[sweeps[i]] for i in (0, 1, 3)]


@pytest.mark.parametrize("axis", AXES)
def test_a_sweep_that_was_cut_off_is_measured_whole(axis, measured, asked):
    """Any one point on its own map is enough; here it is the last."""
    sweep = plan_axis(axis, 192)
    records = measured([sweep], Setup())
    line, _ = commands([records[len(sweep.points) - 1]])
    assert asked(line) == ([sweep], Setup())


@pytest.mark.parametrize("channels", ["c=1, constant --output=x", "c=1, constant width -o x", ""])
def test_what_no_record_of_a_sweep_says_is_left_out(channels, make_record):
    """An edited store: channels of free text, and no map."""
    point = SweepPoint(run="r", experiment="ratio", point="1:1", channels=channels)
    line, _ = commands([make_record("n", shape=(64,), sweep=point)])
    assert line == "lightbench sweep --device cpu --batch 1 --store runs.jsonl -- ratio"
    empty = make_record("n", sweep=point)
    empty = msgspec.structs.replace(empty, case=msgspec.structs.replace(empty.case, inputs=()))
    assert commands([empty])[0] == line


@pytest.mark.parametrize("axis", ["--output=/tmp/x", "", "unknown", "$(reboot)"])
def test_an_axis_that_lightbench_has_not_is_no_command(axis, sweep_records):
    assert commands(sweep_records(experiment=axis)) == [
        "lightbench report runs.jsonl -o report.html"
    ]


@pytest.mark.parametrize("geometry", [None, "uniform"])
def test_guidelines_of_one_setup_are_one_command(geometry, measured, asked):
    setup = Setup(threads=1, batch=2)
    planned = plan(["g4"], widths=(1, 2), geometry=geometry)
    if geometry is None:
        planned = plan(["g1", "g2", "g3", "g4"], channels=["paper-arm"], widths=(1, 2))
    line, _ = commands(measured(planned, setup))
    assert asked(line) == (planned, setup)


def test_guidelines_at_other_widths_or_of_other_channels_are_other_commands(measured, asked):
    """Units come in a set of channels of their own, which no option names."""
    planned = [
        *plan(["g1", "g2"], widths=(1, 4)),
        *plan(["g3"], widths=(2,)),
        *plan(["g1"], channels=["paper-gpu"], widths=(1, 4)),
        *plan(["units", "operators"], widths=(1,)),
    ]
    *lines, _ = commands(measured(planned, Setup()))
    assert [line.rpartition("-- ")[2] for line in lines] == [
        "g1 g2",
        "g3",
        "g1",
        "units",
        "operators",
    ]
    assert [sweep for line in lines for sweep in asked(line)[0]] == planned


@pytest.mark.parametrize("channels", ["--output=x", "aligned --output=x", "paper", ""])
def test_a_set_of_channels_that_lightbench_has_not_is_not_asked_for(channels, sweep_records):
    line, _ = commands(sweep_records(channels=channels))
    assert parsed(line).get("channels", ["aligned"]) == ["aligned"]
    assert "output" not in parsed(line)
    assert "geometry" not in parsed(line)
