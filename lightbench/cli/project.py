"""A project's own configuration, and what was typed before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from lightbench.studies.check.budgets import Config, find_config, read_config

SETTINGS = ("batch", "device", "engine", "threads", "dtype", "layout", "input")


def read_project(file: Path | None) -> Config:
    """Of the file, or of the project that we are in; empty where there is none. Raises UsageError."""
    place = file or find_config(Path())
    return read_config(place) if place else Config()


def typed_settings(
    settings: dict[str, Any], shapes: tuple[str, ...], *, channels_last: bool
) -> dict[str, Any]:
    """What the user chose on the command line: a default must not overrule the configuration."""
    context = click.get_current_context()
    given = {
        name
        for name in settings
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    typed = {key: settings[key] for key in SETTINGS if key in given}
    if shapes:
        typed["input"] = shapes
    if channels_last:
        typed["layout"] = "channels_last"
    return typed
