"""A device whose ceilings a reader can check by hand, as `lightbench roofline` would have measured it."""

from __future__ import annotations

import msgspec

from lightbench.records import Costs, Latency, Op, Run, SweepPoint
from lightbench.studies.roofline.points import POINTS, PRODUCTS, SPATIAL, STARTS, STREAMS, labels

KB, MB = 1000, 10**6
# GMAdds/s of every shape: the best product has 8, the best 3x3 convolution 8 as well.
RATES = {
    **dict(zip(labels(PRODUCTS), (1, 2, 4, 8, 6), strict=True)),
    **dict(zip(labels(SPATIAL), (4, 8, 2, 1), strict=True)),
}
BEST = labels(PRODUCTS)[3]
# Bytes of a map, and GB/s: the nearest cache has 40, memory 2.
MAPS = dict(
    zip(
        labels(STREAMS),
        ((250 * KB, 20), (MB, 40), (4 * MB, 10), (16 * MB, 4), (64 * MB, 5), (256 * MB, 2)),
        strict=True,
    )
)
# Seconds of all their operators: 2 us and 10 us each.
STARTED = dict(zip(labels(STARTS), ((100, 200e-6), (50, 500e-6)), strict=True))


def conv(madds, *, read=0, write=0, weight=0, fused=None, kind="dense conv", path="conv"):
    """One operator; in the fused account it moves the same unless that is said."""
    return Op(
        path=path,
        module="Conv2d",
        op="conv2d",
        kind=kind,
        madds=int(madds),
        read_bytes=int(read),
        write_bytes=int(write),
        weight_bytes=int(weight),
        fused_bytes=int(read + write + weight if fused is None else fused),
    )


def costs_of(*ops, param_bytes=0):
    """The costs of a network of these operators."""
    return Costs(
        params=0,
        param_bytes=param_bytes,
        madds=sum(op.madds for op in ops),
        mem_access=sum(op.mem_access for op in ops),
        mem_bytes=sum(op.mem_bytes for op in ops),
        fused_bytes=sum(op.fused_bytes for op in ops),
        activations=0,
        ops=ops,
    )


def of_costs(record, costs, time_s=None, spread=0.02):
    """A record with other costs, and another time: its interval is +-2 %, its shortest call the median less that."""
    time_s = time_s or record.latency.median_s
    low, high = time_s * (1 - spread), time_s * (1 + spread)
    latency = Latency(
        median_s=time_s, low_s=low, high_s=high, p90_s=None, p99_s=None, min_s=low, n=30
    )
    return msgspec.structs.replace(record, costs=costs, latency=latency)


def peak_records(make_record, *, without=(), faster=1, run="one", sweep_run="r", **case):
    """What is measured of the device; the shortest call of each is what its ceiling is made of."""
    return [
        of_costs(
            make_record(
                POINTS[label].model,
                sweep=SweepPoint(run=sweep_run, experiment="roofline", point=label),
                run=run,
                **case,
            ),
            costs,
            seconds / faster,
            spread=0.0,
        )
        for label, costs, seconds in _measured()
        if label not in without
    ]


def _measured():
    for label, rate in RATES.items():
        yield label, costs_of(conv(1e9, read=MB)), 1 / rate
    for label, (size, rate) in MAPS.items():
        relu = conv(0, read=size, write=size, kind="activation")
        yield label, costs_of(relu), 2 * size / rate / 1e9
    for label, (operators, seconds) in STARTED.items():
        yield label, costs_of(*[conv(1, read=4, write=4)] * operators), seconds


def roofline_records(make_record, names, **case):
    """The same, and networks: each is a convolution of 8 GMAdds, which takes 1 s at best, and took 2 s or more."""
    networks = [
        of_costs(make_record(name, **case), costs_of(conv(8e9, read=MB, write=MB)), 2.0 + i)
        for i, name in enumerate(names)
    ]
    return [*peak_records(make_record, **case), *networks]


def again(peak, *, run, times=1.0, warnings=()):
    """A peak as another run times it once more, as an anchor: it takes so many times as long there."""
    seconds = peak.latency.median_s * times
    record = of_costs(msgspec.structs.replace(peak, found=None), peak.costs, seconds, spread=0.0)
    return msgspec.structs.replace(record, run=Run(id=run, anchor=True), warnings=warnings)
