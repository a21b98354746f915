"""Operators that an engine runs off its fast path: reference kernels, and copies into another layout."""

from __future__ import annotations

from collections.abc import Iterator

from lightbench.studies.lint.linted import Finding, Linted

GUIDELINE = "fast path"
ENGINES = ("fused",)

# Why it is off the path -> what to do. An engine that says something else is told to say it.
REMEDIES = {
    "layout copy": "fewer switches between operators that want other layouts",
    "reference kernel": "an operator that the engine has a kernel for",
}
USUAL = "an operator that the engine supports"


def find(network: Linted) -> Iterator[Finding]:
    """One finding for each operator, module and reason; its time is that of the engine's own profile, where it tells
    one, and the cost all that it moves."""
    for one in network.off_path:
        yield Finding(
            GUIDELINE,
            one.path,
            f"{one.count} x {one.op}: {one.why}",
            REMEDIES.get(one.why, USUAL),
            one.mem_bytes or 0,
            None,
            (),
            (),
            measured=one.time,
            kind=f"{one.op}: {one.why}",
        )
