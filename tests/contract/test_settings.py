"""What a study can be told stands once, in its Settings: command, suite and function say the same."""

from __future__ import annotations

import importlib
import inspect
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec
import pytest

import lightbench as lb
from lightbench import registry
from lightbench.errors import UsageError

FUNCTIONS = {"card": "device_card"}  # study -> its function, where that has another name
STUDIES = sorted(p.parent.name for p in registry.PACKAGE.glob("studies/*/settings.py"))
PYTHON_ONLY = {
    ("lint", "verify"),
    ("lint", "trial"),
}  # on the command line flags: with --top, and --try
SUITE_ONLY = {("card", "speed")}


def settings_of(study):
    return importlib.import_module(f"lightbench.studies.{study}.settings").Settings


EACH = [
    pytest.param(study, field, id=f"{study} {field.name}")
    for study in STUDIES
    for field in msgspec.structs.fields(settings_of(study))
    if get_origin(get_type_hints(settings_of(study), include_extras=True)[field.name]) is Annotated
]


def test_most_studies_have_settings():
    assert {*STUDIES} >= {
        "card",
        "compare",
        "guidelines",
        "layers",
        "lint",
        "noise",
        "profile",
        "roofline",
        "sweep",
    }


@pytest.mark.parametrize(("study", "field"), EACH)
def test_the_function_takes_it_with_the_same_default(study, field):
    if (study, field.name) not in SUITE_ONLY:
        found = inspect.signature(getattr(lb, FUNCTIONS.get(study, study))).parameters
        assert found[field.name].default == field.default


@pytest.mark.parametrize(("study", "field"), EACH)
def test_the_command_takes_it_and_its_help_says_the_default(study, field):
    if (study, field.name) in PYTHON_ONLY | SUITE_ONLY:
        return
    name = FUNCTIONS.get(study, study).replace("_", "-")
    command = registry.load("command", name.replace("-", "_")).command
    (option,) = (one for one in command.params if one.name == field.name)
    assert command.make_context(name, [], resilient_parsing=True).params[field.name] is None
    _, meta = get_args(get_type_hints(settings_of(study), include_extras=True)[field.name])
    assert option.help.startswith(meta.description)
    if field.default is not None:
        assert " Default " in option.help


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf"), "5", True])
def test_seconds_that_cannot_be_are_refused_wherever_they_are_said(study, seconds):
    if "seconds" not in settings_of(study).__struct_fields__:
        return
    with pytest.raises(UsageError, match="seconds are a number above zero"):
        settings_of(study)(seconds=seconds)


def test_a_suite_that_says_what_cannot_be_meant_is_refused_with_its_table(tmp_path):
    from lightbench.studies.tables import read_settings

    with pytest.raises(UsageError, match=r"\[layers\] of the suite.*seconds are a number"):
        read_settings({"layers": {"seconds": -1}})
    with pytest.raises(UsageError, match=r"\[lint\] of the suite.*verify is how many"):
        read_settings({"lint": {"verify": -1}})
