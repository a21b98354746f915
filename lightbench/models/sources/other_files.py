"""Files that people have of a network and that are none that can be built or run: what to name instead."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path

from lightbench.errors import UsageError

NAME_IT = "Name what builds it: path/file.py:Class, torchvision:NAME."
GIVE_WEIGHTS = f"{NAME_IT} evaluate, predict and train take its weights beside it: --weights {{}}."
EXPORT_IT = f"{NAME_IT} Or export it to ONNX, and name that file."
CONVERT_IT = "Convert it to .onnx or .tflite, and name that file."
ONE_DEVICE = "was made for one device by its own compiler"
TORCHSCRIPT = "is TorchScript, which says nothing of its modules", EXPORT_IT

WEIGHTS = "holds weights, and not the network that they are of", GIVE_WEIGHTS
KERAS = "is a model of TensorFlow's", CONVERT_IT
COMPILED = ONE_DEVICE, "Name what it was made of: an .onnx file, or path/file.py:Class."
# Suffix -> what such a file is, and what to do.
OTHERS = {
    ".pt": WEIGHTS,
    ".pth": WEIGHTS,
    ".ckpt": WEIGHTS,
    ".safetensors": WEIGHTS,
    ".pt2": ("is an exported program of PyTorch's", EXPORT_IT),
    ".ptl": TORCHSCRIPT,
    ".pte": ("is a program of ExecuTorch's", EXPORT_IT),
    ".bin": ("holds weights", "Name the file beside it that describes the network: .xml."),
    ".h5": KERAS,
    ".keras": KERAS,
    ".pb": KERAS,
    ".mindir": ("is a model of MindSpore's", EXPORT_IT),
    ".param": ("is a network of ncnn's", EXPORT_IT),
    ".mlmodel": ("is a model of Core ML's", EXPORT_IT),
    ".mlpackage": ("is a model of Core ML's", EXPORT_IT),
    ".caffemodel": ("holds weights of Caffe's", CONVERT_IT),
    ".prototxt": ("is a network of Caffe's", CONVERT_IT),
    ".engine": COMPILED,
    ".plan": COMPILED,
    ".trt": COMPILED,
    ".om": COMPILED,
    ".rknn": COMPILED,
}


def refuse_other_file(model: str) -> None:
    """Raises UsageError for the name of such a file, whether it is there or not."""
    file = Path(model)
    if known := OTHERS.get(file.suffix.lower()):
        what, instead = TORCHSCRIPT if _is_torchscript(file) else known
        raise UsageError(f"{model!r} {what}.", instead.format(model))


def _is_torchscript(file: Path) -> bool:
    """Both are zip files; only a script holds code."""
    with suppress(OSError, zipfile.BadZipFile):
        if file.is_file() and zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as inside:
                return any("/code/" in name for name in inside.namelist())
    return False
