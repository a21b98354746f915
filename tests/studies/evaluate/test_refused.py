"""What cannot be evaluated is refused, where that can be known before anything is computed."""

from __future__ import annotations

import pytest
import torch
from evaluations import LABELS, Lookup, about, answering, data_of, evaluate
from torch import nn

from lightbench.errors import DeviceUnavailable, ModelError, UnknownName, UsageError
from lightbench.studies.evaluate import api


@pytest.fixture
def nothing(monkeypatch):
    for name in ("all_ready", "ask"):
        monkeypatch.setattr(api, name, lambda *_, **__: pytest.fail("it was computed"))


@pytest.mark.usefixtures("nothing", "ten")
@pytest.mark.parametrize(
    ("model", "how", "error", "words"),
    [
        (Lookup(classes=10), {}, UsageError, "answers with 10 classes, and made has 3"),
        (nn.Flatten(1), {}, UsageError, "answers with 16 classes"),
        (nn.Identity(), {}, ModelError, "does not classify"),
        (Lookup(), {"weights": "none.pt"}, UsageError, "there is no file 'none.pt'"),
        (Lookup(), {"weights": []}, UsageError, "one at least is asked for"),
        (Lookup(), {"engine": "onxruntime"}, UnknownName, "Did you mean onnxruntime"),
        (Lookup(), {"dtype": "int8"}, UsageError, "eager computes in float32"),
        (Lookup(), {"dtype": "int4"}, UnknownName, "no dtype is called 'int4'"),
        (
            Lookup(),
            {"device": "null"},
            UsageError,
            "'null' computes nothing, so it answers nothing.",
        ),
        (Lookup(), {"device": "npu"}, DeviceUnavailable, ""),
        (Lookup(), {"batch": 0}, UsageError, "a batch is a whole number"),
        (Lookup(), {"threads": 0}, UsageError, "threads are 1 or more"),
        (Lookup(), {"calibration": "photos"}, UsageError, "nothing here is in int8"),
        (Lookup(), {"input": "4x4"}, UsageError, "no square image"),
        (3, {}, UsageError, "a model is a name or a torch.nn.Module, got 3."),
        ("nosuchnet", {}, UnknownName, "no model is called 'nosuchnet'"),
        (
            "net.onnx",
            {"engine": "onnxruntime"},
            UsageError,
            "net.onnx is a model file, and networks",
        ),
    ],
)
def test_what_cannot_be_is_refused(model, how, error, words):
    with pytest.raises(error) as caught:
        evaluate(model, **how)
    assert words in str(caught.value)


@pytest.mark.usefixtures("nothing", "ten")
def test_weights_that_do_not_fit_are_refused_before_the_first_are_evaluated(saved):
    files = [saved(answering(LABELS), "good.pt"), saved({"other": torch.zeros(2)}, "bad.pt")]
    with pytest.raises(UsageError, match="the weights do not fit Lookup"):
        evaluate(Lookup(), weights=files)


@pytest.mark.usefixtures("nothing", "ten")
def test_classes_in_another_order_are_refused(saved):
    weights = saved(answering(LABELS), about=about(classes=["b", "a", "c"]))
    with pytest.raises(UsageError, match=r"in another order: class 0 is 'b' to them, and 'a' in"):
        evaluate(Lookup(), weights=weights, input=None)


def test_classes_of_other_names_are_said(ten, saved):
    weights = saved(answering(LABELS), about=about(classes=["cat", "dog", "cow"]))
    (record,) = evaluate(Lookup(), weights=weights, input=None).records
    assert any("name other classes than made has" in warning for warning in record.warnings)


@pytest.mark.usefixtures("nothing", "ten")
def test_another_input_than_the_weights_were_trained_with_is_refused(saved):
    weights = saved(answering(LABELS), about=about())
    with pytest.raises(UsageError, match="trained on inputs of 1x4x4, and --input is 1x8x8"):
        evaluate(Lookup(), weights=weights, input="1x8x8")


def test_an_image_that_cannot_be_read_is_named(use):
    use(data_of(LABELS, broken=(9,)))
    with pytest.raises(UsageError, match="image 9 of 10 cannot be read: broken data stream"):
        evaluate(Lookup(answering(LABELS)), batch=4)


def test_a_class_that_is_none_is_named(use):
    use(data_of([0, 1, 3]))
    with pytest.raises(UsageError, match="image 2 is of class 3, and there are 3"):
        evaluate(Lookup(answering(LABELS)))
