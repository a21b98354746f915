"""What to type instead: what ``forward`` takes, and how that is typed."""

from __future__ import annotations

import pytest

from lightbench.records.expected import ASK, FORMS, advice

UNFIT = TypeError("forward() missing 1 required positional argument: 'y'")
LOOKED_UP = IndexError("index out of range in self")


def network(source):
    """One with such a forward: ``network("self, x")``."""
    found: dict[str, object] = {}
    exec(f"class Net:\n    def forward({source}): ...", {"Any": object}, found)
    return found["Net"]()


def hint(source, error, *, itself=False):
    return advice(network(source), error, itself=itself)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("self, x", "forward takes (x): --input SHAPE."),
        ("self, x, y", "forward takes (x, y): --input SHAPE --input SHAPE."),
        ("self, x, mask=None", "forward takes (x, mask=None): --input SHAPE."),
        ("self, x, *, mask", "forward takes (x, *, mask): --input SHAPE --input mask=SHAPE."),
        ("self, *, x, n=2", "forward takes (*, x, n=2): --input x=SHAPE."),
        ("self, x: int, y: 'Any'", "forward takes (x, y): --input SHAPE --input SHAPE."),
        ("self, *args, **kwargs", "forward takes (*args, **kwargs): --input none."),
        ("self", "forward takes (): --input none."),
    ],
)
def test_a_call_that_does_not_fit_is_answered_with_an_option_for_each_input_needed(source, said):
    assert hint(source, UNFIT) == said


@pytest.mark.parametrize(
    "text",
    [
        "forward() takes 2 positional arguments but 3 were given",
        "forward() missing 1 required positional argument: 'y'",
        "forward() missing 1 required keyword-only argument: 'mask'",
        "forward() got an unexpected keyword argument 'mask'",
        "forward() got multiple values for argument 'x'",
    ],
)
def test_however_python_says_that_a_call_does_not_fit(text):
    assert hint("self, x", TypeError(text)) == "forward takes (x): --input SHAPE."
    assert hint("self, x", ValueError(text)) == f"{ASK} forward takes (x)."


@pytest.mark.parametrize(
    ("error", "forms"),
    [
        (AttributeError("'Tensor' object has no attribute 'keys'"), True),
        (AssertionError("images is a list"), True),
        (KeyError("x"), True),
        (IndexError("too many indices for tensor of dimension 2"), True),
        (TypeError("'Tensor' object is not callable"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied (1x3 and 2x2)"), False),
        (ValueError("expected 4D input"), False),
    ],
)
def test_other_forms_of_inputs_are_named_where_one_may_be_wanted(error, forms):
    plain = f"{ASK} forward takes (x)."
    assert hint("self, x", error) == (f"{plain} {FORMS}" if forms else plain)
    assert hint("self, x", error, itself=True) == f"{plain} {FORMS}"


@pytest.mark.parametrize(
    "error",
    [
        LOOKED_UP,
        RuntimeError("index 7 is out of bounds for dimension 0 with size 2"),
    ],
)
def test_ids_beyond_a_table_are_answered_with_how_they_are_bounded(error):
    said = hint("self, ids", error)
    assert said.startswith(ASK)
    assert said.endswith("--input '7:int64<5'.")
    assert "7:int64" not in hint("self, ids", KeyError(str(error)))


@pytest.mark.parametrize("net", [object(), type("Net", (), {"forward": 3})(), None])
def test_of_a_network_whose_signature_is_not_known_it_is_only_asked(net):
    assert advice(net, UNFIT, itself=True) == ASK


def test_of_a_forward_of_c_nothing_is_known_either():
    assert advice(type("Net", (), {"forward": dict.pop})(), UNFIT, itself=False) == ASK
