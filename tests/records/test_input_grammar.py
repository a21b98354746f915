"""How inputs are typed: what is read, what prints as it was typed, and where a text is wrong."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.errors import UsageError
from lightbench.records import Case
from lightbench.records.input_grammar import parse_input, parse_inputs, split_commas
from lightbench.records.inputs import WHOLE, Entries, InputSpec, Items, Named, Value

sizes = st.lists(st.integers(1, 999), max_size=4).map(tuple)
dtypes = st.sampled_from([None, "int64", "int8", "uint8", "bool", "float16", "complex64"])


@st.composite
def tensors(draw):
    shape, dtype = draw(sizes), draw(dtypes)
    below = st.integers(1, WHOLE[dtype]) if dtype in WHOLE else st.none()
    places = st.one_of(st.none(), st.integers(0, len(shape)))
    return InputSpec(shape=shape, dtype=dtype, batch_at=draw(places), below=draw(st.none() | below))


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(codec="utf-8"))
).map(lambda value: Value(literal=Value.literal_of(value)))
names = st.from_regex(r"[a-z_]\w{0,5}", fullmatch=True).filter(str.isidentifier)


def containers(forms):
    keys = names | st.text(st.characters(codec="utf-8"), max_size=5)
    named = st.tuples(keys, forms).map(lambda pair: Named(name=pair[0], of=pair[1]))
    return (
        st.builds(Items, items=st.lists(forms, max_size=3).map(tuple), kind=st.sampled_from(["list", "tuple"]))
        | st.builds(Items, items=st.tuples(forms), each=st.just(True))
        | st.builds(Entries, entries=st.lists(named, max_size=3, unique_by=lambda n: n.name).map(tuple))
    )  # fmt: skip


forms = st.recursive(tensors() | values, containers, max_leaves=6)
inputs = forms | st.builds(Named, name=names, of=forms)


@given(inputs)
def test_every_input_prints_as_it_is_typed_and_is_stored_as_it_is(one):
    assert parse_input(str(one)) == one
    case = Case(model="net", inputs=(one,))
    assert msgspec.json.decode(msgspec.json.encode(case), type=Case) == case


@given(st.text(alphabet="[](){}:=,.<x3B0+-'\" \\anul", max_size=12))
def test_any_other_text_is_refused_in_one_sentence(text):
    try:
        assert parse_input(str(one := parse_input(text))) == one
    except UsageError as error:
        assert error.message.startswith(("cannot read the", "an input", "what is repeated"))
        assert error.hint or "sizes above zero" in error.message


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[3x32, 4y4]", "at '4y4]': cannot read the input shape '4y4'", "3x224x224"),
        ("[3x32", "at its end: a comma or ] is missing", "README"),
        ("[3,", "at its end: ] is missing", ""),
        ("[3 4]", "at '4]': a comma or ] is missing", ""),
        ("{3: 4}", "a dictionary is {key: input, ...}", ""),
        ("{x: 3, x: 4}", "a dictionary has the key 'x' twice", ""),
        ("3x4<5", "an input without a dtype cannot be below 5", "7:int64<5"),
        ("3:int8<1000", "int8 cannot be below 1000", "7:int64<5"),
        ("mode=fast", "cannot read the input shape", "'mode=\"fast\"'"),
        ("'fast", "the text has no end", ""),
        ("<Cache>", "an object cannot be typed", ""),
        ("[" * 30, "nested deeper than 20", ""),
        ("[3, 4, ...]", "cannot read the input shape '...'", ""),
        ("[3, 4y4, 5]", "at '4y4, 5]': cannot", "3x224x224"),
        ("(3", "at its end: a comma or ) is missing", "README"),
        ("{x: 3", "at its end: a comma or } is missing", "README"),
        ("{x: 3 y: 4}", "at 'y: 4}': a comma or } is missing", ""),
        ("{x 3}", "at '3}': a dictionary is {key: input, ...}", ""),
        ("[3] [4]", "at '[4]': there is more than one input here", "README"),
        ("[3, ..., 4]", "at ', 4]': a comma or ] is missing", ""),
        ("[...]", "cannot read the input shape '...'", ""),
        ("[fast]", "cannot read the input shape 'fast'", "'mode=\"fast\"'"),
        ("fast", "cannot read the input shape 'fast'", "'mode=\"fast\"'"),
        ("3:fast", "cannot read the input dtype 'fast'", "Known: float32"),
        ("3x4 5x6", "cannot read the input shape '3x4 5x6'", "3x224x224"),
        ('["\\ud800"]', "at '\"\\\\ud800\"]': this text cannot be read", ""),
        ('["\\q"]', "at '\"\\\\q\"]': this text cannot be read", ""),
        ("[3, " + "x" * 60 + "]", f"at '{'x' * 40}': ", ""),
        ("9" * 5000, "cannot read the input shape", ""),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text, message, hint):
    with pytest.raises(UsageError) as caught:
        parse_input(text)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_settings_are_parted_at_commas_outside_brackets_and_quotes():
    assert split_commas('batch=8,input=[3x8, {a: (4, 5)}],input="a,b"') == [
        "batch=8",
        "input=[3x8, {a: (4, 5)}]",
        'input="a,b"',
    ]


@pytest.mark.parametrize(
    ("text", "may_be"),
    [
        ("fast", True),
        ("dtype", True),
        ("[x1]", True),
        ("4y4", False),
        ("[4y4]", False),
        ("x:y", False),
    ],
)
def test_only_of_what_may_be_a_text_it_is_said_that_texts_are_in_quotes(text, may_be):
    with pytest.raises(UsageError) as caught:
        parse_input(text)
    assert ("A text is in quotes" in caught.value.hint) is may_be


def test_brackets_are_nested_twenty_deep_and_no_deeper():
    deep = "[" * 20 + "3" + "]" * 20
    assert str(parse_input(deep)) == deep
    assert str(parse_input(f"[{deep[1:-1]}, {deep[1:-1]}]")).count("3") == 2
    with pytest.raises(UsageError, match="at '3.*nested deeper than 20"):
        parse_input(f"[[], {{}}, {deep}]")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (" [ 3x4 ,5 , ] ", "[3x4, 5]"),
        ("(3,)", "(3,)"),
        ("()", "()"),
        ("{ }", "{}"),
        ("{'a b' : 3 , \"c\": (4,) , }", '{"a b": 3, c: (4,)}'),
        ("{'': 3}", '{"": 3}'),
        ("[3x4, ...]", "[3x4, ...]"),
        ("[ 3x4 , ... ]", "[3x4, ...]"),
        ("({x: =2}, ...)", "({x: =2}, ...)"),
        ("[7:int64 < 5, 3]", "[7:int64<5, 3]"),
        ("[None, TRUE, inf, -Inf, NaN]", "[null, true, +inf, -inf, nan]"),
        ("[+7, -7, 7., .5, 1e3, -2E-2]", "[+7, -7, 7.0, 0.5, 1000.0, -0.02]"),
        ("'it is'", '"it is"'),
        ("'a\nb'", '"a\\nb"'),
        ('"a\\u0041"', '"aA"'),
        ("x = 3x4", "x=3x4"),
        (" x ==64 ", "x==64"),
        ("=64", "=64"),
        ("x=+7", "x=+7"),
        ("7", "7"),
    ],
)
def test_what_is_read_prints_in_one_way(text, printed):
    assert str(parse_input(text)) == printed


@pytest.mark.parametrize("length", [98, 99, 100, 101])
def test_a_number_has_fewer_than_a_hundred_letters(length):
    text = "0." + "1" * (length - 2)
    if length < 100:
        assert float(str(parse_input(text))) == float(text)
    else:
        with pytest.raises(UsageError, match="cannot read the input shape"):
            parse_input(text)


@pytest.mark.parametrize("text", ["x=", "3y=4", "x y=4"])
def test_what_is_no_name_of_an_input_names_none(text):
    with pytest.raises(UsageError, match="cannot read the input shape"):
        parse_input(text)


def test_inputs_with_a_name_go_behind_those_without_in_the_order_typed():
    typed = ["b=3", "4", "a=5", "6"]
    assert [str(one) for one in parse_inputs(typed)] == ["4", "6", "b=3", "a=5"]


@pytest.mark.parametrize("text", ["none", " None ", "NONE"])
def test_none_alone_is_no_input_at_all(text):
    assert parse_inputs([text]) == ()
    assert [str(one) for one in parse_inputs([text, "3"])] == ["null", "3"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("a=1,b=2", ["a=1", "b=2"]),
        ("a=(1,2),b={x: [1,2]},c", ["a=(1,2)", "b={x: [1,2]}", "c"]),
        ("a='x,y',b=\"p,q\"", ["a='x,y'", 'b="p,q"']),
        ("a='[',b", ["a='['", "b"]),
        ("a],b", ["a]", "b"]),
        ("a=[1,b", ["a=[1,b"]),
        ("a,\nb,", ["a", "\nb", ""]),
    ],
)
def test_a_comma_in_brackets_or_quotes_parts_nothing(text, parts):
    assert split_commas(text) == parts
