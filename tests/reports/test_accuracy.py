"""Measured accuracy in a report: the column, the front, what is left out."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from engine_records import EAGER, ORT, table
from evaluations import evaluated, of
from made_reports import cells, sections
from rendering import told

from lightbench.reports import report
from lightbench.reports.figures.fronts import draw as draw_fronts
from lightbench.reports.figures.pareto import draw as draw_pareto

# Name -> ms, MAdds, right of 1,000 images.
NETS = {"a": (1, 10, 900), "b": (2, 45, 950), "c": (3, 20, 940), "d": (4, 40, 970)}


@pytest.fixture
def nets(make_record):
    timed = [make_record(n, latency_s=ms / 1e3, madds=m) for n, (ms, m, _) in NETS.items()]
    rated = [evaluated(make_record, n, found=of(right, 1000)) for n, (_, _, right) in NETS.items()]
    return timed + rated


def said(figure):
    return " ".join(" ".join(t.get_text() for t in figure.findobj(mpl.text.Text)).split())


def test_the_column_has_what_was_measured_with_its_interval(nets):
    view = sections(nets)["Comparison"].views[0]
    assert cells(view, "top1") == [90, 95, 94, 97]
    assert cells(view, "top1_interval")[0] == "88.0 to 91.7"
    assert cells(view, "top1_kind") == ["measured"] * 4
    assert cells(view, "top1_images") == [1000] * 4
    assert cells(view, "top1_data") == ["digits"] * 4
    assert "top-1: measured here on 1,000 images of digits" in " ".join(told(view.table))
    assert view.data[0]["report"]["top1_low"] == pytest.approx(87.99, abs=0.01)


def test_where_it_comes_from_stands_below(nets):
    _, sources = sections(nets)["Comparison"].views
    assert sources.table.title == "Top-1 accuracy on digits, and where it comes from"
    row = sources.table.named(sources.table.rows[0])
    assert (row["model"], row["kind"], row["images"]) == ("a", "measured", 1000)
    assert row["source"] == "best.pt, eager, float32"


def test_evaluations_are_no_profiles(nets):
    made = report(nets)
    assert len(made.view.table.rows) == 4
    assert all(record.latency for record in made.subject.evidence.profiles)


def test_the_first_sentences_say_on_which_data(nets):
    words = " ".join(map(str, sections(nets)["In short"].sentences))
    assert "as accurate as a (90.0 % top-1 on digits, within 0.5 points)" in words
    assert "n the Pareto front, accuracy on digits against time: a, b and d" in words


def test_of_imagenet_it_need_not_be_said(make_record):
    nets = [
        make_record(n, latency_s=s, madds=m)
        for n, s, m in (("resnet18", 0.02, 9), ("mobilenet_v2", 0.01, 5))
    ]
    words = " ".join(map(str, sections(nets)["In short"].sentences))
    assert "ImageNet" not in words
    assert "% top-1, within" in words or "% top-1)" in words


def test_the_front_is_of_what_was_measured(nets):
    by_time, by_madds = draw_pareto(nets).axes
    black = {
        tuple(line.get_xydata()[0])
        for line in by_time.get_lines()
        if line.get_marker() in "oD" and line.get_color() == "black"
    }
    assert black == {(0.001, 90), (0.002, 95), (0.004, 97)}
    assert by_time.get_ylabel() == "digits top-1 (%)"
    assert "accuracy: measured on 1,000 images" in said(by_time.figure)
    ends = [line.get_ydata().tolist() for line in by_madds.get_lines() if line.get_marker() == "_"]
    assert ends[0] == [pytest.approx(87.99, abs=0.01), pytest.approx(91.71, abs=0.01)]
    assert by_time.get_ylim()[0] < 87.99


def test_published_figures_have_no_interval(make_record):
    by_time, _ = draw_pareto([make_record("resnet18"), make_record("mobilenet_v2")]).axes
    assert by_time.get_ylabel() == "ImageNet top-1 (%)"
    assert not [line for line in by_time.get_lines() if line.get_marker() == "_"]
    assert "measured on" not in said(by_time.figure)


def test_data_sets_are_not_mixed_and_it_is_said(nets, make_record):
    """resnet18 is known on ImageNet alone."""
    mixed = [*nets, make_record("resnet18", latency_s=0.005, madds=50)]
    found = sections(mixed)
    left = "Accuracy is that on digits; left out, as theirs is known on ImageNet alone: resnet18."
    assert cells(found["Comparison"].views[0], "top1") == [90, 95, 94, 97, None]
    assert left in told(found["Comparison"].views[0].table)
    assert left in found["Accuracy for the time"].sentences
    figure = found["Accuracy for the time"].drawings[0].draw()
    assert "1 of 5 cases have no known accuracy on digits and are not shown" in said(figure)
    assert "resnet18" not in said(figure)


def test_each_engine_has_its_own_accuracy_on_its_front(make_record):
    """In ONNX Runtime the second is less accurate than the first."""
    timed = table(make_record, {"a": {EAGER: 10, ORT: 5}, "b": {EAGER: 20, ORT: 8}})
    rights = {("a", EAGER): 900, ("b", EAGER): 950, ("a", ORT): 890, ("b", ORT): 880}
    shape = timed[0].case.inputs[0].shape
    rated = [
        evaluated(make_record, n, found=of(right, 1000, run=e), engine=e, shape=shape)
        for (n, e), right in rights.items()
    ]
    figure = draw_fronts([*timed, *rated])
    eager, ort, *_ = figure.axes
    dots = [
        sorted(line.get_ydata()[0] for line in axes.get_lines() if line.get_marker() in "oD")
        for axes in (eager, ort)
    ]
    assert dots == [[90, 95], [88, 89]]
    assert eager.get_ylabel() == "digits top-1 (%)"


@pytest.mark.slow
def test_a_report_of_evaluations_alone_has_its_part(make_record, tmp_path):
    rated = [evaluated(make_record, n, found=of(90)) for n in "ab"]
    report(rated).save(tmp_path / "r.md")
    text = (tmp_path / "r.md").read_text()
    assert "## Accuracy, measured" in text
    assert "r-evaluate-1.svg" in text
    assert (tmp_path / "r-evaluate-2.svg").exists()
    report(rated).save(tmp_path / "r.html")
