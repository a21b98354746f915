"""Ctrl-C, SIGTERM and SIGHUP interrupt alike, and the exit code of the process is 128 and the signal's number."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from lightbench.workers.interrupts import SIGNALS

# By themselves, whatever those who run the tests ignore.
AFRESH = """
import os, signal, sys, time
import lightbench.__main__ as command
from lightbench.workers import interrupts

for number in interrupts.SIGNALS:
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
TO_ITSELF = "os.kill(os.getpid(), {number:d})\n"


def run(code):
    done = subprocess.run([sys.executable, "-c", AFRESH + code], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines(), done.stderr


def named(number):
    return signal.Signals(number).name


@pytest.mark.parametrize("number", SIGNALS, ids=named)
def test_before_anything_has_begun_a_signal_ends_the_process_with_its_code_and_no_word(number):
    code = "command._answer_signals()\n" + TO_ITSELF.format(number=number) + "time.sleep(60)"
    assert run(code) == (128 + number, [], "")


@pytest.mark.parametrize("number", SIGNALS, ids=named)
def test_each_is_a_keyboard_interrupt_and_names_the_exit_code(number):
    code = f"""
interrupts.answer_with(interrupts.interrupt)
try:
    os.kill(os.getpid(), {number:d})
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(interrupts.named(130))
"""
    assert run(code) == (128 + number, [], "")


@pytest.mark.parametrize("answer", ["interrupts.answer_with(interrupts.interrupt)", "command._answer_signals()"])  # fmt: skip
def test_one_that_is_ignored_stays_so_as_nohup_has_it(answer):
    ignored = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    code = ignored + answer + "\n" + TO_ITSELF.format(number=signal.SIGHUP) + "print('goes on')"
    assert run(code) == (0, ["goes on"], "")


def test_a_command_that_no_signal_has_interrupted_keeps_its_code():
    code = "print(interrupts.named(130), interrupts.named(3))"
    assert run(code) == (0, ["130 3"], "")


def test_one_that_came_when_the_command_was_done_changes_nothing():
    code = "interrupts.ignore()\n" + TO_ITSELF.format(number=signal.SIGTERM) + "sys.exit(3)"
    assert run(code) == (3, [], "")
