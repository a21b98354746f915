"""What networks cost, drawn."""

from __future__ import annotations

import pytest
from drawings import texts

from lightbench.errors import UsageError
from lightbench.figures.hover import MARK
from lightbench.studies.count.figure import MOST, draw


def test_three_panels_have_each_network_with_its_ratio_to_the_first(make_record):
    """Twice the params, half the MAdds, as much memory access."""
    one = make_record("one", params=10**6, madds=10**8, mem_bytes=10**7)
    two = make_record("two", params=2 * 10**6, madds=5 * 10**7, mem_bytes=10**7)
    figure = draw([one, two])
    params, madds, moved = ({text for text in texts(axes) if " " in text} for axes in figure.axes)
    assert {"1.00 M", "2.00 M  x2.00"} <= params
    assert {"100 M", "50.0 M  x0.500"} <= madds
    assert {"10.0 MB", "10.0 MB  x1.00"} <= moved
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["one", "two"]


def test_the_caption_says_what_costs_depend_on_and_nothing_of_time(make_record):
    figure = draw([make_record("one"), make_record("two", batch=8)])
    said = " ".join(texts(figure))
    assert "one, batch 1" in said
    assert "input 3x224x224, float32" in said
    assert "threads" not in said


def test_every_bar_tells_whose_it_is(make_record):
    figure = draw([make_record("one")])
    tips = [bar.get_gid() for axes in figure.axes for bar in axes.patches]
    assert len(tips) == 3
    assert all(tip.startswith(MARK) and "one" in tip for tip in tips)


def test_what_was_not_counted_or_has_no_room_is_told(make_record):
    many = [make_record(f"net{i}") for i in range(MOST + 1)]
    figure = draw([*many, make_record("bad", costs=False)])
    assert len(figure.axes[0].get_yticklabels()) == MOST
    assert any(f"2 of {MOST + 2} are not shown" in text for text in texts(figure))


def test_nothing_counted_is_nothing_to_draw(make_record):
    with pytest.raises(UsageError, match="nothing to draw"):
        draw([make_record("bad", costs=False)])
