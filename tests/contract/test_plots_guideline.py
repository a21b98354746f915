"""The guideline figure: measured speeds beside the paper's own."""

from __future__ import annotations

import pytest
from drawings import texts

from lightbench.studies.guidelines.figure import draw as draw_guideline

# The guideline figure.

G1 = {"1:1": (128, 128), "1:2": (90, 180), "1:6": (52, 312), "1:12": (36, 432)}


def guideline(sweep_records, times=(0.010, 0.0125, 0.020, 0.040), rows=G1, **settings):
    """G1 on the paper's channels: speeds 1, 0.8, 0.5 and 0.25 unless other times are given."""
    return sweep_records(
        dict(zip(rows, times, strict=True)),
        **{
            "channels": "paper-gpu",
            "settings": {row: {"c1": a, "c2": b, "blocks": 10} for row, (a, b) in G1.items()},
            **settings,
        },
    )


def marks(axes, label):
    """The points of one legend entry: x, y."""
    handles, names = axes.get_legend_handles_labels()
    found = handles[names.index(label)]
    line = found.lines[0] if hasattr(found, "lines") else found  # of an error bar
    return [*map(tuple, line.get_xydata())]


def test_measured_speeds_stand_in_the_rows_of_the_papers_table(sweep_records):
    left, _ = draw_guideline(guideline(sweep_records)).axes
    assert [t.get_text() for t in left.get_yticklabels()] == [
        "1:1  (128, 128)", "1:2  (90, 180)", "1:6  (52, 312)", "1:12  (36, 432)"
    ]  # fmt: skip
    assert marks(left, "measured, x1") == [
        (pytest.approx(speed), row) for row, speed in enumerate((1, 0.8, 0.5, 0.25))
    ]
    assert left.get_ylim()[0] > left.get_ylim()[1]  # the first row is on top


def test_intervals_of_speeds_are_the_ratios_turned_over(sweep_records):
    """Of 12 rounds the interval is the 3rd to the 10th: times 1.03 to 1.10, so speeds 1/1.10 to 1/1.03."""
    slower = [1.0 + i / 100 for i in (7, 3, 11, 1, 5, 9, 2, 12, 4, 8, 6, 10)]
    left, _ = draw_guideline(sweep_records({"1:1": [1.0] * 12, "1:9": slower})).axes
    (bars,) = left.containers[0].lines[2]
    reference, one = (segment[:, 0] for segment in bars.get_segments())
    assert reference == pytest.approx([1, 1])
    assert one == pytest.approx([1 / 1.10, 1 / 1.03])


def test_the_papers_devices_stand_beside_in_the_same_row_and_width(sweep_records):
    """Table 1: at x1 1296, 876 and 748 of 1480 batches/s; at x2 586, 489, 392 of 723."""
    records = [
        *guideline(sweep_records, run="a"),
        *guideline(sweep_records, run="b", width=2),
    ]
    left, _ = draw_guideline(records).axes
    gpu = [line for line in left.get_lines() if line.get_marker() == "^"]
    assert [line.get_xdata().tolist() for line in gpu] == [
        pytest.approx([1296 / 1480, 876 / 1480, 748 / 1480]),
        pytest.approx([586 / 723, 489 / 723, 392 / 723]),
    ]
    arm = [line for line in left.get_lines() if line.get_marker() == "x"]
    assert arm[0].get_xdata().tolist() == pytest.approx([72.9 / 76.2, 69.1 / 76.2, 57.6 / 76.2])
    ours = [y for _, y in marks(left, "measured, x2")]
    assert gpu[1].get_ydata().tolist() == ours[1:]
    names = left.get_legend_handles_labels()[1]
    assert sorted(names) == ["measured, x1", "measured, x2", "paper's ARM", "paper's GPU"]


def test_no_two_widths_share_a_line_and_rows_keep_apart(sweep_records):
    records = [r for w in (1, 2, 4) for r in guideline(sweep_records, run=f"{w}", width=w)]
    left, _ = draw_guideline(records).axes
    lines = sorted(y for w in (1, 2, 4) for _, y in marks(left, f"measured, x{w}"))
    assert len(set(lines)) == 12
    assert [round(y) for y in lines] == [row for row in range(4) for _ in range(3)]


def test_memory_access_is_the_papers_account_relative_to_the_reference(sweep_records):
    sizes = {"1:1": 1000, "1:2": 1050, "1:6": 1410, "1:12": 1810}
    _, right = draw_guideline(guideline(sweep_records, mem_access=sizes)).axes
    assert [bar.get_width() for bar in right.patches] == pytest.approx([1, 1.05, 1.41, 1.81])
    assert {"1.00", "1.05", "1.41", "1.81"} <= set(texts(right))
    assert "paper" in right.get_title(loc="left") + right.get_title()


def test_where_the_papers_account_sees_no_difference_the_eager_one_is_shown(sweep_records):
    """Element-wise operators are not in the paper's count."""
    rows = {"neither": 0.010, "both": 0.012}
    records = sweep_records(
        rows, experiment="g4_elementwise", mem_bytes={"neither": 4000, "both": 7000}
    )
    _, right = draw_guideline(records).axes
    assert [bar.get_width() for bar in right.patches] == [1, 1.75]
    assert "eager" in right.get_title(loc="left") + right.get_title()


def test_where_points_differ_in_madds_the_rate_is_drawn(sweep_records):
    """FasterNet: depthwise convolution at 313 of 10151 GMAdds/s on its GPU."""
    records = sweep_records(
        {"dense 3x3": 0.010, "depthwise": 0.001},
        experiment="operators",
        madds={"dense 3x3": 9_000_000, "depthwise": 90_000},
        per_madd=True,
    )
    left, _ = draw_guideline(records).axes
    assert marks(left, "measured, x1")[1][0] == pytest.approx(0.1)
    assert marks(left, "paper's GPU")[0][0] == pytest.approx(313 / 10151)
    assert "MAdds/s" in left.get_title(loc="left") + left.get_title()


def test_a_guideline_that_the_paper_does_not_have_is_drawn_without_it(sweep_records):
    left, _ = draw_guideline(sweep_records({"one": 0.010, "two": 0.020}, experiment="tiny")).axes
    assert left.get_legend_handles_labels()[1] == ["measured, x1"]


def test_points_that_failed_are_left_out_and_the_rows_stay(sweep_records):
    records = [
        *guideline(sweep_records, (0.010, None, 0.020, 0.040), run="a"),
        *guideline(sweep_records, run="b", width=2),
    ]
    left, _ = draw_guideline(records).axes
    assert len(marks(left, "measured, x1")) == 3
    assert len(marks(left, "measured, x2")) == 4
    assert len(left.get_yticklabels()) == 4


def test_guidelines_without_costs_can_be_drawn(sweep_records):
    left, right = draw_guideline(guideline(sweep_records, costs=False)).axes
    assert len(marks(left, "measured, x1")) == 4
    assert not right.patches


def test_of_two_runs_at_one_width_the_later_is_drawn(sweep_records):
    old = guideline(sweep_records, run="a")
    new = guideline(sweep_records, (0.010, 0.010, 0.010, 0.020), run="b")
    left, _ = draw_guideline([*old, *new]).axes
    assert [x for x, _ in marks(left, "measured, x1")] == pytest.approx([1, 1, 1, 0.5])


def test_a_guideline_says_what_it_was_measured_on(sweep_records):
    figure = draw_guideline(guideline(sweep_records, device="null", batch=8))
    title = figure.get_suptitle()
    for word in ("g1 channel ratio", "paper-gpu channels", "batch 8", "null", "threads 2"):
        assert word in title


def test_widths_that_are_not_drawn_are_said(sweep_records):
    widths = (1, 2, 3, 4, 5, 6)
    records = [r for w in widths for r in guideline(sweep_records, run=f"{w}", width=w)]
    assert "the first 5 of 6 widths" in " ".join(draw_guideline(records).get_suptitle().split())


def test_the_papers_marks_are_named_also_if_the_first_width_is_none_of_its_own(sweep_records):
    records = [r for w in (3, 1) for r in guideline(sweep_records, run=f"{w}", width=w)]
    left, _ = draw_guideline(records).axes
    assert "paper's GPU" in left.get_legend_handles_labels()[1]
