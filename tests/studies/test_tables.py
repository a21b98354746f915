"""What a suite asks for besides profiles: measured once, kept at once, gone on with after a stop."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lightbench import registry
from lightbench.environment import allocator
from lightbench.errors import ModelError, UnknownName, UsageError
from lightbench.records import Case, InputSpec, store
from lightbench.records.findings import Finding, Linted
from lightbench.runner.identity import current
from lightbench.runner.record import untimed
from lightbench.runner.run import Interrupted
from lightbench.studies.card.card import EXPERIMENT
from lightbench.studies.tables import gather, read_settings
from lightbench.studies.task import Task
from lightbench.suite import read_suite

NET = "example_dense"  # one convolution: 3 to 4 channels, 3x3, on 64x64
SUITE = f"""
models = ["{NET}"]
threads = 1
seconds = 0.05
[lint]
[crosscheck]
[layers]
seconds = 0.05
"""


def case(model=NET, **settings):
    return Case(model=model, inputs=(InputSpec(shape=(3, 64, 64)),), threads=1, **settings)


@pytest.fixture
def run(lightbench, tmp_path, monkeypatch):
    """``run(text)`` writes a suite and makes its report, as a new process would; gives the answer and
    the studies stored."""

    def made(text=SUITE, *options):
        monkeypatch.setitem(allocator._state, "kept", False)
        (tmp_path / "s.toml").write_text(text)
        answer = lightbench(
            "report", "--suite", tmp_path / "s.toml", "-o", tmp_path / "r.md", *options
        )
        path = tmp_path / "r.jsonl"
        asked = (
            [r for r in store.read(path) if not (r.run and r.run.anchor)] if path.exists() else []
        )
        return answer, [r.study for r in asked]

    return made


def test_a_suite_is_measured_into_the_store_beside_the_report_and_never_twice(run, tmp_path):
    answer, studies = run()
    assert (answer.code, answer.out) == (0, "")
    # the turn of each study is its own, not that of its table in the file
    assert studies == ["profile", "layers", "lint", "crosscheck"]
    text = (tmp_path / "r.md").read_text()
    for title in ("Comparison", "Network by network", "Counts, cross-checked"):
        assert f"## {title}\n" in text
    for table in ("Time by kind of operator", "Layers that take the most time", "Findings of lint"):
        assert f"**{table}**" in text
    before = (tmp_path / "r.jsonl").read_bytes()
    again, studies = run()
    assert again.code == 0
    assert (tmp_path / "r.jsonl").read_bytes() == before
    assert (tmp_path / "r.md").read_text() == text


def test_a_stop_in_the_middle_keeps_what_there_is_and_the_next_run_goes_on(run, monkeypatch):
    def stop(*_args, **_settings):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("lightbench.studies.lint.gather.lint_model", stop)
        answer, studies = run()
    assert answer.code == 130
    assert "the same command goes on from here" in answer.err
    assert studies == ["profile", "layers"]
    answer, studies = run()
    assert (answer.code, studies) == (0, ["profile", "layers", "lint", "crosscheck"])


def test_a_stop_before_anything_is_measured_is_an_interruption_and_no_complaint(run, monkeypatch):
    def stop(*_models, **_settings):
        raise Interrupted([])

    monkeypatch.setattr("lightbench.studies.profile.api.profile", stop)
    answer, studies = run()
    assert (answer.code, answer.out, studies) == (130, "", [])
    assert answer.err.count("\n") == 1


def test_a_partial_report_says_so(run, monkeypatch, tmp_path):
    def stop(*_args, **_settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("lightbench.studies.lint.gather.lint_model", stop)
    run()
    assert "Unfinished: the measurement was interrupted." in (tmp_path / "r.md").read_text()


def test_a_reference_that_no_model_is_called_is_refused_before_anything_is_measured(run):
    answer, studies = run(SUITE, "--reference", "example_dens")
    assert (answer.code, studies) == (2, [])
    assert "Did you mean example_dense" in answer.err


@pytest.mark.slow
def test_records_of_other_networks_in_the_store_are_left_out_and_sweeps_stay(
    run, tmp_path, make_record, sweep_records
):
    store.append(tmp_path / "r.jsonl", [make_record("stranger"), *sweep_records()])
    run()
    text = (tmp_path / "r.md").read_text()
    assert "stranger" not in text
    assert "## Guidelines" in text


def test_the_suite_itself_is_in_the_report_for_who_does_not_have_it(run, tmp_path):
    run()
    text = (tmp_path / "r.md").read_text()
    commands = text.partition("```sh\n")[2].partition("```")[0]
    assert commands.startswith(f"cat > {tmp_path / 's.toml'} <<'END'\n{SUITE.strip()}\nEND\n")


@pytest.mark.slow
def test_what_another_machine_measured_is_measured_again(run, tmp_path):
    run()
    path = tmp_path / "r.jsonl"
    path.write_text(path.read_text().replace('"architecture":"', '"architecture":"other '))
    _, studies = run()
    assert studies == ["profile", "layers", "lint", "crosscheck"] * 2


def test_lint_is_looked_at_again_once_there_is_a_card(make_record):
    finding = Finding(guideline="G1", layer="a", cause="b", advice="c", mem_bytes=1.0)
    asked = []
    old = untimed(case(), found=Linted(findings=(finding,)), identity=current(NET, trusted=True)[0])
    task = Task([case()], known=[old])
    task.each("lint", asked.append, stale=lambda record: record is old)
    assert asked == [case()]
    task = Task([case()], known=[old])
    task.each("lint", asked.append)
    assert asked == [case()]


@pytest.mark.parametrize(
    ("estimate_s", "has_card", "again"),
    [(None, True, True), (None, False, False), (0.001, True, False)],
)
def test_findings_without_an_estimate_are_stale_if_there_is_a_card(
    estimate_s, has_card, again, monkeypatch
):
    finding = Finding(
        guideline="G1", layer="a", cause="b", advice="c", mem_bytes=1.0, estimate_s=estimate_s
    )
    asked = []

    def looked_at(model, **_settings):
        asked.append(model)
        return SimpleNamespace(record=untimed(case(), found=Linted(findings=())))

    monkeypatch.setattr("lightbench.studies.lint.gather.lint_model", looked_at)
    monkeypatch.setattr(
        "lightbench.studies.lint.gather._card", lambda _task, _case: object() if has_card else None
    )
    identity = current(NET, trusted=True)[0]
    task = Task(
        [case()], known=[untimed(case(), found=Linted(findings=(finding,)), identity=identity)]
    )
    gather(read_settings({"lint": {}}), task)
    assert asked == ([NET] if again else [])


def test_a_study_that_fails_for_one_network_is_said_and_the_others_go_on(run, monkeypatch):
    def fail(model, **_settings):
        raise ModelError(f"{model} is too odd.", "Try another.")

    monkeypatch.setattr("lightbench.studies.layers.gather.measure_layers", fail)
    answer, studies = run()
    assert answer.code == 3
    assert f"lightbench: {NET}: {NET} is too odd. Try another." in " ".join(answer.err.split())
    assert studies == ["profile", "lint", "crosscheck"]


def test_a_network_that_could_not_be_profiled_is_in_no_study(run):
    answer, studies = run(SUITE.replace(f'"{NET}"', f'"no_such_net", "{NET}"'))
    assert answer.code == 3
    assert studies.count("layers") == studies.count("lint") == 1


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("[lynt]", "no study is called 'lynt'"),
        ("[lint]\nhard = true", "cannot read [lint] of the suite"),
        ("[layers]\nseconds = -1", "seconds are a number above zero"),
        ("[layers]\nseconds = nan", "seconds are a number above zero"),
        ("[layers]\nseconds = 'long'", "Expected `float`, got `str`"),
        ("[card]\nspeed = 0", "speed is between 0.1 and 10"),
        ("[guidelines]\nnames = ['g9']", "no guideline is called 'g9'"),
        ("[guidelines]\nwidths = [0]", "a width multiplies channels by 1 to 16"),
        ("[guidelines]\nwidths = []", "no width is named"),
        ("[guidelines]\nchannels = ['odd']", "no set of channels is called 'odd'"),
        ("[guidelines]\nseconds = 0", "seconds are a number above zero"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_before_anything_is_measured(table, words, run):
    answer, studies = run(f'models = ["{NET}"]\n{table}\n')
    assert (answer.code, studies) == (2, [])
    assert words in " ".join(answer.err.split())


def test_every_file_of_the_folder_is_a_study_with_a_turn_of_its_own():
    names = registry.names("study")
    plugins = [registry.load("study", name) for name in names]
    assert {"card", "crosscheck", "guidelines", "layers", "lint"} <= set(names)
    assert len({plugin.ORDER for plugin in plugins}) == len(plugins)
    for plugin in plugins:
        plugin.Settings()  # all keys may be left out


def test_profile_leaves_the_studies_of_a_suite_alone(lightbench, tmp_path):
    (tmp_path / "s.toml").write_text(SUITE)
    answer = lightbench("profile", "--suite", tmp_path / "s.toml", "--store", tmp_path / "r.jsonl")
    assert answer.code == 0
    assert {record.study for record in store.read(tmp_path / "r.jsonl")} == {"profile"}


def test_the_committed_suites_can_be_read(pytestconfig):
    for path in sorted((pytestconfig.rootpath / "bench" / "suites").glob("*.toml")):
        studies = list(read_settings(read_suite(path).studies))
        all_of_a_report = ["card", "layers", "lint", "crosscheck", "guidelines"]
        assert studies == ([] if path.stem == "engines" else all_of_a_report)


def test_only_what_eager_infers_is_taken_apart():
    asked = []
    cases = [case(), case(mode="train"), case(engine="compile"), case(options=("graph",))]
    Task(cases, known=[]).each("layers", asked.append)
    assert asked == [case()]


def test_cards_and_guidelines_are_measured_once_for_each_setup(monkeypatch):
    asked = []

    def record(sweeps, setup, *, seconds, **_settings):
        asked.append((sweeps[0].experiment, setup.dtype, seconds(sweeps[0])))

    monkeypatch.setattr("lightbench.studies.card.gather.measure_all", record)
    monkeypatch.setattr("lightbench.studies.guidelines.gather.measure_all", record)
    cases = [case(), case("example_conv_g1"), case(dtype="float64")]
    studies = {"card": {"speed": 2}, "guidelines": {"names": ["g2"], "widths": [1], "seconds": 3}}
    gather(read_settings(studies), Task(cases))
    assert asked == [
        (EXPERIMENT, "float32", 10.0),
        (EXPERIMENT, "float64", 10.0),
        ("g2_group_count", "float32", 3.0),
        ("g2_group_count", "float64", 3.0),
    ]


def test_what_is_wrong_with_a_table_names_the_keys_there_are():
    with pytest.raises(UsageError, match="Known keys: seconds"):
        read_settings({"layers": {"second": 1}})
    with pytest.raises(UnknownName, match="Did you mean layers"):
        read_settings({"layer": {}})
