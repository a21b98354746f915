"""Import torchvision also where its compiled operators do not load, as beside CPU torch."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

from lightbench.errors import MissingPackage, how_to_install


def import_torchvision() -> ModuleType:
    """The torchvision package, ready to build classification networks.

    Without its compiled operators torchvision stops at "operator torchvision::nms does not exist",
    though no classifier needs that operator. The second attempt declares it first; calling it then
    still fails. Raises MissingPackage if torchvision is not installed.
    """
    try:
        return importlib.import_module("torchvision")
    except ImportError as error:
        raise MissingPackage(
            f"torchvision does not import: {error}.", how_to_install("torchvision")
        ) from error
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
    # A failed import leaves its submodules behind, which would not be run again.
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    # Through torch.library.define, which keeps what it declares alive; a Library would not.
    for name in ("nms", "qnms"):
        schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        torch.library.define(f"torchvision::{name}", schema)
    return importlib.import_module("torchvision")
