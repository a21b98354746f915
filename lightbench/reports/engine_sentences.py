"""What is to be said of networks under several engines, each in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from lightbench import units
from lightbench.records import Record
from lightbench.reports.engines import EngineSet, unlike
from lightbench.reports.swaps import Swap, pairs_held, swapped_pairs, swaps
from lightbench.stats.ratio import Ratio
from lightbench.views.sentence import Name, Sentence, listed


def short(found: EngineSet, most: int = 1) -> Iterator[Sentence]:
    """All of them, with the ``most`` striking pairs of networks that swap places."""
    if fastest := fastest_said(found):
        yield fastest
    if gains := gains_said(found):
        yield gains
    yield from swaps_said(found, most)


def unlike_said(records: Iterable[Record]) -> Sentence | None:
    """Which engine does not run which network at all, whatever it says."""
    models: dict[str, dict[str, None]] = {}
    for record in filter(unlike, records):
        models.setdefault(record.case.engine, {})[record.case.model] = None
    if not models:
        return None
    said: list[str] = []
    for engine, of in models.items():
        said += ["; " if said else "", Name(engine), " of ", *listed(list(of))]
    return Sentence("Outputs DIFFER from the network's, so in no ranking: ", *said, ".")


def fastest_said(found: EngineSet) -> Sentence | None:
    """``Fastest here: onnxruntime for 9 of 13 networks, openvino for 3; not told apart for 1.``"""
    raced = [fastest for network in found.networks if (fastest := found.fastest(network))]
    if not raced:
        return None
    won = Counter(fastest.engine for fastest in raced)
    tied = won.pop(None, 0)
    every = f"{len(raced)} {'network' if len(raced) == 1 else 'networks'}"
    if not won:
        return Sentence(f"Fastest here: not told apart for {every}.")
    said: list[str] = []
    for i, (engine, times) in enumerate(won.most_common()):
        assert engine is not None
        of = f" of {every}" if not i else ""
        said += [", " if i else "", Name(engine), f" for {times}{of}"]
    return Sentence("Fastest here: ", *said, f"; not told apart for {tied}." if tied else ".")


def gains_said(found: EngineSet) -> Sentence | None:
    """How many times the time of eager each takes, over all networks."""
    means = ((engine, found.mean(found.base, engine)) for engine in found.engines[1:])
    known = [(engine, mean) for engine, mean in means if mean]
    if not known:
        return None
    said: list[str] = []
    for engine, mean in known:
        said += ["; " if said else "", Name(engine), f" {ratio_text(mean)} over {mean.n}"]
    return Sentence(
        "Time over that of ", Name(found.base), ", geometric mean over networks: ", *said, "."
    )


def ratio_text(ratio: Ratio) -> str:
    """``0.35 (0.29 to 0.44)``."""
    between = ""
    if ratio.low is not None and ratio.high is not None:
        between = f" ({units.factor(ratio.low)} to {units.factor(ratio.high)})"
    return f"{units.factor(ratio.ratio)}{between}"


def swaps_said(found: EngineSet, most: int) -> Iterator[Sentence]:
    """How many pairs swap places, then so many of them, the largest first."""
    swapped = Counter(swap.engine for swap in swaps(found))
    counted: list[str] = []
    for engine in found.engines[1:]:
        if held := pairs_held(found, engine):
            counted += [", " if counted else "", f"{swapped[engine]} of {held} in ", Name(engine)]
    if not counted:
        return
    before = "Pairs of networks that swap places, of their order in "
    yield Sentence(before, Name(found.base), ": ", *counted, ".")
    for pair in list(swapped_pairs(found).values())[:most]:
        yield _swap(found, pair)


def _swap(found: EngineSet, alike: Sequence[Swap]) -> Sentence:
    """``a is faster than b in eager (0.89 of its time) and slower in onnxruntime (1.23).``"""
    one = alike[0]
    fast, slow = (Name(found.networks[network]) for network in (one.fast, one.slow))
    others: list[str] = []
    for i, swap in enumerate(alike):
        others += [" and " if i else "", Name(swap.engine), f" ({units.factor(swap.other.ratio)})"]
    base = f" ({units.factor(one.base.ratio)} of its time) and slower in "
    return Sentence(fast, " is faster than ", slow, " in ", Name(found.base), base, *others, ".")
