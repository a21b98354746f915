"""What a device says of itself: judged by rules, read by a thread that never ends a measurement."""

import re
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.devices.support import health
from lightbench.devices.support.health import (
    Health,
    Watch,
    busy,
    concerns,
    energy_j,
    summary,
    throttled,
)


def at(*moments, **facts):
    """The same reading at several moments."""
    return [Health(at_s=moment, **facts) for moment in moments]


def script(*readings):
    """A reader that says one after the other; what is an exception is raised."""
    rest = iter(readings)

    def read():
        reading = next(rest)
        if isinstance(reading, Exception):
            raise reading
        return reading

    return read


class Turns:
    """Stands for waiting: lets the thread read ``n`` times without a moment's sleep."""

    def __init__(self, n):
        self.left, self.asked, self.done = n, [], threading.Event()

    def __call__(self, seconds):
        self.asked.append(seconds)
        self.left -= 1
        if self.left < 0:
            self.done.set()
        return self.left < 0


# a reading


@pytest.mark.parametrize(
    "facts",
    [
        {"at_s": float("nan")},
        {"clock_mhz": -1.0},
        {"max_clock_mhz": float("inf")},
        {"temperature_c": float("nan")},
        {"power_w": -0.1},
        {"utilization": 1.01},
        {"utilization": -0.01},
        {"memory_used_bytes": -1},
    ],
)
def test_what_no_device_can_be_cannot_be_built(facts):
    with pytest.raises(ValueError, match=next(iter(facts))):
        Health(**{"at_s": 0.0, **facts})


def test_what_a_device_can_be():
    Health(at_s=-5.0, temperature_c=-10.0, utilization=1.0, power_w=0.0, memory_used_bytes=0)
    Health(at_s=0.0, utilization=0.0, throttled="heat")


# the thread


def test_the_first_reading_is_there_before_the_block_and_the_others_follow():
    a, b, c = at(1.0, 2.0, 3.0)
    turns = Turns(2)
    with Watch(script(a, b, c), every_s=0.25, wait=turns) as watch:
        assert watch.readings[0] is a
        assert turns.done.wait(10)
    assert watch.readings == [a, b, c]
    assert turns.asked == [0.25] * 3


def test_it_waits_between_readings_and_not_only_before_the_first():
    waits = []

    def wait(_seconds):
        waits.append(len(watch.readings))
        return len(waits) == 3

    watch = Watch(script(*at(1.0, 2.0, 3.0)), every_s=1.0, wait=wait)
    with watch:
        watch._thread.join(10)
    assert waits == [1, 2, 3]


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("lost"), ValueError("odd")])
def test_a_reader_that_raises_is_not_asked_again_and_what_is_known_stays(error):
    a, b, c = at(1.0, 2.0, 3.0)
    with Watch(script(a, b, error, c), every_s=0.0, wait=lambda _seconds: False) as watch:
        watch._thread.join(10)
        assert not watch._thread.is_alive()
    assert watch.readings == [a, b]


def test_a_reader_that_raises_at_once_leaves_nothing_and_starts_nothing():
    with Watch(script(OSError("gone")), every_s=0.0) as watch:
        assert not watch._thread.is_alive()
    assert watch.readings == []
    assert watch.throttled(0.0, 1.0) is None


def test_the_block_ends_the_thread_and_its_errors_pass():
    with (
        pytest.raises(KeyError),
        Watch(script(*at(1.0)), every_s=3600.0) as watch,
    ):
        assert watch._thread.is_alive()
        raise KeyError
    assert not watch._thread.is_alive()
    assert watch._thread.daemon


def test_a_reader_that_hangs_does_not_hold_up_the_measurement(monkeypatch):
    monkeypatch.setattr(health, "PATIENCE_S", 0.01)
    first, late = at(1.0, 2.0)
    answer, rest = threading.Event(), iter([first])

    def read():
        if reading := next(rest, None):
            return reading
        assert answer.wait(10)
        return late

    with Watch(read, every_s=0.0) as watch:
        pass
    assert watch._thread.is_alive()
    answer.set()
    watch._thread.join(10)
    assert not watch._thread.is_alive()
    assert watch.readings == [first]  # the late one changes nobody's list


def test_a_watch_judges_its_own_readings():
    reasons = [None, "heat", None, None, "power limit"]
    told = [Health(at_s=float(n), throttled=reason) for n, reason in enumerate(reasons)]
    with Watch(script(*told, OSError()), every_s=1.0, wait=lambda _seconds: False) as watch:
        watch._thread.join(10)
    windows = [(-2.0, -1.0), (0.0, 0.5), (0.0, 1.0), (1.5, 1.8), (2.0, 2.5), (2.5, 3.5), (1.5, 9.0)]
    for start, end in windows:
        assert watch.throttled(start, end) == throttled(told, start, end)
    assert watch.throttled(1.5, 1.8) == watch.throttled(2.0, 2.5) == "heat"
    assert watch.throttled(9.0, 10.0) == "power limit"
    assert watch.throttled(2.5, 3.5) is None


# slowed down


def test_the_last_reading_before_says_how_a_time_began():
    readings = [*at(1.0, throttled="heat"), *at(2.0), *at(9.0, throttled="power limit")]
    assert throttled(readings, 1.5, 1.8) == "heat"
    assert throttled(readings, 2.0, 3.0) == "heat"  # until then it had said nothing else
    assert throttled(readings, 2.5, 3.0) is None  # the one before that is no longer so
    assert throttled(readings, 3.0, 8.9) is None  # what comes after is not of this time


def test_all_readings_of_a_time_count_and_its_ends_too():
    readings = [*at(1.0), *at(2.0, throttled="heat"), *at(3.0)]
    assert throttled(readings, 1.5, 3.5) == "heat"
    assert throttled(readings, 2.0, 2.5) == "heat"
    assert throttled(readings, 1.5, 2.0) == "heat"


def test_each_reason_is_told_once_in_the_order_it_came():
    reasons = ["heat", "power limit", None, "heat"]
    readings = [Health(at_s=float(n), throttled=reason) for n, reason in enumerate(reasons)]
    assert throttled(readings, 0.0, 3.0) == "heat, power limit"


def test_without_readings_nothing_is_known_to_have_slowed_it():
    assert throttled([], 0.0, 1.0) is None


# busy


@pytest.mark.parametrize("share", [None, 0.0, 0.05, 0.1])
def test_a_device_at_rest_or_one_that_does_not_tell_is_not_busy(share):
    assert busy(Health(at_s=0.0, utilization=share)) is None


def test_a_busy_device_is_told_with_how_busy_and_what_to_do():
    sentence = busy(Health(at_s=0.0, utilization=0.43))
    assert "43.0 %" in sentence
    assert "stop it" in sentence
    assert busy(Health(at_s=0.0, utilization=0.101))


def test_concerns_are_sentences_with_advice():
    both = concerns(Health(at_s=0.0, utilization=0.9, throttled="heat"))
    assert len(both) == 2
    assert both[0].startswith("Another program")
    assert "(heat)" in both[1]
    assert all(re.fullmatch(r"[A-Z].*[:,] .+\.", sentence) for sentence in both)


def test_a_low_clock_at_rest_is_no_concern():
    assert concerns(Health(at_s=0.0, clock_mhz=210.0, max_clock_mhz=1980.0)) == ()
    assert concerns(Health(at_s=0.0)) == ()


# energy and summary


def test_energy_is_mean_power_times_time():
    readings = [Health(at_s=float(n), power_w=100.0 + n) for n in range(11)]
    assert energy_j(readings, 0.0, 10.0) == pytest.approx(105.0 * 10.0)


def test_fewer_than_ten_readings_of_power_give_no_energy():
    readings = at(*map(float, range(20)), power_w=100.0)
    assert energy_j(readings, 0.0, 8.5) is None
    assert energy_j(readings, 0.0, 9.0) == pytest.approx(900.0)
    assert energy_j([replace(r, power_w=None) for r in readings], 0.0, 20.0) is None


def test_power_before_and_after_is_not_counted():
    during = at(*map(float, range(10)), power_w=50.0)
    around = [*at(-1.0, power_w=1000.0), *at(10.0, power_w=1000.0)]
    assert energy_j([*around, *during], 0.0, 9.5) == pytest.approx(475.0)


def test_readings_that_do_not_tell_power_are_left_out_of_the_mean():
    readings = [*at(*map(float, range(10)), power_w=50.0), *at(0.5, 1.5)]
    assert energy_j(readings, 0.0, 10.0) == pytest.approx(500.0)


def test_a_summary_of_readings():
    readings = [
        Health(at_s=0.0, clock_mhz=300.0, temperature_c=40.0, power_w=60.0),
        Health(at_s=1.0, clock_mhz=1500.0, temperature_c=70.0, power_w=200.0, throttled="heat"),
        Health(at_s=2.0, clock_mhz=1400.0, temperature_c=65.0),
    ]
    assert summary(readings) == {
        "clock_mhz_median": 1400.0,
        "clock_mhz_min": 300.0,
        "temperature_c_max": 70.0,
        "power_w_mean": 130.0,
        "power_samples": 2,
        "throttled_readings": 1,
    }


def test_what_was_never_told_is_unknown_in_a_summary():
    nothing = dict.fromkeys(summary([]))
    assert summary([]) == {**nothing, "power_samples": 0}
    assert summary(at(1.0)) == {**nothing, "power_samples": 0, "throttled_readings": 0}


@given(
    st.lists(
        st.builds(
            Health,
            at_s=st.floats(0, 10),
            power_w=st.none() | st.floats(0, 1e6),
            throttled=st.none() | st.sampled_from(["heat", "power limit"]),
        )
    ),
    st.floats(0, 5),
    st.floats(5, 10),
)
def test_no_readings_break_the_rules(readings, start, end):
    joules = energy_j(readings, start, end)
    powers = [r.power_w for r in readings if r.power_w is not None]
    if joules is not None:
        lowest, highest = min(powers) * (end - start), max(powers) * (end - start)
        assert lowest * 0.999 - 1e-9 <= joules <= highest * 1.001 + 1e-9
    assert throttled(readings, start, end) in {
        None,
        "heat",
        "power limit",
        "heat, power limit",
        "power limit, heat",
    }
    assert summary(readings)["power_samples"] == len(powers)


def test_reading_needs_no_torch():
    """The folder's own __init__ decides for the package; this file and its readers add none."""
    code = (
        "import sys, lightbench.devices; before = 'torch' in sys.modules;"
        "import lightbench.devices.support.health, lightbench.devices.support.nvml, lightbench.devices.support.npu_smi;"
        "assert ('torch' in sys.modules) == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
