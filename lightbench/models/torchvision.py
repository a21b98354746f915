"""Import torchvision also where its compiled operators do not load, as beside CPU torch: whoever
imports it, we or a user's file."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lightbench.errors import MissingPackage, how_to_install
from lightbench.process.streams import say_once

if TYPE_CHECKING:
    from torch import Tensor

_BOXES = "Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width"
_MAPPED = f"Tensor grad, {_BOXES}".replace("rois,", "rois, Tensor channel_mapping,")
_INPUT = "SymInt batch_size, SymInt channels, SymInt height, SymInt width"
_STEPS = "SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w"
_DEFORM = (
    f"Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, {_STEPS},"
    " SymInt groups, SymInt offset_groups, bool use_mask"
)
_SCALES = "float input_scale, int input_zero_point, float rois_scale, int rois_zero_point"

# What torchvision's extension defines and its Python code is written for, as of 0.28.
OPERATORS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align": f"(Tensor input, {_BOXES}, int sampling_ratio, bool aligned) -> Tensor",
    "_roi_align_backward": (
        f"(Tensor grad, {_BOXES}, {_INPUT}, int sampling_ratio, bool aligned) -> Tensor"
    ),
    "qroi_align": (
        f"(Tensor input, Tensor rois, {_SCALES}, {_BOXES.partition(', ')[2]}, int sampling_ratio,"
        " bool aligned) -> Tensor"
    ),
    "roi_pool": f"(Tensor input, {_BOXES}) -> (Tensor, Tensor)",
    "_roi_pool_backward": f"({_MAPPED.replace('channel_mapping', 'argmax')}, {_INPUT}) -> Tensor",
    "ps_roi_align": f"(Tensor input, {_BOXES}, int sampling_ratio) -> (Tensor, Tensor)",
    "_ps_roi_align_backward": f"({_MAPPED}, int sampling_ratio, {_INPUT}) -> Tensor",
    "ps_roi_pool": f"(Tensor input, {_BOXES}) -> (Tensor, Tensor)",
    "_ps_roi_pool_backward": f"({_MAPPED}, {_INPUT}) -> Tensor",
    "deform_conv2d": f"({_DEFORM}) -> Tensor",
    "_deform_conv2d_backward": (
        f"(Tensor grad, {_DEFORM}) -> (Tensor, Tensor, Tensor, Tensor, Tensor)"
    ),
}


def import_torchvision() -> ModuleType:
    """The torchvision package, ready to build networks. Raises MissingPackage if it is not installed."""
    complete_torchvision()
    try:
        return importlib.import_module("torchvision")
    except ImportError as error:
        raise MissingPackage(
            f"torchvision does not import: {error}.", how_to_install("torchvision")
        ) from error


def complete_torchvision() -> None:
    """From now on, importing torchvision works without its compiled operators, at which it would stop
    with "operator torchvision::nms does not exist". Nothing is imported now.

    They are declared, so that networks with any of them are built and counted; nms and roi_align also
    run, in Python, and the others say on the CPU what is missing. Where the operators load, nothing
    is changed.
    """
    if _COMPLETING not in sys.meta_path:
        sys.meta_path.insert(0, _COMPLETING)


class _Completing(MetaPathFinder):
    """Asked first, and finds nothing itself: it sees that torchvision is about to be imported."""

    declared = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002  as Python calls it
        target: ModuleType | None = None,  # noqa: ARG002  as Python calls it
    ) -> ModuleSpec | None:
        if fullname == "torchvision" and not self.declared:
            self.declared = not _loads()
            if self.declared:
                _declare()
        if fullname == "torchvision._meta_registrations" and self.declared:
            # Now its extension has not loaded; here torchvision asks whether there are operators.
            sys.modules["torchvision.extension"].__dict__["_has_ops"] = lambda: True
        return None


_COMPLETING = _Completing()


def _loads() -> bool:
    """Whether the operators are there after torchvision's extension has been loaded."""
    import torch

    package = PathFinder.find_spec("torchvision")
    folders = package.submodule_search_locations if package else None
    extension = PathFinder.find_spec("_C", folders) if folders else None
    if extension is None or extension.origin is None:
        return package is None  # it is not installed, or somewhere else than Python looks
    try:
        torch.ops.load_library(extension.origin)  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return True


def _declare() -> None:
    """Through torch.library.define, which keeps what it declares alive; a Library would not."""
    import torch

    for name, schema in OPERATORS.items():
        if hasattr(torch.ops.torchvision, name):  # the user's own file has declared it
            continue
        torch.library.define(f"torchvision::{name}", schema)
        torch.library.impl(f"torchvision::{name}", "cpu", _IN_PYTHON.get(name) or _missing(name))
    if not hasattr(torch.ops.torchvision, "_cuda_version"):
        torch.library.define("torchvision::_cuda_version", "() -> int")
        torch.library.impl("torchvision::_cuda_version", "default", lambda: -1)  # none


def _missing(name: str) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise MissingPackage(
            f"torchvision::{name} does not run here: torchvision's compiled operators do not load"
            " beside this PyTorch.",
            "Install the torchvision that was built for it: pip install torchvision --index-url"
            " https://download.pytorch.org/whl/cpu",
        )

    return refuse


def _nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Greedy: the best box that is left, without all that overlap with it."""
    import torch
    from torchvision.ops import box_iou

    _say_slow("nms")
    left, kept = scores.sort(descending=True, stable=True).indices, []
    while left.numel():
        best, left = left[:1], left[1:]
        kept.append(best)
        left = left[box_iou(dets[best], dets[left])[0] <= iou_threshold]
    return torch.cat(kept) if kept else left


def _roi_align(*args: Any) -> Tensor:
    """torchvision's own, which it would compile first."""
    python = importlib.import_module("torchvision.ops.roi_align")._roi_align  # noqa: SLF001

    _say_slow("roi_align")
    aligned: Tensor = python.__wrapped__(*args)
    return aligned


def _say_slow(name: str) -> None:
    say_once(
        f"torchvision's compiled operators do not load here: {name} runs in Python, and its time is"
        " not that of torchvision."
    )


_IN_PYTHON: dict[str, Callable[..., Any]] = {"nms": _nms, "roi_align": _roi_align}
