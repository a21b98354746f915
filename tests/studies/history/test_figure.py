"""The figure of a history shows each series with its intervals, levels and steps, and fits."""

from __future__ import annotations

from hashlib import sha1

import matplotlib as mpl
import msgspec
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lightbench.errors import UsageError
from lightbench.figures.save import save
from lightbench.figures.style import style
from lightbench.records import Environment
from lightbench.studies.history.entries import entries
from lightbench.studies.history.figure import draw, draw_series
from lightbench.studies.history.series import histories

LEVELS = [0.010] * 20 + [0.011] * 20


def commit_of(number):
    return sha1(str(number).encode()).hexdigest()


@pytest.fixture(scope="session")
def commits(make_record):
    """``commits([0.01, 0.02])``: a record for each value, or several for a list of them."""

    def made(values, model="net", commit=commit_of, params=None, **settings):
        records = []
        for i, times in enumerate(values):
            for second, time_s in enumerate(times if isinstance(times, list) else [times]):
                more = {} if params is None else {"params": params[i]}
                record = make_record(model, latency_s=time_s, **more, **settings)
                where = Environment(
                    comparable=record.environment.comparable, noted={"commit": commit(i)}
                )
                time = f"2026-{1 + i // 28:02}-{1 + i % 28:02}T03:00:{second:02}+00:00"
                records.append(msgspec.structs.replace(record, environment=where, time=time))
        return records

    return made


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


def boxes(figure):
    """What is painted inside of panels and around them, and where."""
    with style():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        return [
            (text.get_text(), mpl.text.Text.get_window_extent(text, renderer))
            for axes in figure.axes
            for text in axes.texts
        ]


def test_the_median_of_each_commit_stands_in_the_order_of_time(commits):
    (axes,) = draw(commits([0.010, [0.030, 0.020, 0.010], 0.015])).axes
    assert axes.lines[0].get_xydata().tolist() == [[0, 0.010], [1, 0.020], [2, 0.015]]
    assert not axes.collections


def test_intervals_are_drawn_where_a_commit_has_six_records(commits):
    times = [0.010, 0.014, 0.011, 0.013, 0.012, 0.015]
    figure = draw(commits([0.012, times, 0.012]))
    (bars,) = figure.axes[0].collections
    (bar,) = bars.get_segments()
    assert bar.tolist() == [[1, 0.010], [1, 0.015]]
    assert "grey bars are 95 % intervals" in figure.get_suptitle()


def test_a_step_is_a_line_between_two_levels_named_by_eight_digits(commits):
    figure = draw(commits(LEVELS))
    (axes,) = figure.axes
    _, before, after, step = axes.lines
    assert before.get_xydata().tolist() == [[-0.5, 0.010], [19.5, 0.010]]
    assert after.get_xydata().tolist() == [[19.5, 0.011], [39.5, 0.011]]
    assert list(step.get_xdata()) == [19.5, 19.5]
    assert f"{commit_of(20)[:8]} +10.0 %" in texts(figure)
    assert "steps are advice" in figure.get_suptitle()


def test_the_first_and_the_last_commit_stand_below(commits):
    (axes,) = draw(commits(LEVELS)).axes
    below = [label.get_text() for label in axes.get_xticklabels()]
    assert below == [commit_of(0)[:8], commit_of(39)[:8]]


def test_noise_of_a_percent_does_not_fill_the_panel(commits):
    (axes,) = draw(commits([0.0100, 0.0101] * 10)).axes
    low, high = axes.get_ylim()
    assert high - low > 5 * 0.0001


def test_a_panel_says_what_tells_it_from_the_others(commits):
    records = [
        *commits([0.01], batch=1),
        *commits([0.01], batch=8),
        *commits([0.01], batch=8, comparable={"cpu": "Fast CPU", "threads": 2}),
    ]
    figure = draw(records)
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
    assert titles == [
        "net, batch 1\ncpu Example CPU",
        "net, batch 8\ncpu Example CPU",
        "net, batch 8\ncpu Fast CPU",
    ]
    assert "input 3x224x224" in figure.get_suptitle()


def test_at_most_twelve_series_are_drawn_and_the_rest_is_said(commits):
    records = [r for i in range(15) for r in commits([0.01, 0.02], f"net{i:02}")]
    figure = draw(records)
    assert sum(axes.get_visible() for axes in figure.axes) == 12
    assert "the first 12 of 15 series" in figure.get_suptitle()
    assert "the first" not in draw(records[:24]).get_suptitle()


def test_names_of_steps_cover_neither_one_another_nor_the_values(commits):
    values = [0.010 * (1.1 if i // 20 % 2 else 1) for i in range(80)]
    params = [100 + i // 2 for i in range(80)]
    records = [
        r for model in ("a", "b") for r in commits(values, model, params=params, commit=lambda i: f"{i:040}")
    ]  # fmt: skip
    for metric in ("params", "latency"):
        figure = draw_series(histories(entries(records), metric))
        found = boxes(figure)
        assert len(found) >= 6
        for i, (_, one) in enumerate(found):
            assert not any(one.overlaps(other) for _, other in found[:i])
        for axes in figure.axes:
            top = axes.transData.transform((0, max(axes.lines[0].get_ydata())))[1]
            assert all(box.y0 >= top for _, box in found if axes.bbox.overlaps(box))


def test_a_count_that_rises_from_zero_has_no_ratio_and_is_drawn(commits):
    figure = draw_series(histories(entries(commits([0.01] * 3, params=[0, 0, 5])), "params"))
    assert f"{commit_of(2)[:8]} " in texts(figure)
    assert "changes are exact" in figure.get_suptitle()


def test_a_count_that_is_always_zero_is_drawn(commits, tmp_path):
    records = commits([0.01] * 3, params=[0, 0, 0])
    save(draw_series(histories(entries(records), "params")), tmp_path / "a.svg")


def test_a_thousand_commits_are_a_line_without_dots(commits):
    (axes,) = draw(commits([0.01] * 1000)).axes
    assert axes.lines[0].get_marker() in {"", "None"}
    (axes,) = draw(commits([0.01] * 80)).axes
    assert axes.lines[0].get_marker() == "o"


@pytest.mark.parametrize(
    "ugly", ["<script>alert(1)</script>", r"$\foo$ $$", "a\x1b[31m", "W" * 300]
)
def test_hostile_commits_and_models_stay_literal_and_fit(ugly, commits, tmp_path):
    figure = draw(commits(LEVELS, ugly, commit=lambda i: f"{ugly}{i}"))
    assert not any("\x1b" in text for text in texts(figure))
    for _, box in boxes(figure):
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width
    save(figure, tmp_path / "a.svg")
    assert "<script" not in (tmp_path / "a.svg").read_text()


def test_the_same_records_give_the_same_bytes(commits, tmp_path):
    for name in ("a", "b"):
        save(draw(commits(LEVELS)), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_no_series_is_nothing_to_draw(commits, sweep_records, make_record):
    for records in ([], sweep_records(), [make_record(failure="out of memory.")]):
        with pytest.raises(UsageError, match="nothing to draw"):
            draw(records)


def test_the_command_draws_and_says_where(lightbench, commits, tmp_path):
    from lightbench.records import store

    store.append(tmp_path / "r.jsonl", commits(LEVELS))
    answer = lightbench("history", tmp_path / "r.jsonl", "--figure", tmp_path / "a" / "f.svg")
    assert (answer.code, answer.err) == (0, f"lightbench: wrote {tmp_path / 'a' / 'f.svg'}\n")
    assert (tmp_path / "a" / "f.svg").read_text().startswith("<?xml")
