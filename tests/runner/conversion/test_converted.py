"""A network for an engine that runs no PyTorch: what is refused, what is kept, and what becomes of its answers.

The engine here is one of the test's: its files are the weights of a linear layer.
"""

import logging
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from threading import Barrier

import msgspec
import pytest
import torch
from plain_engine import NETWORK, QUICK, case, profile
from torch import nn

import lightbench as lb
from lightbench.engines import Converted, Program
from lightbench.errors import ModelError
from lightbench.records.outputs import OffPath
from lightbench.runner import abilities
from lightbench.runner.conversion import converted, kept
from lightbench.runner.conversion import key as conversion_key


def test_a_network_is_converted_once_and_loaded_each_time(engine, net):
    began = time.perf_counter()
    first, second = profile(net), profile(net)
    assert first.failure is None, first.failure
    assert len(engine.made) == 1
    assert (first.conversion.kept, second.conversion.kept) == (False, True)
    assert 0 < first.conversion.seconds < time.perf_counter() - began
    assert second.conversion.seconds == first.conversion.seconds
    assert first.conversion.size_bytes == 4 * (4 * 4 + 4)
    assert first.conversion.packages == (f"torch {version('torch')}",)
    assert first.outputs.verdict == second.outputs.verdict == "same"
    assert second.believed or second.contended


def test_another_network_of_the_same_name_is_converted_anew(engine, net, tmp_path):
    profile(net)
    profile(net.replace(":Net", ":Net(width=5)"))
    (tmp_path / "net.py").write_text(NETWORK.replace("super", "self.more = 1\n        super"))
    assert not profile(net).conversion.kept
    assert len(engine.made) == 3


def test_other_weights_are_converted_anew(engine, net, tmp_path):
    """Code and shapes are the same, and what is read from a file is not."""
    (tmp_path / "net.py").write_text(
        "from pathlib import Path\n"
        + NETWORK
        + "        nn.init.constant_(self.weight, float(Path(__file__ + '.txt').read_text()))\n"
    )
    for value in (1, 2, 1):
        (tmp_path / "net.py.txt").write_text(str(value))
        profile(net)
    assert len(engine.made) == 2
    assert engine.made[0] != engine.made[1]


def test_what_a_module_holds_besides_its_weights_counts(engine, net, tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(
        "import os\n" + NETWORK + "        self.scale = float(os.environ['SCALE'])\n"
    )
    for scale in "121":
        monkeypatch.setenv("SCALE", scale)
        profile(net)
    assert len(engine.made) == 2


def test_an_input_that_is_no_tensor_is_part_of_the_file(engine, tmp_path):
    (tmp_path / "net.py").write_text(
        NETWORK + "\n    def forward(self, given):\n        return super().forward(given['x'])\n"
    )
    for times in (2, 3, 2):
        profile(f"{tmp_path}/net.py:Net", input=f"{{x: 4, times: {times}}}")
    assert len(engine.made) == 2


def test_what_was_made_for_other_settings_or_another_processor_is_not_taken(
    engine, net, monkeypatch
):
    engine.made_with = lambda: "1 thread"
    profile(net)
    profile(net)
    assert len(engine.made) == 1
    engine.made_with = lambda: "2 threads"
    profile(net)
    assert len(engine.made) == 2
    monkeypatch.setattr(conversion_key, "cpu", lambda _source: "another processor")
    profile(net)
    assert len(engine.made) == 3


def test_what_a_converter_and_a_loader_print_and_log_is_lost(engine, capfd, caplog):
    def noisy(then):
        def noise(*given, **how):
            sys.stdout.write("to stdout")
            os.write(1, b"in C")
            os.write(2, b"in C")
            logging.getLogger("a.library").critical("it failed to load")
            return then(*given, **how)

        return noise

    engine.convert, engine.load = noisy(engine.convert), noisy(engine.load)
    engine.convert.__module__ = engine.__name__
    record = profile(nn.Linear(4, 4))
    assert record.failure is None, record.failure
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    logging.getLogger("a.library").critical("heard again")
    assert [each.message for each in caplog.records] == ["heard again"]


def test_what_another_converter_has_made_is_not_taken(engine, net, monkeypatch):
    profile(net)
    monkeypatch.setattr(conversion_key.inspect, "getsource", lambda _module: "another")
    profile(net)
    assert len(engine.made) == 2


def test_what_is_off_the_fast_path_is_said_also_of_a_file_that_was_kept(engine, net):
    left = (OffPath(path="", op="relu", count=2, why="in Python"),)
    plain = engine.convert

    def convert(*given):
        return Converted(plain(*given), left)

    engine.convert, convert.__module__ = convert, engine.__name__
    first, second = profile(net), profile(net)
    assert (first.conversion.kept, second.conversion.kept) == (False, True)
    for record in (first, second):
        assert record.conversion.left == left
        assert "2 operators run in Python: relu (2)." in record.warnings
        assert record.believed or record.contended


def test_a_network_that_was_handed_over_is_not_kept_as_its_code_is_not_known(engine):
    network = nn.Linear(4, 4)
    assert [profile(network).conversion.kept for _ in range(2)] == [False, False]
    assert len(engine.made) == 2
    assert not kept.folder().exists()


def test_a_stored_record_stands_for_an_engine_of_the_same_versions_only(engine, net, monkeypatch):
    def again():
        return lb.profile(net, engine="plain", input="4", stored=[first], **QUICK).record

    first = profile(net)
    assert again() == first
    monkeypatch.setattr(abilities, "version", lambda _name: "99.0")
    anew = again()
    assert anew.id != first.id
    assert anew.conversion.packages == ("torch 99.0",)
    engine.PACKAGES = ("gone",)
    monkeypatch.setattr(abilities, "version", lambda name: {}[name])
    monkeypatch.setattr(abilities, "PackageNotFoundError", KeyError)
    monkeypatch.setattr(abilities, "how_to_install", lambda *_: "")
    assert "gone is not installed" in again().failure.message


def test_answers_of_another_network_are_suspect_and_in_no_ranking(engine):
    engine.off = 1.0
    record = profile(nn.Linear(4, 4))
    assert record.outputs.verdict == "differs"
    (said,) = record.suspicions
    assert "off float64, where those of eager PyTorch are" in said
    assert not record.believed


def test_what_the_converter_raises_is_the_reason(engine):
    def convert(network, inputs, keywords):
        raise ModelError("it has a loop.")

    engine.convert = convert
    convert.__module__ = engine.__name__
    assert profile(nn.Linear(4, 4)).failure.message == "it has a loop."


def test_what_a_loader_raises_is_explained(engine):
    def load(*_args, **_how):
        raise RuntimeError("no such operator")

    engine.load = load
    message = profile(nn.Linear(4, 4)).failure.message
    assert message.startswith("plain cannot load Linear: ")
    assert "no such operator" in message


def test_an_input_that_is_laid_out_otherwise_is_refused(engine):
    x = torch.rand(4, 4).T
    record = lb.profile(nn.Linear(4, 4), engine="plain", args=(x,), **QUICK).record
    assert "laid out otherwise" in record.failure.message


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux")
def test_an_engine_that_takes_more_threads_than_it_is_told_is_found_out(engine):
    def work():
        return sum(i * i for i in range(20_000))

    def in_a_thread():
        together.wait()
        work()

    together = Barrier(3)
    with ThreadPoolExecutor(2) as pool:

        def three():
            waiting = [pool.submit(in_a_thread) for _ in range(2)]
            in_a_thread()
            for each in waiting:
                each.result()

        three()  # its threads are there
        (said,) = converted.more_threads(Program(three, nullcontext), 2)
        assert said.startswith("it works in 3 threads, and was told to take 2")
        assert converted.more_threads(Program(three, nullcontext), 3) == ()
    assert converted.more_threads(Program(work, nullcontext), 1) == ()


def test_what_goes_wrong_in_a_converter_is_not_laid_at_the_networks_door(engine):
    def convert(network, inputs, keywords):
        raise NameError("name 'x' is not defined")

    engine.convert = convert
    convert.__module__ = engine.__name__
    assert profile(nn.Linear(4, 4)).failure.message.startswith("plain cannot convert Linear: ")


def test_what_is_in_control_is_the_network_on_that_engine_and_of_eager_the_network():
    assert converted.on_engine(case()) == "net on plain"
    assert converted.on_engine(msgspec.structs.replace(case(), engine="eager")) == "net"


def test_where_nothing_runs_nothing_is_converted(engine):
    record = profile(nn.Linear(4, 4), device="null")
    assert record.failure is None
    assert (record.outputs, record.conversion, engine.made) == (None, None, [])


def test_keywords_are_in_the_order_of_the_networks_own():
    class Net(nn.Module):
        def forward(self, a, b, *, c=None):
            return a

    def free(a, **more):
        return a

    in_order = converted.in_order(Net(), {"c": 3, "a": 1, "b": 2})
    assert list(in_order.items()) == [("a", 1), ("b", 2), ("c", 3)]
    net = Net()
    net.forward = free
    assert list(converted.in_order(net, {"z": 1, "a": 2})) == ["z", "a"]
