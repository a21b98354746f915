"""Records of accelerators as tables: the way there and back, marks, and the three clocks."""

from __future__ import annotations

import csv
from io import StringIO

import msgspec
import pytest

from lightbench.formats import csv as csv_format
from lightbench.formats import markdown
from lightbench.formats import table as table_format
from lightbench.records import Samples
from lightbench.studies.profile.table import profile_view
from lightbench.studies.profile.transfers import transfers_table
from lightbench.timing.summary import summarize
from lightbench.views.remarks import MARKS, signs, status

N = 101  # samples: the 99th percentile of 0 to 100 is 99 (Hyndman and Fan, definition 7)


@pytest.fixture
def timed(make_record):
    """A record of an accelerator with these times: clock -> seconds of each call."""

    def made(model="net", *, wall_s=(0.010,), **settings):
        clocks = {k: settings.pop(k) for k in tuple(settings) if k.endswith("_s")}
        samples = Samples(
            wall_s=wall_s, **clocks, first_call_s=1.0, warmup_calls=3, stop="converged"
        )
        record = make_record(model, device="npu:0", **settings)
        return msgspec.structs.replace(record, samples=samples, latency=summarize(samples))

    return made


def climbing(step_s, n=N):
    """step, 2 step, ... n step: mean and median are (n + 1) / 2 steps."""
    return tuple(step_s * (i + 1) for i in range(n))


@pytest.fixture
def there_and_back(timed):
    """Copies there in 1 to 101 ms, the network in twice that on the device, back in three times that;
    by the wall clock the network takes 9 s."""
    return timed(
        batch=4,
        wall_s=(9.0,) * N,
        to_device_s=climbing(1e-3),
        device_s=climbing(2e-3),
        to_host_s=climbing(3e-3),
    )


def rows_of(table):
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table.rows]


# the table


def test_each_way_and_the_network_between_them_have_a_row_with_their_statistics(there_and_back):
    (table,) = transfers_table([there_and_back])
    rows = rows_of(table)
    assert [row["phase"] for row in rows] == ["host to device", "compute", "device to host"]
    for times, row in zip((1, 2, 3), rows, strict=True):
        step_s = times * 1e-3
        assert row["min_s"] == pytest.approx(step_s)
        assert row["max_s"] == pytest.approx(N * step_s)
        assert [row["mean_s"], row["median_s"]] == pytest.approx([(N + 1) / 2 * step_s] * 2)
        assert row["p99_s"] == pytest.approx(100 * step_s)


def test_mean_and_median_are_told_apart(timed):
    """Of 1, 1 and 4 ms the mean is 2 and the median 1."""
    three = (1e-3, 1e-3, 4e-3)
    (table,) = transfers_table([timed(wall_s=three, to_device_s=three, to_host_s=three)])
    for row in rows_of(table):
        assert row["mean_s"] == pytest.approx(2e-3)
        assert row["median_s"] == 1e-3
        assert row["p99_s"] is None  # too few
    assert rows_of(table)[1]["throughput_img_s"] == pytest.approx(500)


def test_images_per_second_are_the_batch_over_the_mean_of_compute(there_and_back):
    (table,) = transfers_table([there_and_back])
    to_device, compute, to_host = (row["throughput_img_s"] for row in rows_of(table))
    assert compute == pytest.approx(4 / 0.102)  # the mean of 2 to 202 ms is 102 ms
    assert to_device is to_host is None


def test_a_99th_percentile_needs_a_hundred_samples(timed):
    for n, known in ((99, False), (100, True)):
        times = (1e-3,) * n
        (table,) = transfers_table([timed(wall_s=times, to_device_s=times, to_host_s=times)])
        assert [row["p99_s"] is not None for row in rows_of(table)] == [known] * 3


def test_without_a_clock_of_its_own_compute_is_the_wall_time(timed):
    (table,) = transfers_table([timed(wall_s=(5e-3,), to_device_s=(1e-3,), to_host_s=(2e-3,))])
    assert rows_of(table)[1]["mean_s"] == 5e-3


def test_without_transfers_there_is_no_table(timed, make_record):
    records = [timed(device_s=(1e-3,), launch_s=(1e-3,)), make_record(), make_record(failure="no.")]
    assert transfers_table(records) == ()
    assert transfers_table([]) == ()
    assert profile_view(records).above == ()


def test_cases_are_named_by_what_tells_them_apart_and_the_others_are_left_out(timed, make_record):
    ways = {"to_device_s": (1e-3,), "to_host_s": (1e-3,)}
    records = [timed("a", **ways), make_record("b"), timed("c", **ways, batch=8)]
    (table,) = transfers_table(records)
    names = [row["case"] for row in rows_of(table)]
    assert names == [names[0]] * 3 + [names[3]] * 3
    assert names[0].startswith("a")
    assert names[3].startswith("c, batch 8")


@pytest.mark.parametrize("form", [table_format, markdown])
def test_people_read_it_above_the_records_and_programs_do_not(there_and_back, form):
    text = form.render(profile_view([there_and_back]), width=200)
    assert "Host to device, compute, device to host" in text
    assert text.index("device to host") < text.index("Profile:")
    assert "img/s: the batch over the mean of compute." in text.replace("\\", "")
    assert "Host to device" not in csv_format.render(profile_view([there_and_back]))


# marks


def launched(timed, share, **settings):
    return timed(wall_s=(10.0,), device_s=(0.01,), launch_s=(10.0 * share,), **settings)


def test_a_launch_bound_case_is_marked_and_explained_once(timed):
    records = [launched(timed, 0.95), launched(timed, 0.95, batch=2), launched(timed, 0.5, batch=3)]
    assert [status(record) for record in records] == ["launch-bound", "launch-bound", "ok"]
    text = table_format.render(profile_view(records), width=200)
    assert text.count("l launch-bound: launching took over 90 %") == 1
    assert text.count("--graph") == 1


def test_what_ran_on_the_processor_is_marked_and_named(timed):
    said = "fell back: no NPU kernel, so it ran on the CPU: aten::sin."
    record = timed(warnings=(said,))
    assert status(record) == "fell back"
    text = " ".join(table_format.render(profile_view([record]), width=200).split())
    assert "c fell back: some operators ran on the CPU" in text
    assert said in text


def test_a_warning_that_only_mentions_it_is_no_mark(timed):
    assert status(timed(warnings=("it never fell back.",))) == "ok"


def test_marks_stand_together_in_the_order_of_their_explanations(timed):
    record = launched(timed, 1.0, warnings=("fell back: aten::sin.", "contended: by another."))
    samples = msgspec.structs.replace(record.samples, stop="max_seconds")
    record = msgspec.structs.replace(record, samples=samples)
    assert status(record) == "not converged, contended, launch-bound, fell back"
    assert signs(status(record)) == "?!lc"
    assert signs("ok") == ""


def test_every_mark_has_a_sign_of_its_own():
    assert len({sign for _, sign, _ in MARKS}) == len({word for word, _, _ in MARKS}) == len(MARKS)


# the three clocks


def test_csv_has_the_median_of_every_clock_in_seconds(timed, make_record):
    accelerator = timed(
        wall_s=(3.0, 4.0, 9.0),
        device_s=(2.0, 3.0, 8.0),
        launch_s=(0.25, 0.5, 7.0),
        to_device_s=(0.5, 0.75, 6.0),
        to_host_s=(0.125, 1.5, 5.0),
    )
    text = csv_format.render(profile_view([accelerator, make_record(latency_s=2.0)]))
    on_accelerator, on_cpu = csv.DictReader(StringIO(text))
    assert {key: float(on_accelerator[key]) for key in ("wall_s", "device_s", "launch_s")} == {
        "wall_s": 4.0,
        "device_s": 3.0,
        "launch_s": 0.5,
    }
    assert float(on_accelerator["latency_s"]) == 3.0
    assert (float(on_accelerator["to_device_s"]), float(on_accelerator["to_host_s"])) == (0.75, 1.5)
    assert float(on_cpu["wall_s"]) == 2.0
    empty = ("device_s", "launch_s", "to_device_s", "to_host_s", "energy_j")
    assert [on_cpu[key] for key in empty] == [""] * 5


def test_people_see_columns_of_accelerators_only_where_there_is_one(timed, make_record):
    keys = {"launch_s", "to_device_s", "to_host_s", "energy_j"}

    def shown(*records):
        return {column.key for column in profile_view(records).table.for_people().columns}

    accelerator = timed(launch_s=(1e-3,), to_device_s=(1e-3,), to_host_s=(1e-3,))
    accelerator = msgspec.structs.replace(accelerator, energy_j=0.25)
    assert not keys & shown(make_record())
    assert keys <= shown(make_record(), accelerator)
    assert not {"wall_s", "device_s"} & shown(accelerator)
