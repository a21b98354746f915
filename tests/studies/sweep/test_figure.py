"""What the figures of a sweep and of a device card show: where every mark stands, by hand."""

from __future__ import annotations

import matplotlib as mpl
import pytest

from lightbench import registry
from lightbench.errors import UsageError
from lightbench.studies.card import figure as device_card
from lightbench.studies.sweep import figure as sweep
from lightbench.units import visible

UGLY = ["<script>", r"$\foo$ $$", "a\nb\x1b[31m", "net\u202ecod", "%s {0}", "W" * 300]


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


def dots(axes):
    """Row -> where its dot stands, and its colour."""
    lines = [line for line in axes.lines if line.get_marker() == "o"]
    return {
        round(float(line.get_ydata()[0])): (float(line.get_xdata()[0]), line.get_markerfacecolor())
        for line in lines
    }


def intervals(axes):
    """Row -> from where to where its line goes."""
    return {
        round(float(line.get_ydata()[0])): [float(x) for x in line.get_xdata()]
        for line in axes.lines
        if line.get_marker() == "|"
    }


def test_both_are_figures_of_the_registry():
    assert {"sweep", "card"} <= set(registry.names("figure"))
    assert registry.load("figure", "sweep").draw is sweep.draw


# A sweep.


def test_points_stand_at_their_ratio_and_are_black_where_they_are_slower(sweep_records):
    left, _ = sweep.draw(sweep_records({"a": 1.0, "b": 1.5, "c": 0.5, "d": 1.0})).axes
    assert dots(left) == {
        0: (1.0, "white"),
        1: (pytest.approx(1.5), "black"),
        2: (pytest.approx(0.5), "white"),
        3: (1.0, "white"),
    }
    assert left.get_title(loc="left") == "Time over the reference's, 95 % interval"


def test_a_point_that_may_be_as_fast_as_the_reference_is_white(sweep_records):
    """12 rounds: the interval is the 3rd to the 10th, from 1 to 1.5."""
    doubtful = [1.0] * 3 + [1.5] * 9
    left, _ = sweep.draw(sweep_records({"a": [1.0] * 12, "b": doubtful})).axes
    assert dots(left)[1] == (pytest.approx(1.5), "white")
    assert intervals(left)[1] == pytest.approx([1.0, 1.5])


def test_a_point_without_an_interval_has_none(sweep_records):
    left, _ = sweep.draw(sweep_records({"a": 1.0, "b": 1.5}, rounds=3)).axes
    assert intervals(left)[1] == pytest.approx([1.5, 1.5])
    assert dots(left)[1][1] == "white"


def test_where_madds_differ_time_per_madd_is_drawn(sweep_records):
    records = sweep_records({"a": 1.0, "b": 1.0}, madds={"a": 2000, "b": 1000}, per_madd=True)
    left, _ = sweep.draw(records).axes
    assert dots(left)[1] == (pytest.approx(2.0), "black")
    assert left.get_title(loc="left") == "Time per MAdd over the reference's, 95 % interval"


def test_bars_are_multiply_adds_over_the_median_time(sweep_records):
    """3 GMAdds in 0.5 s, 1 GMAdds in 0.25 s."""
    records = sweep_records({"a": [0.5] * 12, "b": [0.25] * 12}, madds={"a": 3 * 10**9, "b": 10**9})
    _, right = sweep.draw(records).axes
    assert [bar.get_width() for bar in right.patches] == [6.0, 4.0]
    assert {"6.00", "4.00"} <= set(texts(right))


def test_without_costs_there_are_no_bars_and_times_are_drawn(sweep_records):
    left, right = sweep.draw(sweep_records({"a": 1.0, "b": 1.5}, costs=False)).axes
    assert len(right.patches) == 0
    assert dots(left)[1][0] == pytest.approx(1.5)


def test_labels_have_the_channels_and_stand_in_the_order_of_the_axis(sweep_records):
    records = sweep_records(
        {"1:1": 1.0, "1:4": 1.5, "g": 1.0},
        settings={"1:1": {"c1": 128, "c2": 128}, "1:4": {"c2": 256, "c1": 64}, "g": {}},
    )
    left, _ = sweep.draw(records).axes
    assert [label.get_text() for label in left.get_yticklabels()] == [
        "1:1  (128, 128)", "1:4  (64, 256)", "g",
    ]  # fmt: skip
    bottom, top = left.get_ylim()
    assert bottom > top  # the first row is the upper one


def test_the_title_says_what_was_swept_and_where(sweep_records):
    figure = sweep.draw(
        sweep_records({"a": 1.0}, experiment="groups", channels="c=64, constant MAdds", batch=8)
    )
    (title,) = [text for text in texts(figure) if text.startswith("groups")]
    words = " ".join(title.split())
    assert words.startswith("groups, c=64, constant MAdds, input 64x56x56, batch 8, cpu, eager")


def test_probes_of_one_pixel_are_not_drawn(sweep_records):
    left, right = sweep.draw(sweep_records({"a": 1.0, "b": 2.0}, launch={"a": 0.1, "b": 0.1})).axes
    assert len(dots(left)) == len(right.patches) == 2


def test_of_several_sweeps_the_last_is_drawn(sweep_records):
    one = sweep_records({"a": 1.0, "b": 2.0}, run="one")
    two = sweep_records({"c": 1.0, "d": 2.0, "e": 3.0}, run="two")
    left, _ = sweep.draw(one + two).axes
    assert [label.get_text()[0] for label in left.get_yticklabels()] == ["c", "d", "e"]


@pytest.mark.parametrize(("slowest", "scale"), [(7.0, "linear"), (9.0, "log"), (1000.0, "log")])
def test_ratios_far_apart_are_on_a_logarithmic_axis(slowest, scale, sweep_records):
    left, _ = sweep.draw(sweep_records({"a": 1.0, "b": slowest})).axes
    assert left.get_xscale() == scale
    low, high = left.get_xlim()
    assert low <= 1 <= slowest <= high
    assert len(left.get_xticks()) >= 2


@pytest.mark.parametrize("records", ["none", "of no sweep", "without a reference"])
def test_without_times_there_is_nothing_to_draw(records, make_record, sweep_records):
    given = {
        "none": [],
        "of no sweep": [make_record("a")],
        "without a reference": sweep_records({"a": None, "b": 1.0}),
    }[records]
    with pytest.raises(UsageError, match="nothing to draw"):
        sweep.draw(given)


# A device card.

# Point -> multiply-adds and bytes in a second: where it stands on the roofline.
CARD = {
    "pointwise": (4_000_000_000, 200_000_000),
    "dense 3x3": (8_000_000_000, 100_000_000),
    "depthwise 3x3": (1_000_000_000, 500_000_000),
    "4 groups": (2_000_000_000, 200_000_000),
    "linear": (500_000_000, 2_000_000_000),
    "stream": (0, 4_000_000_000),
    "add": (0, 9_000_000_000),
    "relu": (0, 9_000_000_000),
    "norm": (0, 9_000_000_000),
    "shuffle": (0, 9_000_000_000),
    "launch": (0, 1000),
}


@pytest.fixture(scope="session")
def card_records(sweep_records):
    """One second for everything, and what else is asked for: ``groups={"g=1": 1.0}``."""

    def make(groups=None, ratios=None, **case):
        records = sweep_records(
            {name: [1.0] * 12 for name in CARD},
            experiment="device_card",
            run="card",
            madds={name: madds for name, (madds, _) in CARD.items()},
            mem_bytes={name: moved for name, (_, moved) in CARD.items()},
            **case,
        )
        for axis, times in (("groups", groups), ("ratio", ratios)):
            if times:
                records += sweep_records(times, experiment=axis, run=axis, per_madd=True, **case)
        return records

    return make


def marks(axes):
    """Label of the legend -> where its mark stands."""
    return {
        line.get_label().partition(":")[0]: (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.lines
        if not line.get_label().startswith("_")
    }


def test_operators_stand_at_their_madds_per_byte_and_per_second(card_records):
    left, *_ = device_card.draw(card_records()).axes
    assert marks(left) == {
        "pointwise": (20.0, 4e9),
        "dense 3x3": (80.0, 8e9),
        "depthwise 3x3": (2.0, 1e9),
        "4 groups": (10.0, 2e9),
        "linear": (0.25, 0.5e9),
    }
    assert left.get_xscale() == left.get_yscale() == "log"
    assert "dense 3x3: 8.00 GMAdds/s" in texts(left)


def test_the_roof_rises_with_the_bandwidth_up_to_the_ridge_and_is_flat_behind_it(card_records):
    """4 GB/s and at most 8 GMAdds/s: the ridge is at 2 MAdds per byte."""
    left, *_ = device_card.draw(card_records()).axes
    roof = next(line for line in left.lines if len(line.get_xdata()) == 3)
    (x0, x1, x2), (y0, y1, y2) = roof.get_xdata(), roof.get_ydata()
    assert (x1, y1, y2) == (2.0, 8e9, 8e9)
    assert y0 == pytest.approx(4e9 * x0)
    assert x0 < 0.25
    assert x2 > 80
    assert [2.0, 2.0] in [list(line.get_xdata()) for line in left.lines]  # the dashed ridge
    assert left.get_title(loc="left") == "Attained MAdds/s; memory 4.00 GB/s"


def test_every_mark_is_inside_the_picture(card_records):
    left, *_ = device_card.draw(card_records()).axes
    (x0, x1), (y0, y1) = left.get_xlim(), left.get_ylim()
    for x, y in marks(left).values():
        assert x0 < x < x1
        assert y0 < y < y1


def test_groups_and_ratios_are_black_from_where_they_hurt(card_records):
    _, groups, ratios = device_card.draw(
        card_records(groups={"g=1": 1.0, "g=2": 1.0, "g=4": 1.25}, ratios={"1:1": 1.0, "1:4": 0.9})
    ).axes
    assert dots(groups) == {
        0: (1.0, "white"), 1: (1.0, "white"), 2: (pytest.approx(1.25), "black"),
    }  # fmt: skip
    assert dots(ratios) == {0: (1.0, "white"), 1: (pytest.approx(0.9), "white")}
    assert [label.get_text() for label in groups.get_yticklabels()] == ["g=1", "g=2", "g=4"]
    assert groups.get_title(loc="left") == "Group count"
    assert ratios.get_title(loc="left") == "Channel ratio"


def test_what_was_not_measured_is_an_empty_place(card_records):
    _, groups, ratios = device_card.draw(card_records()).axes
    assert not groups.axison
    assert not ratios.axison
    assert dots(groups) == dots(ratios) == {}


def test_a_card_says_which_device_and_not_which_input(card_records):
    figure = device_card.draw(card_records(dtype="bfloat16"))
    (title,) = [text for text in texts(figure) if text.startswith("Device card")]
    assert "batch 1, cpu, eager, bfloat16" in " ".join(title.split())
    assert "input" not in title


def test_part_of_a_card_is_nothing_to_draw(card_records):
    for records in ([], card_records()[1:]):
        with pytest.raises(UsageError, match="nothing to draw"):
            device_card.draw(records)


def test_another_sweep_with_points_of_the_same_name_moves_no_mark(card_records, sweep_records):
    """`lightbench sweep kind` has a pointwise, a dense and a depthwise 3x3 too."""
    kind = sweep_records(
        {"pointwise": 1.0, "dense 3x3": 1.0, "depthwise 3x3": 1.0},
        experiment="kind",
        run="kind",
        mem_bytes={"pointwise": 1, "dense 3x3": 1, "depthwise 3x3": 1},
    )
    alone, *_ = device_card.draw(card_records()).axes
    both, *_ = device_card.draw(card_records() + kind).axes
    assert marks(both) == marks(alone)


# Both.


@pytest.mark.parametrize("text", UGLY, ids=ascii)
def test_hostile_labels_are_drawn_as_they_are_written(text, sweep_records, card_records):
    groups = {"ref": 1.0, text: 2.0}
    for figure in (sweep.draw(sweep_records(groups, channels=text, engine=text)),
                   device_card.draw(card_records(groups=groups, engine=text))):  # fmt: skip
        figure.canvas.draw()
        shown = texts(figure)
        assert not any(c in word for word in shown for c in "\x1b\u202e")
        assert all(len(line) <= 120 for word in shown for line in word.splitlines())
        assert any(word.startswith(visible(text)[:5]) for word in shown)
