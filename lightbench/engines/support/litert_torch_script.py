"""A network of ``torch.export.save`` as a .tflite file: ``python litert_torch_script.py NETWORK MADE``.

Run by the Python of litert-torch's own environment, which has no lightbench. What goes wrong is the last line that it
prints.
"""

from __future__ import annotations

import sys
import warnings


def main(network: str, made: str) -> None:
    """Read the one, write the other."""
    import litert_torch
    import torch

    warnings.simplefilter("ignore")
    program = torch.export.load(network)
    args, keywords = program.example_inputs
    litert_torch.convert(program.module(), args, keywords or None).export(made)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001  a traceback of hundreds of lines, with others' advice at its end
        said = str(error).strip().partition("\n")[0]
        sys.exit(f"{type(error).__name__}: {said}")
