"""Where a network comes from: our own families, torchvision, timm, a Python file of the user's, or a model file.

``mobilenet_v2`` - ``mobilenet_v2(width=0.6)`` - ``torchvision:resnet50`` - ``timm:mobilenetv3_small_100`` -
``stack:grouped(c=64, groups=4)`` - ``path/file.py:Class`` - ``path/file.py:factory(width=0.5)`` -
``package.module:Class.from_name("b0")`` - ``net.onnx``
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightbench.errors import (
    ModelError,
    NotThere,
    OutOfMemory,
    UntrustedCode,
    UsageError,
)
from lightbench.graphs import format_of
from lightbench.models.sources.bare_names import full_name, unknown
from lightbench.models.sources.libraries import LIBRARIES
from lightbench.models.sources.model_files import from_model_file
from lightbench.models.sources.model_names import split_name
from lightbench.models.sources.other_files import refuse_other_file
from lightbench.models.sources.own import FAMILY, own_name, own_names, own_source, variant_of
from lightbench.models.sources.source import DEFAULT_INPUT, Source
from lightbench.models.sources.user_files import file_of, from_file, is_file
from lightbench.process import patched
from lightbench.workers import journal

if TYPE_CHECKING:
    from torch import nn

KILLED = "killed by SIGKILL"


def find(model: str, *, trusted: bool = True) -> Source:
    """Look ``model`` up; nothing is built yet. Raises UnknownName, UsageError, MissingPackage,
    UntrustedCode (a file that the user did not type, see ``--trust-code``), and ModelError for one
    that has ended an earlier process of this command."""
    refuse_fallen(model)
    return _in_its_hands(model, _found(model, trusted=trusted))


def refuse_fallen(what: str) -> None:
    """Raises ModelError for a network, be it on an engine, that has ended an earlier process of this command;
    OutOfMemory where it was killed as Linux kills what takes more memory than there is."""
    if how := journal.fallen.get(what):
        if KILLED in how:
            raise OutOfMemory(
                f"{what} {how}, as Linux does when memory runs out.",
                "Try a smaller --batch or --input.",
            )
        raise ModelError(f"{what} {how}.", "Run it by itself: does it end there, too?")


def _in_its_hands(model: str, source: Source) -> Source:
    """The same, noted in the journal while its code runs."""

    def build() -> nn.Module:
        with journal.held("load", model), patched.given_back():
            return source.build()

    def load() -> object:
        with journal.held("load", model), patched.given_back():
            return source.load()

    return Source(build, source.inputs, load, source.batch)


def _found(model: str, *, trusted: bool) -> Source:
    if is_file(model):
        format_name = format_of(model)
        if not trusted:
            does = "is read by a runtime" if format_name else "runs code from a file"
            raise UntrustedCode(
                f"{model!r} {does}, and its name was not typed by you.",
                "Look at the file, then repeat with --trust-code.",
            )
        return from_model_file(model, format_name) if format_name else from_file(model)
    prefix, colon, name = model.partition(":")
    if colon:
        if prefix not in LIBRARIES:
            if all(map(str.isidentifier, prefix.split("."))) and "." in prefix:
                raise NotThere(
                    f"there is no module {prefix!r} that Python finds from here, for {model!r}.",
                    "Put the folder that holds its package on PYTHONPATH, or write path/file.py:Class.",
                )
            raise UsageError(
                f"cannot read the model {model!r}.",
                f"Known sources: {', '.join(f'{p}:NAME' for p in LIBRARIES)}, path/file.py:Class, package.module:Class.",
            )
        return LIBRARIES[prefix].find(name)
    refuse_other_file(model)
    if source := own_source(model):
        return source
    raise unknown(model)


def library_names(library: str) -> list[str]:
    """Names of the networks of ``torchvision`` or ``timm``, which is imported, or of
    stacks, with their settings."""
    return LIBRARIES[library].names()


def load_model(model: str) -> nn.Module:
    """Build a network by name: ours, ``torchvision:``, ``timm:``, ``file.py:Class`` or
    ``package.module:Class``, with random weights. Raises UnknownName, UsageError, ModelError, MissingPackage."""
    return find(model).build()


__all__ = [
    "DEFAULT_INPUT",
    "FAMILY",
    "Source",
    "file_of",
    "find",
    "full_name",
    "is_file",
    "library_names",
    "load_model",
    "own_name",
    "own_names",
    "refuse_fallen",
    "split_name",
    "variant_of",
]
