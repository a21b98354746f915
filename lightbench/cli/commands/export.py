"""A network as a file for the runtime that ships: written, loaded again, and its answers checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lightbench import units
from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model, ReplacedFile, Typed, Use
from lightbench.cli.options import TIMEOUT, asked, axis_options, input_options
from lightbench.cli.output import answer, data_only, make_room, notice
from lightbench.cli.progress import reports
from lightbench.engines import exports
from lightbench.errors import UsageError
from lightbench.records.outputs import Outputs

if TYPE_CHECKING:
    from lightbench.runner.conversion.export import Exported

GROUP = "Share"
EXAMPLES = ("lightbench export mobilenet_v2 -o mobilenet_v2.onnx",)

DIFFERS = 3


class ModelFile(ReplacedFile):
    """A model file, with what is written beside it."""

    def uses(self, given: Any, flag: str) -> Iterator[Use]:
        yield from super().uses(given, flag)
        for suffix in () if given is None else _beside(given):
            beside = given.with_suffix(suffix)
            yield Use("replaced", beside, f"what is beside {str(given)!r}", "may be its weights", False)  # fmt: skip


def _beside(file: Path) -> tuple[str, ...]:
    """The suffixes of what is written beside a file of this name."""
    known = {suffixes[0]: suffixes[1:] for _, suffixes in exports().values()}
    return known.get(file.suffix.lower(), ())


@click.command("export", cls=Guarded)
@click.argument("model", type=Model(), shell_complete=complete.models)
@click.option(
    "--to",
    required=True,
    type=click.Choice(sorted(exports())),
    help="The format.",
)
@click.option(
    "-o", "--output", "file", type=ModelFile(), required=True, help="The file; its suffix is the format's."
)  # fmt: skip
@click.option(
    "--weights",
    type=Typed(),
    metavar="FILE",
    help="A file of weights, or torchvision:DEFAULT. Default: those that the network's code gives it.",
)
@axis_options("batch", "threads")
@TIMEOUT
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option(
    "-q", "--quiet", is_flag=True, help="No progress, and nothing of what networks print."
)
@input_options
def command(
    model: str,
    to: str,
    file: Path,
    weights: str | None,
    force: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    **settings: Any,
) -> int:
    """A network as a file for the runtime that ships: written, loaded again, and its answers checked.

    In float32, for inputs of one size, with the weights that are named, and without the paths of its source. How
    images are made ready for them is no part of the file, and is said. Its answers are held against float64, as `lightbench profile` does. Exit code: 0; 2 bad input;
    3 they differ; 4 a package is missing.
    """
    _, (suffix, *_) = exports()[to]
    if file.suffix.lower() != suffix:
        raise UsageError(
            f"--to {to} writes {suffix}, and {file.name!r} is not called so.",
            f"Try -o {file.with_suffix(suffix).name}.",
        )
    written = [file, *map(file.with_suffix, _beside(file))]
    if not force and (there := [each for each in written if each.exists()]):
        raise UsageError(f"{str(there[0])!r} is there already.", "Add --force to write over it.")
    make_room(*written)
    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        report.say(f"{model}: export to {to}, and check")
        made, ready = _exported(model, to, file, weights, asked(settings))
    names = " and ".join(map(str, made.files))
    notice(
        f"wrote {names} ({units.size(made.size_bytes)}) in {units.seconds(made.seconds)}",
        quiet=quiet,
    )
    if ready:
        notice(ready, quiet=quiet)
    for warning in made.warnings:
        notice(f"warning: {warning}", quiet=False)
    outputs = made.outputs
    if outputs is None:
        return 0
    answer(f"outputs: {outputs.verdict}{_as_multiple(outputs)}\n")
    return DIFFERS if outputs.verdict == "differs" else 0


def _exported(
    model: str, to: str, file: Path, source: str | None, typed: dict[str, Any]
) -> tuple[Exported, str | None]:
    """What was written; and how images are made ready for its weights, where that is known. Raises a LightbenchError."""
    from lightbench.models import weights
    from lightbench.models.inputs import specs_of
    from lightbench.runner.conversion.export import export
    from lightbench.runner.plan import plan
    from lightbench.studies.learned import about_of

    inputs = specs_of(typed.pop("input")) if "input" in typed else None
    put = about = None
    if source is not None:
        put, entry = weights.of(source, model)
        about = about_of(put, entry, source, model)
    if about is not None and inputs is None:
        inputs = (about.preparation.input,)
    axes: dict[str, Any] = {axis: (value,) for axis, value in typed.items()}
    (case,), errors = plan([model], inputs=inputs, **axes)
    if errors:
        raise errors[0]
    made = export(case, to, file, put)
    return made, None if about is None else about.made_ready


def _as_multiple(outputs: Outputs) -> str:
    if outputs.error is None or not outputs.eager_error:
        return ""
    times = units.factor(outputs.error / outputs.eager_error)
    return f" ({times} times as far off float64 as eager PyTorch)"
