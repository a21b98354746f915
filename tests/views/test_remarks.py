"""What marks mean, in two lines at most."""

from __future__ import annotations

import pytest

from lightbench.views.remarks import MARKS, explained


def test_few_marks_are_explained():
    (note,) = explained(["contended", "failed"])
    assert note == "x failed: no result; ! contended: other work used the machine."


@pytest.mark.parametrize("many", [MARKS, MARKS[:4]])
def test_many_marks_are_named_in_two_lines_and_help_explains_them(many):
    (note,) = explained([word for word, _, _ in many])
    assert len(note) <= 2 * 78
    assert [said[:2] for said in note.split("; ")] == [f"{sign} " for _, sign, _ in many]
    assert note.endswith(": --help says more.")


def test_without_a_mark_there_is_no_note():
    assert explained(["ok"]) == []
