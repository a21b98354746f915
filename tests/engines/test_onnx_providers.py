"""A provider of ONNX Runtime's as a row of its own: the one that was asked for, and never the CPU in its place."""

import pytest
import torch

pytest.importorskip("onnxruntime", reason="needs onnxruntime")
pytest.importorskip("onnx", reason="needs onnx")

import onnxruntime
from onnx_models import WHERE_IT_IS_NOT_ZERO

from lightbench.engines import onnxruntime as engine
from lightbench.engines.support import onnx_providers
from lightbench.engines.support.onnx_providers import CPU, PROVIDERS
from lightbench.errors import NotAvailable, UsageError


@pytest.fixture
def has(monkeypatch):
    """What this onnxruntime says it was built with."""

    def say(*names):
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(names))

    return say


@pytest.fixture
def sessions(monkeypatch):
    """What sessions are asked for; each runs by all that it is asked for, or by what ``by`` says."""
    asked = []

    class Session:
        by = None

        def __init__(self, model, settings, *, providers, enable_fallback):
            asked.append((providers, enable_fallback))
            names = [each if isinstance(each, str) else each[0] for each in providers]
            self.names = Session.by or names

        def get_providers(self):
            return self.names

    Session.asked = asked
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    return Session


def opened(*options):
    settings = onnxruntime.SessionOptions()
    return onnx_providers.session(WHERE_IT_IS_NOT_ZERO, settings, options)


def load(*options):
    return engine.load(WHERE_IT_IS_NOT_ZERO, [torch.ones(4)], threads=1, options=options)


def test_every_provider_is_an_option_of_the_engine_that_names_its_wheel():
    for word, provider in PROVIDERS.items():
        assert provider.wheel == "onnxruntime" or provider.wheel in engine.OPTIONS[word]
        assert provider.name.endswith("ExecutionProvider")
    assert set(engine.INSTEAD["onnxruntime"]) == {one.wheel for one in PROVIDERS.values()}


@pytest.mark.parametrize("word", sorted(PROVIDERS))
def test_one_that_this_wheel_has_not_is_refused_with_the_wheel_that_has_it(has, word):
    has("AzureExecutionProvider", CPU)
    provider = PROVIDERS[word]
    with pytest.raises(NotAvailable, match=f"this onnxruntime has no {provider.name}") as raised:
        load(word)
    assert "it has AzureExecutionProvider, CPUExecutionProvider" in raised.value.message
    assert provider.wheel in raised.value.hint


def test_where_it_is_there_it_comes_first_and_the_cpu_has_what_it_has_not(has, sessions):
    has("CUDAExecutionProvider", CPU)
    opened("cuda", "basic")
    ((providers, fallback),) = sessions.asked
    assert providers == [("CUDAExecutionProvider", {"use_tf32": "0"}), CPU]
    assert not fallback


def test_unless_it_is_asked_for_another_only_the_cpu_is_tried(has, sessions):
    """The wheel for the CPU names a provider of a cloud's first."""
    has("AzureExecutionProvider", CPU)
    opened()
    assert sessions.asked[0][0] == [CPU]


def test_one_that_does_not_start_is_an_error_and_no_time_of_the_cpu(has, sessions):
    has("CUDAExecutionProvider", CPU)
    sessions.by = [CPU]
    with pytest.raises(NotAvailable, match="CUDAExecutionProvider does not start") as raised:
        opened("cuda")
    assert CPU in raised.value.message
    assert "driver" in raised.value.hint


def test_onnx_runtime_itself_takes_the_cpu_without_an_error_which_is_found_out(has):
    """It was not built with CUDA, and is told that it was."""
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("it was built with CUDA")
    has("CUDAExecutionProvider", CPU)
    with pytest.raises(Exception, match="CUDAExecutionProvider") as raised:
        load("cuda")
    assert isinstance(raised.value, NotAvailable)


def test_two_at_once_are_refused(has):
    with pytest.raises(UsageError, match="one provider") as raised:
        load("cuda", "tensorrt")
    assert "onnxruntime:cuda,onnxruntime:tensorrt" in raised.value.hint
