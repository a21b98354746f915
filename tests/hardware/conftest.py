"""Tests that need a device: skipped, with the reason, where there is none."""

from __future__ import annotations

import pytest

from lightbench import devices

ACCELERATORS = ("cuda:0", "npu:0", "xpu:0", "mps:0")


def pytest_collection_modifyitems(items):
    for item in items:
        if "hardware" in item.path.parts:
            item.add_marker(pytest.mark.hardware)


@pytest.fixture(params=ACCELERATORS)
def accelerator(request):
    """Each kind of accelerator that this machine has."""
    device = devices.find(request.param)
    if reason := device.unavailable():
        pytest.skip(reason.message)
    return device


@pytest.fixture
def cuda():
    device = devices.find("cuda:0")
    if reason := device.unavailable():
        pytest.skip(reason.message)
    return device
