"""Records for tests, with numbers that a reader can check by hand; and commands run in this process."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from fork_server import ForkServers

from lightbench.cli import run
from lightbench.environment import free_cores as cores
from lightbench.records import (
    SCHEMA,
    Case,
    Costs,
    Environment,
    Failure,
    Identity,
    InputSpec,
    Latency,
    Op,
    Record,
    Run,
    Samples,
    SweepPoint,
)
from lightbench.studies.card.card import EXPERIMENT, LAUNCH, MOVES, RATES, STREAM
from lightbench.timing.summary import summarize

with suppress(ImportError):  # the environment of the NPU has none
    from hypothesis import HealthCheck, settings

    # A slow machine is no fault of what is tested.
    slow = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("any machine", settings(), **slow)
    settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _no_modules_left(tmp_path_factory):
    """What a test imports of files of its own is gone after it: another's may be called alike."""
    before, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    folder = str(tmp_path_factory.getbasetemp())
    for name in sys.modules.keys() - before:
        if folder in str(getattr(sys.modules[name], "__dict__", {}).get("__spec__")):
            del sys.modules[name]


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
    mem_access=330,
    shape=(3, 224, 224),
    sweep=None,
    run="one",
    anchor=False,
    identity="one",
    **case,
):
    """One case of one convolution, timed in the same rounds as all others that say nothing else. The interval is +-2 %, the 90th percentile 10 % above the median."""
    row = Op(
        path="conv1",
        module="Conv2d",
        op="conv2d",
        kind="dense conv",
        madds=madds,
        reads=mem_access - 230,
        writes=200,
        weights=30,
        read_bytes=mem_bytes,
        fused_bytes=mem_bytes // 2,
    )
    counted = Costs(
        params=params,
        param_bytes=4 * params,
        madds=madds,
        mem_access=mem_access,
        mem_bytes=mem_bytes,
        fused_bytes=mem_bytes // 2,
        activations=200,
        ops=(row,),
    )
    timed = failure is None
    return Record(
        schema=SCHEMA,
        time="2026-01-02T03:04:05Z",
        case=Case(model=model, inputs=(InputSpec(shape=shape),), batch=batch, **case),
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
        found=sweep,
        identity=Identity(structure=identity, counting="rules") if identity else None,
        run=Run(id=run, anchor=anchor, rel=0.01, max_s=10.0) if run and timed else None,
    )


DRIFT = (1.0, 1.5, 0.8, 1.2, 2.0, 0.7)  # of the whole machine, round by round: no ratio shows it
FOUR_RATIOS = {"1:1": 0.010, "1:2.25": 0.011, "1:4": 0.012, "1:9": 0.015}


def sweep_records(
    times=FOUR_RATIOS,
    *,
    experiment="g1_channel_ratio",
    channels="aligned",
    width=1,
    run="a1",
    reference=None,
    per_madd=False,
    madds=None,
    mem_access=None,
    mem_bytes=None,
    launch=None,
    settings=None,
    notes=None,
    rounds=12,
    samples_per_round=1,
    costs=True,
    **case,
):
    """The records of one sweep: row -> seconds, which drift alike in all rows; or all its samples; or
    None, for a row that failed. The reference is the first row. Everything else is row -> value,
    where it is not the same for all: ``launch`` in seconds makes a probe of that row."""

    usual = {"c1": 64, "c2": 64, "blocks": 10} if experiment == "g1_channel_ratio" else {"c": 64}

    def made(row, seconds, *, probe):
        point = SweepPoint(
            run=run,
            experiment=experiment,
            point=row,
            channels=channels,
            width=width,
            settings=(settings or {}).get(row, usual),
            reference=row == (reference or next(iter(times))),
            launch=probe,
            per_madd=per_madd,
            note=(notes or {}).get(row, ""),
        )
        given = {
            "shape": (64, 1, 1) if probe else (64, 56, 56),
            "madds": (madds or {}).get(row, 1_000_000),
            "mem_access": (mem_access or {}).get(row, 330),
            "mem_bytes": (mem_bytes or {}).get(row, 4000),
            "costs": costs,
            "sweep": point,
            "run": run,
            **case,
        }
        model = f"stack:{row}"
        if seconds is None:
            return record(model, failure="out of memory.", **{**given, "costs": False})
        if isinstance(seconds, float):
            each = rounds * samples_per_round
            seconds = [seconds * DRIFT[i % len(DRIFT)] for i in range(each)]
        samples = Samples(
            wall_s=tuple(seconds),
            samples_per_round=samples_per_round,
            first_call_s=max(seconds),
            warmup_calls=3,
            stop="converged",
        )
        return msgspec.structs.replace(
            record(model, **given), samples=samples, latency=summarize(samples)
        )

    return [
        *(made(row, seconds, probe=False) for row, seconds in times.items()),
        *(made(row, seconds, probe=True) for row, seconds in (launch or {}).items()),
    ]


@pytest.fixture(scope="session", name="sweep_records")
def sweep_records_fixture():
    """The factory above: ``sweep_records({"1:1": 0.010, "1:9": 0.015}, width=2)``."""
    return sweep_records


@pytest.fixture(scope="session")
def card_records():
    """The records of a device that does as many MAdds/s in every kind as it moves bytes."""
    rows = [*RATES, *MOVES, STREAM, LAUNCH]
    million = dict.fromkeys(rows, 10**6)

    def made(**case):
        return sweep_records(
            dict.fromkeys(rows, 0.001), experiment=EXPERIMENT, run="card",
            madds=million, mem_bytes=million, **case,
        )  # fmt: skip

    return made


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


@pytest.fixture(scope="session")
def compiler():
    """What torch.compile needs beyond Python, which an ordinary machine may lack."""
    command = shutil.which(os.environ.get("CXX", "g++"))
    if not command or not Path(sysconfig.get_path("include"), "Python.h").is_file():
        pytest.skip("torch.compile needs g++ and Python's headers (python3-dev)")
    return command


@pytest.fixture(autouse=True, scope="session")
def no_worker():
    """A run of pytest that a test starts is not one of the workers that share our tests."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
            monkeypatch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True, scope="session")
def free_cores():
    """Whoever else uses this machine, tests take as many threads as PyTorch would."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv(cores.HANDED_ON, "1024")
        yield


@pytest.fixture(autouse=True)
def threads_decided_anew():
    """What one test has decided is not for the next one."""
    cores.forget()
    yield
    cores.forget()


@pytest.fixture(scope="session")
def fork_servers():
    """Processes that have imported PyTorch, and fork: see `fork_server`."""
    with ForkServers() as servers:
        yield servers


@pytest.fixture(scope="module")
def forked(fork_servers):
    """What starts Python in this file, ours or lightbench, forks it there: how a process begins is not its claim."""
    with fork_servers.instead():
        yield


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


@pytest.fixture(scope="session")
def five(make_record):
    """Five networks with published accuracies 70.6, 72.0, 69.4, 60.3 and 69.758 %."""
    table = {
        "mobilenet_v1": (20, 569 * 10**6),
        "mobilenet_v2": (25, 301 * 10**6),
        "shufflenet_v2_x1_0": (15, 146 * 10**6),
        "shufflenet_v2_x0_5": (10, 40 * 10**6),
        "resnet18": (60, 1814 * 10**6),
    }
    return [make_record(n, latency_s=ms / 1e3, madds=madds) for n, (ms, madds) in table.items()]
