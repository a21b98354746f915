"""What of a machine may be in a file that is sent to others: no names of people, hosts or folders."""

from __future__ import annotations

import getpass
import platform
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lightbench.workers import autoload

# Variables that change what runs, and where; of the rest none is read.
WANTED = re.compile(
    r"ASCEND_\w+|ACL_OP_\w+|TORCH_NPU_\w+|TORCH_DEVICE_BACKEND_AUTOLOAD|TASK_QUEUE_ENABLE"
    r"|CPU_AFFINITY_CONF|HCCL_\w+|PYTORCH_(NPU_|CUDA_)?ALLOC_CONF"
    r"|(CUDA|HIP|ROCR)_VISIBLE_DEVICES|ZE_AFFINITY_MASK|CUDA_LAUNCH_BLOCKING"
    r"|NVIDIA_TF32_OVERRIDE|TORCH_ALLOW_TF32_CUBLAS_OVERRIDE|(OMP|MKL)_NUM_THREADS"
)
SECRET = re.compile(r"TOKEN|SECRET|PASSW|KEY|CREDENTIAL|HOST|USER|(^|_)IP(_|$)|ADDR", re.IGNORECASE)
ONLY_WHETHER = ("LD_LIBRARY_PATH", "LD_PRELOAD")  # long, and full of folders


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that matter, as the user has set them; of others only whether they are set."""
    users = autoload.handed_on(environ)
    wanted = (name for name in sorted(users) if WANTED.fullmatch(name) and not SECRET.search(name))
    whether = {name: "set" if users.get(name) else "not set" for name in ONLY_WHETHER}
    return {**{name: users[name] for name in wanted}, **whether}


class Nameless:
    """Takes the names of user, host and home folder out of texts."""

    def __init__(self, *, home: str = "", user: str = "", host: str = "") -> None:
        self._rules: list[tuple[re.Pattern[str], str]] = []
        if len(home) > 1:
            self._rules.append((re.compile(re.escape(home.rstrip("/")) + r"(?![\w.-])"), "~"))
        if user:
            self._rules.append((re.compile(rf"(?<=/){re.escape(user)}(?![\w.-])"), "<user>"))
        # A host that is called "cpu" or "gpu" would take words out of the text.
        if len(host) > 3 and host != "localhost":
            self._rules.append((re.compile(rf"(?<![\w-]){re.escape(host)}(?![\w-])"), "<host>"))

    @classmethod
    def here(cls) -> Nameless:
        """Of this process."""
        user = home = ""
        with suppress(Exception):  # a container may have no entry for its user
            user = getpass.getuser()
        with suppress(RuntimeError):
            home = str(Path.home())
        return cls(home=home, user=user if user != "root" else "", host=platform.node())

    def __call__(self, data: Any) -> Any:
        """The same data, of builtins, with every text made nameless."""
        if isinstance(data, str):
            for pattern, word in self._rules:
                data = pattern.sub(word, data)
            return data
        if isinstance(data, Mapping):
            return {key: self(value) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            return [self(value) for value in data]
        return data
