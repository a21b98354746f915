"""A process that works for another one: what becomes of what it has to say."""

from __future__ import annotations

import sys

from lightbench.workers.manager import started

SERVING = """
import os, sys
from lightbench.workers.worker import serve
sys.dont_write_bytecode = True

def work(request, send):
    send("heard", request.decode())
    {}

serve(sys.argv[1], work)
"""


def test_one_whose_pipe_a_network_has_closed_ends_at_once_and_says_why_without_a_traceback():
    code = SERVING.format("os.closerange(3, 256)\n    send('lost', 1)\n    print('went on')")
    with started((sys.executable, "-P", "-c", code), 7, words=True) as child:
        assert list(iter(child.answer, None)) == [("heard", "7")]
        assert child.ending() == "the pipe that it answers on was closed in it"
        assert child.words() == []


def test_one_that_is_done_says_so_last():
    code = SERVING.format("send('more', [1])")
    with started((sys.executable, "-P", "-c", code), 7) as child:
        said = list(iter(child.answer, None))
    assert said == [("heard", "7"), ("more", [1]), ("end", "done")]
