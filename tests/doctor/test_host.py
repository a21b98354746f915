"""What `lightbench doctor` says that the host of an NPU lacks."""

from __future__ import annotations

import re

import pytest

from lightbench import doctor, registry
from lightbench.devices.support import inventory
from lightbench.doctor import report as reporting


@pytest.fixture
def host(monkeypatch, tmp_path):
    """The report of a machine whose root is a folder, as text of a width."""

    def seen(*, device="cpu", width=80, **environ):
        monkeypatch.setattr(reporting, "MOUNTED_BELOW", tmp_path)
        monkeypatch.setattr(reporting.os, "environ", {"PATH": "/nowhere", **environ})
        found = tuple(inventory.unusable(name, ValueError("no.")) for name in ("cpu", "npu:0"))
        monkeypatch.setattr(inventory, "everything", lambda: found)
        return registry.load("format", "table").render(
            doctor.view(doctor.examine(device)), width=width
        )

    return seen


def test_a_machine_without_a_trace_of_an_npu_is_not_told_what_one_needs(host):
    assert "Ascend" not in host()


@pytest.mark.parametrize(
    "trace", [{"device": "npu:0"}, {"ASCEND_RT_VISIBLE_DEVICES": "0"}], ids=["asked", "variable"]
)
def test_each_thing_that_an_npu_needs_and_lacks_is_said_with_how_to_get_it(host, trace):
    text = host(**trace)
    for what in ("/dev/davinci*", "/dev/hisi_hdc", "npu-smi", "driver", "CANN", "torch_npu"):
        assert re.search(rf"^{re.escape(what)} +missing$", text, re.MULTILINE), what
        assert re.search(rf"^{re.escape(what)}: \S", text, re.MULTILINE), what
    assert "--device=/dev/davinci0" in text
    assert "source its set_env.sh" in text


def test_what_is_there_is_there_and_asks_for_nothing(host, tmp_path):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "davinci0").touch()
    (tmp_path / "opt" / "cann" / "lib64").mkdir(parents=True)
    (tmp_path / "opt" / "cann" / "lib64" / "libascendcl.so").touch()
    text = host(ASCEND_HOME_PATH="/opt/cann")
    assert re.search(r"^/dev/davinci\* +there$", text, re.MULTILINE)
    assert re.search(r"^CANN +there$", text, re.MULTILINE)
    assert "/dev/davinci*:" not in text
    assert "CANN:" not in text
    assert re.search(r"^CANN +missing$", host(ASCEND_HOME_PATH="/opt/old"), re.MULTILINE)


@pytest.mark.parametrize("width", [80, 40])
def test_a_long_variable_is_whole_and_leaves_the_states_readable(host, width):
    path = "/usr/local/Ascend/ascend-toolkit/8.0.RC2.alpha003/opp/vendors/customize"
    text = host(ASCEND_CUSTOM_OPP_PATH=path, width=width)
    assert f"ASCEND_CUSTOM_OPP_PATH={path}" in text.replace("\n  ", "")
    assert max(map(len, text.splitlines())) <= width
    assert re.search(r"^cpu +not usable", text, re.MULTILINE)
    assert "LD_PRELOAD is not set" in text


def test_programs_still_have_one_table_of_all(host):
    view = doctor.view(doctor.examine("npu:0"))
    assert {"python", "npu-smi", "LD_PRELOAD", "cpu"} <= {row[0] for row in view.table.rows}
