"""The part on engines: its tables, its sentences, and what of them the answer says first."""

from __future__ import annotations

import re

import pytest
from engine_records import EAGER, FAR, ORT, OV, TIMES, table, timed
from made_reports import cells, sections

from lightbench.formats.markdown import render
from lightbench.reports import report
from lightbench.reports.html import render as html

near = pytest.approx
BUSY = ("contended: other programs used this CPU meanwhile.",)


def part(records, **asked):
    return sections(records, **asked)["Engine by engine"]


@pytest.fixture
def five(make_record):
    return table(make_record, TIMES)


def test_it_is_there_only_where_there_are_several_engines(make_record, five):
    assert "Engine by engine" not in sections([r for r in five if r.case.engine == EAGER])
    titles = list(sections(five))
    assert titles.index("Engine by engine") == titles.index("Comparison") + 1


def test_the_first_table_has_a_time_for_each_network_and_engine_and_who_is_the_fastest(five):
    times, *_ = part(five).views
    assert [c.heading for c in times.table.for_people().columns] == [
        "model", "eager (ms)", "onnxruntime (ms)", "openvino (ms)", "fastest", "next",
    ]  # fmt: skip
    assert cells(times, "fastest") == [ORT, ORT, None, ORT, OV]
    ahead = cells(times, "next")
    assert ahead[0].ratio == near(11.84 / 10.15)
    assert ahead[2] is None


def test_a_time_is_shown_with_its_interval(make_record):
    records = [make_record("a", latency_s=s, engine=e) for e, s in ((EAGER, 0.0282), (ORT, 0.0102))]
    times, *_ = part(records).views
    assert "| `a` | 28.2 +-2.0 % | 10.2 +-2.0 % | `onnxruntime` | 2.76 (2.66 to 2.88) |" in render(
        times
    )
    assert times.data[0]["latency_eager"] == near([0.0282, 0.0282 * 0.98, 0.0282 * 1.02])


def test_the_second_table_has_the_multiple_of_eager_and_what_the_outputs_are_worth(five):
    _, multiples, *_ = part(five).views
    assert cells(multiples, "ratio_onnxruntime")[0].median == near(10.15 / 28.2)
    assert cells(multiples, "outputs_openvino") == ["same"] * 5
    assert any(note.startswith("outputs: held against float64.") for note in multiples.table.notes)


def test_engines_whose_outputs_nobody_has_checked_have_no_column_for_them(make_record):
    records = [timed(make_record, "a", e, ms) for e, ms in ((EAGER, 2.0), ("compile", 1.5))]
    _, multiples, *_ = part(records).views
    assert [c.heading for c in multiples.table.for_people().columns] == ["model", "compile x eager"]


def test_the_matrix_has_every_engine_over_every_other(five):
    matrix = part(five).views[2]
    assert cells(matrix, "engine") == [EAGER, ORT, OV]
    over = cells(matrix, "over_eager")
    assert over[0] is None
    assert over[1].ratio == near(1 / cells(matrix, "over_onnxruntime")[0].ratio)
    assert cells(matrix, "order") == [None, near(0.9), near(0.9)]
    assert cells(matrix, "swapped") == [None, "1 of 10", "1 of 10"]
    assert cells(matrix, "networks") == ["5", "5", "5"]


def test_networks_that_swap_places_are_a_table_that_is_folded(five, make_record):
    swapped = part(five).views[-1]
    assert swapped.folded is swapped.table
    assert cells(swapped, "fast") == ["a", "a"]
    assert cells(swapped, "engine") == [ORT, OV]
    none = part(table(make_record, {"a": TIMES["a"]})).views
    assert len(none) == 3


def test_of_many_that_swap_places_the_largest_are_said_and_the_rest_counted(make_record):
    """Six networks, each slower than the one before by eager and faster by the other: 15 pairs."""
    times = {f"n{i}": {EAGER: 10.0 * 1.2**i, ORT: 10.0 / 1.2**i} for i in range(6)}
    said = part(table(make_record, times)).sentences
    assert said[2].endswith("of their order in eager: 15 of 15 in onnxruntime.")
    assert (
        said[3]
        == "n0 is faster than n5 in eager (0.40 of its time) and slower in onnxruntime (2.49)."
    )
    assert said[-1] == "10 more pairs are in the table."
    assert len(said) == 9


# What is in no ranking.


def test_outputs_that_differ_are_loud_in_every_place(make_record):
    times = {**TIMES, "e": {EAGER: 23.5, ORT: 5.64, OV: 0.1}}
    found = sections(table(make_record, times, outputs={("e", OV): FAR}))
    loud = "Outputs DIFFER from the network's, so in no ranking: openvino of e."
    assert found["Engine by engine"].sentences[0] == loud
    assert loud in found["In short"].sentences
    assert not any("cannot be that of the work" in said for said in found["In short"].sentences)
    times, multiples, *_ = found["Engine by engine"].views
    assert times.data[-1]["latency_openvino"] == "differs"
    assert times.data[-1]["fastest"] == ORT
    assert times.data[-1]["level"] == "error"
    assert cells(multiples, "outputs_openvino")[-1] == "differs"
    assert cells(multiples, "ratio_openvino")[-1] is None
    assert any(note.startswith("differs: its outputs are not") for note in times.table.notes)


def test_a_time_that_is_not_to_be_compared_is_a_word_that_says_why(make_record):
    records = [
        timed(make_record, "a", EAGER, 2.0), timed(make_record, "a", ORT, None),
        timed(make_record, "b", EAGER, 2.0, warnings=BUSY), timed(make_record, "b", ORT, 1.0),
        timed(make_record, "c", EAGER, 2.0), timed(make_record, "c", ORT, 1e-5, warnings=("suspect: fast.",)),
        timed(make_record, "d", EAGER, 2.0), timed(make_record, "d", ORT, 1.0, run="two"),
        timed(make_record, "e", EAGER, 2.0), timed(make_record, "f", ORT, 2.0),
    ]  # fmt: skip
    times, *_ = part(records).views
    assert cells(times, "latency_eager")[1] == "contended"
    assert cells(times, "latency_onnxruntime")[0] == "failed"
    assert cells(times, "latency_onnxruntime")[2:5] == ["suspect", "not comparable", None]
    assert cells(times, "fastest") == [None] * 6
    words = {note.partition(":")[0] for note in times.table.notes}
    assert {"failed", "contended", "suspect", "not comparable"} < words


# The answer.


def test_the_answer_says_who_is_the_fastest_and_which_two_swap_places(five):
    said = sections(five)["In short"].sentences
    assert said[-4].startswith("Fastest here: onnxruntime for 3 of 5 networks,")
    assert said[-3].startswith("Time over that of eager, geometric mean")
    assert said[-2].startswith("Pairs of networks that swap places,")
    assert said[-1].startswith("a is faster than b in eager (0.89 of its time)")


def test_two_setups_have_tables_each_and_sentences_of_the_first(make_record, five):
    more = [timed(make_record, "z", e, ms, batch=8) for e, ms in ((EAGER, 9.0), (ORT, 3.0))]
    found = part([*more, *five])
    assert found.sentences[-1].startswith("This is about batch 1, cpu,")
    assert [drawing.name for drawing in found.drawings] == ["engines", "engines-2"]
    assert len(found.views) == 4 + 3


def test_the_front_is_drawn_for_each_engine(make_record):
    times = {"mobilenet_v1": TIMES["a"], "mobilenet_v2": TIMES["b"]}
    (drawing,) = sections(table(make_record, times))["Accuracy for the time"].drawings
    assert drawing.caption.startswith("Top-1 accuracy against time by engine")
    assert [axes.get_title(loc="left") for axes in drawing.figure().axes] == [
        EAGER, ORT, OV, "Accuracy against multiply-adds",
    ]  # fmt: skip


# Pages.


def test_a_name_of_an_engine_cannot_act_on_a_page(make_record):
    """A stored record may hold any text."""
    bad = "<img src=x>|[a](b) `"
    records = [timed(make_record, "a", e, ms) for e, ms in ((EAGER, 2.0), (bad, 1.0))]
    made = report(records)
    page = made.markdown()
    assert "| <img" not in page
    assert all(
        line.replace("\\|", "").count("|")
        == len(part(records).views[0].table.for_people().columns) + 1
        for line in page.splitlines()
        if line.startswith("| model | eager (ms)")
    )
    assert "<img" not in made.html()


def test_a_page_sorts_times_and_ratios_by_their_middle(five):
    page = html(report(five).document)
    middles = [float(value) for value in re.findall(r'data-value="([0-9.]+)"', page)]
    assert any(value == near(0.0282 * 1.05) for value in middles)  # the first time
    assert any(value == near(10.15 / 28.2) for value in middles)  # and its ratio
    assert '<tr data-model="a" data-level="error"' not in page
