"""The axes of a case, one row each. The command line's options, the keys of suites and projects, the settings of one
side of a comparison, facets, and the words that measure a case again are made of these rows.

What a network is called with (``inputs``) and what only some devices have (``options``) are no axes: they have grammars of
their own (see `records.inputs` and `devices.support.options`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec

from lightbench.records.case import Case, Dtype, Layout, Mode

_DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(Case)}


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis. ``about`` is its help, without the default; ``phrase`` the words for a value where no
    heading explains it; ``example`` a value to try."""

    name: str
    about: str
    example: str
    kind: type[str | int] = str
    choices: tuple[str, ...] = ()  # all there are, where these are few
    plugins: str = ""  # the kind of plugin whose names are values
    file: bool = False  # its values are names of files and folders
    flag: str | None = None  # the value that is asked for by a word of its own: --channels-last
    unsaid: str = ""  # what an unknown value means, in words
    phrase: str = "{}"
    align: Literal["left", "right"] = "left"
    always: bool = False  # a command that measures again says also the default

    @property
    def default(self) -> Any:
        """That of `Case`."""
        return _DEFAULTS[self.name]

    @property
    def option(self) -> str:
        """On the command line."""
        return f"--{(self.flag or self.name).replace('_', '-')}"

    def words(self, value: Any) -> tuple[str, ...]:
        """What asks a command for a value; nothing for a default that is not said."""
        if value is None or (value == self.default and not self.always):
            return ()
        return (self.option,) if self.flag else (self.option, str(value))


AXES: Mapping[str, Axis] = {
    axis.name: axis
    for axis in (
        Axis(
            name="batch",
            kind=int,
            about="Batch size",
            example="8",
            phrase="batch {}",
            align="right",
            always=True,
        ),
        Axis(
            name="device",
            about="Where to run: cpu, cuda:1, npu:0, auto; see `lightbench devices`",
            example="cuda",
            plugins="device",
            always=True,
        ),
        Axis(
            name="engine",
            about="What runs it: see `lightbench list engines`",
            example="compile",
            plugins="engine",
        ),
        Axis(
            name="dtype",
            about="float32, bfloat16, ...",
            example="bfloat16",
            choices=get_args(Dtype),
        ),
        Axis(
            name="calibration",
            about="A folder of images, or a .npy or .pt file of inputs, from which int8 learns its ranges",
            example="photos",
            file=True,
            unsaid="inputs like the timed one",
            phrase="calibrated on {}",
        ),
        Axis(
            name="mode",
            about="infer, or train: forward, backward and optimizer step",
            example="train",
            choices=get_args(Mode),
        ),
        Axis(
            name="layout",
            about="Lay images out as NHWC",
            example="channels_last",
            choices=get_args(Layout),
            flag="channels_last",
        ),
        Axis(
            name="threads",
            kind=int,
            about="CPU threads",
            example="2",
            unsaid="as many as are free",
            phrase="threads {}",
            align="right",
        ),
    )
}
SETUP = ("device", "engine", "threads", "dtype", "layout")  # how any network is run


def struct_of(names: Iterable[str], *, several: bool = False) -> type[msgspec.Struct]:
    """What checks the keys of a file: each of these axes once, or ``several`` values of it; None is not
    said. Networks' ``input`` goes with them."""
    fields: list[tuple[str, Any, Any]] = [("input", str | list[str] | None, None)]
    for name in names:
        kind = AXES[name].kind
        fields.append((name, kind | list[kind] | None if several else kind | None, None))  # type: ignore[valid-type]
    return msgspec.defstruct("Axes", fields, frozen=True, forbid_unknown_fields=True)


def said(axes: msgspec.Struct) -> dict[str, Any]:
    """What a struct of `struct_of` holds, without what is not said."""
    return {name: v for name, v in msgspec.structs.asdict(axes).items() if v is not None}
