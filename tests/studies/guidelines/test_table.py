"""Guidelines as tables: the findings, each guideline laid out as in the paper, and every point."""

from __future__ import annotations

from rendering import told

from lightbench import guidelines as run_guidelines
from lightbench.studies.guidelines.api import Guidelines
from lightbench.studies.guidelines.table import guidelines_view

G1 = {"1:1": (128, 128), "1:2": (90, 180), "1:6": (52, 312), "1:12": (36, 432)}


def g1(sweep_records, times=(0.010, 0.0125, 0.020, 0.040), **settings):
    return sweep_records(
        dict(zip(G1, times, strict=False)),
        **{
            "channels": "paper-gpu",
            "settings": {row: {"c1": a, "c2": b, "blocks": 10} for row, (a, b) in G1.items()},
            **settings,
        },
    )


def cells(table):
    """Rows as a reader sees them: column heading -> text."""
    table = table.for_people()
    return [
        {c.heading: c.cell(v) for c, v in zip(table.columns, row, strict=True)}
        for row in table.rows
    ]


def tables(records):
    findings, *papers, points = guidelines_view(records).tables
    return findings, papers, points


# Findings.


def test_a_finding_is_a_row_with_its_interval(sweep_records):
    findings, _, _ = tables(g1(sweep_records, launch={"1:12": 0.004}))
    assert cells(findings) == [
        {
            "": "G1", "channels": "paper-gpu", "width": "x1", "finding": "supported", "row": "1:12",
            "time": "4.00", "95 %": "4.00 to 4.00", "launch": "10.0 %",
        }
    ]  # fmt: skip
    assert "G1: Equal channel width is fastest." in told(findings)
    assert findings.title == (
        "Guidelines: batch 1, cpu, eager, float32, infer, contiguous, threads 2"
    )


def test_too_few_rounds_have_no_interval(sweep_records):
    (row,) = cells(tables(g1(sweep_records, rounds=5))[0])
    assert (row["finding"], row["time"], row["95 %"]) == ("not detectable", "4.00", "-")


def test_the_rule_of_the_verdict_is_said_with_it(sweep_records):
    notes = " ".join(told(tables(g1(sweep_records))[0]))
    for word in ("supported", "contradicted", "launch-bound", "not detectable", "1.03", "95 %"):
        assert word in notes


# As in the paper.


def test_a_guideline_is_laid_out_as_in_the_paper_with_its_numbers_beside(sweep_records):
    """Table 1: 1296 / 1480 = 0.876 at x1 and 586 / 723 = 0.811 at x2 on the GPU; ARM 72.9 / 76.2."""
    records = [
        *g1(sweep_records, run="a"),
        *g1(sweep_records, (0.020, 0.020, 0.025, 0.050), run="b", width=2),
    ]
    _, (paper,), _ = tables(records)
    assert paper.title == "G1: Equal channel width is fastest? (paper-gpu channels)"
    rows = cells(paper)
    assert [row["c1:c2"] for row in rows] == ["1:1", "1:2", "1:6", "1:12"]
    assert rows[1] == {
        "c1:c2": "1:2", "c1": "90", "c2": "180", "x1": "0.80", "x2": "1.00",
        "x1 (GPU)": "0.88", "x2 (GPU)": "0.81", "x1 (ARM)": "0.96", "x2 (ARM)": "0.94",
    }  # fmt: skip
    assert [row["x1"] for row in rows] == ["1.00", "0.80", "0.50", "0.25"]
    assert [row["x2"] for row in rows] == ["1.00", "1.00", "0.80", "0.40"]
    assert any("GTX 1080 Ti" in note and "Snapdragon 810" in note for note in paper.notes)


def test_our_own_rows_stand_beside_the_papers_nearest_and_the_note_says_which(sweep_records):
    _, (paper,), _ = tables(sweep_records({"1:1": 0.010, "1:4": 0.020, "1:9": 0.030}))
    rows = cells(paper)
    assert rows[1]["(GPU)"] == "0.59"  # 876 / 1480, its 1:6
    assert any("1:4 beside its 1:6; 1:9 beside its 1:12" in note for note in paper.notes)


def test_a_speed_that_is_not_well_known_is_marked_and_the_mark_explained(sweep_records):
    noisy = [0.010, 0.012, 0.011, 0.0125] * 3
    _, (paper,), _ = tables(sweep_records({"1:1": [0.010] * 12, "1:4": noisy, "1:9": [0.02] * 12}))
    assert [row["x1"][-1:] for row in cells(paper)] == ["0", "?", "0"]
    assert "? not known to +-3 %." in paper.notes
    _, (paper,), _ = tables(sweep_records({"1:1": 0.010, "1:9": 0.020}))
    assert not any(note.startswith("?") for note in paper.notes)


def test_a_row_that_one_width_does_not_have_is_a_dash_there(sweep_records):
    records = [
        *g1(sweep_records, run="a"),
        *g1(sweep_records, (0.010, None, 0.020, 0.040), run="b", width=2),
    ]
    rows = cells(tables(records)[1][0])
    assert [row["x2"] for row in rows] == ["1.00", "-", "0.50", "0.25"]


def test_a_row_that_only_the_second_width_has_is_there_too(sweep_records):
    records = [
        *g1(sweep_records, (0.010, None, 0.020, 0.040), run="a"),
        *g1(sweep_records, run="b", width=2),
    ]
    rows = cells(tables(records)[1][0])
    assert {row["c1:c2"]: row["x1"] for row in rows}["1:2"] == "-"


def test_a_width_that_the_paper_does_not_have_has_no_number_of_the_papers(sweep_records):
    (row, *_) = cells(tables(g1(sweep_records, width=3))[1][0])
    assert (row["x3"], row["(GPU)"]) == ("1.00", "-")


def test_every_set_of_channels_is_its_own_table(sweep_records):
    records = [
        *g1(sweep_records, run="a"),
        *sweep_records({"1:1": 0.010, "1:9": 0.020}, run="b", channels="aligned"),
        *g1(sweep_records, run="c", width=2),
    ]
    _, papers, _ = tables(records)
    assert [(len(p.rows), p.title.partition("(")[2]) for p in papers] == [
        (4, "paper-gpu channels)"), (2, "aligned channels)")
    ]  # fmt: skip


def test_where_points_differ_in_madds_the_rate_is_compared(sweep_records):
    """FasterNet's table has MAdds/s: 3274 / 10151 = 0.32 for partial convolution on the GPU."""
    rows = {"dense 3x3": 0.010, "partial 1/4": 0.005, "depthwise": 0.010}
    madds = {"dense 3x3": 9_000_000, "partial 1/4": 900_000, "depthwise": 90_000}
    records = sweep_records(rows, experiment="operators", madds=madds, per_madd=True)
    findings, (table,), _ = tables(records)
    (finding,), paper = cells(findings), cells(table)
    assert (finding["row"], finding["time"]) == ("depthwise", "100")
    assert [row["x1"] for row in paper] == ["1.00", "0.20", "0.0100"]
    assert [row["(GPU)"] for row in paper] == ["1.00", "0.32", "0.0308"]
    assert "MAdds per second" in table.notes[0]


# Several runs of one store.


def test_of_a_sweep_that_was_repeated_the_last_run_counts(sweep_records):
    old = g1(sweep_records, run="a")
    new = g1(sweep_records, (0.010, 0.010, 0.010, 0.010), run="b")
    findings, (paper,), points = tables([*old, *new])
    assert [row["finding"] for row in cells(findings)] == ["not detectable"]
    assert [row["x1"] for row in cells(paper)] == ["1.00"] * 4
    assert len(points.rows) == 4


def test_runs_under_different_conditions_stand_side_by_side_and_are_never_mixed(sweep_records):
    records = [
        *g1(sweep_records, run="a", threads=1),
        *g1(sweep_records, (0.010, 0.010, 0.010, 0.010), run="b", threads=2),
        *g1(sweep_records, run="c", threads=1, width=2),
    ]
    findings, papers, points = tables(records)
    assert [(row["threads"], row["width"], row["finding"]) for row in cells(findings)] == [
        ("1", "x1", "supported"), ("2", "x1", "not detectable"), ("1", "x2", "supported")
    ]  # fmt: skip
    assert "threads" not in findings.title
    assert [("x2" in cells(paper)[0], paper.title.rpartition(", ")[2]) for paper in papers] == [
        (True, "threads 1)"), (False, "threads 2)")
    ]  # fmt: skip
    assert [row["threads"] for row in cells(points)] == ["1"] * 4 + ["2"] * 4 + ["1"] * 4


# Every point.


def test_every_point_says_what_it_costs_and_how_far_it_is_above_the_bound(sweep_records):
    """A map of 56x56 and c1 = c2 = 128: 20 (2 x 128 hw + 128^2) elements are the bound itself."""
    hw = 56 * 56
    least = 20 * (2 * 128 * hw + 128 * 128)
    records = g1(sweep_records, mem_access={"1:1": least, "1:12": 2 * least})
    rows = {row["row"]: row for row in cells(tables(records)[2])}
    assert rows["1:1"]["above bound"] == "0.0 %"
    # 36 x 432 needs less: 20 (2 hw sqrt(36 x 432) + 36 x 432)
    bound = 20 * (2 * hw * (36 * 432) ** 0.5 + 36 * 432)
    assert rows["1:12"]["above bound"] == f"{100 * (2 * least / bound - 1):.1f} %"
    assert rows["1:12"]["MAC (ratio)"] == "2.00"
    assert rows["1:12"]["latency (ms)"] == "44.0"  # the median of DRIFT is 1.1
    assert rows["1:12"]["speed"] == "0.25"


def test_guidelines_without_a_bound_have_a_dash_beside_those_with_one(sweep_records):
    g2 = sweep_records({"g=1": 0.010, "g=16": 0.020}, experiment="g2_group_count", run="b")
    rows = cells(tables([*g1(sweep_records), *g2])[2])
    assert [row["above bound"] == "-" for row in rows] == [False] * 4 + [True] * 2
    assert all("above bound" not in row for row in cells(tables(g2)[2]))


def test_the_account_without_costs_is_dashes(sweep_records):
    records = g1(sweep_records, costs=False)
    for row in cells(tables(records)[2]):
        assert {row[key] for key in ("MAdds (M)", "MAC (M)", "MAC (ratio)", "GMAdds/s")} == {"-"}


def test_points_of_a_sweep_whose_strongest_row_failed_are_shown(sweep_records):
    records = g1(sweep_records, (0.010, 0.0125, 0.020, None))
    view = guidelines_view(records)
    assert [row["row"] for row in cells(view.table)] == ["1:1", "1:2", "1:6"]


def test_records_that_belong_to_no_guideline_are_left_out(profile, sweep_records):
    other = sweep_records({"g=1": 0.010, "g=2": 0.020}, experiment="groups", run="z")
    view = guidelines_view([*profile, *g1(sweep_records), *other])
    assert len(view.table.rows) == 4
    assert len(view.data["findings"]) == 1
    assert len(view.data["points"]) == 4


def test_nothing_measured_can_be_shown(profile):
    view = guidelines_view(profile)
    assert view.table.rows == ()
    assert view.data == {"findings": [], "points": [], "records": []}


# In Python.


def test_run_guidelines_gives_records_findings_and_a_table():
    found = run_guidelines("g1", "g2", device="null", widths=[1], seconds=0.05, seed=1)
    assert isinstance(found, Guidelines)
    assert [one.guideline for one in found.findings] == ["g1_channel_ratio", "g2_group_count"]
    assert len(found.records) == 2 * (4 + 3)  # a point and its launch probe each
    frame = found.to_pandas()
    assert list(frame["row"]) == ["1:1", "1:2.25", "1:4", "1:9", "g=1", "g=4", "g=16"]
    assert set(frame["latency_s"]) == {0.001}
    assert "G1: Equal channel width is fastest" in repr(found)
    assert found._repr_html_().count("<table>") == 4
    assert found._repr_markdown_().count("**G2: Fewer groups are faster?") == 1


def test_what_is_stored_is_used_and_what_is_new_is_kept():
    first = run_guidelines("g1", device="null", widths=[1], seconds=0.05)
    kept = []
    both = run_guidelines(
        "g1", device="null", widths=[1, 2], seconds=0.05, stored=first.records, keep=kept.append
    )
    assert both.records[: len(first.records)] == first.records
    assert [r.sweep.width for r in kept] == [2] * 8
