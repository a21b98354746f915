"""Converters whose packages do not go with ours: each has a Python environment of its own, made when the user asks for it.

An engine that has one names it as ``CONVERTER``, which is what `lightbench converter` looks for. The network goes there
as a file of ``torch.export.save``, so that PyTorch is of the same version in both, and a script of ours turns that into
the engine's file.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import msgspec

from lightbench import files
from lightbench.errors import MissingPackage, ModelError, NotAvailable
from lightbench.workers import autoload, journal, programs
from lightbench.workers.clean_start import without_secrets

Say = Callable[[str], None]
INSTALL_S = 3600.0  # gigabytes over a slow line
READY = "ready"  # written last
# What pip says that shows how far it is: what takes long. The address, which it may say before the file, is left out.
_LARGE = re.compile(r"\s*(Downloading|Using cached) (?:\S*/)?(\S+) (\([\d.]+ [MG]B\))")
_INSTALLING = "Installing collected packages:"


class Converter(NamedTuple):
    """``packages`` as pip takes them, the first of which gives it its name; ``size`` on disk, with PyTorch; ``script`` is
    run by the environment's Python with two files, the network and what to make of it, and those that it needs more."""

    engine: str
    packages: tuple[str, ...]
    size: str
    script: Path

    @property
    def name(self) -> str:
        """Of the package."""
        return re.split(r"[<>=!~\[]", self.packages[0])[0]

    @property
    def folder(self) -> Path:
        """Where its environment is, or will be."""
        return files.cache() / "converters" / self.engine

    @property
    def python(self) -> Path:
        """Of the environment."""
        return Path(self._place("scripts"), "python")

    def _place(self, what: str) -> str:
        base = str(self.folder)
        return sysconfig.get_path(what, "venv", {"base": base, "platbase": base})


class _Made(msgspec.Struct):
    torch: str
    packages: tuple[str, ...]


def versions(converter: Converter) -> tuple[str, ...]:
    """Of the packages that it is made of. Raises MissingPackage, with the command that makes it."""
    how = f"Make it: `lightbench converter {converter.engine}` ({converter.size} on disk)."
    try:
        made = msgspec.json.decode((converter.folder / READY).read_bytes(), type=_Made)
        if not converter.python.exists():
            raise FileNotFoundError
    except (OSError, RuntimeError, msgspec.MsgspecError) as error:
        raise MissingPackage(
            f"{converter.engine} needs a converter, {converter.name}, which goes into an environment of its own,"
            " and that is not there.",
            how,
        ) from error
    if made.torch != metadata.version("torch"):
        raise MissingPackage(
            f"{converter.engine}'s converter was made for PyTorch {made.torch}, and this is"
            f" {metadata.version('torch')}.",
            how,
        )
    return made.packages


def version_of(converter: Converter, package: str) -> str:
    """Of another package that has come with these: "ai-edge-quantizer 0.10.0". Raises MissingPackage."""
    places = [converter._place("purelib")]  # noqa: SLF001  our own
    for found in metadata.distributions(name=package, path=places):
        return f"{package} {found.version}"
    make_it = f"lightbench converter {converter.engine}"
    raise MissingPackage(
        f"{package} is not in {converter.engine}'s converter, which needs it for this precision.",
        f"Make it anew: `{make_it} --remove`, then `{make_it}`.",
    )


def make(converter: Converter, say: Say) -> None:
    """Its environment, anew if it was begun or is another PyTorch's; ``say`` is told how far it is. Raises NotAvailable if
    that fails."""
    with suppress(MissingPackage):
        there = ", ".join(versions(converter))
        say(f"{converter.folder} is there: {there}.")
        return
    # With the build: that of the index that pip takes unless told otherwise may be gigabytes of CUDA.
    torch = f"torch=={metadata.version('torch')}"
    say(
        f"makes {converter.folder}: {converter.size} on disk, of which pip downloads what it does not have."
    )
    say(f"  {torch}, {', '.join(converter.packages)} and what these need")
    converter.folder.parent.mkdir(parents=True, exist_ok=True)
    _step(converter, [sys.executable, "-m", "venv", "--clear", converter.folder], None)
    install = ["--no-input", "--disable-pip-version-check", "--no-compile", "--progress-bar=off"]
    pip: list[str | Path] = [
        converter.python,
        "-I",
        "-m",
        "pip",
        "install",
        *install,
        torch,
        *converter.packages,
    ]
    _step(converter, pip, lambda line: _say_progress(line, say))
    found = metadata.distributions(path=[converter._place("purelib")])  # noqa: SLF001  our own
    known = {one.name: one.version for one in found}
    packages = (f"{converter.name} {known[converter.name]}",)
    made = _Made(torch=metadata.version("torch"), packages=packages)
    say("  trying it")
    _converted(converter, _small(), "a network of one layer")
    files.write(converter.folder / READY, msgspec.json.encode(made))
    say(f"made: {', '.join(packages)}.")


def remove(converter: Converter) -> bool:
    """Was there anything to remove? Raises OSError."""
    there = converter.folder.exists()
    if there:
        with suppress(FileNotFoundError):
            (converter.folder / READY).unlink()
        shutil.rmtree(converter.folder)
    return there


def convert(converter: Converter, network: bytes, name: str, *more: bytes) -> bytes:
    """A network of ``torch.export.save`` as the engine's file; its script gets ``more`` as so many files. Raises
    MissingPackage, and ModelError if the converter ends without."""
    versions(converter)
    return _converted(converter, network, name, *more)


def _converted(converter: Converter, network: bytes, name: str, *more: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        given, made = Path(place, "network.pt2"), Path(place, "made")
        others = [Path(place, f"more_{i}") for i, _ in enumerate(more)]
        for file, content in zip((given, *others), (network, *more), strict=True):
            file.write_bytes(content)
        ended = programs.run(
            [converter.python, "-I", converter.script, given, made, *others],
            environ=without_secrets(autoload.handed_on(os.environ)),
            folder=Path(place),
            limit_s=journal.patience_s(),
        )
        if ended.how or not made.is_file():
            raise ModelError(
                f"{name} cannot be converted: {converter.name}: {ended.why(1)}",
                "Try --engine eager.",
            )
        return made.read_bytes()


def _small() -> bytes:
    import torch

    saved = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(torch.nn.ReLU(), (torch.zeros(1, 2),)), saved)
    return saved.getvalue()


def _step(converter: Converter, command: Sequence[str | Path], say: Say | None) -> None:
    """pip gets the user's whole environment, which may tell it where to look and who asks."""
    ended = programs.run(
        command,
        environ=autoload.handed_on(os.environ),
        folder=converter.folder.parent,
        limit_s=INSTALL_S,
        say=say,
    )
    if ended.how:
        raise NotAvailable(
            f"{converter.engine}'s converter cannot be made: {ended.why(4)}",
            "pip looks for PyTorch where its settings say: PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS lead it to where"
            " this one came from.",
        )


def _say_progress(line: str, say: Say) -> None:
    if found := _LARGE.fullmatch(line):
        say(f"  {found[1].lower()} {found[2]} {found[3]}")
    elif line.startswith(_INSTALLING):
        say(f"  installing {line.count(',') + 1} packages")
