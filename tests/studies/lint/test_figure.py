"""What lint advises, drawn."""

from __future__ import annotations

import msgspec
import pytest
from drawings import texts

from lightbench.errors import UsageError
from lightbench.records.findings import Finding, Linted, Tried
from lightbench.stats.interval import Interval
from lightbench.studies.lint.figure import LOOKS, MOST, draw


def finding(layer, kind="norm", mem_bytes=100.0, **more):
    return Finding(
        guideline="G4", layer=layer, cause=kind, advice="fold it", kind=kind, change="fold it", mem_bytes=mem_bytes, **more
    )  # fmt: skip


@pytest.fixture
def linted(make_record):
    def made(*findings, tried=()):
        found = Linted(findings=findings, tried=tried)
        return msgspec.structs.replace(make_record("net"), found=found)

    return made


def names(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def test_a_cause_is_one_bar_of_what_all_its_places_come_to_the_largest_first(linted):
    """1 ms and 2 ms of norms, 5 ms of gates."""
    record = linted(
        finding("a", estimate_s=1e-3),
        finding("b", estimate_s=2e-3),
        finding("c", kind="gate", estimate_s=5e-3),
    )
    time, moved = draw([record]).axes
    assert names(time) == ["gate: fold it (1)", "norm: fold it (2)"]
    assert {"5.00 ms", "3.00 ms"} <= set(texts(time))
    assert {"100 B", "200 B"} <= set(texts(moved))


def test_what_was_tried_counts_before_what_was_estimated_and_looks_otherwise(linted):
    tried = Tried(
        rewrite="fold_norms", guideline="G4", kind="norm", change="fold it", answers="same", saved_s=4e-3,
        ratio=Interval(0.9, 0.8, 0.95), verdict="faster",
    )  # fmt: skip
    record = linted(
        finding("a", estimate_s=1e-3), finding("b", "gate", estimate_s=1e-3), tried=(tried,)
    )
    figure = draw([record])
    assert {"4.00 ms", "1.00 ms"} <= set(texts(figure.axes[0]))
    hatches = [bar.get_hatch() for bar in figure.axes[0].patches]
    assert hatches == [LOOKS["tried"][1], LOOKS["estimate"][1]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["tried", "estimate"]


def test_without_times_there_is_memory_access_alone(linted):
    (moved,) = draw([linted(finding("a"))]).axes
    assert "Memory access that the cause adds" in texts(moved)


def test_causes_that_have_no_room_are_told(linted):
    many = [finding(f"l{i}", kind=f"kind {i}") for i in range(MOST + 2)]
    figure = draw([linted(*many)])
    assert "in brackets: places; 2 more causes" in texts(figure)


def test_nothing_found_is_nothing_to_draw(linted, make_record):
    for record in (linted(), make_record("net")):
        with pytest.raises(UsageError, match="nothing to draw"):
            draw([record])


def test_the_command_draws_it(lightbench, tmp_path):
    file = tmp_path / "lint.svg"
    answer = lightbench("lint", "mobilenet_v1_cifar", "--figure", file)
    assert answer.code == 0
    assert f"lightbench: wrote {file}\n" in answer.err
    assert "</svg>" in file.read_text()
