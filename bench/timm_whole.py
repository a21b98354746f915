"""Every architecture of timm on meta: no error, nothing uncounted, params and MAdds exact.

    python bench/timm_whole.py [name ...]

takes about 25 minutes for all of them; the MAdds are checked with PyTorch's FlopCounterMode.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "golden"))
from timm_on_meta import architectures, faults


def main(names: Sequence[str]) -> int:
    wrong = 0
    for name in names:
        try:
            found = faults(name)
        except Exception as error:  # noqa: BLE001  the next one is to be tried all the same
            found = [f"{type(error).__name__}: {error}"]
        if found:
            wrong += 1
            print(f"{name}: {'; '.join(found)}", flush=True)
    print(f"{len(names) - wrong} of {len(names)} architectures are counted exactly")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or architectures()))
