"""What convolutions have learned: their filters, and what they make of an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import torch
from torch import Tensor, nn

from lightbench.costs.precision import own_dtype
from lightbench.datasets.support.image_files import read
from lightbench.errors import UnknownName, UsageError, nearest
from lightbench.process import patched, switches
from lightbench.records.failure import explain
from lightbench.runner.given import Model, check_model
from lightbench.runner.session import process_kept
from lightbench.studies.layers.filters_table import INPUTS, filters_view
from lightbench.studies.learned import Learned, network_of
from lightbench.studies.sight import sight_of
from lightbench.views.table import View
from lightbench.workers import journal

MOST = 64  # filters or maps of one convolution
CONVOLUTIONS = 16  # in a figure
WITHIN = 0.995  # of the weights lie between black and white

How = Literal["colour", "plane", "rows", "mean"]


class Drawn(NamedTuple):
    """The first ``drawn`` of ``there`` filters or maps: ``tiles`` are N x H x W or, in colour, N x H x W x 3, from 0
    (black) to 1 (white). ``low`` is drawn black, ``high`` white; ``finite``: are all values numbers?"""

    tiles: Tensor
    drawn: int
    there: int
    low: float
    high: float
    finite: bool = True


class Convolution(NamedTuple):
    """A convolution by its ``path``, ``how`` its filters are drawn (see `filters_table.HOW`), and with an image its
    ``maps``."""

    path: str
    weight: tuple[int, ...]  # filters, inputs of each, height, width
    groups: int
    how: How
    filters: Drawn
    maps: Drawn | None = None


@dataclass(frozen=True)
class Filters:
    """What `filters` found."""

    model: str
    weights: str | None
    image: Path | None
    convolutions: tuple[Convolution, ...]

    @property
    def view(self) -> View:
        """As a table: a row for each convolution."""
        return filters_view(self)


def filters(
    model: Model,
    names: Sequence[str],
    *,
    weights: str | None = None,
    image: str | Path | None = None,
    input: str | None = None,  # noqa: A002  the word of the command line
    trusted: bool = True,
) -> Filters:
    """The filters of convolutions, which are named by their paths, "conv1", "features.3", and with an ``image`` what each
    makes of it. ``weights`` are a file, or "torchvision:DEFAULT"; None: as the network is.

    Raises UnknownName and UsageError for names that are none of a two-dimensional convolution, with the nearest ones,
    and for weights and images that cannot be used; ModelError.
    """
    check_model(model)
    if len(names) > CONVOLUTIONS:
        raise UsageError(
            f"a figure has room for {CONVOLUTIONS} convolutions, and {len(names)} are named.",
            "Draw them in several figures.",
        )
    with process_kept(), switches.kept(), patched.given_back():
        known = network_of(model, weights, input=input, trusted=trusted)
        chosen = {name: convolution(known.network, name) for name in names}
        found = [_of(path, module) for path, module in chosen.items()]
        if image is not None:
            seen = _maps(known, chosen, sight_of(known).see(read(Path(image))))
            found = [one._replace(maps=seen[one.path]) for one in found]
    return Filters(known.model, weights, None if image is None else Path(image), tuple(found))


def convolution(network: nn.Module, path: str) -> nn.Conv2d:
    """The convolution of this path, or the only one within it: that of a block of convolution, norm and activation. Raises
    UnknownName and UsageError, with the nearest ones."""
    modules = dict(network.named_modules())
    known = [name for name, module in modules.items() if isinstance(module, nn.Conv2d)]
    found = modules.get(path)
    within = [modules[name] for name in known if name == path or name.startswith(f"{path}.")]
    if len(within) == 1:
        return cast("nn.Conv2d", within[0])
    if not known:
        raise UsageError(
            f"{type(network).__name__} has no two-dimensional convolution: there are no filters to draw."
        )
    if found is None:
        raise UnknownName("convolution", path, known, "`lightbench layers MODEL` shows them all.")
    near = nearest(path, known) or known[:3]
    raise UsageError(
        f"{path!r} is a {type(found).__name__}, and no two-dimensional convolution.",
        f"Did you mean {' or '.join(near)}? `lightbench layers MODEL` shows them all.",
    )


def _of(path: str, module: nn.Conv2d) -> Convolution:
    weight = module.weight.detach().to("cpu", torch.float32)
    number, inputs, height, width = weight.shape
    how: How
    if inputs == 1:
        how, tiles = "plane", weight[:, 0]
    elif inputs == 3 and module.groups == 1:
        how, tiles = "colour", weight.permute(0, 2, 3, 1)
    elif height == width == 1:
        how, tiles = "rows", weight[None, :MOST, :INPUTS, 0, 0]
    else:
        how, tiles = "mean", weight.mean(dim=1)
    drawn = _around_zero(tiles[:MOST], number)
    return Convolution(path, (number, inputs, height, width), module.groups, how, drawn)


def _around_zero(values: Tensor, there: int) -> Drawn:
    """Zero is in the middle between black and white, so that signs are seen."""
    finite, values = bool(values.isfinite().all()), values.nan_to_num(0.0, 0.0, 0.0)
    sizes = values.abs().flatten()
    most = float(sizes.quantile(WITHIN, interpolation="higher") or sizes.max()) or 1.0
    tiles = (values / most).clamp(-1, 1) / 2 + 0.5
    return Drawn(tiles, min(MOST, there), there, -most, most, finite)


def _from_lowest(values: Tensor, there: int) -> Drawn:
    """The lowest is black and the highest white, but for a few."""
    finite, values = bool(values.isfinite().all()), values.nan_to_num(0.0, 0.0, 0.0)
    few = values.flatten()[:: max(1, values.numel() // 1_000_000)]  # quantile() takes no more
    low = float(few.quantile(1 - WITHIN, interpolation="lower"))
    high = float(few.quantile(WITHIN, interpolation="higher"))
    scaled = ((values - low) / ((high - low) or 1.0)).clamp(0, 1)
    return Drawn(scaled, min(MOST, there), there, low, high, finite)


def _maps(known: Learned, chosen: dict[str, nn.Conv2d], image: Tensor) -> dict[str, Drawn]:
    """What each convolution makes of an image when it is called for the first time. Raises UsageError for one that is
    not, ModelError."""
    network = known.network
    with _noting(chosen) as seen:
        try:
            with torch.inference_mode(), journal.held("first call", known.model):
                network(image[None].to(getattr(torch, own_dtype(network))))
        except BaseException as error:
            journal.let_through(error)
            raise explain(network, error) from error
    if missing := [path for path in chosen if path not in seen]:
        raise UsageError(
            f"{missing[0]!r} is not called when the network sees an image.",
            "Leave --image out, or leave out this name.",
        )
    return {path: _from_lowest(maps[0, :MOST], maps.shape[1]) for path, maps in seen.items()}


@contextmanager
def _noting(chosen: dict[str, nn.Conv2d]) -> Iterator[dict[str, Tensor]]:
    """The first output of each meanwhile."""
    seen: dict[str, Tensor] = {}

    def note(path: str, _module: nn.Module, _args: Any, output: Tensor) -> None:
        if path not in seen:  # a copy: what follows may write over it
            seen[path] = output.detach().to("cpu", torch.float32, copy=True)

    with ExitStack() as hooks:
        for path, module in chosen.items():
            hooks.callback(module.register_forward_hook(partial(note, path)).remove)
        yield seen
