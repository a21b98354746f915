"""The largest layers, drawn."""

from __future__ import annotations

import msgspec
import pytest
from drawings import texts

from lightbench.errors import UsageError
from lightbench.records import Op
from lightbench.records.findings import LayerTimes, PartTime
from lightbench.stats.interval import Interval
from lightbench.studies.layers.figure import MOST, draw, layers_of

TOTALS = ("madds", "mem_access", "mem_bytes", "fused_bytes")


def op(path, madds=0, read_bytes=100, kind="dense conv"):
    return Op(path=path, module="M", op="o", kind=kind, madds=madds, read_bytes=read_bytes)


@pytest.fixture
def of(make_record):
    """A record of these operators, with their times in milliseconds if there are some."""

    def made(*ops, times=None):
        record = make_record("net")
        sums = {key: sum(getattr(one, key) for one in ops) for key in TOTALS}
        costs = msgspec.structs.replace(record.costs, ops=ops, **sums)
        found = None
        if times:
            parts = tuple(
                PartTime(name=o.path, time_s=Interval(t / 1e3, None, None), share=Interval(0.5, None, None))
                for o, t in zip(ops, times, strict=True)
            )  # fmt: skip
            found = LayerTimes(
                rounds=6, total_s=Interval(1.0, None, None), over_whole=Interval(1.0, None, None),
                operators=parts, kinds=parts[:1], views=parts[0],
            )  # fmt: skip
        return msgspec.structs.replace(record, costs=costs, found=found)

    return made


def names(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def test_each_panel_has_its_own_largest_layers_first_with_their_share(of):
    """MAdds 1 : 3, memory access 3 : 1."""
    record = of(op("stem", 25, 300), op("body", 75, 100))
    madds, moved = draw([record]).axes
    assert names(madds) == ["body", "stem"]
    assert names(moved) == ["stem", "body"]
    assert {"75.0 %", "25.0 %", "MAdds: 100"} <= set(texts(madds))
    assert {"75.0 %", "25.0 %", "Memory access: 400 B"} <= set(texts(moved))


def test_time_is_the_first_panel_where_it_was_taken(of):
    record = of(op("stem", 25), op("body", 75), times=(6, 2))
    time, *_ = draw([record]).axes
    assert names(time) == ["stem", "body"]
    assert "Time: 8.00 ms" in texts(time)


def test_operators_of_one_module_are_one_layer_of_the_kind_that_multiplies(of):
    record = of(op("block", 0, kind="activation"), op("block", 9), op("block", 1))
    (layer,) = layers_of(record)
    assert (layer.name, layer.kind, layer.madds, layer.mem_bytes) == (
        "block",
        "convolution",
        10,
        300,
    )


def test_what_has_no_row_is_said_with_its_share(of):
    record = of(*(op(f"l{i}", 10) for i in range(MOST + 5)))
    madds, _ = draw([record]).axes
    assert len(names(madds)) == MOST
    assert "5 other layers: 25.0 %" in texts(madds)


def test_layers_without_multiply_adds_have_no_panel_of_them(of):
    figure = draw([of(op("pool", 0))])
    assert len(figure.axes) == 1


def test_a_record_without_operators_is_nothing_to_draw(make_record):
    with pytest.raises(UsageError, match="nothing to draw"):
        draw([make_record(costs=False)])


def test_the_command_draws_what_is_counted_without_measuring(lightbench, tmp_path):
    file = tmp_path / "layers.svg"
    answer = lightbench("layers", "mobilenet_v1_cifar", "--figure", file)
    assert answer.code == 0
    assert f"lightbench: wrote {file}\n" in answer.err
    assert "</svg>" in file.read_text()


def test_the_title_says_of_counts_only_what_they_depend_on(of):
    """Nothing ran on a device or with threads."""
    title = draw([of(op("stem", 25))]).get_suptitle()
    assert title == "Layers of net, input 3x224x224, batch 1, float32"
    timed = draw([of(op("stem", 25), times=(6,))]).get_suptitle()
    assert "eager" in timed
