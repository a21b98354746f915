"""What an engine answers, held against the network itself in float64."""

import warnings

import pytest
import torch
from torch import nn

from lightbench.engines import Program
from lightbench.records.outputs import Outputs
from lightbench.runner.outputs import Reference, reference, said


class Far(nn.Module):
    """Its answer hardly depends on its input, as that of a random network."""

    def forward(self, x):
        return 1000 + x / 1000


def given(*shape):
    return (torch.arange(1.0, 1 + torch.Size(shape).numel()).reshape(shape),), {}


def program(call):
    return Program(call, torch.inference_mode)


def held(network, call, arguments, *, reads=True):
    found = reference(network, arguments)
    assert isinstance(found, Reference), found
    return found.holds(program(call), arguments, reads=reads)


def test_the_network_itself_is_as_far_off_as_it_is_and_its_input_is_given_back():
    network, ((x,), _) = nn.Linear(64, 8), (arguments := given(2, 64))
    before = x.clone()
    found = held(network, lambda: network(x), arguments)
    assert found.error == found.eager_error
    assert 0 < found.error < 1e-5
    assert torch.equal(x, before)


def test_an_error_is_the_largest_as_a_fraction_of_the_largest_number():
    """Here 1 of 4 in one answer, of two whose difference is right."""
    ((x,), _) = arguments = given(4)
    found = held(nn.Identity(), lambda: x + 1, arguments)
    assert (found.error, found.eager_error) == (1 / 4, 0.0)


def test_what_tells_two_answers_apart_counts():
    """0.1 % off in all, and yet all that depends on the input is lost."""
    ((x,), _) = arguments = given(4)
    found = held(Far(), lambda: torch.full_like(x, 1000), arguments)
    assert found.error == 1.0
    assert found.verdict == "differs"
    one = held(Far(), lambda: torch.full_like(x, 1000), arguments, reads=False)
    assert one.error == pytest.approx(4e-6, rel=1e-3)  # of 1000.004


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: x * torch.nan,
        lambda x: x / 0,
        lambda x: x[:2],
        lambda x: (x, x),
        lambda _: None,
    ],
    ids=["NaN", "infinite", "other shape", "one more", "none"],
)
def test_what_is_no_such_answer_has_no_error_and_differs(answer):
    ((x,), _) = arguments = given(4)
    found = held(nn.Identity(), lambda: answer(x), arguments)
    assert (found.error, found.verdict) == (None, "differs")


def test_one_number_of_several_answers_that_is_none_is_enough():
    ((x,), _) = arguments = given(4)

    class Two(nn.Module):
        def forward(self, x):
            return x, x

    assert held(Two(), lambda: (x, x * torch.nan), arguments).error is None


def test_nothing_at_all_and_quantized_numbers_are_answers_too():
    class Quantizes(nn.Module):
        def forward(self, x):
            quantized = torch.quantize_per_tensor(x.float(), 0.5, 0, torch.quint8)
            return x[:0], quantized

    ((x,), _) = arguments = given(4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch will drop them
        found = held(Quantizes(), lambda: Quantizes()(x), arguments)
    assert (found.error, found.eager_error) == (0.0, 0.0)


def test_whole_numbers_that_are_given_stay_as_they_are():
    """They may be places in something, of which not every order is one."""

    class Looks(nn.Module):
        def forward(self, at):
            assert at.tolist() == [0, 2, 5]
            return at * 1.0

    at = torch.tensor([0, 2, 5])
    assert held(Looks(), lambda: at * 1.0, ((at,), {})).error == 0.0


def test_a_users_interrupt_is_let_through():
    class Stopped(nn.Module):
        def forward(self, x):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reference(Stopped(), given(4))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, ["no numbers, or of other shapes"]),
        (0.25, ["outputs are 25.0 % off float64"]),
        (3e9, ["outputs are more than 100.0 % off float64"]),
        (1e-3, []),
    ],
)
def test_answers_that_differ_make_a_time_suspect_in_words(error, words):
    told = list(said(None, Outputs(error=error, eager_error=1e-7)))
    assert len(told) == len(words)
    assert all(
        each.startswith("suspect: ") and word in each
        for each, word in zip(told, words, strict=True)
    )


def test_answers_of_whole_numbers_and_in_dictionaries_are_held_against_it_too():
    class Picks(nn.Module):
        def forward(self, x, *, n):
            return {"best": x.argmax(), "n": n + 1}

    ((x,), _), n = given(4), torch.tensor([2])
    arguments = ((x,), {"n": n})
    assert held(Picks(), lambda: [x.argmax(), n + 1], arguments).error == 0.0
    assert held(Picks(), lambda: [x.argmax(), n + 2], arguments).error == 1 / 3


class Overwrites(nn.Module):
    def forward(self, x):
        return x.mul_(2)


def test_a_network_that_overwrites_its_input_is_asked_about_what_it_was_given():
    ((x,), _) = arguments = given(4)
    assert held(Overwrites(), lambda: x * 2, arguments).error == 0.0


class Draws(nn.Module):
    def forward(self, x):
        return x + torch.rand(())


class OnlyFloat32(nn.Module):
    def forward(self, x):
        return x @ torch.ones(4, 4)


class NotANumber(nn.Module):
    def forward(self, x):
        return x * torch.nan


class Mute(nn.Module):
    def forward(self, x):
        return "x"


class Interrupts(nn.Module):
    def forward(self, x):
        raise SystemExit


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (Draws, "its answers vary from call to call"),
        (OnlyFloat32, "in float64 it fails: RuntimeError"),
        (NotANumber, "its answers are no numbers"),
        (Mute, "it answers with no tensor"),
        (Interrupts, "in float64 it fails: SystemExit"),
    ],
)
def test_where_there_is_nothing_to_hold_it_against_it_says_why(network, why):
    assert reference(network(), given(4)) == why


def test_the_network_stays_what_it_is():
    network = nn.Linear(4, 4).train()
    reference(network, given(4))
    assert network.weight.dtype == torch.float32
    assert network.training


def test_an_engine_in_bfloat16_is_held_against_eager_pytorch_in_bfloat16():
    """Its numbers have 8 bits: eager is up to 2**-9 of a number off, and so may an engine be, 16 times."""
    (x,), _ = arguments = (torch.tensor([1 + 2**-8, 2.0, 3.0]),), {}
    found = reference(nn.Identity(), arguments, "bfloat16")
    assert found.eager_error == pytest.approx(
        2**-8 / (2 - 2**-8)
    )  # of the difference of two answers
    said = found.holds(program(x.bfloat16), arguments, reads=True)
    assert (said.dtype, said.verdict) == ("bfloat16", "approximate")


def test_where_eager_pytorch_has_not_that_precision_it_is_held_against_float32():
    class OnlyWide(nn.Module):
        def forward(self, x):
            assert x.dtype in (torch.float32, torch.float64)
            return x

    assert reference(OnlyWide(), given(4), "float16").eager_error == 0.0
    assert reference(nn.Identity(), given(4), "int8").eager_error == 0.0


def test_a_precision_that_was_asked_for_says_how_far_off_it_is():
    (told,) = said(None, Outputs(error=0.25, eager_error=1e-7, dtype="int8"))
    assert told.startswith("in int8 its outputs are 25.0 % off float64")
    assert not list(said(None, Outputs(error=1e-7, eager_error=1e-7)))
