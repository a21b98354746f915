"""What torch_npu does in each state of an installation, produced for real: what lightbench tells apart."""

import subprocess

import pytest

IMPORT = "import torch, torch_npu; print(torch.npu.is_available(), torch.npu.device_count())"


def test_importing_torch_npu_writes_to_stdout(child):
    done = child(IMPORT, "ok")
    assert done.out.startswith("Warning: ASCEND_HOME_PATH environment variable is not set.")
    assert done.out.endswith("True 1")


def test_after_set_env_it_does_not(child):
    assert child(IMPORT, "sourced").out == "True 1"


def test_without_a_device_nothing_fails_before_it_is_used(child):
    done = child(f"{IMPORT}; torch.ones(2, device='npu')", "no-device")
    assert done.out.endswith("False 0")
    assert done.code == 1
    assert "507033" in done.err


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ("no-cann", "ImportError: libhccl.so: cannot open shared object file"),
        ("no-driver", "ImportError: libascend_hal.so: cannot open shared object file"),
        ("old-cann", "undefined symbol: aclrtCreateEventExWithFlag"),
        ("cann-env", "Exception: ASCEND_OPP_PATH environment variable is not set."),
    ],
)
def test_an_incomplete_installation_is_an_error_that_says_what_is_missing(
    child, environment, message
):
    done = child(IMPORT, environment)
    assert done.code == 1
    assert message in done.err


def test_a_crash_is_no_exception(child):
    done = child(f"try:\n    {IMPORT}\nexcept BaseException:\n    pass", "crash")
    assert done.code == -6  # SIGABRT
    assert "Duplicated key 'pinned_reserve_segment_size_mb'" in done.err


def test_a_hang_never_returns(child):
    with pytest.raises(subprocess.TimeoutExpired):
        child(IMPORT, "hang", timeout=4)


def test_with_autoload_importing_torch_alone_fails_without_cann(child):
    done = child("import torch", "no-cann", TORCH_DEVICE_BACKEND_AUTOLOAD=None, new=True)
    assert done.code == 1
    assert "RuntimeError: Failed to load the backend extension: torch_npu" in done.err


def test_without_autoload_torch_works_without_cann(child):
    code = "import torch; print(torch.nn.Conv2d(3, 4, 1)(torch.ones(1, 3, 2, 2)).shape)"
    assert child(code, "no-cann", new=True).out == "torch.Size([1, 4, 2, 2])"


def test_with_autoload_torch_alone_brings_the_npu(child):
    code = "import torch; print((torch.ones(2, device='npu') + 1).sum().item())"
    done = child(code, TORCH_DEVICE_BACKEND_AUTOLOAD=None, new=True)
    assert done.out.endswith("4.0"), done.err
