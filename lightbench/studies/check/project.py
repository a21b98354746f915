"""What a project says of its checks: in ``lightbench.toml`` or under ``[tool.lightbench]``.

```toml
[tool.lightbench]                # in lightbench.toml this prefix may be left out
models = ["net.py:Net", "mobilenet_v2"]
threads = 1                      # of all of them
tolerance = "2%"

[tool.lightbench.settings.mobilenet_v2]  # of one of them, and before what is said of all
input = "3x96x96"
batch = 8

[tool.lightbench.budgets."net.py:Net"]   # see `budgets`
madds = "150M"
```

Files are named from the folder of that file, and however they are written: `naming.meaning`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from lightbench.errors import UnknownName, UsageError
from lightbench.records.axes import SETUP, said, struct_of
from lightbench.studies.check.budgets import ANY, Allowed, limits_of
from lightbench.studies.check.naming import beside, meaning

T = TypeVar("T")

FILE = "lightbench.toml"
PYPROJECT = "pyproject.toml"

AXES = struct_of(("batch", "mode", *SETUP))


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a project says of its checks; what is not said is None. Options typed go before it."""

    models: tuple[str, ...] = ()
    settings: dict[str, dict[str, Any]] = {}  # of one model, with the keys of ``axes``
    budgets: dict[str, dict[str, Allowed]] = {}
    tolerance: float | str | None = None
    seconds: float | None = None
    axes: dict[str, Any] = {}  # how they are run, as keywords of `lightbench.check`


def find_config(folder: Path) -> Path | None:
    """``lightbench.toml``, or a ``pyproject.toml`` with our table, in the folder or above it as far as
    the repository goes."""
    for place in (folder.resolve(), *folder.resolve().parents):
        own, shared = place / FILE, place / PYPROJECT
        if own.is_file():
            return own
        if shared.is_file() and _ours(_parsed(_text(shared), shared)) is not None:
            return shared
        if (place / ".git").exists():
            break
    return None


def read_config(path: Path) -> Config:
    """With the names of networks as they are written where we stand. Raises UsageError for a file that
    is missing, no TOML, or says what is not known."""
    return parse_config(_text(path), path)


def read_project(file: Path | None) -> Config:
    """Of the file, or of the project that we are in; empty where there is none. Raises UsageError."""
    place = file or find_config(Path())
    return read_config(place) if place else Config()


def parse_config(text: str, path: Path) -> Config:
    """As `read_config`, of what ``path`` holds, or held at another commit."""
    content = _parsed(text, path)
    ours = _ours(content)
    if ours is not None or path.name == PYPROJECT:
        content = ours or {}
    apart = (*AXES.__struct_fields__, "axes")  # that one is refused
    own = {key: value for key, value in content.items() if key not in apart}
    how = {key: value for key, value in content.items() if key in apart}
    try:
        config = msgspec.convert(own, Config)
        own_of = {m: said(msgspec.convert(axes, AXES)) for m, axes in config.settings.items()}
        config = replace(config, axes=said(msgspec.convert(how, AXES)), settings=own_of)
    except msgspec.ValidationError as error:
        known = ", ".join((*Config.__struct_fields__[:-1], *AXES.__struct_fields__))
        raise UsageError(f"cannot read {path}: {error}.", f"Known keys: {known}.") from error
    config = _placed(config, path.absolute().parent)
    for model in config.budgets:  # now, and not after minutes of measuring
        limits_of(config.budgets, model)
    if ANY in config.settings:
        raise UsageError(
            'settings of every model have no table "*".',
            "Write them above the first table: threads = 1.",
        )
    listed = {ANY, *map(meaning, config.models)}
    for model in (*config.budgets, *config.settings):
        if config.models and meaning(model) not in listed:
            raise UnknownName(
                "model of this project",
                model,
                config.models,
                f"`models` in {path.name} has no such.",
            )
    return config


def _placed(config: Config, folder: Path) -> Config:
    """The configuration of a file in ``folder``, seen from where we stand. Raises UsageError for two
    budgets of one network: which is meant?"""
    return replace(
        config,
        models=tuple(beside(model, folder) for model in config.models),
        budgets=_by_model(config.budgets, folder, "two budgets"),
        settings=_by_model(config.settings, folder, "two tables of settings"),
    )


def _by_model(written: Mapping[str, T], folder: Path, twice: str) -> dict[str, T]:
    """What is written of networks, by their names seen from where we stand."""
    known: dict[str, str] = {}
    for model in written:
        other = known.setdefault(meaning(beside(model, folder)), model)
        if other != model:
            raise UsageError(
                f"{other!r} and {model!r} are one network with {twice}.",
                "Write all of it under one of the names.",
            )
    return {beside(model, folder): said_of_it for model, said_of_it in written.items()}


def settings_of(config: Config, model: str) -> dict[str, Any]:
    """How a model is run: what is said of it, and else what is said of all of them."""
    meant = meaning(model)
    own = [settings for name, settings in config.settings.items() if meaning(name) == meant]
    return {**config.axes, **(own[0] if own else {})}


def _ours(content: dict[str, Any]) -> dict[str, Any] | None:
    tool = content.get("tool")
    ours = tool.get("lightbench") if isinstance(tool, dict) else None
    return ours if isinstance(ours, dict) else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}.", "It has to be TOML.") from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"cannot read {path}: {error}.", "It has to be TOML.") from error
