"""What is said of a failure: where it was, with which shapes, and the first line of its message."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from lightbench.costs import borrow, trace
from lightbench.errors import ModelError, OutOfMemory, UsageError
from lightbench.records import Failure
from lightbench.records.failure import OWN, explain, explain_plainly, is_memory, words_of


class Fails(nn.Module):
    """Raises what it is handed, in a helper of its own."""

    def forward(self, x, error, scale=2):
        return self.helper(x, error) * scale

    def helper(self, _x, error):
        raise error


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.ModuleDict({"last": Fails()})

    def forward(self, *args):
        return self.body["last"](*args)


class Mute(Exception):
    def __str__(self):
        raise KeyError


def explained(network, *args):
    with pytest.raises(BaseException) as raised:
        network(*args)
    return explain(network, raised.value)


def raised_in(path, error):
    """The error, with a traceback that ends in a file of this path."""

    def raises(error):
        raise error

    code = raises.__code__.replace(co_filename=str(path))
    try:
        type(raises)(code, {})(error)
    except type(error) as caught:
        return caught


# Where.


def test_the_innermost_module_is_named_with_the_shapes_it_was_called_with():
    said = explained(Deep(), torch.ones(2, 3), KeyError("x")).message
    assert said == "the forward pass failed in Fails `body.last` with 2x3: KeyError: 'x'."


def test_the_network_itself_has_no_path():
    said = explained(Fails(), torch.ones(()), KeyError("x")).message
    assert (
        said == "the forward pass failed in Fails (the network itself) with scalar: KeyError: 'x'."
    )


def test_all_that_has_a_shape_is_shown_in_the_order_of_the_signature():
    said = explained(Fails(), torch.ones(4), KeyError("x"), torch.ones(5, 6)).message
    assert "(the network itself) with 4, 5x6: KeyError" in said


def test_without_a_tensor_no_shapes_are_said():
    assert "(the network itself): KeyError" in explained(Fails(), 7, KeyError("x")).message


def test_of_another_networks_modules_none_is_named():
    other = Deep()
    with pytest.raises(KeyError) as raised:
        other(torch.ones(2, 3), KeyError("x"))
    said = explain(nn.ReLU(), raised.value).message
    assert said == "the forward pass failed in ReLU (the network itself): KeyError: 'x'."


def test_an_error_that_was_not_raised_has_no_place_but_the_network():
    found = explain(nn.ReLU(), KeyError("x"))
    assert "in ReLU (the network itself): KeyError" in found.message


def test_forms_of_inputs_are_told_where_the_network_itself_did_not_take_them():
    wrong = ValueError("too small")
    assert "for a list of images" in explained(Fails(), torch.ones(2), wrong).hint
    assert "for a list of images" not in explained(Deep(), torch.ones(2), wrong).hint


@pytest.mark.parametrize(
    ("error", "theirs"),
    [
        (TypeError("forward() takes 2 arguments"), True),  # it was not even called
        (TypeError("'NoneType' object is not callable"), True),
        (AttributeError("no attribute"), False),
        (RuntimeError("Couldn't load it."), False),
    ],
)
def test_a_type_error_before_any_forward_is_of_the_call(error, theirs):
    assert (explain(nn.ReLU(), error).hint != OWN) is theirs


@pytest.mark.parametrize(
    ("words", "theirs"),
    [
        ("The SIZE of tensor a must match", True),
        ("Padding is too large", True),
        ("argument 'input' must be Tensor", False),  # of a TypeError
        ("size of a CUDA tensor", False),
        ("shape of a Meta Tensor", False),
        ("no such thing", False),
    ],
)
def test_what_pytorch_says_of_shapes_may_be_helped_by_others(words, theirs):
    found = explained(Fails(), torch.ones(2), RuntimeError(words))
    assert (found.hint != OWN) is theirs


def test_an_error_derived_from_one_of_pytorchs_is_the_networks_own():
    class Own(RuntimeError):
        pass

    assert explained(Fails(), torch.ones(2), Own("the size does not match")).hint == OWN


# Whose.


def test_our_counting_is_at_fault_where_the_traceback_ends_in_it():
    found = explain(nn.ReLU(), raised_in(trace.__file__, ValueError("size")))
    assert isinstance(found, ModelError)
    assert found.message == "a fault of lightbench's counting: ValueError: size."
    inside = raised_in(Path(trace.__file__).parent / "rules" / "conv.py", KeyError("x"))
    assert "a fault of lightbench's counting" in explain(nn.ReLU(), inside).message


def test_what_only_calls_the_network_is_not_at_fault_nor_is_anything_else_of_ours():
    for file in (borrow.__file__, Path(trace.__file__).parents[1] / "timing" / "trace.py"):
        said = explain(nn.ReLU(), raised_in(file, ValueError("size"))).message
        assert said.startswith("the forward pass failed in ReLU")


def test_the_innermost_operator_that_was_dispatched_is_named():
    class Schema:
        def __init__(self, name):
            self._schema = type("Named", (), {"name": name})

    def __torch_dispatch__(func, then):
        return then()

    def named(func, then):
        return __torch_dispatch__(func, then)

    def fails():
        raise raised_in(trace.__file__, KeyError("x"))

    inner = type(fails)(
        fails.__code__.replace(co_filename=trace.__file__),
        {"raised_in": raised_in, "trace": trace},
    )
    for func, said in ((Schema("aten::add"), ", in aten::add"), (Schema(""), ""), (None, "")):
        with pytest.raises(KeyError) as raised:
            named(func, inner)
        assert f"counting{said}: KeyError" in explain(nn.ReLU(), raised.value).message
    with pytest.raises(KeyError) as raised:
        named(Schema("aten::mm"), lambda: named(Schema("aten::add"), inner))
    assert "in aten::add: KeyError" in explain(nn.ReLU(), raised.value).message


# Memory.


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory."), True),
        (RuntimeError("DefaultCPUAllocator: CAN'T ALLOCATE MEMORY"), True),
        (OSError("not enough memory"), True),
        (RuntimeError("memory format"), False),
        (Mute(), False),
    ],
)
def test_memory_has_run_out_if_it_is_said(error, is_it):
    assert is_memory(error) is is_it
    assert isinstance(explain_plainly("Net cannot be built", error), OutOfMemory) is is_it


def test_where_memory_has_run_out_less_of_the_input_is_the_next_step():
    found = explain_plainly("Net cannot be built", MemoryError())
    assert found.message == "out of memory: MemoryError."
    assert found.hint == "Try a smaller --batch or --input."


# The message.


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("stem"), "Net cannot be built: KeyError: 'stem'."),
        (ValueError("It is wrong..."), "Net cannot be built: ValueError: It is wrong."),
        (ValueError("\n first line \nsecond"), "Net cannot be built: ValueError: first line."),
        (ValueError(), "Net cannot be built: ValueError."),
        (Mute(), "Net cannot be built: Mute."),
    ],
)
def test_a_message_is_one_sentence(error, said):
    assert explain_plainly("Net cannot be built", error).message == said


def test_a_message_has_a_thousand_letters_at_most():
    said = explain_plainly("Net", ValueError("x" * 1001)).message
    assert said == f"Net: ValueError: {'x' * 1000}."


def test_words_are_what_an_error_says_if_it_says_any():
    assert words_of(ValueError("wrong")) == "wrong"
    assert words_of(Mute()) == ""


def test_what_is_ours_already_stays_what_it_is():
    error = UsageError("no such input.")
    assert explain_plainly("Net", error) is error


def test_a_failure_is_of_bad_input_unless_it_is_said():
    """Exit code 2 is usage or bad input."""
    assert Failure(error="ModelError", message="no.").exit_code == 2
