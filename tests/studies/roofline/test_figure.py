"""The roofline as a figure: what stands where."""

from __future__ import annotations

import msgspec
import pytest
from rooflines import conv, costs_of, of_costs, peak_records, roofline_records

from lightbench.errors import UsageError
from lightbench.studies.roofline.figure import draw
from lightbench.studies.roofline.points import PRODUCTS, labels


def lines(figure):
    """Lines by their label, and single points."""
    axes = figure.axes[0]
    roofs = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    points = [tuple(line.get_xydata()[0]) for line in axes.lines if len(line.get_xydata()) == 1]
    return roofs, points


def test_the_roof_rises_to_the_ridge_and_is_flat_behind_it(make_record):
    roofs, _ = lines(draw(roofline_records(make_record, ["a"])))
    for label, ridge in (("in cache: 40.0 GB/s", 8 / 40), ("largest map: 2.00 GB/s", 8 / 2)):
        (x0, y0), (x1, y1), (_, y2) = roofs[label].get_xydata()
        assert (x1, y1, y2) == pytest.approx((ridge, 8e9, 8e9))
        assert y0 / x0 == pytest.approx(y1 / x1)


def test_a_network_stands_at_its_intensity_and_what_it_attains(make_record):
    """8 GMAdds on 2 MB, in 2 s and in 3 s."""
    figure = draw(roofline_records(make_record, ["a", "b"]))
    assert lines(figure)[1] == [pytest.approx((4e3, 4e9)), pytest.approx((4e3, 8e9 / 3))]
    assert figure.axes[1].texts[0].get_text().split() == [
        "1",
        "a",
        "50.0",
        "%",
        "2",
        "b",
        "33.3",
        "%",
    ]


def test_what_has_no_multiply_adds_or_no_time_has_no_point(make_record):
    *peaks, last = roofline_records(make_record, ["a"])
    idle = of_costs(last, costs_of(conv(0, read=100)), 1.0)
    assert lines(draw([*peaks, idle]))[1] == []
    untimed = msgspec.structs.replace(last, samples=None, latency=None)
    assert lines(draw([*peaks, untimed]))[1] == []


def test_convolutions_beyond_products_have_a_ceiling_of_their_own(make_record):
    slow = [
        of_costs(r, r.costs, 2.0) if r.sweep.point in labels(PRODUCTS) else r
        for r in peak_records(make_record)
    ]
    assert "3x3 convolutions: 8.00 GMAdds/s" in lines(draw(slow))[0]


def test_what_cannot_be_is_white_and_explained(make_record):
    *peaks, last = roofline_records(make_record, ["a"])
    figure = draw([*peaks, of_costs(last, last.costs, 0.5)])
    assert "white: faster than the ceilings allow" in figure.axes[1].texts[0].get_text()


def test_records_without_a_roofline_draw_nothing(make_record):
    with pytest.raises(UsageError, match="hold no roofline"):
        draw([make_record("a")])
