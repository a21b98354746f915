"""What other engines take of the time of eager PyTorch, round by round, and what the table says of it."""

import msgspec
import pytest
from rendering import told

from lightbench.records import Samples
from lightbench.records.outputs import Conversion, Outputs
from lightbench.studies.profile.beside_eager import beside_eager
from lightbench.studies.profile.table import profile_view


def timed(record, times_s, samples_per_round=1, **more):
    samples = Samples(
        wall_s=tuple(times_s),
        samples_per_round=samples_per_round,
        first_call_s=1.0,
        warmup_calls=1,
        stop="converged",
    )
    return msgspec.structs.replace(record, samples=samples, **more)


DRIFT = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)  # of the machine, from round to round


@pytest.fixture
def eager(make_record):
    return timed(make_record(), [0.010 * speed for speed in DRIFT])


@pytest.fixture
def other(make_record):
    return timed(make_record(engine="compile"), [0.004 * speed for speed in DRIFT])


def test_the_ratio_is_of_rounds_so_that_a_drift_of_the_machine_divides_out(eager, other):
    none, ratio = beside_eager([eager, other])
    assert none is None
    assert [ratio.ratio, ratio.low, ratio.high] == pytest.approx([0.4] * 3)
    assert ratio.n == 7
    assert ratio.interval.rel == pytest.approx(0)


def test_a_short_network_has_several_samples_of_each_round(eager, make_record):
    times = [speed * 0.010 * part for speed in DRIFT for part in (0.1, 0.2, 0.9)]
    other = timed(make_record(engine="compile"), times, samples_per_round=3)
    assert beside_eager([other, eager])[0].ratio == pytest.approx(0.2)


@pytest.mark.parametrize(
    "change",
    [{"run": "another"}, {"batch": 8}, {"model": "resnet50"}, {"warnings": ("suspect: no.",)}],
    ids=["run", "batch", "model", "suspect"],
)
def test_it_is_of_the_same_network_in_the_same_rounds_and_of_times_that_can_be(
    change, other, make_record
):
    eager = timed(make_record(**change), [0.010 * speed for speed in DRIFT])
    assert beside_eager([eager, other]) == [None, None]


def test_a_suspect_time_has_no_ratio_and_neither_has_what_lacks_a_time(eager, make_record):
    suspect = make_record(engine="compile", warnings=("suspect: it remembers.",))
    failed = make_record(engine="onnxruntime", failure="it has a loop.")
    short = timed(make_record(engine="compile"), [0.01, 0.02])
    assert beside_eager([eager, timed(suspect, DRIFT), failed]) == [None] * 3
    assert beside_eager([eager, short]) == [None, None]


def test_records_of_no_run_and_networks_that_fail_in_eager_have_no_ratio(eager, other):
    alone = msgspec.structs.replace(eager, run=None)
    assert beside_eager([alone, other]) == [None, None]
    assert beside_eager([eager, msgspec.structs.replace(other, run=None)]) == [None, None]
    untimed = msgspec.structs.replace(eager, samples=None, latency=None)
    assert beside_eager([untimed, other]) == [None, None]
    not_timed = msgspec.structs.replace(other, samples=None, latency=None)
    assert beside_eager([eager, not_timed]) == [None, None]


def test_the_table_has_the_ratio_and_what_the_outputs_are_and_says_what_they_mean(eager, other):
    other = msgspec.structs.replace(
        other,
        outputs=Outputs(error=1e-4, eager_error=1e-6),
        conversion=Conversion(packages=("p 1",), size_bytes=9, seconds=3.5, kept=False),
    )
    table = profile_view([eager, other]).table
    first, second = (table.named(row) for row in table.rows)
    assert (first["ratio_eager"], first["outputs"], first["convert_s"]) == (None, None, None)
    assert second["ratio_eager"] == pytest.approx(0.4)
    assert [second["ratio_eager_low"], second["ratio_eager_high"]] == pytest.approx([0.4] * 2)
    assert (second["outputs"], second["convert_s"]) == ("approximate", 3.5)
    assert [note for note in told(table.for_people()) if note.startswith("x eager: ")]
    assert [note for note in told(table.for_people()) if note.startswith("outputs: ")]


def test_a_table_of_eager_pytorch_alone_says_nothing_of_it(eager):
    table = profile_view([eager]).table
    notes = told(table.for_people())
    assert not [note for note in notes if "eager:" in note or note.startswith("outputs")]
    assert "x eager" not in [column.heading for column in table.for_people().columns]
