"""Records for tests, with numbers that a reader can check by hand; and commands run in this process."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lightbench.cli import run
from lightbench.records import (
    SCHEMA,
    Case,
    Costs,
    Environment,
    Failure,
    InputSpec,
    Latency,
    Op,
    Record,
    Samples,
)


def record(
    model="resnet18",
    *,
    batch=1,
    latency_s=0.010,
    madds=1_814_073_344,
    mem_bytes=94_500_000,
    params=11_689_512,
    stop="converged",
    warnings=(),
    failure=None,
    comparable=None,
    costs=True,
    **case,
):
    """One case of one convolution. The interval is +-2 %, the 90th percentile 10 % above the median."""
    row = Op(
        path="conv1",
        module="Conv2d",
        op="conv2d",
        kind="dense conv",
        madds=madds,
        reads=100,
        writes=200,
        weights=30,
        read_bytes=mem_bytes,
        fused_bytes=mem_bytes // 2,
    )
    counted = Costs(
        params=params,
        param_bytes=4 * params,
        madds=madds,
        mem_access=330,
        mem_bytes=mem_bytes,
        fused_bytes=mem_bytes // 2,
        activations=200,
        ops=(row,),
    )
    timed = failure is None
    return Record(
        schema=SCHEMA,
        time="2026-01-02T03:04:05Z",
        case=Case(model=model, inputs=(InputSpec(shape=(3, 224, 224)),), batch=batch, **case),
        status="ok" if timed else "failed",
        environment=Environment(
            comparable=comparable or {"cpu": "Example CPU", "threads": 2, "torch": "2.13.0"},
            noted={"load": 0.25, "governor": None},
        ),
        costs=counted if costs else None,
        samples=Samples(
            wall_s=(latency_s * 0.98, latency_s, latency_s * 1.1),
            first_call_s=latency_s * 5,
            warmup_calls=3,
            stop=stop,
        )
        if timed
        else None,
        latency=Latency(
            median_s=latency_s,
            low_s=latency_s * 0.98,
            high_s=latency_s * 1.02,
            p90_s=latency_s * 1.1,
            p99_s=None,
            min_s=latency_s * 0.97,
            n=30,
        )
        if timed
        else None,
        warnings=warnings,
        failure=Failure(error="ModelError", message=failure, hint="Try --batch 1.")
        if failure
        else None,
    )


@pytest.fixture(scope="session")
def make_record():
    """The factory above: ``make_record("net", batch=8, latency_s=0.02)``."""
    return record


@pytest.fixture(scope="session")
def profile():
    """Four models at two batches, as a profile run would leave them."""
    models = {
        "shufflenet_v2_x1_0": (2_278_604, 144_908_312, 66_300_000, 0.0142),
        "mobilenet_v2": (3_504_872, 300_774_272, 155_000_000, 0.0251),
        "resnet18": (11_689_512, 1_814_073_344, 94_500_000, 0.0380),
        "squeezenet1_1": (1_235_496, 349_151_936, 58_000_000, 0.0127),
    }
    return [
        record(name, batch=batch, params=params, madds=madds * batch, mem_bytes=moved * batch,
               latency_s=latency_s * batch**0.9)
        for name, (params, madds, moved, latency_s) in models.items()
        for batch in (1, 8)
    ]  # fmt: skip


class Answer(NamedTuple):
    """What a command left behind: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


@pytest.fixture
def lightbench(capsys):
    """Run a command in this process: ``lightbench("count", "resnet18").out``."""

    def call(*arguments):
        capsys.readouterr()
        return Answer(run([str(argument) for argument in arguments]), *capsys.readouterr())

    return call
