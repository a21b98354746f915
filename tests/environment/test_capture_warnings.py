"""What a machine is warned of before times are believed, and what it is not."""

import re

from lightbench.environment.capture import warnings
from lightbench.records import Environment


def environment(**facts):
    """An environment with 8 idle cores on mains, and whatever a test says."""
    comparable = {"logical_cores": 8, "usable_cores": 8, "cpu_quota_percent": None, "threads": 4}
    noted = {"load_1min": 0.1}
    for name, value in facts.items():
        (comparable if name in comparable else noted)[name] = value
    return Environment(comparable=comparable, noted=noted)


# warnings


def test_a_calm_machine_has_no_warnings():
    assert warnings(environment(governor="performance", power="mains")) == ()


def one(environment, before=None):
    (sentence,) = warnings(environment, before)
    return sentence


def test_more_threads_than_cores():
    assert one(environment(threads=9)).startswith("9 threads share 8 cores")
    assert one(environment(threads=4, usable_cores=2)).endswith("try --threads 2.")


def test_a_quota_counts_as_cores():
    sentence = one(environment(threads=2, cpu_quota_percent=150))
    assert "1.5 cores" in sentence
    assert "--threads 1" in sentence


def test_less_than_one_core_is_too_little_for_any_call():
    assert one(environment(threads=1, cpu_quota_percent=50)).startswith(
        "This container may use 0.50"
    )


def test_more_threads_than_others_leave_free():
    assert warnings(environment(threads=4, load_1min=4.0)) == ()
    assert "wants 5" in one(environment(threads=5, load_1min=4.0))
    assert warnings(environment(threads=8, load_1min=0.4)) == ()  # idle machines are never at 0


def test_a_loaded_machine_is_told_even_if_a_core_is_free():
    assert warnings(environment(threads=1, load_1min=4.0)) == ()
    assert one(environment(threads=1, load_1min=5.0)).startswith("Other programs keep 5 of 8 cores")
    assert one(environment(threads=None, load_1min=5.0)).startswith("Other programs")


def test_load_elsewhere_on_a_large_host_leaves_a_container_its_cores():
    host = {"logical_cores": 64, "usable_cores": 4, "threads": 4}
    assert warnings(environment(load_1min=20.0, **host)) == ()
    assert "wants 4" in one(environment(load_1min=62.0, **host))


def test_powersave_matters_only_where_it_holds_the_clock_down():
    held = environment(governor="performance, powersave", governor_driver="acpi-cpufreq")
    assert "cpupower" in one(held)
    for driver in ("intel_pstate", "amd-pstate-epp"):
        assert warnings(environment(governor="powersave", governor_driver=driver)) == ()


def test_battery():
    assert "plug it in" in one(environment(power="battery"))


def test_throttling_is_what_happened_between_two_captures():
    cool, hot = environment(throttle_count=3), environment(throttle_count=4)
    assert "heat" in one(hot, before=cool)
    assert warnings(hot) == warnings(cool, before=cool) == ()
    assert warnings(hot, before=environment(throttle_count=None)) == ()


def test_every_warning_is_a_sentence_with_advice():
    everything = environment(
        threads=9, governor="powersave", governor_driver="x", power="battery", throttle_count=2
    )
    sentences = warnings(everything, before=environment(throttle_count=1))
    assert len(sentences) == 4
    assert all(re.fullmatch(r"[A-Z0-9].*[:,] .+\.", sentence) for sentence in sentences)
