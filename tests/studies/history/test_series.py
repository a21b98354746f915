"""Stored records become one series for each case on each machine, and say where it changed."""

from __future__ import annotations

import csv
import io
import json
import random
import subprocess
import sys
import warnings
from hashlib import sha1
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench import registry
from lightbench.errors import StoreError
from lightbench.records import SCHEMA, Environment, SweepPoint, store
from lightbench.studies.history.series import METRICS, entries, histories, read_entries
from lightbench.studies.history.table import history_view

ROOT = Path(__file__).parents[3]
MACHINE = {"cpu": "Example CPU", "threads": 2, "torch": "2.12.0"}


def commit_of(number):
    return sha1(str(number).encode()).hexdigest()


@pytest.fixture(scope="session")
def at(make_record):
    """``at(3, latency_s=0.02)`` is a record of the third commit, which is of the third day."""

    def made(day, model="net", commit=..., second=0, machine=MACHINE, noted=None, **settings):
        record = make_record(model, comparable=machine, **settings)
        named = commit_of(day) if commit is ... else commit
        where = Environment(comparable=machine, noted={"commit": named, **(noted or {})})
        month, rest = divmod(day, 28)
        time = f"2026-{1 + month:02}-{1 + rest:02}T03:00:{second:02}+00:00"
        return msgspec.structs.replace(record, environment=where, time=time)

    return made


@pytest.fixture(scope="session")
def stepped(at):
    """``stepped()``: 40 commits, 10 % slower from the 21st on, in noise of 1 %; the functions give
    machine and noted facts of a day."""

    def made(model="net", machine=lambda _: MACHINE, noted=lambda _: None, **settings):
        rng = random.Random(1)
        return [
            at(
                day,
                model,
                machine=machine(day),
                noted=noted(day),
                latency_s=0.010 * (1.1 if day >= 20 else 1) * rng.gauss(1, 0.01),
                **settings,
            )
            for day in range(40)
        ]

    return made


@pytest.fixture
def keep(tmp_path):
    """``keep(records)`` is the file that they are in."""

    def made(records, name="r.jsonl"):
        store.append(tmp_path / name, records)
        return tmp_path / name

    return made


def series(records, metric="latency"):
    return histories(entries(records), metric)


def line_with(record, **changes):
    return json.dumps(msgspec.to_builtins(record) | changes).encode() + b"\n"


# What is read of a record.


def test_a_store_in_short_says_what_its_records_say(keep, profile, sweep_records, at):
    records = [*profile, *sweep_records(), at(1), at(2, failure="out of memory.")]
    found = list(read_entries(str(keep(records))))
    assert found == entries(records)
    assert [entry.case for entry in found] == [record.case for record in records]
    assert [entry.time for entry in found] == [record.time for record in records]
    first = profile[0]
    assert found[0].values == {
        "latency": first.latency.median_s,
        "params": first.costs.params,
        "madds": first.costs.madds,
        "mem_access": first.costs.mem_access,
        "mem_bytes": first.costs.mem_bytes,
        "fused_bytes": first.costs.fused_bytes,
        "param_bytes": first.costs.param_bytes,
        "activations": first.costs.activations,
    }


def test_records_of_schema_1_are_read_as_the_store_migrates_them():
    old = ROOT / "results" / "amd-epyc-2-cores" / "quick.jsonl"
    assert b'"schema":1,' in old.read_bytes()
    assert list(read_entries(str(old))) == entries(store.read(old))


@pytest.mark.parametrize("changes", [{}, {"time": 7}], ids=["same fields", "other fields"])
def test_a_newer_schema_is_refused_in_the_words_of_the_store(changes, keep, at):
    path = keep([at(1)])
    path.write_bytes(path.read_bytes() + line_with(at(2), schema=SCHEMA + 1, **changes))
    with pytest.raises(StoreError, match="newer lightbench") as ours:
        list(read_entries(str(path)))
    with pytest.raises(StoreError) as theirs:
        store.read(path)
    assert str(ours.value) == str(theirs.value)


def test_wherever_a_line_is_cut_the_records_around_it_are_read(keep, at):
    path = keep([at(1)])
    line = path.read_bytes()
    for end in range(1, len(line) - 1, 7):
        path.write_bytes(line + line[:end] + b"\n" + line)
        with pytest.warns(UserWarning, match=r"r\.jsonl:2: skipped a record that was cut short"):
            assert len(list(read_entries(str(path)))) == 2


@pytest.mark.parametrize(
    "line",
    [b"hello", b"[]", b"{}", b'{"schema":true}', b'{"schema":0}', b'{"schema":1}', b"[" * 200_000,
     b"\0" * 100, b'{"schema":1,"time":"\xe9"}'],
)  # fmt: skip
def test_garbage_is_named_by_file_and_line(line, keep, at):
    path = keep([at(1)])
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(StoreError, match=r"r\.jsonl:2: not a record"):
        list(read_entries(str(path)))


@pytest.mark.parametrize(
    "changes",
    [
        {"time": 5},
        {"case": {"model": "net", "inputs": [], "batch": 0}},
        {"case": {"model": "net"}},
        {"case": 1},
        {"environment": {"comparable": {"cpu": []}, "noted": {}}},
        {"environment": {"comparable": [], "noted": {}}},
        {"environment": {"comparable": {}, "noted": {"commit": {}}}},
        {"costs": {"params": "many"}},
        {"latency": {"median_s": 0}},
        {"latency": {"median_s": -1.0}},
        {"latency": {"median_s": None}},
        {"peak_memory_bytes": -5},
        {"peak_memory_bytes": 10**30},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_named_by_file_and_line(changes, keep, at):
    path = keep([at(1)])
    path.write_bytes(path.read_bytes() + line_with(at(2), **changes))
    with pytest.raises(StoreError, match=r"r\.jsonl:2: not a record"):
        list(read_entries(str(path)))


@given(st.text(), st.none() | st.text() | st.integers(-5, 5), st.text())
def test_any_text_may_stand_for_a_model_a_commit_or_a_time(at, model, commit, time):
    record = msgspec.structs.replace(at(1, model, commit=commit), time=time)
    (one,) = series([record])
    assert one.case.model == model
    assert one.points[0].commit == (time[:10] if commit in {None, ""} else str(commit))
    assert history_view([one], commits=True).table.rows


def test_a_number_too_large_for_a_time_is_no_record(keep, at):
    path = keep([at(1)])
    text = path.read_text().replace('"median_s":0.01', '"median_s":1e999')
    path.write_text(text)
    with pytest.raises(StoreError, match=r"r\.jsonl:1: not a record"):
        list(read_entries(str(path)))


# What is one series.


@pytest.mark.parametrize(
    "fact", ["cpu", "logical_cores", "threads", "device", "accelerator", "allocator", "settings", "new"]
)  # fmt: skip
def test_another_machine_is_another_series(fact, at):
    records = [at(1), at(2, machine={**MACHINE, fact: "other"})]
    assert [len(one.points) for one in series(records)] == [1, 1]


@pytest.mark.parametrize(
    "fact",
    ["python", "torch", "torch_build", "torch_npu", "cuda", "hip", "cudnn", "cann", "xpu", "driver", "macos"],
)  # fmt: skip
def test_other_software_is_the_same_series(fact, at):
    records = [at(1), at(2, machine={**MACHINE, fact: "other"})]
    assert [len(one.points) for one in series(records)] == [2]


def test_the_order_of_facts_in_a_line_makes_no_series(at):
    assert len(series([at(1), at(2, machine=dict(reversed(MACHINE.items())))])) == 1


def test_what_is_unknown_is_as_if_it_were_not_there(at):
    records = [at(1), at(2, machine={**MACHINE, "settings": None})]
    assert len(series(records)) == 1


@pytest.mark.parametrize("other", [{"batch": 8}, {"dtype": "bfloat16"}, {"shape": (3, 8, 8)}])
def test_another_case_is_another_series(other, at):
    assert len(series([at(1), at(2, **other)])) == 2


def test_records_of_a_sweep_and_failed_ones_are_left_out(at):
    point = SweepPoint(run="a", experiment="groups", point="1")
    records = [at(1), at(2, sweep=point), at(3, failure="out of memory.")]
    (one,) = series(records)
    assert [point.commit for point in one.points] == [commit_of(1)]


def test_commits_stand_in_the_order_of_time_whatever_the_file_says(at):
    """A commit that is measured again stays where it was."""
    records = [at(3), at(1), at(5, commit=commit_of(1)), at(2)]
    (one,) = series(records)
    assert [point.commit for point in one.points] == [commit_of(day) for day in (1, 2, 3)]
    assert [point.n for point in one.points] == [2, 1, 1]


def test_without_a_commit_the_day_stands_for_it(at):
    records = [at(1, commit=None), at(1, commit=None, second=9), at(2, commit=None)]
    (one,) = series(records)
    assert [point.name for point in one.points] == ["2026-01-02", "2026-01-03"]
    assert [point.n for point in one.points] == [2, 1]


@pytest.mark.parametrize(
    ("commit", "name"),
    [
        ("3f2a91bc" * 5, "3f2a91bc"),
        ("3f2a91bc" * 5 + "-dirty", "3f2a91bc-dirty"),
        ("v1.2-beta", "v1.2-beta"),
        ("deadbeef", "deadbeef"),
    ],
)
def test_a_hash_is_written_with_8_digits(commit, name, at):
    (one,) = series([at(1, commit=commit)])
    assert one.points[0].name == name


def test_of_several_records_of_a_commit_the_median_counts_with_an_interval_from_six_on(at):
    """The range of 6 values encloses the median with 1 - 2 / 2^6 = 97 %, that of 5 with 94 %."""
    times = [0.010, 0.014, 0.011, 0.013, 0.012]
    (five,) = series([at(1, second=i, latency_s=t) for i, t in enumerate(times)])
    assert (five.points[0].value, five.points[0].low) == (0.012, None)
    (six,) = series([at(1, second=i, latency_s=t) for i, t in enumerate([*times, 0.015])])
    (point,) = six.points
    assert point.value == pytest.approx(0.0125)
    assert (point.low, point.high, point.n) == (0.010, 0.015, 6)


# What changed.


def test_a_slowdown_is_found_at_its_commit(stepped):
    (one,) = series(stepped())
    (change,) = one.changes
    assert abs(change.at - 20) <= 2
    assert change.ratio == pytest.approx(1.1, abs=0.01)
    assert change.p < 0.01
    assert change.software == ()


def test_every_change_of_a_count_is_listed_also_between_neighbours(at):
    params = [100, 100, 101, 100, 100, 0, 7]
    (one,) = series([at(day, params=p) for day, p in enumerate(params)], "params")
    assert [(c.at, c.difference, c.ratio) for c in one.changes] == [
        (2, 1, 1.01), (3, -1, 100 / 101), (5, -100, 0), (6, 7, None)
    ]  # fmt: skip


def test_a_count_is_that_of_the_newest_record_of_its_commit_never_between_two(at):
    (one,) = series([at(1, params=100), at(1, params=103, second=1)], "params")
    assert (one.points[0].value, one.points[0].low) == (103, None)


@pytest.mark.parametrize(
    ("day", "said"), [(18, True), (20, True), (22, True), (10, False), (30, False)]
)
def test_software_that_changed_within_two_commits_of_a_step_is_said(day, said, stepped):
    records = stepped(
        machine=lambda now: {**MACHINE, "torch": "2.13.0" if now >= day else "2.12.0"}
    )
    (one,) = series(records)
    (change,) = one.changes
    assert change.at == 20
    assert change.software == ((("torch", "2.12.0", "2.13.0"),) if said else ())


def test_noted_software_is_said_too_and_what_was_unknown_is_called_so(stepped):
    records = stepped(
        noted=lambda day: {"kernel": "6.9"} if day >= 20 else {}, machine=lambda _: MACHINE
    )
    (one,) = series(records)
    assert one.changes[0].software == (("kernel", "unknown", "6.9"),)


def test_the_change_since_the_first_commit_is_a_fraction_and_unknown_from_zero(at):
    (grown,) = series([at(1, params=100), at(2, params=150)], "params")
    assert grown.change == 0.5
    (from_zero,) = series([at(1, params=0), at(2, params=150)], "params")
    assert from_zero.change is None


# The command.


def test_the_exit_code_is_0_whatever_is_found(lightbench, keep, stepped):
    answer = lightbench("history", keep(stepped()))
    assert (answer.code, answer.err) == (0, "")
    assert "+10." in answer.out
    assert "advice" in answer.out
    assert commit_of(20)[:8] in answer.out


def test_a_row_says_what_the_series_says(lightbench, keep, stepped):
    records = stepped(machine=lambda d: {**MACHINE, "torch": "2.13.0" if d >= 20 else "2.12.0"})
    (row,) = csv.DictReader(
        io.StringIO(lightbench("history", keep(records), "--format", "csv").out)
    )
    first, last = records[0].latency.median_s, records[-1].latency.median_s
    assert (float(row["first_s"]), float(row["last_s"])) == (first, last)
    assert float(row["change"]) == pytest.approx(last / first - 1)
    assert (row["commits"], row["changes"]) == ("40", "1")
    assert row["changed_at"] == commit_of(20)[:8]
    assert float(row["by"]) == pytest.approx(0.1, abs=0.01)
    assert row["said"] == "advice, new torch"
    assert row["software"] == "torch 2.12.0 -> 2.13.0"


def test_a_count_says_by_how_much_to_the_last_digit(lightbench, keep, at):
    path = keep([at(1, params=4_000_000), at(2, params=4_000_001)])
    answer = lightbench("history", path, "--metric", "params")
    assert "4,000,001" in answer.out
    assert "exact" in answer.out
    assert "+1" in answer.out
    assert "advice" not in answer.out


def test_with_one_model_its_commits_are_listed(lightbench, keep, stepped):
    path = keep([*stepped("one"), *stepped("other")])
    rows = list(
        csv.DictReader(
            io.StringIO(lightbench("history", path, "--model", "one", "--format", "csv").out)
        )
    )
    assert [row["commit"] for row in rows] == [commit_of(day) for day in range(40)]
    assert [row["said"] for row in rows] == [""] * 20 + ["advice"] + [""] * 19
    people = lightbench("history", path, "--model", "one").out
    assert "Commits of one" in people
    both = lightbench("history", path, "--model", "one", "--model", "other").out
    assert "Commits" not in both


def test_machines_are_told_apart_by_what_differs(lightbench, keep, at):
    path = keep([at(1), at(2, machine={**MACHINE, "cpu": "Fast CPU"})])
    rows = list(csv.DictReader(io.StringIO(lightbench("history", path, "--format", "csv").out)))
    assert [row["machine"] for row in rows] == ["cpu Example CPU", "cpu Fast CPU"]


def test_several_stores_are_one_history(lightbench, keep, at):
    early, late = keep([at(1)], "a.jsonl"), keep([at(2)], "b.jsonl")
    answer = lightbench("history", late, early, "--format", "json")
    (one,) = json.loads(answer.out)["series"]
    assert [point["commit"] for point in one["commits"]] == [commit_of(1), commit_of(2)]


def test_a_device_is_chosen(lightbench, keep, at):
    path = keep([at(1), at(2, device="cuda")])
    rows = json.loads(lightbench("history", path, "--device", "cuda", "--format", "json").out)
    assert [one["case"]["device"] for one in rows["series"]] == ["cuda"]


def test_a_model_that_is_not_there_suggests_the_nearest(lightbench, keep, at):
    path = keep([at(1, "resnet18")])
    answer = lightbench("history", path, "--model", "resnet81")
    assert answer.code == 2
    assert "Did you mean resnet18?" in answer.err
    assert lightbench("history", path, "--device", "cuad").code == 2


def test_nothing_to_show_says_how_to_measure(lightbench, keep, at):
    answer = lightbench("history", keep([at(1, failure="out of memory.")]))
    assert answer.code == 2
    assert "lightbench profile" in answer.err
    assert lightbench("history").code == 2


def test_a_file_that_is_not_there_and_another_kind_of_figure_are_named(lightbench, keep, at):
    assert "nope.jsonl" in lightbench("history", "nope.jsonl").err
    answer = lightbench("history", keep([at(1)]), "--figure", "a.pdf")
    assert (answer.code, ".svg" in answer.err) == (2, True)


def test_a_cut_line_is_said_on_stderr_and_the_rest_is_shown(lightbench, keep, at):
    path = keep([at(1)])
    path.write_bytes(path.read_bytes() + path.read_bytes()[:50])
    answer = lightbench("history", path)
    assert answer.code == 0
    assert answer.err == f"lightbench: {path}:2: skipped a record that was cut short.\n"


def test_few_commits_are_said_to_be_too_few_for_steps(lightbench, keep, at):
    path = keep([at(day) for day in range(15)])
    assert "fewer than 16 commits" in " ".join(lightbench("history", path).out.split())
    path = keep([at(15)])
    assert "fewer than" not in lightbench("history", path).out


UGLY = [
    "<script>alert(1)</script>", "=1+1", "a\nb\x1b[31m", "net\u202ecod", "@user | x", "`a`", "::error::x",
    "W" * 300, "%0A::error::", "[a](http://x)", "",
]  # fmt: skip


@pytest.mark.parametrize("form", registry.names("format"))
@pytest.mark.parametrize("metric", ["latency", "params"])
def test_no_name_commit_or_version_acts_on_the_reader(form, metric, at):
    records = [
        at(day, ugly, commit=f"{ugly}{day}", machine={"cpu": ugly, "torch": f"{ugly}{day}"}, params=day)
        for ugly in UGLY
        for day in (1, 2)
    ]  # fmt: skip
    for commits in (False, True):
        text = registry.load("format", form).render(
            history_view(series(records, metric), commits=commits)
        )
        assert "\x1b" not in text
        assert "\u202e" not in text
        if form == "html":
            assert "<script" not in text
        if form == "github":
            assert all(line.startswith("::notice ") for line in text.splitlines())
        if form == "csv":
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            assert not any(cell.startswith(("=", "@", "\t")) for cell in cells)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_heading_and_a_way_to_be_written(metric, at):
    record = msgspec.structs.replace(at(1), peak_memory_bytes=1_500_000)
    (one,) = series([record], metric)
    for form in ("table", "csv", "json"):
        assert registry.load("format", form).render(history_view([one], commits=True))


def test_history_imports_no_torch_and_without_a_figure_no_matplotlib(keep, stepped):
    code = (
        "import sys; from lightbench.cli import run\n"
        "assert run(['history', sys.argv[1], '--model', 'net']) == 0\n"
        "sys.exit(' '.join({'torch', 'matplotlib', 'pandas', 'numpy'} & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(keep(stepped()))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_reading_goes_line_by_line_and_warns_of_nothing(keep, at):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_entries(str(keep([at(1), at(2)])))
        assert next(found).commit == commit_of(1)
