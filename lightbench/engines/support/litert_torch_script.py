"""A network of ``torch.export.save`` as a .tflite file: ``python litert_torch_script.py NETWORK MADE [SAMPLES]``.

With samples, several inputs of the network in a file of ``torch.save``, it is made to compute in int8.

Run by the Python of litert-torch's own environment, which has no lightbench. What goes wrong is the last line that it
prints.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any


def main(network: str, made: str, samples: str = "") -> None:
    """Read the first, write the second."""
    import litert_torch
    import torch

    warnings.simplefilter("ignore")
    program = torch.export.load(network)
    args, keywords = program.example_inputs
    converted = litert_torch.convert(program.module(), args, keywords or None)
    if not samples:
        converted.export(made)
        return
    wide = f"{made}.tflite"
    converted.export(wide)
    Path(made).write_bytes(in_int8(wide, torch.load(samples, weights_only=True)))


def in_int8(model: str, samples: Any) -> bytes:
    """With the ranges that ``samples`` have, each a list of the network's tensors. The tool's own recipe makes also what
    is handed over and answered int8, which its callers would have to scale: here the model does that itself."""
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import quantizer, recipe
    from ai_edge_quantizer.qtyping import TFLOperationName

    maker = quantizer.Quantizer(model, recipe.static_wi8_ai8())
    for end in (TFLOperationName.INPUT, TFLOperationName.OUTPUT):
        maker.update_quantization_recipe(
            ".*", end, algorithm_key=quantizer.AlgorithmName.NO_QUANTIZE
        )
    interpreter = Interpreter(model_path=model)
    (signature,) = interpreter.get_signature_list()
    takes = interpreter.get_signature_runner(signature).get_input_details()
    given = [
        {
            name: x.numpy().astype(takes[name]["dtype"], copy=False)
            for i, x in enumerate(tensors)
            if (name := f"args_{i}") in takes  # one that the network does not read may be missing
        }
        for tensors in samples
    ]
    ranges = maker.calibrate({signature: given}, num_threads=os.cpu_count() or 1)
    found = maker.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    assert found.quantized_model is not None
    return bytes(found.quantized_model)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001  a traceback of hundreds of lines, with others' advice at its end
        said = str(error).strip().partition("\n")[0]
        sys.exit(f"{type(error).__name__}: {said}")
