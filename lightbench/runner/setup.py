"""How a study runs its networks: what `lightbench profile` takes, one value each."""

from __future__ import annotations

from dataclasses import dataclass

from lightbench import devices
from lightbench.devices import Device
from lightbench.engines.support import named
from lightbench.errors import UnknownName, UsageError
from lightbench.records import Case
from lightbench.runner import abilities
from lightbench.runner.plan import CHOICES, check_batch


@dataclass(frozen=True)
class Setup:
    """How all points of a sweep are run; what `lightbench profile` takes, one value each."""

    device: str = "cpu"
    engine: str = "eager"
    batch: int = 1
    dtype: str = "float32"
    layout: str = "contiguous"
    threads: int | None = None
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "device", devices.one(self.device))  # with its number

    @property
    def found(self) -> Device:
        """The device itself."""
        return devices.find(self.device, self.options)

    def check(self) -> None:
        """Raises UnknownName, UsageError or DeviceUnavailable before anything is measured."""
        named.check(self.engine)
        for axis in ("dtype", "layout"):
            known, value = CHOICES[axis], getattr(self, axis)
            if value not in known:
                raise UnknownName(axis, value, known, f"Known: {', '.join(known)}.")
        check_batch(self.batch)
        how = {
            "device": self.device,
            "engine": self.engine,
            "dtype": self.dtype,
            "layout": self.layout,
        }
        abilities.refuse(Case(model="any", inputs=(), **how))  # type: ignore[arg-type]
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"threads are 1 or more, got {self.threads}.", "Try --threads 1.")
        device = self.found
        if reason := device.unavailable():
            raise reason
        device.host_threads(self.threads)
