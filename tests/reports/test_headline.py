"""The line below the title of a report: machine, date, noise."""

from __future__ import annotations

import pytest

from lightbench.records.collection import Evidence
from lightbench.reports.headline import grade, headline
from lightbench.studies.subject import Subject


@pytest.mark.parametrize(
    ("width", "busy", "expected"),
    [
        (0.01, 0, "low"),
        (0.011, 0, "middling"),
        (0.03, 0, "middling"),
        (0.031, 0, "high"),
        (0.005, 0.1, "low"),
        (0.005, 0.11, "middling"),  # nothing narrow makes up for other programs
        (0.05, 0.5, "high"),
    ],
)
def test_a_grade_goes_by_the_intervals_and_by_what_was_disturbed(width, busy, expected):
    assert grade(width, busy) == expected


def test_it_names_the_machine_the_day_and_how_many_times_were_disturbed(make_record):
    busy = make_record("b", warnings=("contended: others",))
    said = headline(Subject(Evidence((make_record("a"), busy))))
    cpu = busy.environment.comparable.get("cpu")
    assert said.startswith(
        f"{cpu or 'A machine of unknown name'}, measured {busy.time[:10]} (UTC)."
    )
    # 0.98 to 1.02 of the median
    assert said.endswith(
        "Noise: middling, +-2.0 % in the median of 2 times, 1 beside other programs."
    )


def test_where_nothing_was_timed_nothing_is_said_of_noise(make_record):
    untimed = make_record("a", failure="it cannot run")
    assert "Noise" not in headline(Subject(Evidence((untimed,))))
