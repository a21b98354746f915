"""A network that closes files which are not its own is measured like any other, and so are those beside it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked")]

NET = """
import os
from torch import nn

{at_import}


class Net(nn.Conv2d):
    def __init__(self):
        super().__init__(3, 4, 1)

    def forward(self, x):
        {in_forward}
        return super().forward(x)
"""
RUN = ("--input", "3x8x8", "--threads", "1", "--seconds", "0.2", "--rel", "0.5")


@pytest.mark.parametrize(
    ("at_import", "in_forward"),
    [
        ("os.closerange(3, 256)", "pass"),
        ("os.close(1); os.close(2)", "pass"),
        ("os.closerange(0, 256)", "pass"),
        ("os.dup2(os.open(os.devnull, os.O_WRONLY), 1)", "pass"),
        ("", "os.closerange(1, 256)"),
    ],
)
def test_the_answer_arrives_whole_whichever_network_comes_first(tmp_path, at_import, in_forward):
    (tmp_path / "bad.py").write_text(NET.format(at_import=at_import, in_forward=in_forward))
    (tmp_path / "good.py").write_text(NET.format(at_import="", in_forward="pass"))
    words = ["profile", "bad.py:Net", "good.py:Net", *RUN, "--format", "json", "--store", "s.jsonl"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "lightbench", *words],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {row["case"]["model"]: row["latency"]["median_s"] for row in json.loads(done.stdout)}
    assert list(rows) == ["bad.py:Net", "good.py:Net"]
    assert min(rows.values()) > 0
    stored = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    assert rows.keys() <= {record["case"]["model"] for record in stored}
