"""What a network's code sets of the process is its own: put back, in force when it is used, and said."""

from __future__ import annotations

import gc
import os
import random
import sys
import warnings
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.process import switches

QUICK = {"seconds": 0.02, "rel": 1.0, "input": "4", "threads": 1}
NET = """
import gc, os, sys
import torch
from torch import nn
{top}
SEEN = []
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
    def forward(self, x):
        {inside}
        SEEN.append(({see}))
        return self.a(x)
"""

# What a file may write at its top -> what says that it holds.
SETTINGS = {
    "torch.backends.mkldnn.set_flags(False)": "torch.backends.mkldnn.enabled",
    "torch.backends.mkldnn.enabled = False": "torch.backends.mkldnn.enabled",
    "torch.set_float32_matmul_precision('medium')": "torch.get_float32_matmul_precision()",
    "torch.backends.mkldnn.conv.fp32_precision = 'bf16'": "torch.backends.mkldnn.conv.fp32_precision",
    "torch.use_deterministic_algorithms(True)": "torch.are_deterministic_algorithms_enabled()",
    "torch.set_default_dtype(torch.float64)": "torch.get_default_dtype()",
    "torch.set_default_device('cpu')": "vars(torch._GLOBAL_DEVICE_CONTEXT).get('device_context')",
    "torch.backends.cudnn.benchmark = True": "torch.backends.cudnn.benchmark",
    "torch.backends.mha.set_fastpath_enabled(False)": "torch.backends.mha.get_fastpath_enabled()",
    "torch.backends.cuda.enable_flash_sdp(False)": "torch.backends.cuda.flash_sdp_enabled()",
    "torch.autograd.set_detect_anomaly(True)": "torch.is_anomaly_enabled()",
    "torch.set_autocast_enabled('cpu', True)": "torch.is_autocast_enabled('cpu')",
    "torch.set_flush_denormal(True)": "sys.float_info.min / 2",
    "torch._C._jit_set_profiling_executor(False)": "''",
    "sys.setrecursionlimit(4321)": "sys.getrecursionlimit()",
    "sys.setswitchinterval(0.5)": "sys.getswitchinterval()",
    "gc.set_threshold(7)": "gc.get_threshold()",
    "os.environ['LIGHTBENCH_TEST'] = 'x'": "os.environ.get('LIGHTBENCH_TEST')",
    "nn.modules.module.register_module_forward_hook(print)": (
        "len(nn.modules.module._global_forward_hooks)"
    ),
}
NUMBERS = count()


@pytest.fixture
def file(tmp_path):
    """Writes a file; gives the name of its network."""

    def write(top="", inside="pass", see="0"):
        path = tmp_path / f"net_{next(NUMBERS)}.py"
        path.write_text(NET.format(top=top, inside=inside, see=see))
        return f"{path}:Net"

    return write


@pytest.fixture(autouse=True)
def nothing_left():
    before = switches.now()
    yield
    after = switches.now()
    for values in (before, after):
        del values["environment variables"]  # pytest's own are among them
    switches.put({name: value for name, value in before.items() if after[name] != value})
    assert after == before


def seen(model):
    """What the network that was built last has seen, call by call."""
    name = model.rpartition(".py:")[0].rpartition("/")[2]
    modules = [m for key, m in sys.modules.items() if name in key and hasattr(m, "SEEN")]
    return modules[-1].SEEN


@pytest.mark.slow
@pytest.mark.parametrize("top", SETTINGS)
def test_a_switch_that_a_file_sets_is_put_back_after_it_was_used(file, top):
    value = SETTINGS[top]
    before = eval(value)
    model = file(top, see=value)
    record = lb.profile(model, **QUICK).record
    assert record.status == "ok", record.failure
    assert eval(value) == before
    if value != "''":
        assert before not in seen(model)


def test_it_is_the_files_own_whoever_is_timed_beside_it(file):
    value = "torch.backends.mkldnn.enabled"
    off, on = file("torch.backends.mkldnn.set_flags(False)", see=value), file(see=value)
    first, second = lb.profile(off, on, **QUICK).records
    assert set(seen(off)) == {False}
    assert set(seen(on)) == {True}
    assert any("sets oneDNN off" in said for said in first.warnings)
    assert not any("oneDNN" in said for said in second.warnings)


def test_both_sides_of_a_comparison_keep_their_own(file):
    value = "torch.get_float32_matmul_precision()"
    one, other = file("torch.set_float32_matmul_precision('medium')", see=value), file(see=value)
    lb.compare(other, one, input="4", threads=1, seconds=0.05)
    assert set(seen(one)) == {"medium"}
    assert set(seen(other)) == {"highest"}


def test_what_a_module_sets_holds_for_each_network_that_imports_it(tmp_path):
    """A module runs once, and then its switch belongs to the second network as much."""
    (tmp_path / "common_setting.py").write_text(
        "import torch\ntorch.backends.mkldnn.enabled = False\n"
    )
    models = []
    for name in ("first", "second"):
        text = NET.format(
            top="import common_setting", inside="pass", see="torch.backends.mkldnn.enabled"
        )
        (tmp_path / f"of_common_{name}.py").write_text(text)
        models.append(f"{tmp_path}/of_common_{name}.py:Net")
    lb.profile(*models, **QUICK)
    assert [set(seen(model)) for model in models] == [{False}, {False}]


@pytest.mark.parametrize("threads", [1, 2])
def test_every_call_has_the_threads_of_the_case_whatever_a_file_sets(file, threads):
    model = file("torch.set_num_threads(3)", see="torch.get_num_threads()")
    lb.profile(model, **{**QUICK, "threads": threads})
    assert set(seen(model)) == {threads}


def test_what_it_sets_while_it_runs_is_said_and_put_back_after_each_visit(file):
    asks = file(inside="torch.set_num_threads(3)")
    other = file(see="torch.get_num_threads()")
    first, second = lb.profile(asks, other, **QUICK).records
    assert "it sets threads 3 while it runs." in first.warnings
    assert not any("threads 3" in said for said in second.warnings)
    assert set(seen(other)) == {1}


def test_a_count_puts_back_too(file):
    lb.count(file("torch.set_default_dtype(torch.float64)"), input="4")
    assert torch.get_default_dtype() == torch.float32


def test_a_network_that_changes_the_folder_while_it_runs_moves_no_answer(file, tmp_path):
    aside = tmp_path / "aside"
    aside.mkdir()
    model = file(inside=f"os.chdir({str(aside)!r})", see="os.getcwd()")
    here = Path.cwd()
    lb.count(model, input="4")
    assert Path.cwd() == here
    record = lb.profile(model, **QUICK).record
    assert Path.cwd() == here
    assert f"it sets working directory {aside} while it runs." in record.warnings


def test_a_folder_that_a_file_changes_at_import_is_no_switch_of_its_own(file, tmp_path):
    aside = tmp_path / "aside"
    aside.mkdir()
    model = file(f"os.chdir({str(aside)!r})", see="os.getcwd()")
    for _ in range(2):  # the second time it is what is remembered
        lb.profile(model, **QUICK)
    assert set(seen(model)) == {os.getcwd()}  # noqa: PTH109  as the network asks


def test_a_switch_of_the_caller_stays():
    seen_there = set()

    class Asks(nn.Linear):
        def forward(self, x):
            seen_there.add(torch.backends.mkldnn.enabled)
            return super().forward(x)

    with switches.held({"oneDNN": False}):
        record = lb.profile(Asks(4, 4), **QUICK).record
        assert not torch.backends.mkldnn.enabled
    assert seen_there == {False}
    assert not any("oneDNN" in said for said in record.warnings)


def test_the_step_of_a_network_that_sets_nothing_is_the_devices_own():
    """What is timed must not change for those who do nothing of the kind."""
    context = torch.inference_mode
    assert switches.holding(context, {}, ()) is context
    assert switches.holding(context, {"oneDNN": False}, ()) is not context


def test_random_states_and_filters_of_warnings_are_given_back(file):
    np.random.seed(5)  # noqa: NPY002  what networks draw from
    random.seed(5)
    drawn, filters = (np.random.rand(), random.random()), list(warnings.filters)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    lb.profile(
        file(
            "import random, warnings, numpy\nwarnings.simplefilter('ignore')\nrandom.seed(1)\nnumpy.random.seed(1)"
        ),
        **QUICK,
    )
    assert (np.random.rand(), random.random()) == drawn  # noqa: NPY002
    assert warnings.filters == filters


def test_a_file_that_fails_leaves_nothing(file):
    model = file("torch.backends.mkldnn.enabled = False\ngc.disable()\nraise ValueError('no')")
    assert lb.profile(model, **QUICK).record.status == "failed"
    assert torch.backends.mkldnn.enabled
    assert gc.isenabled()


def test_a_network_is_built_and_run_under_its_own_default_precision(file):
    record = lb.profile(file("torch.set_default_dtype(torch.float64)"), **QUICK).record
    assert record.status == "ok", record.failure
    assert any("sets default dtype float64" in said for said in record.warnings)
