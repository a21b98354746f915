"""The device card as a page."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from markdown_it import MarkdownIt

from lightbench import registry
from lightbench.studies.card.card import card_of
from lightbench.studies.card.table import card_view
from lightbench.units import visible


def rows(view):
    return {what: (value, interval) for what, value, interval, *_ in view.table.rows}


def test_the_page_shows_every_number_with_its_interval(card_records):
    made = card_of(card_records(groups={"g=1": 1.0, "g=4": 1.25}, ratios={"1:1": 1.0}))
    found = rows(card_view(made))
    assert found == {
        "dense conv": ("8.00 GMAdds/s", "4.00 GMAdds/s to 16.0 GMAdds/s"),
        "pointwise conv": ("4.00 GMAdds/s", "2.00 GMAdds/s to 8.00 GMAdds/s"),
        "depthwise conv": ("0.200 GMAdds/s", "0.100 GMAdds/s to 0.400 GMAdds/s"),
        "grouped conv": ("2.00 GMAdds/s", "1.00 GMAdds/s to 4.00 GMAdds/s"),
        "linear": ("0.800 GMAdds/s", "0.400 GMAdds/s to 1.60 GMAdds/s"),
        "memory bandwidth": ("2.00 GB/s", "1.00 GB/s to 4.00 GB/s"),
        "element-wise, in cache": ("4.00 GB/s", "2.00 GB/s to 8.00 GB/s"),
        "activation, in cache": ("8.00 GB/s", "4.00 GB/s to 16.0 GB/s"),
        "norm, in cache": ("2.00 GB/s", "1.00 GB/s to 4.00 GB/s"),
        "data movement, in cache": ("1.00 GB/s", "0.500 GB/s to 2.00 GB/s"),
        "start of an operator": ("2.50 ms", "1.25 ms to 5.00 ms"),
        "start of a convolution": ("10.0 ms", "5.00 ms to 20.0 ms"),
        "ridge point": ("4.00 MAdds/byte", ""),
        "groups hurt from": ("g=4", "1.25 (1.25 to 1.25)"),
        "channel ratio hurts from": ("never", ""),
    }


def test_what_was_not_measured_is_a_dash_not_never(card):
    found = rows(card_view(card))
    assert found["groups hurt from"] == found["channel ratio hurts from"] == ("-", "")


def test_the_title_says_which_device_and_not_which_input(card_records):
    title = card_view(card_of(card_records(dtype="bfloat16"))).table.title
    assert title == (
        "Device card: batch 1, cpu, eager, bfloat16, infer, contiguous, threads 2"
    )  # fmt: skip


def test_data_are_seconds_bytes_and_multiply_adds(card_records):
    made = card_of(card_records(groups={"g=1": 1.0, "g=4": 1.25}))
    data = json.loads(registry.load("format", "json").render(card_view(made)))
    assert data["dense_conv_madds_per_s"] == {"value": 8e9, "low": 4e9, "high": 16e9}
    assert data["bandwidth_bytes_per_s"] == {"value": 2e9, "low": 1e9, "high": 4e9}
    assert data["data_movement_bytes_per_s"]["value"] == 1e9
    assert data["launch_s"] == {"value": 0.0025, "low": 0.00125, "high": 0.005}
    assert data["ridge_madds_per_byte"] == 4.0
    assert data["groups_hurt"] == "g=4"
    assert data["ratio_hurts"] is None
    assert data["ratios"] == []
    assert data["groups"][1] == {
        "point": "g=4",
        "time_per_madd": pytest.approx(1.25),
        "low": pytest.approx(1.25),
        "high": pytest.approx(1.25),
    }
    assert data["case"]["device"] == "cpu"
    assert data["time"] == "2026-01-02T03:04:05Z"


UGLY = ["<b>|x|", "[x](https://example.com)", "\x1b[31m", "a\n::error::b", "`", "@user"]


@pytest.mark.parametrize("name", registry.names("format"))
def test_a_hostile_label_of_a_cards_file_is_only_text(name, card_records):
    for text in UGLY:
        made = card_of(card_records(groups={"g=1": 1.0, text: 2.0}, engine=text))
        view = card_view(made)
        shown = registry.load("format", name).render(view)
        assert all(c == "\n" or c.isprintable() for c in shown)
        if name == "markdown":
            tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(shown)
            assert [t.type for t in tokens].count("td_open") == 3 * len(view.table.rows)
            inline = [child for token in tokens for child in token.children or ()]
            plain = [t.content for t in inline if t.type == "text"]
            assert not any(re.search(r"[@<]|://|::", content) for content in plain), text
            assert {t.type for t in inline} <= {
                "text",
                "code_inline",
                "strong_open",
                "strong_close",
            }
        elif name == "csv":
            cells = {row["what"]: row["value"] for row in csv.DictReader(io.StringIO(shown))}
            assert cells["groups hurt from"].lstrip("'") == visible(text)
        elif name == "table":
            assert visible(text) in shown
        elif name == "html":
            assert "<b>" not in shown
        elif name == "github":
            assert all(line.startswith("::notice ") for line in shown.splitlines())
