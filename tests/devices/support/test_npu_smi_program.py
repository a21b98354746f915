"""The npu-smi on the path is run, and one that fails or hangs is not believed."""

import os
import sys
import time

import pytest
from npu_smi_outputs import FOLDER

from lightbench.devices.support import npu_smi
from lightbench.devices.support.npu_smi import driver_version, reader

# the program itself

SCRIPT = """#!{python}
import os, sys
from pathlib import Path
assert os.environ["LC_ALL"] == "C", "asked in the user's language"
name = {{"info": "info", "info -m": "m"}}.get(" ".join(sys.argv[1:]))
name = name or f"{{sys.argv[3]}}_i{{sys.argv[5]}}"
text = Path({folder!r}, f"910b3_{{name}}.txt").read_bytes()
sys.stdout.buffer.write("\\u6e29\\u5ea6".encode("gb2312") + b"\\n" + text)
sys.exit({code})
"""


@pytest.fixture
def program(tmp_path):
    def write(code=0):
        file = tmp_path / "npu-smi"
        file.write_text(SCRIPT.format(python=sys.executable, folder=str(FOLDER), code=code))
        file.chmod(0o755)
        return {"PATH": str(tmp_path), "LC_ALL": "zh_CN.GB2312"}

    return write


@pytest.mark.skipif(os.name == "nt", reason="npu-smi is a program for Linux")
def test_a_program_on_the_path_is_run_in_english_and_read_in_any_encoding(program):
    environ = program()
    assert reader(5, environ=environ)().power_w == 100.8
    assert driver_version(environ=environ) == "25.5.1"


@pytest.mark.skipif(os.name == "nt", reason="npu-smi is a program for Linux")
def test_a_program_that_fails_is_not_believed(program):
    environ = program(code=3)
    assert reader(5, environ=environ) is None
    assert driver_version(environ=environ) is None


@pytest.mark.skipif(os.name == "nt", reason="npu-smi is a program for Linux")
def test_a_program_that_hangs_is_ended(program, tmp_path, monkeypatch):
    monkeypatch.setattr(npu_smi, "TIME_LIMIT_S", 0.2)
    environ = program()
    (tmp_path / "npu-smi").write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    start = time.monotonic()
    assert driver_version(environ=environ) is None
    assert time.monotonic() - start < 30


def test_without_npu_smi_on_the_path_there_is_no_reader(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert reader(0) is None
    assert driver_version() is None
    assert reader(0, environ={}) is None
