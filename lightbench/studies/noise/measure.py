"""How noisy is this machine? The same network twice, and once with a known dose of work more."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from lightbench import devices
from lightbench.devices import Device
from lightbench.environment import capture, contention
from lightbench.environment.allocator import keep_freed_memory
from lightbench.models import sources
from lightbench.models.inputs import SETTLING_IMAGES, fewest_ids, make_arguments, settle_norms
from lightbench.models.sources import own_switches
from lightbench.process import switches
from lightbench.records import Case, Environment, Samples
from lightbench.records.failure import explain_plainly
from lightbench.runner import prepare, record
from lightbench.runner.control import USUAL, Control, Report
from lightbench.runner.given import Given
from lightbench.runner.plan import plan
from lightbench.runner.session import here, process_kept, with_noted
from lightbench.stats.bootstrap import BLOCK_S, Odds, TwoRuns, blocks_of, cut, odds, two_runs
from lightbench.stats.median import by_round, median
from lightbench.stats.ratio import Ratio, paired_ratio
from lightbench.studies.noise.settings import USUAL_SETTINGS, Settings
from lightbench.timing.clock import Reading, Step, clocks
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Rule
from lightbench.timing.warmup import calls_per_sample

MODEL = "shufflenet_v2_x0_5"
DOSE = 0.04  # of the network's own time
ENOUGH_BLOCKS = 2  # the shortest gate has as many

WARM_UP_S = 3.0
CALIBRATE_S = 1.0  # for each side of a first look
UNIT = 16  # convolutions that are timed to know how many make the dose
MOST = 10_000
MOST_SPOILT = 10  # times slower with the caches full of the network
CHANNELS, SIZE = 64, 14  # a convolution of 0.8 M multiply-adds, shorter than any layer that matters

ARMS = ("a", "again", "dosed")


@dataclass(frozen=True)
class Noise:
    """What `measure_noise` found. ``samples`` of the three arms: sample i of each is of the same
    round. ``alike`` is the ratio of the two copies, ``dose`` the true size of the dose, each with its
    95 % interval; ``convolutions`` is what the dose is made of. ``wall`` and ``cpu`` are what gates of 5, 20 and 60 s say by each clock, ``cpu`` only for
    one thread; with accelerators ``wall`` is the device's own clock. ``cpu_share`` is the share of a
    call's time that its thread spent on the CPU."""

    case: Case
    environment: Environment
    tolerance: float
    seconds: float
    blocks: int
    convolutions: int
    alike: Ratio
    dose: Ratio
    dose_cpu: Ratio | None
    wall: tuple[Odds | None, ...]
    cpu: tuple[Odds | None, ...]
    two_runs: TwoRuns | None
    cpu_share: float | None
    contended: bool
    interrupted: bool
    warnings: tuple[str, ...]
    samples: Mapping[str, Samples]


class Dose(nn.Module):
    """``count`` small convolutions, one after the other. Each averages over its channels, so that ones
    stay ones, however many there are."""

    def __init__(self, count: int) -> None:
        super().__init__()
        weight = torch.full((CHANNELS, CHANNELS, 1, 1), 1 / CHANNELS)
        self.count = count
        self.weight = nn.Parameter(weight)
        self.register_buffer("ones", torch.ones(1, CHANNELS, SIZE, SIZE))

    def forward(self, *_args: Any, **_kwargs: Any) -> Tensor:
        x: Any = self.ones
        for _ in range(self.count):
            x = nn.functional.conv2d(x, self.weight)
        return x  # type: ignore[no-any-return]


class Dosed(nn.Module):
    """A network, then the dose, whose result is given too: a compiler would leave out what nobody
    reads."""

    def __init__(self, network: nn.Module, count: int) -> None:
        super().__init__()
        self.network = network
        self.dose = Dose(count)

    def forward(self, *args: Any, **kwargs: Any) -> tuple[Any, Tensor]:
        return self.network(*args, **kwargs), self.dose()


def measure_noise(
    model: str = MODEL,
    settings: Settings = USUAL_SETTINGS,
    control: Control = USUAL,
    *,
    device: str = "cpu",
    clock: Callable[[], float] = time.perf_counter,
    **axes: Any,
) -> Noise:
    """Time a network, a copy of it, and it with about 4 % more to do, one call of each in turn and in
    random order for ``settings.seconds``; and draw gates of 5, 20 and 60 s from that (see `stats.bootstrap`).

    The copies are alike, so there are no untimed calls between them. After Ctrl-C it says what is
    known so far, if that is 5 s of pairs or more. Raises UsageError, UnknownName, ModelError,
    OutOfMemory, DeviceUnavailable.
    """
    rule = Rule(max_s=settings.seconds, warmup_s=min(WARM_UP_S, settings.seconds))
    name, say = devices.one(device), control.say
    case = _case(model, trusted=control.trusted, device=name, **axes)
    hardware = devices.find(name)
    if reason := hardware.unavailable():
        raise reason
    keep_freed_memory()
    rng = random.Random(control.seed)
    with process_kept(), switches.kept(), ExitStack() as stack:
        active = stack.enter_context(hardware.session(threads=case.threads))
        where = here(hardware, name, active)
        say(f"{model}: load, count, first run")
        with own_switches.loading(model):  # every arm is of its code
            network = _network(case, hardware, trusted=control.trusted)

        def ready(arm: nn.Module) -> Step:
            return prepare.prepare(case, hardware, Given(arm)).step

        steps = {"a": ready(network), "again": ready(network)}
        say("how much is 4 %")
        convolutions = _dose_of(lambda arm: _look(steps["a"], ready(arm), clock, rng), network)
        steps["dosed"] = ready(Dosed(network, convolutions))
        say(f"{model}, the same again, and {convolutions} small convolutions more")
        with hardware.watching(case.threads, active) as seen:
            samples = _alternate(
                steps,
                rule,
                calls=calls_per_sample(steps["a"](1).wall_s),
                clock=clock,
                rng=rng,
                report=control.progress,
            )
        where = with_noted(where, seen)
        later = here(hardware, name, active)
    say("draw gates")
    return judged(
        case,
        where,
        samples,
        convolutions=convolutions,
        tolerance=settings.tolerance,
        rng=rng,
        warnings=(
            *hardware.concerns(),
            *capture.warnings(where),
            *contention.reasons(where),
            *_since(where, later),
        ),
    )


def _case(model: str, *, trusted: bool, **axes: Any) -> Case:
    one_each: dict[str, Any] = {axis: [value] for axis, value in axes.items()}
    (case,), errors = plan([model], trusted=trusted, **one_each)
    for error in errors.values():
        raise error
    return case


def _dose_of(look: Callable[[nn.Module], float], network: nn.Module) -> int:
    """How many small convolutions are about 4 % of a network's time, which ``look`` gives that of an
    arm in."""
    unit = look(Dose(UNIT))
    guess = convolutions_for(unit / UNIT)
    in_place = look(Dosed(network, guess)) - 1
    # Behind a network each takes longer than among its like, but there are limits.
    return convolutions_for(min(max(in_place / guess, unit / UNIT), MOST_SPOILT * unit / UNIT))


def _since(before: Environment, now: Environment) -> list[str]:
    """What happened meanwhile; the load then is our own."""
    known = capture.warnings(now)
    return [said for said in capture.warnings(now, before) if said not in known]


def _network(case: Case, hardware: Device, *, trusted: bool) -> nn.Module:
    """The network of which every arm gets a copy."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = sources.find(case.model, trusted=trusted).build()
    if hardware.torch_device != "meta":
        few = min(case.batch, SETTLING_IMAGES)
        settle_norms(network, *make_arguments(case.inputs, batch=few, ids=fewest_ids(network)))
    return network


def _look(a: Step, b: Step, clock: Callable[[], float], rng: random.Random) -> float:
    """Roughly, how many times the time of a b takes; by the CPU clock where there is one, which is
    calmer."""
    rule = Rule(max_s=CALIBRATE_S, warmup_s=CALIBRATE_S)
    samples = [_timed(s) for s in collect({"a": a, "b": b}, rule, clock=clock, rng=rng).values()]
    by_cpu = all(side.cpu_s and not side.device_s and min(side.cpu_s) > 0 for side in samples)
    one, two = (
        by_round(side.cpu_s if by_cpu else side.times_s, side.samples_per_round) for side in samples
    )
    return paired_ratio(one, two).ratio


def convolutions_for(one: float) -> int:
    """How many make the dose, if one takes that fraction of the network's time; at least one."""
    return min(max(round(DOSE / one), 1), MOST)


def _timed(outcome: Samples | Exception) -> Samples:
    """Raises what kept it from being timed, as an error that says so."""
    if isinstance(outcome, Samples):
        return outcome
    raise explain_plainly("the network failed while it was timed", outcome) from outcome


def _alternate(
    steps: Mapping[str, Step],
    rule: Rule,
    *,
    calls: int,
    clock: Callable[[], float],
    rng: random.Random,
    report: Report | None,
) -> dict[str, Samples]:
    """The samples of all arms. For `collect` one round of them is one call, so that they are warmed up
    in turn too, and nothing untimed comes between: for that they are alike."""
    taken: list[dict[str, Reading]] = []

    def one_round(n: int) -> Reading:
        readings = {arm: steps[arm](n * calls) for arm in rng.sample(list(steps), len(steps))}
        throttled = [r.throttled for r in readings.values() if r.throttled]
        if not throttled:
            taken.append(readings)
        spent_s = sum(r.wall_s for r in readings.values()) * calls
        return Reading(spent_s, throttled=throttled[0] if throttled else None)

    whole = _timed(
        collect(
            {"round": one_round},
            rule,
            clock=clock,
            rng=rng,
            report=report,
            enough=lambda _spent_s, _times: False,
        )["round"]
    )
    kept = taken[-len(whole.wall_s) :]  # those before were the warm-up
    return {
        arm: msgspec.structs.replace(
            whole,
            **clocks([readings[arm] for readings in kept]),
            calls_per_sample=whole.calls_per_sample * calls,
        )
        for arm in steps
    }


def judged(
    case: Case,
    where: Environment,
    samples: Mapping[str, Samples],
    *,
    convolutions: int,
    tolerance: float,
    rng: random.Random,
    warnings: tuple[str, ...] = (),
) -> Noise:
    """What samples of the three arms say. Raises KeyboardInterrupt if they were interrupted before
    there were enough of them."""
    a, again, dosed = (samples[arm] for arm in ARMS)
    pair_s, dosed_s = _spent(a, again), _spent(a, dosed)
    blocks = len(cut(pair_s, BLOCK_S))
    interrupted = any(arm.stop == "interrupted" for arm in samples.values())
    if interrupted and blocks < ENOUGH_BLOCKS:
        raise KeyboardInterrupt
    threads = where.comparable.get("threads")
    has_cpu = all(arm.cpu_s and min(arm.cpu_s) > 0 for arm in samples.values())
    alone = case.device == "cpu" and threads == 1 and has_cpu

    def judge(x: str, of: Ratio) -> tuple[Odds | None, ...]:
        one, two, three = (getattr(arm, x) for arm in (a, again, dosed))
        alike = blocks_of(one, two, pair_s)
        return odds(alike, blocks_of(one, three, dosed_s), of.ratio - 1, tolerance, rng)

    dose = paired_ratio(a.times_s, dosed.times_s)
    dose_cpu = paired_ratio(a.cpu_s, dosed.cpu_s) if alone else None
    round_s = _spent(a, again, dosed)
    return Noise(
        case=case,
        environment=where,
        tolerance=tolerance,
        seconds=sum(round_s),
        blocks=blocks,
        convolutions=convolutions,
        alike=paired_ratio(a.times_s, again.times_s),
        dose=dose,
        dose_cpu=dose_cpu,
        wall=judge("times_s", dose),
        cpu=judge("cpu_s", dose_cpu) if dose_cpu else (),
        two_runs=two_runs(a.times_s, round_s),
        cpu_share=_share(a) if case.device == "cpu" and has_cpu else None,
        contended=bool(record.disturbed(a, where)),
        interrupted=interrupted,
        warnings=warnings,
        samples=samples,
    )


def _spent(*arms: Samples) -> list[float]:
    """The seconds of each round that went into these arms."""
    calls = [arm.calls_per_sample for arm in arms]
    each = zip(*(arm.wall_s for arm in arms), strict=True)
    return [sum(n * s for n, s in zip(calls, times, strict=True)) for times in each]


def _share(samples: Samples) -> float:
    return median(cpu / wall for wall, cpu in zip(samples.wall_s, samples.cpu_s, strict=True))


def data(found: Noise) -> dict[str, Any]:
    """All of it as builtins, raw samples included."""
    plain: dict[str, Any] = msgspec.to_builtins(found, order="deterministic")
    for clock in ("wall", "cpu"):
        for drawn, made in zip(plain[clock], getattr(found, clock), strict=True):
            if made is not None:
                drawn |= {"alarm_rate": made.alarm_rate, "alarm_bound": made.alarm_bound}
    return plain
