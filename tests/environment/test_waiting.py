"""How threads wait for their next piece of work."""

import os
import subprocess
import sys

import pytest

from lightbench.environment import waiting
from lightbench.environment.capture import capture
from lightbench.environment.machine import Source, settings


@pytest.mark.parametrize(
    ("threads", "said", "fact"),
    [
        (2, {"OMP_WAIT_POLICY": "PASSIVE"}, {"waiting": "passive"}),
        (None, {"OMP_WAIT_POLICY": "passive"}, {"waiting": "passive"}),
        (1, {"OMP_WAIT_POLICY": "passive"}, {}),
        (2, {"OMP_WAIT_POLICY": "active"}, {}),
        (2, {}, {}),
    ],
)
def test_times_of_several_threads_say_how_these_wait(threads, said, fact):
    assert waiting.facts(threads, said) == fact
    found = capture(threads=threads, source=Source(environ=said)).comparable
    assert {k: v for k, v in found.items() if k == "waiting"} == fact


def test_one_thread_is_comparable_with_earlier_records_and_a_choice_of_the_users_is_a_setting():
    assert settings(Source(environ={"OMP_WAIT_POLICY": "passive"})) is None
    assert settings(Source(environ={"OMP_WAIT_POLICY": "active"})) == "OMP_WAIT_POLICY=active"


def test_what_the_user_has_chosen_stays(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    waiting.wait_asleep()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    waiting.wait_asleep()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"


def test_the_command_says_it_before_pytorch_is_there(tmp_path):
    (tmp_path / "net.py").write_text(
        "import os\nfrom torch import nn\n\n\nclass Net(nn.Linear):\n    def __init__(self):\n"
        "        super().__init__(4, 4)\n        print('policy', os.environ['OMP_WAIT_POLICY'])\n"
    )
    command = [
        sys.executable,
        "-m",
        "lightbench",
        "count",
        f"{tmp_path}/net.py:Net",
        "--input",
        "4",
    ]
    environ = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=True)
    assert "policy passive" in done.stdout + done.stderr
