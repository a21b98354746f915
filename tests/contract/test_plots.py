"""What holds for every figure found in the folder, and what each of them shows."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lightbench import registry
from lightbench.errors import StoreError, UsageError
from lightbench.figures.labels import labels, place
from lightbench.figures.save import save
from lightbench.figures.style import style
from lightbench.figures.ticks import ticks as _ticks
from lightbench.studies.card.plan import plan_card
from lightbench.studies.guidelines.figure import draw as draw_guideline
from lightbench.studies.profile.figure import draw

FIGURES = registry.names("figure")
UGLY = [
    "<script>alert(1)</script>",
    r"$\foo$ $$ $x^2$",
    "a\nb\x1b[31m",
    "net\u202ecod",
    "\u7f51\u7edc",
    "W" * 300,
    "",
    "%s {0} _x_ \\frac",
]


# What a figure is drawn from: records in which these names are the ones that a reader sees. A figure
# that is not named here is drawn from one sweep.


@pytest.fixture(scope="session")
def examples(make_record, sweep_records):
    """``examples("guidelines", ["1:1", "1:9"], device="cuda")`` are records for that figure."""

    def cases(names, **case):
        slow = enumerate(names)
        return [make_record(n, latency_s=0.01 * (1 + i % 9), madds=10**8 * (1 + i // 2 % 7), **case)
                for i, n in slow]  # fmt: skip

    def sweep(names, width=1, **case):
        times = {name: 0.010 * (1 + i % 7 / 10) for i, name in enumerate(names)}
        sizes = {name: 330 + 100 * i for i, name in enumerate(names)}
        case = {"run": f"r{width}", "mem_access": sizes, **case}
        return sweep_records(times, width=width, **case)

    def guideline(names, **case):
        return [record for width in (1, 2, 4) for record in sweep(names, width, **case)]

    def device_card(names, **case):
        own, *others = plan_card()
        parts = dict.fromkeys((point.label for point in own.points), 0.010)
        card = sweep_records(parts, experiment=own.experiment, run="card", **case)
        axes = [other.experiment for other in others]
        return card + [r for axis in axes for r in sweep(names, experiment=axis, run=axis, **case)]

    def predictors(names, **case):
        enough = [*names, *(f"other{i}" for i in range(5 - len(names)))]
        nets = [make_record(n, latency_s=0.01 * (1 + i % 9), madds=10**8 * (1 + i // 2 % 7),
                            mem_bytes=10**7 * (1 + i % 5), params=10**6 * (1 + i % 6), **case)
                for i, n in enumerate(enough)]  # fmt: skip
        return nets + device_card(FOUR, **case)

    def pareto(names, **case):
        return cases([known for known, _ in zip(WITH_TOP1, names, strict=False)], **case)

    known = {
        "profile": cases, "history": cases, "guidelines": guideline, "card": device_card,
        "predictors": predictors, "pareto": pareto,
    }  # fmt: skip
    return lambda figure, names, **case: known.get(figure, sweep)(names, **case)


FOUR = ["1:1", "1:2", "1:6", "1:12"]
# Only networks whose accuracy was published can stand in the figure of the Pareto front.
WITH_TOP1 = [
    name
    for family in registry.names("model family")
    for name in registry.literal("model family", family, "TOP1") or ()
]
NO_SWEEP = {"history", "profile", "pareto", "predictors"}
SWEEP_FIGURES = [name for name in FIGURES if name not in NO_SWEEP]


def drawn(figure, monkeypatch):
    """The texts that are really painted, without ticks beyond the end of an axis, and their boxes."""
    painted, paint = [], mpl.text.Text.draw

    def draw(self, renderer):
        if self.get_visible() and self.get_text():
            painted.append((self, self.get_window_extent(renderer)))
        paint(self, renderer)

    with style(), monkeypatch.context() as patch:
        patch.setattr(mpl.text.Text, "draw", draw)
        figure.draw(FigureCanvasAgg(figure).get_renderer())
    return painted


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


@pytest.fixture(scope="session")
def crowd(make_record):
    """20 cases, some with equal MAdds, two in the same place."""
    return [
        make_record(f"net{i}", madds=10**8 * (1 + i // 2 % 7), latency_s=0.01 * (1 + i % 9))
        for i in range(20)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_records_give_the_same_bytes_whatever_the_user_has_set(
    name, suffix, examples, tmp_path
):
    module, records = registry.load("figure", name), examples(name, FOUR)
    save(module.draw(records), tmp_path / f"a{suffix}")
    with mpl.rc_context({"font.size": 30, "text.usetex": True, "svg.hashsalt": None}):
        save(module.draw(records), tmp_path / f"b{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_bytes_do_not_depend_on_the_process(name, examples, tmp_path):
    """Python's hash seed differs between the two."""
    records = examples(name, FOUR)
    save(registry.load("figure", name).draw(records), tmp_path / "a.svg")
    code = (
        "import sys; from lightbench import registry; from lightbench.records import store; from lightbench.figures.save import save\n"
        f"save(registry.load('figure', {name!r}).draw(store.read(sys.argv[1])), sys.argv[2])"
    )
    from lightbench.records import store

    store.append(tmp_path / "run.jsonl", records)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code, tmp_path / "run.jsonl", tmp_path / "b.svg"]
    subprocess.run(command, cwd=root, check=True)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("name", FIGURES)
def test_an_svg_is_well_formed_and_holds_no_script_link_or_date(name, examples, tmp_path):
    figure = registry.load("figure", name).draw(examples(name, UGLY, engine=UGLY[1]))
    save(figure, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(text).iter()}
    assert tags.isdisjoint({"script", "a", "image", "foreignObject", "date"})
    assert "matplotlib.org" not in text


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("count", [1, 2, 5, 20])
@pytest.mark.parametrize("wide", ["", "W" * 300], ids=["short", "wide"])
def test_one_to_twenty_cases_fit_into_the_picture(name, count, wide, examples, monkeypatch):
    case = {"engine": wide, "device": wide} if wide else {}
    names = [f"{wide}net{i}" for i in range(count)]
    figure = registry.load("figure", name).draw(examples(name, names, **case))
    painted = drawn(figure, monkeypatch)
    assert painted
    for text, box in painted:
        assert box.x0 >= -1, text
        assert box.x1 <= figure.bbox.width + 1, text
        assert box.y0 >= -1, text
        assert box.y1 <= figure.bbox.height + 1, text


@pytest.mark.parametrize("name", FIGURES)
def test_pyplot_is_not_used(name, examples):
    code = (
        "import sys; from lightbench import registry\n"
        f"registry.load('figure', {name!r})\n"
        "sys.exit(' '.join({'torch', 'matplotlib', 'pandas'} & set(sys.modules)) or 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    registry.load("figure", name).draw(examples(name, FOUR))
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


@pytest.mark.parametrize("name", SWEEP_FIGURES)
def test_records_of_another_kind_are_nothing_to_draw(name, profile, sweep_records):
    draw = registry.load("figure", name).draw
    failed = sweep_records({"1:1": None, "1:9": 0.010})  # without its reference
    for records in ([], profile, failed):
        with pytest.raises(UsageError, match="nothing to draw"):
            draw(records)


def test_the_user_s_settings_are_as_before(profile, tmp_path):
    before = dict(mpl.rcParams)
    save(draw(profile), tmp_path / "a.svg")
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("path", ["a.pdf", "a", ".svg"])
def test_another_kind_of_file_lists_the_known_ones(path, profile):
    with pytest.raises(UsageError, match=r"\.svg, \.png"):
        save(draw(profile), path)


def test_a_folder_that_is_not_there_is_named(profile, tmp_path):
    with pytest.raises(StoreError, match="none/a.svg': No such file"):
        save(draw(profile), tmp_path / "none" / "a.svg")


# The latency figure.


def test_cases_stand_fastest_first_with_their_times(profile):
    left, _ = draw(profile).axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names[0] == "squeezenet1_1, batch 1   1"
    assert names[-1] == "resnet18, batch 8   8"
    shown = texts(left)
    assert "12.7 ms" in shown
    assert "247 ms" in shown


def test_intervals_are_drawn_from_low_to_high(make_record):
    left, _ = draw([make_record(latency_s=0.010)]).axes
    (interval,) = left.containers[1].lines[2][0].get_segments()
    assert interval[:, 0] == pytest.approx([0.0098, 0.0102])


def test_points_stand_at_madds_and_time(make_record):
    _, right = draw([make_record(madds=10**9, latency_s=0.02)]).axes
    (points,) = right.lines
    assert points.get_xydata().tolist() == [[1e9, 0.02]]
    assert right.get_xscale() == right.get_yscale() == "log"


def test_the_title_says_how_far_madds_are_from_the_time(make_record):
    """1 GMAdds in 10 ms and 1 GMAdds in 25 ms: 2.5 times apart."""
    _, right = draw(
        [make_record("a", madds=10**9), make_record("b", madds=10**9, latency_s=0.025)]
    ).axes
    assert "MAdds/s: 2.50 times apart" in texts(right)


def test_hostile_names_stay_literal(make_record):
    names, _ = labels([make_record(name) for name in UGLY])
    assert names[:4] == [UGLY[0], UGLY[1], r"a\nb\x1b[31m", r"net\u202ecod"]
    figure = draw([make_record(name) for name in UGLY])
    assert any(UGLY[1] in text for text in texts(figure))


def test_case_labels_say_only_what_differs(make_record):
    names, shared = labels([make_record("a", batch=1), make_record("b", batch=8)])
    assert names == ["a, batch 1", "b, batch 8"]
    assert shared == "input 3x224x224, cpu, eager, float32, infer, contiguous, threads 2"


def test_what_is_not_drawn_is_said(make_record):
    figure = draw(
        [
            make_record("good"),
            make_record("slow", latency_s=1.0, stop="max_seconds"),
            make_record("poolings", latency_s=0.02, madds=0),
            make_record("bad", failure="out of memory."),
        ]
    )
    assert "1.00 s ?" in texts(figure)
    (caption,) = [text for text in texts(figure) if text.startswith("input 3x224x224")]
    assert "1 of 4 cases have no time and are not shown" in caption
    assert "without MAdds, so not on the right: 2" in caption
    assert "? stopped before" in caption


def test_nothing_timed_is_nothing_to_draw(make_record):
    with pytest.raises(UsageError, match="nothing to draw"):
        draw([make_record(failure="out of memory.")])


def test_times_without_costs_can_be_drawn(make_record):
    assert "no case has multiply-adds" in texts(draw([make_record(costs=False)]))


def test_numbers_in_the_drawn_figure_do_not_cover_one_another(crowd):
    figure = draw(crowd)
    _, right = figure.axes
    with style():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        boxes = [
            mpl.text.Text.get_window_extent(text, renderer)
            for text in right.texts
            if isinstance(text, mpl.text.Annotation)
        ]
    assert len(boxes) == 20
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(20, 280), st.floats(20, 180)), min_size=1, max_size=20))
def test_labels_never_overlap_for_up_to_twenty_points(points):
    size = (14.0, 9.0)
    centres = place(points, [size] * len(points), (300.0, 200.0), 3.0)
    for (ax, ay), (bx, by) in combinations(centres, 2):
        assert abs(ax - bx) >= size[0] - 1e-9 or abs(ay - by) >= size[1] - 1e-9
    for x, y in centres:
        assert 7 <= x <= 293
        assert 4.5 <= y <= 195.5


@given(st.floats(1e-7, 1e9), st.floats(2.56, 1e6))
def test_an_axis_always_has_a_tick_and_never_a_crowd(low, ratio):
    ticks = _ticks(low, low * ratio)
    assert 1 <= len(ticks) <= 8
    assert all(low <= tick <= low * ratio for tick in ticks)


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
