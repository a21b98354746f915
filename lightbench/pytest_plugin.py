"""The pytest fixture ``lightbench``: a test that a model costs no more, or is no slower than another.

Loaded whenever pytest starts, also where no test uses it: nothing slow is imported before it is used.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lightbench import units
from lightbench.errors import LightbenchError, UnknownName, UsageError

if TYPE_CHECKING:
    from lightbench.models.inputs import Inputs
    from lightbench.pytest_benchmark.file import Entry
    from lightbench.records import Record
    from lightbench.runner.given import Args, Kwargs, Model
    from lightbench.stats.verdict import Verdict
    from lightbench.studies.compare.comparison import Comparison
    from lightbench.studies.count.api import Counts

TOLERANCE, SECONDS = 0.03, 20.0
NAMED_LAYERS = 5

# What may have a budget -> what it is called.
METRICS = {
    "params": "params",
    "madds": "MAdds",
    "mem_access": "elements of memory access (paper)",
    "mem_bytes": "bytes of memory access (eager)",
    "fused_bytes": "bytes of memory access (fused)",
}

WORDS: dict[str, str] = {
    "slower": "new is slower than old",
    "same": "new takes as long as old",
    "faster": "new is faster than old",
    "unclear": "it is unclear whether new is slower than old",
}

Keep = Callable[["Comparison", bool], None]

_ENTRIES = pytest.StashKey[list[dict[str, Any]]]()  # what was timed, as builtins
_PATH = pytest.StashKey[Path | None]()
_WRITTEN = pytest.StashKey[str]()


class LightbenchWarning(UserWarning):
    """It could not be seen whether a model is slower; nothing says that it is."""


@dataclass(frozen=True)
class Checks:
    """What the fixture ``lightbench`` can assert. With ``strict`` an unclear comparison fails; ``keep``
    is told of each comparison, and whether it is the second one of an assert."""

    strict: bool = False
    keep: Keep = lambda _found, _again: None

    def assert_budget(
        self,
        model: Model,
        *,
        params: float | str | None = None,
        madds: float | str | None = None,
        mem_access: float | str | None = None,
        mem_bytes: float | str | None = None,
        fused_bytes: float | str | None = None,
        input: Inputs = None,  # noqa: A002  the word of the command line
        batch: int | None = None,
        args: Args = None,
        kwargs: Kwargs = None,
        **unknown: float | str | None,
    ) -> None:
        """Fails if one forward pass of ``model`` costs more than a budget. Counted, not timed: exact,
        and the same on every machine.

        Budgets are absolute, for the whole batch: MAdds, elements (``mem_access``) or bytes, as numbers or as "150M"
        and "30MB"; see `lightbench.count`, also for ``input`` and ``args``. Fails as well where an operator has no
        cost rule, as the count is not complete then. Raises UsageError without a budget, UnknownName
        for one of something else.
        """
        __tracebackhide__ = True
        asked = (params, madds, mem_access, mem_bytes, fused_bytes)
        budgets = _budgets(dict(zip(METRICS, asked, strict=True)), unknown)
        from lightbench.studies.count.api import count

        counted = count(model, input=input, batch=batch, args=args, kwargs=kwargs)
        if reasons := over_budget(counted, budgets):
            raise AssertionError("\n".join(reasons))

    def assert_not_slower(
        self,
        new: Model,
        old: Model,
        *,
        tolerance: float = TOLERANCE,
        seconds: float = SECONDS,
        threads: int | None = 1,
        input: Inputs = None,  # noqa: A002  the word of the command line
        batch: int | None = None,
        args: Args = None,
        kwargs: Kwargs = None,
    ) -> None:
        """Fails if ``new`` takes longer than ``old`` by more than ``tolerance`` (0.03 is 3 %).

        One call of each in turn, for at most ``seconds``; see `lightbench.compare`, also for the
        rest. "Slower" is measured a second time on fresh copies, and only if it is slower again it
        fails. What could not be measured fails. What is unclear passes with a LightbenchWarning,
        which names the smallest slowdown that could have been seen; it fails under
        ``--lightbench-strict``.
        """
        __tracebackhide__ = True
        from lightbench.studies.compare import api

        def measured(*, again: bool) -> Comparison:
            found = api.compare(
                old,
                new,
                tolerance=tolerance,
                seconds=seconds,
                threads=threads,
                input=input,
                batch=batch,
                args=args,
                kwargs=kwargs,
            ).comparison
            self.keep(found, again)
            return found

        found = [measured(again=False)]
        if found[0].verdict == "slower":
            found.append(measured(again=True))
        verdict, why = judged(found)
        if verdict in {"slower", "not comparable"} or (verdict == "unclear" and self.strict):
            raise AssertionError(why)
        if verdict == "unclear":
            warnings.warn(LightbenchWarning(why), stacklevel=2)


def _budgets(asked: dict[str, float | str | None], unknown: Iterable[str]) -> dict[str, int]:
    """The budgets that were set, in whole units: what is counted is whole."""
    __tracebackhide__ = True
    for name in unknown:
        raise UnknownName("budget", name, METRICS, f"Known: {', '.join(METRICS)}.")
    from lightbench.records.parse import parse_quantity, unit_of

    budgets = {
        metric: parse_quantity(limit, unit_of(metric), f"the budget of {metric}")
        if isinstance(limit, str)
        else limit
        for metric, limit in asked.items()
        if limit is not None
    }
    if not budgets:
        raise UsageError("no budget is set.", f"Set one of {', '.join(METRICS)}: madds=150e6.")
    for metric, limit in budgets.items():
        number = isinstance(limit, (int, float)) and not isinstance(limit, bool)
        if not number or not math.isfinite(limit) or limit < 0:
            raise UsageError(f"the budget of {metric} is {limit!r}.", 'Write 150e6, or "150M".')
    return {metric: math.floor(limit) for metric, limit in budgets.items()}


def over_budget(counted: Counts, budgets: dict[str, int]) -> list[str]:
    """Lines that say which budgets are broken, by how much, and by which layers; none if all hold."""
    costs, model = counted.costs, units.visible(counted.model)
    traced = budgets.keys() - {"params"}  # those need no operator
    if costs.uncounted and traced:
        names = ", ".join(f"{name} ({units.exact(n)})" for name, n in costs.uncounted.items())
        said = f"the count of {model} is not complete, so that it may be over its budget:"
        return [f"{said} no cost rule for {units.visible(names)}."]
    lines = []
    for metric, limit in budgets.items():
        value: int | None = getattr(costs, metric)
        if value is None:
            raise UsageError(f"{model} is a model file, which has no {METRICS[metric]}.")
        if value <= limit:
            continue
        share = f" ({units.percent((value - limit) / limit)})" if limit else ""
        budget = f"{units.exact(limit)} {METRICS[metric]} by {units.exact(value - limit)}{share}"
        lines.append(f"{model} is over its budget of {budget}: it has {units.exact(value)}.")
        lines.append("Most of them are in:")
        lines += [
            f"  {units.visible(name)}: {units.exact(n)}, {units.percent(n / value)}"
            for name, n in _layers(counted, metric).most_common(NAMED_LAYERS)
            if n
        ]
    return lines


def _layers(counted: Counts, metric: str) -> Counter[str]:
    """How much of a metric is in which module."""
    layers: Counter[str] = Counter()
    if metric == "params":
        modules = dict(counted.network.named_modules())
        for name, parameter in counted.network.named_parameters():
            path = name.rpartition(".")[0]
            layers[_layer(path, type(modules[path]).__name__)] += parameter.numel()
    else:
        for op in counted.costs.ops:
            layers[_layer(op.path, op.module)] += getattr(op, metric)
    return layers


def _layer(path: str, module: str) -> str:
    return f"{path} ({module})" if path else f"{module} itself"


def judged(found: list[Comparison]) -> tuple[Verdict, str]:
    """What a comparison says, confirmed by a second one where there is one, and that in words."""
    last = found[-1]
    if last.verdict == "not comparable":
        from lightbench.studies.compare.table import sentence

        return last.verdict, units.visible(sentence(last))
    confirmed = len(found) == 1 or last.verdict == "slower"
    verdict = last.verdict if confirmed else "unclear"
    measured = "; again: ".join(map(_measured, found))
    old, new = map(units.visible, last.names)
    text = f"{WORDS[verdict]}: {measured}. Allowed: {units.percent(last.tolerance)}."
    return verdict, f"{text}{_seen(last) if verdict == 'unclear' else ''} Old: {old}, new: {new}."


def _measured(found: Comparison) -> str:
    """``+5.1 % (+4.2 % to +6.0 %, 1,204 pairs)``."""
    from lightbench.views.metrics import change

    ratio = found.ratio
    if ratio is None:
        return "nothing"
    pairs = f"{units.exact(ratio.n)} pairs"
    if ratio.low is None or ratio.high is None:
        return f"{change(found.change)} (too few for an interval: {pairs})"
    return f"{change(found.change)} ({change(ratio.low - 1)} to {change(ratio.high - 1)}, {pairs})"


def _seen(found: Comparison) -> str:
    if found.detectable is None:
        return " No slowdown could have been seen: give it more seconds."
    return f" The smallest slowdown that this could have seen: {units.percent(found.detectable)}."


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lightbench", "latency and cost of neural networks")
    group.addoption(
        "--lightbench-json",
        metavar="PATH",
        help="Write what assert_not_slower timed, in the JSON of pytest-benchmark.",
    )
    group.addoption(
        "--lightbench-strict",
        action="store_true",
        help="Fail where assert_not_slower is unclear. The same as lightbench_strict = true.",
    )
    parser.addini("lightbench_strict", "Fail where assert_not_slower is unclear.", type="bool")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ENTRIES] = []
    given = config.getoption("lightbench_json")
    path = Path(given) if given else None
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise pytest.UsageError(f"--lightbench-json {given}: no file can be written there.")
    if path is not None and path.is_file() and not _is_json(path):
        raise pytest.UsageError(
            f"--lightbench-json {given}: the file holds something else than JSON."
        )
    config.stash[_PATH] = path


def _is_json(path: Path) -> bool:
    """Whether a file is empty, or begins as those that are written here: others are not replaced."""
    try:
        with path.open("rb") as file:
            return file.read(1024).lstrip()[:1] in (b"", b"{")
    except OSError:
        return False


@pytest.fixture(name="lightbench")
def lightbench_fixture(request: pytest.FixtureRequest) -> Checks:
    """Budgets and comparisons of networks: lightbench.assert_budget(model, madds=150e6),
    lightbench.assert_not_slower(new, old)."""
    config = request.config
    strict = config.getoption("lightbench_strict") or config.getini("lightbench_strict")

    asserts = 0

    def keep(found: Comparison, again: bool) -> None:  # noqa: FBT001
        nonlocal asserts
        asserts += not again
        label = ("" if asserts == 1 else f"#{asserts}") + (" again" if again else "")
        config.stash[_ENTRIES] += [
            asdict(_entry(request.node, side + label, record))
            for side, record in (("old", found.a), ("new", found.b))
            if record.samples is not None
        ]

    return Checks(bool(strict), keep)


def _entry(node: pytest.Item, label: str, record: Record) -> Entry:
    from lightbench.pytest_benchmark.file import Entry
    from lightbench.records.inputs import inputs_text

    case, samples = record.case, record.samples
    assert samples is not None
    settings = ("model", "device", "engine", "batch", "dtype", "mode", "layout")
    return Entry(
        name=f"{node.name}::{label}",
        fullname=f"{node.nodeid}::{label}",
        group=node.nodeid,
        times_s=samples.times_s,
        iterations=samples.calls_per_sample,
        options={
            "disable_gc": False,
            "timer": "device events" if samples.device_s else "perf_counter",
            "warmup": True,
        },
        extra_info={
            **{name: getattr(case, name) for name in settings},
            "inputs": inputs_text(case.inputs),
            "threads": record.environment.comparable.get("threads"),
        },
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    path, entries = config.stash[_PATH], config.stash[_ENTRIES]
    if hasattr(config, "workeroutput"):  # of pytest-xdist: whoever started it writes the file
        config.workeroutput["lightbench"] = entries
    elif path is not None and not config.option.collectonly:
        from lightbench.pytest_benchmark.file import Entry, write

        try:
            write(path, [Entry(**entry) for entry in entries])
            config.stash[_WRITTEN] = f"{units.exact(len(entries))} timings are in {path}."
        except LightbenchError as error:
            config.stash[_WRITTEN] = str(error)
            session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """pytest-xdist: a worker has ended, and hands over what it timed."""
    node.config.stash[_ENTRIES] += getattr(node, "workeroutput", {}).get("lightbench", [])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if _WRITTEN in config.stash:
        terminalreporter.write_line(units.visible(f"lightbench: {config.stash[_WRITTEN]}"))
