"""Whatever an npu-smi prints, or does not, says less and never something else."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from npu_smi_outputs import OUTPUTS, Machine, health

from lightbench.devices.support.health import Health
from lightbench.devices.support.npu_smi import (
    driver_version,
    labelled,
    mapping,
    reader,
    table,
    version,
)

# hostile


def test_there_are_outputs_of_all_three():
    assert len(OUTPUTS) == 21
    for soc in ("310p3", "910b3", "910c"):
        kinds = {name.split("_i")[0].split("_")[-1] for name in OUTPUTS if name.startswith(soc)}
        assert {"common", "usages", "power", "m"} <= kinds


def values(told):
    """All but what grows with each line: the largest of several utilizations."""
    return {(field, value) for field, value in told.items() if field != "utilization"}


@pytest.mark.parametrize("name", OUTPUTS)
def test_whatever_is_cut_says_less_and_never_something_else(name):
    whole = OUTPUTS[name]
    lines = whole.splitlines(keepends=True)
    chips = (0, 1) if "Chip Count                     : 2" in whole else (0,)
    for n in range(len(lines)):
        cut = "".join(lines[:n])
        assert mapping(cut).items() <= mapping(whole).items()
        assert table(cut).keys() <= table(whole).keys()
        for chip in chips:
            less, all_of_it = labelled(cut, chip), labelled(whole, chip)
            assert values(less) <= values(all_of_it)
            assert less.get("utilization", 0) <= all_of_it.get("utilization", 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", OUTPUTS)
def test_nothing_is_added_by_a_cut_within_a_line(name):
    whole = OUTPUTS[name]
    for end in range(len(whole)):
        cut = whole[:end]
        assert mapping(cut).keys() <= mapping(whole).keys()
        assert table(cut).keys() <= table(whole).keys()
        assert labelled(cut, 0).keys() <= labelled(whole, 0).keys()
        assert version(cut) is None or version(whole).startswith(version(cut))


CHINESE = {"电源": "45", "芯片温度(C)": "50", "使用率(%)": "12"}


@pytest.mark.parametrize("encoding", ["utf-8", "gb2312"])
def test_chinese_labels_are_unknown_ones(encoding):
    text = "\n".join(f"{label} \uff1a{value}" for label, value in CHINESE.items())
    text += "\nTemperature(C) : 61\n"
    printed = text.encode(encoding).decode(errors="replace")
    assert labelled(printed, 0) == {"temperature_c": 61.0}
    assert mapping(printed) == table(printed) == {}
    assert version(printed) is None


@given(st.text(), st.sampled_from(["", *OUTPUTS.values()]), st.integers(0, 200))
def test_nothing_printed_raises(noise, whole, place):
    text = whole[:place] + noise + whole[place:]
    mapping(text)
    table(text)
    version(text)
    for chip in (0, 1):
        Health(at_s=0.0, **labelled(text, chip))
    Health(at_s=0.0, **next(iter(table(text).values()), {}))


@given(st.text(alphabet="0123456789|/:-. \nNAOKinfo", max_size=80))
def test_no_table_raises(text):
    table("| 0 310P3 | OK | 9.6 56 15 / 15 |\n" + text)


@pytest.mark.parametrize("lost", ["common", "usages", "power", "info"])
def test_an_error_of_one_command_stops_nothing(lost):
    told = health(Machine("910b3", lost=(lost,)), 5)
    assert told.power_w == (101.2 if lost == "common" else 100.8)
    assert (told.clock_mhz is None) == (lost == "common")
    assert (told.memory_used_bytes is None) == (lost == "usages")


def test_an_npu_smi_that_prints_nothing_is_known_to_be_nothing():
    everything = ("common", "usages", "power", "info")
    assert health(Machine("910b3", lost=everything), 5) == Health(at_s=3.0)
    silent = dict.fromkeys(everything, "")
    assert health(Machine("910b3", **silent), 5) == Health(at_s=3.0)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("npu-smi"),
        PermissionError("npu-smi"),
        subprocess.CalledProcessError(255, "npu-smi"),
        subprocess.TimeoutExpired("npu-smi", 10),
    ],
)
def test_an_npu_smi_that_cannot_run_tells_nothing(error):
    def run(arguments):
        raise error

    assert reader(0, run, {}) is None
    assert driver_version(run) is None
