"""What an engine does not run as fast as the rest, in words."""

import msgspec
import pytest

from lightbench.records.outputs import OffPath
from lightbench.runner.off_path import said

OUTSIDE = "outside XNNPACK"


def row(path, op, count, why):
    return OffPath(path=path, op=op, count=count, why=why)


def test_operators_of_one_module_are_one_sentence_with_their_number():
    (sentence,) = said([row("features.pool1", "avg_pool2d", 3, OUTSIDE)])
    assert sentence == "3 operators run outside XNNPACK: avg_pool2d in features.pool1 (3)."


def test_one_operator_of_the_network_itself_has_no_path():
    assert list(said([row("", "mean", 1, OUTSIDE)])) == [
        "1 operator runs outside XNNPACK: mean (1)."
    ]


def test_the_most_frequent_operator_comes_first_and_of_many_modules_the_first_is_named():
    rows = [row("", "mean", 1, OUTSIDE)]
    rows += [row(f"stage{i}.0", "split", 2, OUTSIDE) for i in (2, 3, 4)]
    (sentence,) = said(rows)
    assert sentence == (
        "7 operators run outside XNNPACK: split in stage2.0 and 2 other modules (6), mean (1)."
    )
    (sentence,) = said(rows[:3])
    assert "split in stage2.0 and 1 other module (4)" in sentence


def test_operators_beyond_the_fourth_are_only_counted():
    (sentence,) = said([row("", name, 2, OUTSIDE) for name in "abcdef"])
    assert sentence.startswith("12 operators run outside XNNPACK: a (2), b (2), c (2), d (2), ")
    assert sentence.endswith(", 4 of other kinds.")


def test_each_reason_is_a_sentence_of_its_own_and_nothing_is_none():
    rows = [row("", "a", 1, OUTSIDE), row("", "a", 2, "in a reference kernel")]
    assert [each.partition(":")[0] for each in said(rows)] == [
        "1 operator runs outside XNNPACK",
        "2 operators run in a reference kernel",
    ]
    assert list(said([])) == []


@pytest.mark.parametrize("count", [0, -1])
def test_a_row_is_of_one_operator_or_more(count):
    with pytest.raises(ValueError, match="a count of operators is 1 or more"):
        row("", "a", count, OUTSIDE)
    text = f'{{"path": "", "op": "a", "count": {count}, "why": ""}}'
    with pytest.raises(msgspec.ValidationError, match="a count of operators"):
        msgspec.json.decode(text, type=OffPath)
