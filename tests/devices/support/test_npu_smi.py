"""What an Ascend NPU says of itself: read from outputs in npu_smi/, see README.txt there."""

import pytest
from npu_smi_outputs import MB, OUTPUTS, Machine, health

from lightbench.devices.support.health import Health
from lightbench.devices.support.npu_smi import (
    LABELS,
    Chip,
    both,
    device,
    driver_version,
    labelled,
    mapping,
    number,
    reader,
    table,
    version,
)

# the three kinds of card


def test_910b():
    assert health(Machine("910b3"), 5) == Health(
        at_s=3.0,
        clock_mhz=1800.0,
        max_clock_mhz=1800.0,
        temperature_c=44.0,
        power_w=100.8,
        utilization=0.14,  # of the whole NPU: the cubes alone were at 12 %
        memory_used_bytes=60293 * MB,  # 92 % of 65,536
    )


def test_910c_has_two_chips_with_values_of_their_own_and_one_power():
    """Logical 2 and 3 are chips 0 and 1 of card 1. 186.3 W is what both draw together."""
    first, second = (health(Machine("910c"), index) for index in (2, 3))
    assert first == Health(
        at_s=3.0,
        clock_mhz=800.0,
        max_clock_mhz=1800.0,
        temperature_c=36.0,
        utilization=0.0,
        memory_used_bytes=3277 * MB,  # 5 %
    )
    assert second == Health(
        at_s=3.0,
        clock_mhz=1800.0,
        max_clock_mhz=1800.0,
        temperature_c=37.0,
        utilization=0.66,
        memory_used_bytes=2621 * MB,  # 4 %
    )


def test_310p_with_two_chips_has_no_hbm_and_its_power_is_the_cards():
    assert health(Machine("310p3_duo"), 1) == Health(
        at_s=3.0,
        clock_mhz=1080.0,
        max_clock_mhz=1080.0,
        temperature_c=43.0,
        utilization=0.55,  # its vector cores; its AI cores were at 40 %
        memory_used_bytes=1311 * MB,  # 3 % of 43,693
    )


def test_310p_alone_on_its_card_draws_the_cards_power():
    told = health(Machine("310p3_pro"), 0)
    assert told.power_w == 13.4
    assert told.temperature_c == 43.0  # not its controller's 41
    assert told.clock_mhz == 960.0
    assert told.memory_used_bytes == 861 * MB


def test_the_cards_power_is_also_found_in_the_output_about_power():
    machine = Machine("310p3_pro", lost=("common",))
    assert health(machine, 0).power_w == 13.6


def test_a_rated_power_is_no_measurement():
    assert "12.8" in OUTPUTS["310_common_i0"]
    assert "power_w" not in labelled(OUTPUTS["310_common_i0"], 0)
    assert "Rated Power Dissipation(W)" not in LABELS


def test_the_controllers_temperature_is_not_the_chips():
    text = (
        "Chip Count : 1\n\nChip ID : 0\nTemperature(C) : 44\nChip Name : mcu\nTemperature(C) : 38"
    )
    assert labelled(text, 0) == {"temperature_c": 44.0}
    assert labelled(text.replace("44", "NA"), 0) == {}
    text = "Chip Count : 1\n\nPower Dissipation(W) : 13.6\nTemperature(C) : 41\nChip Name : mcu"
    assert labelled(text, 0) == {"power_w": 13.6}


def test_where_two_outputs_differ_the_first_is_believed_and_the_busier():
    first = {"power_w": 100.0, "utilization": 0.1}
    second = {"power_w": 90.0, "utilization": 0.3, "clock_mhz": 800.0}
    assert both(first, second) == {"power_w": 100.0, "utilization": 0.3, "clock_mhz": 800.0}
    assert both(second, first) == {"power_w": 90.0, "utilization": 0.3, "clock_mhz": 800.0}
    assert both({}, {}) == {}
    text = "Power Dissipation(W) : 70.0\nNPU Real-time Power(W) : 60.0\n"
    assert labelled(text, 0) == {"power_w": 60.0}  # the chip's own name for it


def test_a_format_without_chip_numbers_speaks_of_the_only_one():
    """The driver's manual of 2026 for chips that have a card to themselves."""
    text = "NPU ID : 0\nAicore curFreq(MHZ) : 100\nTemperature(C) : 65\n"
    assert labelled(text, 0) == {"clock_mhz": 100.0, "temperature_c": 65.0}


def test_what_is_cut_before_the_chips_number_belongs_to_nobody_on_a_card_with_two():
    usages = OUTPUTS["910c_usages_i1"]
    cut = usages[: usages.index("Chip ID")]
    assert "Aicore Usage Rate(%)" in cut
    assert labelled(cut, 0) == labelled(cut, 1) == {}
    usages = OUTPUTS["910b3_usages_i5"]
    assert labelled(usages[: usages.index("Chip ID")], 0) == labelled(usages, 0)


def test_no_chip_that_answers_has_no_clock_no_heat_and_no_power():
    text = "".join(f"{label} : 0\n" for label in LABELS)
    assert labelled(text, 0) == {"utilization": 0.0}


def test_a_sum_over_two_kinds_of_core_is_not_more_than_all():
    assert labelled("Aicore Usage Rate(%) : 150", 0) == {"utilization": 1.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [("44", 44.0), (" 100.8 ", 100.8), ("0", 0.0)]
    + [(text, None) for text in ("-", "NA", "", "-5", "nan", "1e9", "9" * 400, "8 / 9", "NA 3")],
)
def test_figures(text, value):
    assert number(text) == value


# which chip


def test_physical_numbers_are_those_of_the_mapping():
    assert mapping(OUTPUTS["910b3_m"]) == {n: Chip(n, 0) for n in range(8)}
    assert mapping(OUTPUTS["910c_m"]) == {n: Chip(n // 2, n % 2) for n in range(16)}
    cards = {0: Chip(2, 0), 1: Chip(2, 1), 2: Chip(5, 0), 3: Chip(5, 1)}
    assert mapping(OUTPUTS["310p3_duo_m"]) == cards
    assert mapping(OUTPUTS["310p3_pro_m"]) == {0: Chip(4, 0)}


def test_other_columns_than_those_known_map_nothing():
    assert mapping("NPU ID   Chip Phy-ID   Slot ID   Chip Name\n0  1  2  Ascend950PR\n") == {}


@pytest.mark.parametrize(
    ("visible", "index", "number"),
    [
        (None, 3, 3),
        ("5", 0, 5),
        ("2,3,7", 2, 7),
        (" 2 , 3", 1, 3),
        ("2,3", 2, None),
        ("", 0, None),
        ("0-3", 1, None),
        ("all", 0, None),
    ],
)
def test_hidden_devices_are_not_counted(visible, index, number):
    environ = {} if visible is None else {"ASCEND_RT_VISIBLE_DEVICES": visible}
    assert device(index, environ) == number


def test_the_first_visible_device_is_asked_by_its_physical_number():
    machine = Machine("910b3")
    told = health(machine, 0, ASCEND_RT_VISIBLE_DEVICES="5")
    assert told.temperature_c == 44.0
    assert "info -t common -i 5" in machine.asked
    assert not any(asked.endswith("-i 0") for asked in machine.asked)


def test_without_a_mapping_or_a_chip_in_it_there_is_no_reader():
    assert reader(0, Machine("910b3", lost=("m",)), {}) is None
    assert reader(8, Machine("910b3"), {}) is None
    assert reader(0, Machine("910b3"), {"ASCEND_RT_VISIBLE_DEVICES": "x"}) is None


# what is asked


def test_only_what_has_told_something_is_asked_again():
    machine = Machine("910b3")
    read = reader(5, machine, {})
    machine.asked.clear()
    read()
    assert machine.asked == ["info -t common -i 5", "info -t usages -i 5"]


def test_the_table_is_asked_where_nothing_else_answers():
    machine = Machine("910b3", lost=("common", "usages", "power"))
    assert health(machine, 5) == Health(
        at_s=3.0,
        temperature_c=44.0,
        power_w=100.8,
        utilization=0.12,
        memory_used_bytes=60156 * MB,
    )


def test_a_reading_that_fails_half_way_keeps_the_other_half():
    machine = Machine("910b3")
    read = reader(5, machine, {}, clock=lambda: 3.0)
    machine.lost = ("usages",)
    assert read() == Health(
        at_s=3.0,
        clock_mhz=1800.0,
        max_clock_mhz=1800.0,
        temperature_c=44.0,
        power_w=100.8,
        utilization=0.12,
    )
    machine.lost = ("usages", "common")
    assert read() == Health(at_s=3.0)


# the table


def test_tables():
    assert table(OUTPUTS["910b3_info"])[Chip(0, 0)] == {
        "power_w": 102.8,
        "temperature_c": 45.0,
        "utilization": 0.0,
        "memory_used_bytes": 3445 * MB,
    }
    assert set(table(OUTPUTS["910b3_info"])) == {Chip(0, 0), Chip(5, 0)}  # and no programs
    assert table(OUTPUTS["910c_info"])[Chip(1, 1)] == {
        "temperature_c": 37.0,
        "utilization": 0.61,
        "memory_used_bytes": 2896 * MB,
    }
    assert "power_w" not in table(OUTPUTS["910c_info"])[Chip(1, 0)]
    assert table(OUTPUTS["310p3_duo_info"])[Chip(2, 1)] == {
        "temperature_c": 43.0,
        "utilization": 0.4,
        "memory_used_bytes": 1412 * MB,
    }
    assert table(OUTPUTS["310p3_soc_info"])[Chip(0, 0)] == {
        "power_w": 9.6,
        "temperature_c": 56.0,
        "memory_used_bytes": 3398 * MB,
    }


def test_a_card_with_a_number_for_a_name_and_a_row_without_cores():
    text = "| 3  310 | OK | 12.8  50  0 / 970 |\n| 0  2 | 0000:05:00.0 | 700 / 8192 |"
    told = {"power_w": 12.8, "temperature_c": 50.0, "memory_used_bytes": 700 * MB}
    assert table(text) == {Chip(3, 0): told}


def test_no_power_and_a_sum_over_cores_in_a_table():
    text = "| 0  310P3 | OK | 0 0 0 / 0 |\n| 0  0 | NA | 150 8 / 16 |\n|  | OK | 1 |"
    assert table(text) == {Chip(0, 0): {"utilization": 1.0, "memory_used_bytes": 8 * MB}}


def test_the_version_of_the_driver():
    assert version(OUTPUTS["910b3_info"]) == "25.5.1"
    assert version(OUTPUTS["910c_info"]) == "25.3.rc1"
    assert version("| npu-smi 24.1.rc1  Version: 24.1.rc1   |") == "24.1.rc1"
    assert version("") is None
    assert driver_version(Machine("310p3_soc")) == "24.1.rc2.b010"
    assert driver_version(Machine("310p3_soc", lost=("info",))) is None
