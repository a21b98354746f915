"""Stacks are models by name: ``stack:grouped(c=64, groups=4)``."""

from __future__ import annotations

import inspect
import json

import pytest
import torch

import lightbench as lb
from lightbench.errors import LightbenchError, ModelError, UnknownName, UsageError
from lightbench.models import sources
from lightbench.models.inputs import make_inputs
from lightbench.models.stacks import STACKS

HW = 56 * 56

# One of each, so small that it runs at once: settings, and multiply-adds at each position.
SMALL = {
    "ratio": ({"c1": 4, "c2": 6, "blocks": 2}, 2 * 2 * 4 * 6),
    "grouped": ({"c": 8, "groups": 2, "kernel": 3, "layers": 3}, 3 * 9 * 8 * 8 // 2),
    "looped": ({"c": 8, "groups": 2, "layers": 3}, 3 * 8 * 8 // 2),
    "fragments": ({"c": 8, "n": 3, "parallel": True, "blocks": 2}, 2 * 3 * 8 * 8),
    "bottleneck": ({"c": 8, "blocks": 2}, 2 * (2 * 8 * 2 + 9 * 2 * 2)),
    "partial": ({"c": 8, "layers": 2}, 2 * 9 * 2 * 2),
    "activated": ({"c": 8, "activation": "gelu", "layers": 2}, 2 * 8 * 8),
    "excited": ({"c": 8, "excite": False, "layers": 2}, 2 * 8 * 8),
    "shuffled": ({"c": 8, "by": "index", "layers": 2}, 2 * 8 * 8),
    "unit": ({"kind": "xception", "c": 8, "blocks": 2}, 2 * 2 * (9 * 8 + 8 * 8)),
    "elementwise": ({"c": 8, "layers": 2}, 0),
}
VECTORS = {"linear": ({"c": 8, "layers": 2}, 2 * 8 * 8)}  # of a vector, not of a map
ALL = SMALL | VECTORS


def name_of(stack, settings):
    return f"stack:{stack}({', '.join(f'{k}={v!r}' for k, v in settings.items())})"


def test_no_stack_is_left_out_here():
    assert set(ALL) == set(STACKS)


@pytest.mark.parametrize("stack", ALL)
def test_every_stack_is_counted_by_its_name_as_its_formula_says(stack):
    settings, each = ALL[stack]
    counted = lb.count(name_of(stack, settings))
    assert counted.costs.madds == each * (HW if stack in SMALL else 1)
    assert counted.costs.uncounted == {}


@pytest.mark.parametrize("stack", ALL)
def test_every_stack_runs_on_its_own_input_and_keeps_its_size(stack):
    source = sources.find(name_of(stack, ALL[stack][0]))
    inputs = make_inputs(source.inputs, batch=2, device="cpu")
    with torch.no_grad():
        output = source.build().eval()(*inputs)
    assert output.shape == inputs[0].shape
    assert torch.isfinite(output).all()


def test_a_grouped_stack_has_the_multiply_adds_of_table_2():
    """Ten layers, hw c^2 / g: c = 64, g = 4 at 56 x 56."""
    assert lb.count("stack:grouped(c=64, groups=4)").costs.madds == 10 * HW * 64 * 64 // 4


def test_spaces_and_the_order_of_settings_do_not_matter():
    same = ["stack:grouped(c=64,groups=4)", "stack: grouped( groups = 4 , c = 64 ) "]
    assert {lb.count(name).costs.madds for name in same} == {10 * HW * 64 * 64 // 4}


def test_a_stack_is_a_model_like_any_other(lightbench):
    profile = lb.profile("stack:ratio(c1=8, c2=16)", input="8x7x7", device="null", seconds=0.05)
    assert profile.records[0].latency.median_s == 0.001
    assert profile.records[0].costs.madds == 20 * 49 * 8 * 16
    answer = lightbench("count", "stack:ratio(c1=8, c2=16)", "--format", "json")
    assert json.loads(answer.out)[0]["madds"] == 20 * HW * 8 * 16


def test_a_stack_in_a_suite_needs_no_trust():
    """Its settings are literals; no code of anybody's runs."""
    assert sources.find("stack:grouped(c=8)", trusted=False).inputs[0].shape == (8, 56, 56)


# Names that are not there.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stack:gruoped(c=8)", "no stack is called 'gruoped'. Did you mean grouped"),
        ("stack:", "no stack is called ''"),
        ("stack:grouped(c=8", "no stack is called 'grouped(c=8'"),
        ("stack:__import__('os')", "no stack is called '__import__'"),
        ("stack:grouped(c=2**99)", "no stack is called 'grouped(c=2**99)'"),
        ("stack:grouped.__class__(c=8)", "no stack is called"),
        ("stack:[grouped](c=8)", "no stack is called"),
    ],
)
def test_a_stack_that_is_unknown_suggests_the_nearest_and_where_to_look(name, words):
    with pytest.raises(UnknownName) as refused:
        sources.find(name)
    assert words in f"{refused.value.message} {refused.value.hint}"
    assert "list models --from stack" in refused.value.hint


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("stack:grouped", "'c'", "Write stack:grouped(c, groups=1, kernel=1, layers=10)."),
        ("stack:grouped()", "'c'", "Write stack:grouped(c, "),
        ("stack:grouped(64)", "positional", "Write stack:grouped(c, "),
        ("stack:grouped(c=64, group=4)", "'group'", "groups=1"),
        ("stack:ratio(c1=8)", "'c2'", "Write stack:ratio(c1, c2, blocks=10)."),
        ("stack:unit(c=8)", "'kind'", "Write stack:unit(kind, c, blocks=10)."),
    ],
)
def test_wrong_settings_show_how_to_write_them(name, wrong, right):
    with pytest.raises(UsageError) as refused:
        sources.find(name)
    assert wrong in refused.value.message
    assert right in refused.value.hint


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stack:grouped(c=10, groups=4)", "divisible by groups"),
        ("stack:grouped(c='64')", "cannot be built"),
        ("stack:grouped(c=None)", "cannot be built"),
        ("stack:grouped(c=-8)", "cannot be built"),
        ("stack:bottleneck(c=8, geometry='narrow')", "quarter, uniform, wide, not 'narrow'"),
        ("stack:activated(c=8, activation='tanh')", "none, relu, relu6"),
        ("stack:shuffled(c=8, by='hand')", "not by 'hand'"),
        ("stack:shuffled(c=7)", "cannot be built"),
        ("stack:unit(kind='vgg', c=8)", "shufflenet_v2, shufflenet_v1"),
        ("stack:unit(kind='shufflenet_v1', c=8)", "cannot be built"),
    ],
)
def test_settings_of_which_no_network_can_be_made_say_why(name, words):
    with pytest.raises(ModelError) as refused:
        sources.find(name)
    assert refused.value.message.startswith(f"{name} cannot be built: ")
    assert words in refused.value.message


@pytest.mark.parametrize(
    "name", ["stack:excited(c=2)", "stack:bottleneck(c=3)", "stack:partial(c=2)"]
)
@pytest.mark.filterwarnings("ignore:Initializing zero-element")  # which a user reads on stderr
def test_too_few_channels_for_a_quarter_of_them_are_refused(name):
    with pytest.raises(LightbenchError):
        sources.find(name)


@pytest.mark.parametrize("command", ["count", "profile", "layers"])
def test_the_command_line_says_it_in_one_sentence_and_a_step(command, lightbench):
    answer = lightbench(command, "stack:grouped(groups=4)")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines() == [
        "lightbench: stack:grouped cannot be built with these settings: missing a required argument: 'c'.",
        "  Write stack:grouped(c, groups=1, kernel=1, layers=10).",
    ]


# The list.


def test_the_list_shows_every_stack_with_its_settings(lightbench):
    rows = json.loads(lightbench("list", "models", "--from", "stack", "--format", "json").out)
    names = [row["name"] for row in rows]
    assert "stack:grouped(c, groups=1, kernel=1, layers=10)" in names
    assert "stack:bottleneck(c, relu=True, shortcut=True, geometry='quarter', blocks=10)" in names
    assert [name.partition(":")[2].partition("(")[0] for name in names] == list(STACKS)


def test_the_models_list_says_that_there_are_stacks(lightbench):
    assert "stack:NAME" in lightbench("list", "models").out


@pytest.mark.parametrize("stack", STACKS)
def test_settings_of_a_stack_have_names_and_its_purpose_is_said(stack):
    parameters = inspect.signature(STACKS[stack]).parameters.values()
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters)
    assert STACKS[stack].__doc__
