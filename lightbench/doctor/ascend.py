"""What an Ascend NPU needs of its host, and what of that is missing here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lightbench.doctor.report import CANN, Report


class Need(NamedTuple):
    """One thing: its name, whether it is there, and what to do where it is not."""

    what: str
    there: bool
    otherwise: str


# What of `report.mounts` is needed -> how a host or a container gets it.
GET: Mapping[str, str] = {
    "/dev/davinci[0-9]*": "the card; in a container: --device=/dev/davinci0.",
    "/dev/davinci_manager": "in a container: --device=/dev/davinci_manager.",
    "/dev/devmm_svm": "in a container: --device=/dev/devmm_svm.",
    "/dev/hisi_hdc": "in a container: --device=/dev/hisi_hdc.",
    "/usr/local/dcmi": "npu-smi asks it; in a container: -v /usr/local/dcmi:/usr/local/dcmi.",
    "/usr/local/Ascend/driver": "install the driver and firmware; in a container:"
    " -v /usr/local/Ascend/driver:/usr/local/Ascend/driver.",
    "npu-smi": "it comes with the driver; in a container: -v /usr/local/bin/npu-smi:/usr/local/bin/npu-smi.",
    CANN: "install the CANN toolkit, and source its set_env.sh.",
}
NAMES = {"/dev/davinci[0-9]*": "/dev/davinci*", "/usr/local/Ascend/driver": "driver"}


def concerned(report: Report) -> bool:
    """Is this a host of NPUs, or one that somebody takes for one?"""
    return (
        report.asked.torch_device == "npu"
        or report.asked.device.startswith("npu")
        or report.versions.get("torch_npu") is not None
        or any(report.mounts.values())
        or any(name.startswith("ASCEND_") for name in report.variables)
    )


def needs(report: Report) -> Iterator[Need]:
    """In the order in which they are put in place."""
    for name, otherwise in GET.items():
        yield Need(NAMES.get(name, name), report.mounts.get(name, False), otherwise)
    torch = (report.versions.get("torch") or "").partition("+")[0]
    installed = report.versions.get("torch_npu") is not None
    yield Need("torch_npu", installed, f"pip install torch-npu=={torch}.")
