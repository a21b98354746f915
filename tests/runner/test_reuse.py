"""When a stored record stands for a measurement that is asked for: never for another network."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys

import msgspec
import pytest

from lightbench.cli import run as call
from lightbench.models.sources import loaded
from lightbench.records import Case, Environment, InputSpec, Run, store
from lightbench.runner import interleave
from lightbench.runner.control import Control
from lightbench.runner.reuse import Reuse
from lightbench.runner.run import run
from lightbench.timing.clock import Reading
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Rule

NET = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, {width}, 3)
    def forward(self, x):
        return self.a(x)
"""
RULE = Rule(rel=0.01, max_s=10.0)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a network; ``project.measure(*options)`` measures it into a store."""
    monkeypatch.chdir(tmp_path)

    class Project:
        file = tmp_path / "net.py"

        def write(self, width):
            self.file.write_text(NET.format(width=width))

        def git(self, *words):
            identity = ("-c", "user.name=a", "-c", "user.email=a@example.invalid")
            subprocess.run(["git", *identity, *words], check=True, capture_output=True)

        def measure(self, *options):
            code = call(
                ["profile", "net.py:Net", "--device", "null", "--input", "3x32x32", "--seconds",
                 "0.02", "--rel", "1", "--store", "runs.jsonl", *options]
            )  # fmt: skip
            assert code == 0
            return [r for r in store.read("runs.jsonl") if r.case.model == "net.py:Net"]

    made = Project()
    made.write(16)
    return made


def madds(records):
    return [record.costs.madds for record in records]


def test_a_network_that_was_edited_is_measured_anew(project, capsys):
    """3 x 3 kernels of 3 channels at 30 x 30 places: 24,300 for each output channel."""
    assert madds(project.measure()) == [16 * 24_300]
    assert madds(project.measure()) == [16 * 24_300]
    assert "stored: 1 of 1" in capsys.readouterr().err
    project.write(256)
    assert madds(project.measure()) == [16 * 24_300, 256 * 24_300]
    assert "stored" not in capsys.readouterr().err


def test_what_it_imports_is_part_of_it(project):
    project.file.write_text("from other import Net\n")
    other = project.file.with_name("other.py")
    other.write_text(NET.format(width=16))
    project.measure()
    other.write_text(NET.format(width=32))
    del sys.modules["other"]  # as in a new process
    assert madds(project.measure()) == [16 * 24_300, 32 * 24_300]


HIDDEN = {
    "a module whose name is worked out": "from importlib import import_module as im\nREPEAT = im('.b', 'pk').REPEAT",
    "a file of data": "import json, pathlib\nREPEAT = json.loads(pathlib.Path('cfg.json').read_text())",
    "the environment": "import os\nREPEAT = int(os.environ['REPEAT'])",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_what_no_import_shows_is_seen_in_what_the_network_does(project, how, monkeypatch):
    """One 3 x 3 convolution of 3 channels, or two of them one after the other: 9 x 9 x 9 x 9 each."""

    def set_to(number):
        project.file.with_name("cfg.json").write_text(str(number))
        (project.file.parent / "pk").mkdir(exist_ok=True)
        (project.file.parent / "pk" / "b.py").write_text(f"REPEAT = {number}\n")
        monkeypatch.setenv("REPEAT", str(number))
        for name in ("pk", "pk.b"):  # as in a new process, where the file is run anew
            sys.modules.pop(name, None)
        monkeypatch.setattr(loaded, "_PROJECTS", {})

    body = NET.format(width=3).replace(
        "return self.a(x)", "for _ in range(REPEAT): x = self.a(x)\n        return x"
    )
    project.file.write_text(f"{HIDDEN[how]}\n{body}")
    set_to(1)
    project.measure()
    assert len(project.measure()) == 1
    set_to(2)
    once = 9 * 9 * 30 * 30
    assert madds(project.measure()) == [once, once + 9 * 9 * 28 * 28]


def test_a_folder_that_the_file_itself_puts_on_the_path_makes_no_other_network_of_it(project):
    lib = project.file.parent / "lib"
    lib.mkdir()
    (lib / "blocks_of_mine.py").write_text(NET.format(width=16))
    project.file.write_text("import sys\nsys.path.append('lib')\nfrom blocks_of_mine import Net\n")
    project.measure()
    assert len(project.measure()) == 1
    assert "lib" not in sys.path


def test_each_commit_of_a_file_has_a_record_of_its_own(project, lightbench):
    project.git("init", "-q", ".")
    project.git("add", "net.py")
    project.git("commit", "-qm", "1")
    project.measure()
    project.write(32)
    project.git("commit", "-qam", "2")
    assert madds(project.measure()) == [16 * 24_300, 32 * 24_300]
    answer = lightbench(
        "history", "runs.jsonl", "--model", "net.py:Net", "--metric", "madds", "--format", "json"
    )
    assert len(msgspec.json.decode(answer.out)["series"][0]["commits"]) == 2


def test_force_measures_again(project):
    project.measure()
    assert len(project.measure("--force")) == 2


def test_quiet_says_nothing_of_what_is_stored(project, capsys):
    project.measure()
    project.measure("-q")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("change", ["identity", "counting", "packages"])
def test_a_record_of_another_identity_is_not_taken(change):
    case = Case(model="example_conv_g4", inputs=(InputSpec(shape=(16, 8, 8)),), device="null")
    (known,) = run([case], rule=Rule(max_s=0.02, rel=1.0))
    other = {
        "identity": None,
        "counting": msgspec.structs.replace(known.identity, counting="another"),
        "packages": msgspec.structs.replace(known.identity, packages=("timm 0.1",)),
    }[change]
    reuse = Reuse()
    assert reuse.same(known, known.environment)
    assert not reuse.same(msgspec.structs.replace(known, identity=other), known.environment)


def test_the_commit_of_the_folder_says_nothing_of_a_network_of_ours():
    case = Case(model="example_conv_g4", inputs=(InputSpec(shape=(16, 8, 8)),), device="null")
    (known,) = run([case], rule=Rule(max_s=0.02, rel=1.0))
    elsewhere = Environment(comparable=known.environment.comparable, noted={"commit": "f" * 40})
    assert Reuse().same(known, elsewhere)


def timed(make_record, *, width, run=RULE, **settings):
    """A record whose interval is so wide, of a run of that rule."""
    record = make_record(**settings)
    t = record.latency.median_s
    latency = msgspec.structs.replace(record.latency, low_s=t * (1 - width), high_s=t * (1 + width))
    asked = Run(id="r", rel=run.rel, max_s=run.max_s)
    return msgspec.structs.replace(record, latency=latency, run=asked)


@pytest.mark.parametrize(
    ("width", "rule", "good"),
    [
        (0.01, RULE, True),
        (0.05, RULE, True),  # it was not narrower, and would not be
        (0.05, Rule(rel=0.01, max_s=20.0), False),  # more time
        (0.05, Rule(rel=0.005, max_s=10.0), False),  # a closer interval
        (0.01, Rule(rel=0.005, max_s=10.0), False),
        (0.004, Rule(rel=0.005, max_s=10.0), True),  # close enough, whatever was asked for
        (0.01, Rule(rel=0.01, max_s=60.0), True),
        (0.05, Rule(rel=0.10, max_s=60.0), True),
    ],
)
def test_a_record_will_do_unless_something_better_is_asked_for(make_record, width, rule, good):
    assert Reuse(rule).good(timed(make_record, width=width)) is good


@pytest.mark.parametrize("said", ["contended: others.", "suspect: it remembers."])
def test_a_record_not_believed_will_do_only_where_nothing_better_is_asked_for(make_record, said):
    record = timed(make_record, width=0.001, warnings=(said,))
    assert Reuse(RULE).good(record)
    assert not Reuse(Rule(rel=0.01, max_s=11.0)).good(record)


def test_only_an_interrupted_record_of_this_machine_and_network_can_go_on(make_record, monkeypatch):
    reuse = Reuse(RULE)
    monkeypatch.setattr(reuse, "same", lambda record, _where: record.case.model == "a")
    left = timed(make_record, width=0.1, stop="interrupted")
    left = msgspec.structs.replace(left, case=msgspec.structs.replace(left.case, model="a"))
    assert reuse.unfinished(left, left.environment)
    assert not reuse.unfinished(left, Environment(comparable={"cpu": "another"}, noted={}))
    renamed = msgspec.structs.replace(left.case, model="b")
    assert not reuse.unfinished(msgspec.structs.replace(left, case=renamed), left.environment)
    whole = msgspec.structs.replace(left.samples, stop="converged")
    assert not reuse.unfinished(msgspec.structs.replace(left, samples=whole), left.environment)


def test_a_record_of_which_the_rule_is_not_known_will_not_do(make_record):
    record = msgspec.structs.replace(timed(make_record, width=0.001), run=None)
    assert not Reuse(RULE).good(record)


def test_every_stored_run_times_anchors_and_returns_what_was_asked_for():
    kept = []
    case = Case(model="example_conv_g4", inputs=(InputSpec(shape=(16, 8, 8)),), device="null")
    settings = {"rule": Rule(max_s=0.02, rel=1.0), "anchored": True}
    records = run([case], control=Control(keep=kept.append), **settings)
    assert [record.case.model for record in records] == ["example_conv_g4"]
    assert [record.run.anchor for record in kept] == [False, True, True]
    assert len({record.run.id for record in kept}) == 1
    again = run(
        [msgspec.structs.replace(case, inputs=(InputSpec(shape=(16, 9, 9)),))],
        control=Control(stored=kept, keep=kept.append),
        **settings,
    )
    assert len(again) == 1
    second = kept[3:]
    assert [record.run.anchor for record in second] == [False, True, True, True]
    assert second[1].case == case  # the reference: the first that is stored


def test_an_anchor_that_fails_is_missed_by_no_one(monkeypatch):
    monkeypatch.setattr(
        "lightbench.runner.anchors.NETWORKS", (("stack:grouped(c=7, groups=2)", (7, 1, 1)),)
    )
    kept = []
    case = Case(model="example_conv_g4", inputs=(InputSpec(shape=(16, 8, 8)),), device="null")
    run([case], rule=Rule(max_s=0.02, rel=1.0), control=Control(keep=kept.append), anchored=True)
    assert [record.case for record in kept] == [case]


def test_a_file_that_only_the_store_names_is_no_anchor(project):
    """Nor is it run to see whether it could be one."""
    ran = project.file.with_name("ran")
    project.file.write_text(
        NET.format(width=16) + f"with open({str(ran)!r}, 'a') as file: file.write('x')\n"
    )
    project.measure()
    stored, before = store.read("runs.jsonl"), ran.read_text()
    kept = []
    case = Case(model="example_conv_g4", inputs=(InputSpec(shape=(16, 8, 8)),), device="null")
    run(
        [case],
        rule=Rule(max_s=0.02, rel=1.0),
        control=Control(keep=kept.append, stored=stored),
        anchored=True,
    )
    assert "net.py:Net" not in {record.case.model for record in kept}
    assert ran.read_text() == before


def test_an_anchor_that_fails_in_the_rounds_is_missed_by_no_one(monkeypatch):
    collect = interleave.collect

    def failing(steps, *args, **settings):
        found = collect(steps, *args, **settings)
        return {**found, **dict.fromkeys(settings["unawaited"], RuntimeError("no."))}

    monkeypatch.setattr(interleave, "collect", failing)
    kept = []
    case = Case(model="example_conv_g4", inputs=(InputSpec(shape=(16, 8, 8)),), device="null")
    run([case], rule=Rule(max_s=0.02, rel=1.0), control=Control(keep=kept.append), anchored=True)
    assert [record.case for record in kept] == [case]


def test_a_commit_that_leaves_the_file_alone_is_another_commit(project):
    project.git("init", "-q", ".")
    project.git("add", "net.py")
    project.git("commit", "-qm", "1")
    project.measure()
    project.git("commit", "-q", "--allow-empty", "-m", "2")
    assert len(project.measure()) == 2
    assert len(project.measure()) == 2


def test_rounds_do_not_go_on_for_an_anchor():
    seconds, noise = itertools.count(), random.Random(1)
    steps = {
        "asked": lambda _n: Reading(0.001),
        "anchor": lambda _n: Reading(0.001 * noise.lognormvariate(0, 1)),
    }
    found = collect(
        steps,
        Rule(rel=0.01, max_s=1e6),
        clock=lambda: float(next(seconds)),
        rng=random.Random(0),
        unawaited={"anchor"},
    )
    assert [found[name].stop for name in steps] == ["converged", "max_seconds"]
    assert len(found["asked"].wall_s) // found["asked"].samples_per_round == 30
