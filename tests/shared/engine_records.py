"""Networks under several engines, as a run of profile would leave them: times in made-up rounds."""

from __future__ import annotations

import msgspec

from lightbench.records.outputs import Outputs
from lightbench.timing.summary import summarize

EAGER, ORT, OV = "eager", "onnxruntime", "openvino"
DRIFT = [
    1.0,
    1.5,
    0.8,
    1.2,
    2.0,
    0.7,
    1.1,
    0.9,
]  # of the machine, round by round: no ratio shows it
SAME, FAR = Outputs(error=1e-6, eager_error=1e-6), Outputs(error=0.2, eager_error=1e-6)

# Milliseconds: the first two are 0.89 in eager and 1.23 in ONNX Runtime.
TIMES = {
    "a": {EAGER: 28.2, ORT: 10.15, OV: 11.84},
    "b": {EAGER: 31.8, ORT: 8.27, OV: 8.90},
    "c": {EAGER: 57.4, ORT: 28.70, OV: 28.70},
    "d": {EAGER: 12.0, ORT: 3.24, OV: 3.48},
    "e": {EAGER: 23.5, ORT: 5.64, OV: 5.41},
}


def timed(make_record, model, engine, ms, *, rounds=8, **settings):
    """One record, whose rounds drift as all others of the run do; ``ms`` None: it failed."""
    if ms is None:
        return make_record(model, engine=engine, failure="no memory.", **settings)
    record = make_record(model, engine=engine, **settings)
    times = tuple(ms / 1e3 * DRIFT[i % len(DRIFT)] for i in range(rounds))
    samples = msgspec.structs.replace(record.samples, wall_s=times)
    return msgspec.structs.replace(record, samples=samples, latency=summarize(samples))


def table(make_record, times, *, outputs=None, **settings):
    """All of ``times``, {network: {engine: ms}}; ``outputs`` by (network, engine), which are the same unless
    said. One that differs is suspect, as the runner leaves it."""
    return [
        _judged(
            timed(make_record, model, engine, ms, **settings), (outputs or {}).get((model, engine))
        )
        for model, row in times.items()
        for engine, ms in row.items()
    ]


def _judged(record, outputs):
    if record.case.engine == EAGER or record.failure:
        return record
    outputs = outputs or SAME
    warnings = ("suspect: its outputs are off.",) if outputs.verdict == "differs" else ()
    return msgspec.structs.replace(record, outputs=outputs, warnings=(*record.warnings, *warnings))
