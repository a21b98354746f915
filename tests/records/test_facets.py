"""In which properties cases differ, what they share, and how each is called."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from lightbench.records.axes import AXES
from lightbench.records.facets import (
    FACETS,
    conditions,
    differing,
    names,
    place,
    shared,
    telling,
)
from lightbench.records.outputs import Conversion

HERE = {"cpu": "Example CPU", "threads": 2, "torch": "2.13.0"}


def keys(facets):
    return [facet.key for facet in facets]


def noted(record, **facts):
    environment = msgspec.structs.replace(record.environment, noted=facts)
    return msgspec.structs.replace(record, environment=environment)


@pytest.fixture
def at(make_record):
    """``at("a", torch="2.12")``: a record of a machine that differs in these facts."""

    def made(model="net", **facts):
        return make_record(model, comparable={**HERE, **facts})

    return made


# In what they differ.


def test_every_axis_is_a_facet_and_so_are_the_input_and_the_options_of_a_device():
    assert sorted(keys(FACETS)) == sorted(["input", "options", *AXES])
    assert keys(FACETS)[0] == "input"
    assert keys(FACETS)[-1] == "threads"


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"batch": 8}, "batch", 8),
        ({"shape": (3, 32, 32)}, "input", "3x32x32"),
        ({"device": "cuda"}, "device", "cuda"),
        ({"engine": "compile"}, "engine", "compile"),
        ({"dtype": "float16"}, "dtype", "float16"),
        ({"mode": "train"}, "mode", "train"),
        ({"calibration": "/home/me/photos/"}, "calibration", "photos"),
        ({"layout": "channels_last"}, "layout", "channels_last"),
        ({"options": ("cold-cache", "graph")}, "options", "cold-cache, graph"),
        ({"threads": 1}, "threads", 1),
        ({"comparable": {**HERE, "threads": 4}}, "threads", 4),
    ],
)
def test_cases_differ_in_what_is_not_the_same_of_all(make_record, changes, key, value):
    usual, other = make_record(), make_record(**changes)
    (facet,) = differing([usual, other])
    assert (facet.key, facet.value(other)) == (key, value)
    assert facet.value(usual) != value
    assert differing([usual, usual]) == differing([other]) == differing([]) == ()


def test_what_int8_was_calibrated_on_is_told_by_what_was_in_it(make_record):
    def made(on):
        conversion = Conversion(
            packages=(), size_bytes=1, seconds=0.0, kept=False, calibrated_on=on
        )
        case = make_record(dtype="int8", calibration="/home/me/photos")
        return msgspec.structs.replace(case, conversion=conversion)

    one, other = made("64 images of photos (01234567)"), made("64 images of photos (89abcdef)")
    assert keys(differing([one, other])) == ["calibration"]
    assert "calibrated on photos (01234567)" in shared([one])
    unnamed = msgspec.structs.replace(one, case=make_record(dtype="int8").case)
    assert not [word for word in shared([unnamed]) if "calibrated" in word]


def test_a_facet_is_a_row_that_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FACETS[0].key = "shape"


def test_numbers_stand_at_the_right():
    right = [facet.key for facet in FACETS if facet.align == "right"]
    assert right == ["batch", "threads"]


# What they share.


def test_what_all_share_is_said_once_and_of_threads_how_many_there_were(make_record):
    assert shared([make_record(), make_record("b")]) == [
        "input 3x224x224", "batch 1", "cpu", "eager", "float32", "infer", "contiguous", "threads 2",
    ]  # fmt: skip
    two = [make_record(batch=8), make_record(shape=(3, 8), batch=1, device="cuda")]
    assert shared(two) == ["eager", "float32", "infer", "contiguous", "threads 2"]
    assert shared([]) == []


def test_threads_that_nobody_asked_for_are_out_of_how_many_cores_if_all_had_as_many(make_record):
    quiet = noted(make_record(), cores_offered=4, cores_busy=0)
    busy = noted(make_record("b"), cores_offered=4, cores_busy=1)
    assert shared([quiet])[-1] == "threads 2 (of 4, none busy)"
    assert shared([busy, busy])[-1] == "threads 2 (of 4, 1 busy)"
    assert shared([quiet, busy])[-1] == "threads 2"
    for unknown in ({"cores_offered": 4}, {"cores_busy": 1}):
        assert shared([noted(make_record(), **unknown)])[-1] == "threads 2"


def test_threads_of_which_nothing_is_known_are_not_said(make_record):
    unknown = make_record(comparable={"cpu": "Example CPU"})
    assert shared([unknown])[-1] == "contiguous"


def test_a_title_says_the_conditions_without_the_input(make_record):
    assert conditions([make_record(), make_record("b")]) == (
        "batch 1, cpu, eager, float32, infer, contiguous, threads 2"
    )


def test_a_title_says_the_environment_where_there_are_several(at):
    old, new = at(torch="2.12.0"), at(torch="2.13.0")
    assert conditions([new], among=[old, new]).endswith("threads 2, 2.13.0")
    assert conditions([old, old], among=[old, new]).endswith("threads 2, 2.12.0")
    assert conditions([old], among=[old, old]).endswith("threads 2")
    assert conditions([], among=[old, new]) == ""


# Machines and software.


def test_a_place_is_machine_and_software_without_what_facets_say(at):
    assert place(at(kernel=6, allocator="kept", gpu=None)) == {
        "cpu": "Example CPU", "kernel": "6", "torch": "2.13.0",
    }  # fmt: skip
    assert [*place(at(a=1))] == ["a", "cpu", "torch"]  # in alphabetical order


def test_two_environments_are_told_apart_by_what_people_call_them_by(at):
    two = [at(product="Laptop", cpu="A", kernel="5"), at(product="Server", cpu="B", kernel="6")]
    assert keys(telling(two)) == ["environment"]
    (facet,) = telling(two)
    assert [facet.value(record) for record in two] == ["Laptop", "Server"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (({"cpu": "A"}, {"cpu": "B"}), ["A", "B"]),
        (({"cpu": "A", "torch": "1"}, {"cpu": "B", "torch": "2"}), ["A", "B"]),
        (({"python": "3.11"}, {"python": "3.12"}), ["3.11", "3.12"]),
        (({"kernel": "5"}, {"kernel": "6"}), ["5", "6"]),
        (({"kernel": "5"}, {}), ["5", "no kernel"]),
        (
            ({"cpu": "A", "torch": "1"}, {"cpu": "A", "torch": "2"}, {"cpu": "B", "torch": "2"}),
            ["A, 1", "A, 2", "B, 2"],
        ),
    ],
)
def test_environments_are_told_apart_by_the_fewest_facts(at, facts, said):
    records = [at(**some) for some in facts]
    (facet,) = telling(records)
    assert [facet.value(record) for record in records] == said


def test_one_environment_is_nothing_to_tell_nor_is_how_memory_is_kept(at):
    assert telling([at(), at("b")]) == ()
    assert telling([at(allocator="kept"), at(allocator="free")]) == ()
    assert telling([]) == ()


# Names.


def test_a_case_is_called_by_its_model_and_what_tells_it_from_the_others(make_record):
    cases = [make_record("a"), make_record("a", batch=8), make_record("b", batch=8)]
    assert names(cases) == ["a, batch 1", "a, batch 8", "b, batch 8"]
    assert names(cases[1:]) == ["a", "b"]
    small = {"dtype": "int8", "calibration": "photos"}
    made = [make_record("a"), make_record("a", **small)]
    assert names(made) == ["a, float32", "a, int8, calibrated on photos"]
    inputs = [make_record("a"), make_record("a", shape=(3, 8), device="cuda")]
    assert names(inputs) == ["a, input 3x224x224, cpu", "a, input 3x8, cuda"]


def test_cases_of_two_machines_are_called_by_them(at):
    assert names([at("a"), at("a", cpu="Other CPU")]) == ["a, Example CPU", "a, Other CPU"]
