"""The process that tests a device for another one: ``python -m lightbench.doctor FD``.

It reads the device's name from stdin, as JSON, and writes JSON lines to FD: what it is about to do,
what it has found, and that it is done.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import msgspec

from lightbench.workers import autoload


def main(descriptor: str) -> None:
    """Test, answer, and leave without tearing anything down: drivers may hang in that."""
    autoload.hold_back()
    os.dup2(2, 1)
    name = msgspec.json.decode(sys.stdin.buffer.read(), type=str)
    with os.fdopen(int(descriptor), "wb", buffering=0) as pipe:

        def send(kind: str, value: Any) -> None:
            pipe.write(msgspec.json.encode([kind, value]) + b"\n")

        try:
            # These import torch, which must not import anything else along with it.
            from lightbench import devices
            from lightbench.doctor import selftest

            for check in selftest.run(devices.find(name), lambda label: send("doing", label)):
                send("check", check)
        except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
            send("error", f"{type(error).__name__}: {' '.join(str(error).split())}")
        else:
            send("end", "")
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
