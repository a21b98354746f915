"""Two files of pytest-benchmark: what may be said of runs that nothing pairs, and what not."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench import registry
from lightbench.errors import StoreError
from lightbench.pytest_benchmark.two_runs import OUTCOMES, Outcome, judge_ratios, two_runs_view
from lightbench.views.table import LEVELS

MACHINE = {
    "node": "one",
    "machine": "x86_64",
    "system": "Linux",
    "release": "6.1",
    "python_implementation": "CPython",
    "python_version": "3.11.8",
    "cpu": {"brand_raw": "Example CPU", "count": 2, "hz_actual_friendly": "3.1 GHz"},
}
MIRROR = {"perhaps slower": "perhaps faster", "perhaps faster": "perhaps slower"}


def bench(name, median, least=None, *, iqr=0.001, **more):
    times = {"min": median if least is None else least, "median": median, "iqr": iqr}
    return {"name": name, "fullname": f"t.py::{name}", "stats": times, **more}


def saved(path, *benchmarks, machine=MACHINE):
    path.write_text(json.dumps({"machine_info": machine, "benchmarks": list(benchmarks)}))
    return path


@pytest.fixture
def compared(tmp_path):
    """Lists of benchmarks, and of machines, to the rows by name, the exit code, and the view."""

    def call(a, b, *, machines=(MACHINE, MACHINE), **options):
        paths = [
            saved(tmp_path / f"{side}.json", *benchmarks, machine=machine)
            for side, benchmarks, machine in zip("ab", (a, b), machines, strict=True)
        ]
        view, code = two_runs_view(*paths, **options)
        rows = {row["benchmark"].removeprefix("t.py::"): row for row in view.data["benchmarks"]}
        return rows, code, view

    return call


def test_a_slowdown_in_minimum_and_median_is_a_perhaps_and_never_a_failure(compared):
    rows, code, _ = compared([bench("net", 0.010)], [bench("net", 0.030)])
    assert rows["net"]["verdict"] == "perhaps slower"
    assert rows["net"]["level"] == "warning"
    assert (rows["net"]["median_ratio"], rows["net"]["min_ratio"]) == pytest.approx((3, 3))
    assert code == 0


@pytest.mark.parametrize(
    ("b", "says"),
    [
        (bench("net", 0.0121), "perhaps slower"),
        (bench("net", 0.0119), "no large change"),
        (bench("net", 0.0130, 0.0110), "no large change"),  # only the median
        (bench("net", 0.0115, 0.0115), "no large change"),
        (bench("net", 0.0083, 0.0083), "perhaps faster"),  # 1 / 1.2 is 0.8333
        (bench("net", 0.0084, 0.0084), "no large change"),
        (bench("net", 0.0100, 0.0050), "no large change"),  # only the minimum
    ],
)
def test_only_beyond_20_percent_in_both_it_says_perhaps(compared, b, says):
    rows, code, _ = compared([bench("net", 0.010)], [b])
    assert rows["net"]["verdict"] == says
    assert code == 0


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_swapping_the_sides_mirrors_the_verdict(median_ratio, min_ratio):
    here, there = (
        judge_ratios(median_ratio, min_ratio),
        judge_ratios(1 / median_ratio, 1 / min_ratio),
    )
    edge = any(abs(r - 1.2) < 1e-9 or abs(1 / r - 1.2) < 1e-9 for r in (median_ratio, min_ratio))
    assert edge or there == MIRROR.get(here, here)


@pytest.mark.parametrize("times", [0.020, 0.005])
def test_strict_turns_a_perhaps_into_code_3(compared, times):
    both = [bench("net", 0.010)], [bench("net", times)]
    assert compared(*both)[1] == 0
    assert compared(*both, strict=True)[1] == 3


def test_strict_is_content_without_a_large_change(compared):
    assert compared([bench("net", 0.010)], [bench("net", 0.011)], strict=True)[1] == 0


def test_nothing_ever_gives_code_1(compared):
    sides = ([], [bench("net", 0.01)], [bench("net", 9)], [bench("net", 0)], [bench("x", 1)])
    codes = {compared(a, b, strict=s)[1] for a in sides for b in sides for s in (True, False)}
    assert codes == {0, 3, 4}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cpu": {"brand_raw": "Other CPU", "count": 2}}, "cpu: Example CPU, B has Other CPU"),
        ({"cpu": {"brand_raw": "Example CPU", "count": 4}}, "cores: 2, B has 4"),
        ({"cpu": {}}, "cpu: Example CPU, B has -"),
        ({"machine": "aarch64"}, "machine: x86_64, B has aarch64"),
        ({"system": "Darwin"}, "system: Linux, B has Darwin"),
        ({"python_implementation": "PyPy"}, "python: CPython, B has PyPy"),
        ({"python_version": "3.12.1"}, "python_version: 3.11, B has 3.12"),
        ({"torch": "2.13.0"}, "torch: -, B has 2.13.0"),
    ],
)
def test_another_machine_is_not_comparable_and_the_fact_is_named(compared, change, said):
    a, b = [bench("net", 0.010)], [bench("net", 0.010)]
    rows, code, view = compared(a, b, machines=(MACHINE, {**MACHINE, **change}))
    assert code == 4
    assert rows["net"]["verdict"] == "not comparable"
    assert rows["net"]["median_ratio"] is None
    assert any(said in sentence for sentence in view.table.sentences)


def test_what_is_another_on_every_run_does_not_make_two_machines(compared):
    other = {
        **MACHINE,
        "node": "two",
        "release": "6.2",
        "python_version": "3.11.9",
        "cpu": {**MACHINE["cpu"], "hz_actual_friendly": "2.4 GHz"},
    }
    net = [bench("net", 0.010)]
    assert compared(net, net, machines=(MACHINE, other))[1] == 0


@pytest.mark.parametrize("machine", [None, {}, [], "x86_64"])
def test_files_that_do_not_say_their_machine_are_not_comparable(compared, machine):
    net = [bench("net", 0.010)]
    assert compared(net, net, machines=(machine, machine))[1] == 4


def test_the_name_of_a_cpu_may_be_where_older_files_have_it(compared):
    old = {**MACHINE, "cpu": {"brand": "Example CPU", "count": 2}}
    net = [bench("net", 0.010)]
    assert compared(net, net, machines=(old, MACHINE))[1] == 0


@pytest.mark.parametrize(
    "more", [{"extra_info": {"threads": 2}}, {"options": {"timer": "process_time"}}]
)
def test_other_settings_of_one_benchmark_make_that_one_not_comparable(compared, more):
    a = [bench("net", 0.010), bench("tiny", 0.001)]
    b = [bench("net", 0.010, **more), bench("tiny", 0.001)]
    rows, code, _ = compared(a, b)
    assert (rows["net"]["verdict"], rows["tiny"]["verdict"]) == (
        "not comparable",
        "no large change",
    )
    assert code == 4


def test_what_is_only_in_one_file_is_said_and_no_failure(compared):
    a, b = [bench("net", 1), bench("gone", 1)], [bench("net", 1), bench("new", 1)]
    rows, code, _ = compared(a, b)
    assert (rows["gone"]["verdict"], rows["new"]["verdict"]) == ("only in A", "only in B")
    assert code == 0


def test_nothing_in_both_is_no_pass(compared):
    assert compared([bench("gone", 1)], [bench("new", 1)])[1] == 4
    assert compared([], [])[1] == 4


@pytest.mark.parametrize("bad", [0, float("nan"), float("inf"), None, "1", 10**400])
@pytest.mark.parametrize("side", ["A", "B"])
def test_times_that_are_none_are_not_comparable(compared, bad, side):
    sides = [bench("net", bad)], [bench("net", 0.010)]
    rows, code, _ = compared(*(sides if side == "A" else sides[::-1]))
    assert rows["net"]["verdict"] == "not comparable"
    assert rows["net"]["note"].startswith(f"{side}: ")
    assert code == 4


def test_a_name_that_occurs_twice_could_be_either(compared):
    twice = [bench("net", 0.010), bench("net", 0.030)]
    rows, code, _ = compared(twice, [bench("net", 0.010)])
    assert rows["net"]["note"] == "A has 2 of this name."
    assert code == 4


def test_the_spread_is_the_wider_one_of_both(compared):
    rows, _, _ = compared([bench("net", 0.010, iqr=0.001)], [bench("net", 0.010, iqr=0.004)])
    assert rows["net"]["spread"] == pytest.approx(0.4)


def test_the_gravest_stand_first(compared):
    a = [bench(name, 0.010) for name in ("same", "slow", "gone", "zero")]
    b = [bench("same", 0.010), bench("slow", 0.020), bench("zero", 0)]
    assert list(compared(a, b)[0]) == ["zero", "gone", "slow", "same"]


def test_every_table_says_what_it_cannot_tell(compared):
    *_, view = compared([bench("net", 0.010)], [bench("net", 0.010)])
    notes = " ".join(view.table.notes)
    for said in (
        "nothing pairs them",
        "17 to 19 %",
        "31 to 42 %",
        "64 %",
        "More rounds do not help",
    ):
        assert said in notes


def test_every_outcome_has_a_level():
    assert set(OUTCOMES) == set(get_args(Outcome))
    assert set(OUTCOMES.values()) <= set(LEVELS)


UGLY = "\x1b[31mred\u202e|<script>\n::error::x"


@pytest.mark.parametrize("form", registry.names("format"))
def test_ugly_names_and_facts_act_in_no_format(compared, form):
    other = {**MACHINE, "cpu": {"brand_raw": UGLY, "count": 2}}
    net = [bench(UGLY, 0.010)]
    *_, view = compared(net, net, machines=(MACHINE, other))
    text = registry.load("format", form).render(view)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert form == "csv" or "\n::error::x" not in text  # a quoted cell of CSV may have lines


def test_ten_thousand_benchmarks_are_compared(compared):
    many = [bench(f"net[{i}]", 0.010) for i in range(10_000)]
    rows, code, _ = compared(many, many[::-1])
    assert len(rows) == 10_000
    assert code == 0


def test_what_is_no_such_file_is_bad_input(tmp_path):
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(StoreError, match=r"a\.json has no list of benchmarks"):
        two_runs_view(tmp_path / "a.json", tmp_path / "a.json")


def test_two_files_need_neither_torch_nor_pandas():
    names = "sorted({'torch', 'pandas', 'numpy'} & {*sys.modules})"
    script = f"import sys, lightbench.pytest_benchmark.two_runs; print({names})"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "[]\n"
