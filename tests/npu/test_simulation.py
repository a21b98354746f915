"""The simulation is complete, knows what it lacks, and is compiled only when it changed."""

import sys
from pathlib import Path

SYMBOLS = Path(__file__).parent / "cann" / "symbols.py"


def test_the_simulation_has_every_function_that_torch_npu_needs(run_child):
    listed = run_child([sys.executable, SYMBOLS])
    assert listed.code == 0, listed.out
    assert "aclrtCreateEventExWithFlag" in listed.out


def test_a_function_that_the_simulation_lacks_is_listed(run_child):
    listed = run_child([sys.executable, SYMBOLS, "old-cann"])
    assert listed.code == 1
    missing = [line for line in listed.out.splitlines() if line.startswith("!")]
    assert missing == ["! aclrtCreateEventExWithFlag: not simulated, not even as a refusal"]


def test_compiling_again_does_nothing(run_child, cann):
    library = cann / "cann" / "libascendcl.so"
    before = library.stat().st_mtime_ns
    assert run_child([sys.executable, SYMBOLS.with_name("build.py")]).code == 0
    assert library.stat().st_mtime_ns == before


def test_graph_capture_is_not_simulated_and_says_which_function_is_missing(child):
    capture = """
import torch, torch_npu
with torch.npu.graph(torch.npu.NPUGraph()):
    torch.ones(2, device="npu") + 1
"""
    done = child(capture)
    assert done.code == 1
    assert "Failed to find function acl" in done.err
