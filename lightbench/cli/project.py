"""What was typed, which goes before a project's own configuration."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

SETTINGS = ("batch", "device", "engine", "threads", "dtype", "layout", "input")


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
