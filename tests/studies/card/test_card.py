"""The device card: what its records say, by hand; what it measures; where it is kept."""

from __future__ import annotations

import csv
import io
import json
import math
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lightbench import count, registry
from lightbench.environment import capture
from lightbench.errors import LightbenchError, ModelError, StoreError, UsageError
from lightbench.records import Op, store
from lightbench.runner.setup import Setup
from lightbench.studies.card import cache
from lightbench.studies.card.api import Card, card_path
from lightbench.studies.card.api import device_card as make_device_card
from lightbench.studies.card.card import CONV_LAUNCH, LAUNCH, MOVES, RATES, STREAM, Figure, card_of
from lightbench.studies.card.plan import SECONDS, plan_card
from lightbench.studies.card.table import card_view
from lightbench.studies.sweep.equal import input_of
from lightbench.units import visible

# Point -> seconds, multiply-adds, bytes, operators; and what that is per second, or an operator.
MEASURED = {
    "dense 3x3": (0.5, 4_000_000_000, 4000, 1),  # 8 GMAdds/s
    "pointwise": (0.25, 1_000_000_000, 4000, 1),  # 4 GMAdds/s
    "depthwise 3x3": (0.5, 100_000_000, 4000, 1),  # 0.2 GMAdds/s
    "4 groups": (0.5, 1_000_000_000, 4000, 1),  # 2 GMAdds/s
    "linear": (0.125, 100_000_000, 4000, 1),  # 0.8 GMAdds/s
    "stream": (0.5, 0, 1_000_000_000, 1),  # 2 GB/s
    "add": (0.25, 0, 1_000_000_000, 1),  # 4 GB/s
    "relu": (0.125, 0, 1_000_000_000, 1),  # 8 GB/s
    "norm": (0.5, 0, 1_000_000_000, 1),  # 2 GB/s
    "shuffle": (1.0, 0, 1_000_000_000, 1),  # 1 GB/s
    "launch": (0.25, 0, 800, 100),  # 2.5 ms
    "conv launch": (0.5, 50, 800, 50),  # 10 ms
}
RATE = {
    "dense conv": 8e9,
    "pointwise conv": 4e9,
    "depthwise conv": 0.2e9,
    "grouped conv": 2e9,
    "linear": 0.8e9,
}
MOVED = {"element-wise": 4e9, "activation": 8e9, "norm": 2e9, "data movement": 1e9}
# Of 12 rounds the interval is the 3rd to the 10th: half and twice the median.
ROUNDS = [0.5] * 3 + [1.0] * 6 + [2.0] * 3


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """No test sees, or leaves, a card of this machine."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


def with_operators(record, n):
    """The same costs in ``n`` operators, of which the first has everything."""
    first, *_ = record.costs.ops
    rest = [Op(path="", module="", op="x", kind="other")] * (n - 1)
    costs = msgspec.structs.replace(record.costs, ops=(first, *rest))
    return msgspec.structs.replace(record, costs=costs)


@pytest.fixture(scope="session")
def card_records(sweep_records):
    """The records of a card; ``card_records(without=["linear"], faster=2)``."""

    def make(*, without=(), faster=1, run="card", groups=None, ratios=None, rounds=ROUNDS, **case):
        names = [name for name in MEASURED if name not in without]
        records = sweep_records(
            {name: [r * MEASURED[name][0] / faster for r in rounds] for name in names},
            experiment="device_card",
            run=run,
            madds={name: MEASURED[name][1] for name in names},
            mem_bytes={name: MEASURED[name][2] for name in names},
            **case,
        )
        if case.get("costs", True):
            records = [
                with_operators(r, n) if (n := MEASURED[r.sweep.point][3]) > 1 else r
                for r in records
            ]
        for axis, times in (("groups", groups), ("ratio", ratios)):
            if times:
                records += sweep_records(times, experiment=axis, run=f"{run}-{axis}", per_madd=True)
        return records

    return make


@pytest.fixture
def card(card_records):
    return card_of(card_records())


# What the records say.


def test_rates_are_multiply_adds_over_the_median_time(card):
    assert {kind: figure.value for kind, figure in card.madds_per_s.items()} == RATE


def test_bandwidths_are_bytes_over_the_median_time(card):
    assert card.bandwidth.value == 2e9
    assert {kind: figure.value for kind, figure in card.bytes_per_s.items()} == MOVED


def test_the_ridge_is_the_highest_rate_over_the_bandwidth(card):
    assert card.ridge == 8e9 / 2e9


def test_starting_an_operator_takes_the_time_of_many_over_their_number(card):
    assert card.launch_s == Figure(0.0025, 0.00125, 0.005)
    assert card.conv_launch_s == Figure(0.010, 0.005, 0.020)


def test_the_longest_time_makes_the_lowest_rate(card):
    """Times of half to twice the median: rates of half to twice their own."""
    figures = [*card.madds_per_s.values(), *card.bytes_per_s.values(), card.bandwidth]
    for figure in figures:
        assert (figure.low, figure.high) == (figure.value / 2, figure.value * 2)


@given(st.lists(st.floats(0.1, 10), min_size=6, max_size=30))
def test_every_interval_is_around_its_value(card_records, rounds):
    made = card_of(card_records(rounds=rounds))
    figures = [*made.madds_per_s.values(), *made.bytes_per_s.values()]
    for figure in (*figures, made.bandwidth, made.launch_s, made.conv_launch_s):
        assert figure.low <= figure.value <= figure.high


def test_too_few_rounds_are_a_card_without_intervals(card_records):
    made = card_of(card_records(rounds=[1.0] * 3))
    assert made.madds_per_s["dense conv"] == Figure(8e9, None, None)
    assert made.launch_s == Figure(0.0025, None, None)
    assert "-" in [row[2] for row in card_view(made).table.rows]


@pytest.mark.parametrize("point", [p for p in MEASURED if p != CONV_LAUNCH])
def test_without_one_of_its_points_there_is_no_card(point, card_records):
    assert card_of(card_records(without=[point])) is None
    failed = [
        msgspec.structs.replace(r, samples=None, latency=None) if r.sweep.point == point else r
        for r in card_records()
    ]
    assert card_of(failed) is None


def test_an_older_card_without_the_start_of_a_convolution_is_one(card_records):
    made = card_of(card_records(without=[CONV_LAUNCH]))
    assert made.conv_launch_s is None
    assert made.estimate_s(op("dense conv", madds=8e9)) == pytest.approx(1.0025)


@pytest.mark.parametrize("records", ["none", "of no sweep", "of another sweep"])
def test_other_records_are_no_card(records, make_record, sweep_records):
    given_ = {
        "none": [],
        "of no sweep": [make_record("a")],
        "of another sweep": sweep_records(dict.fromkeys(MEASURED, 1.0), experiment="groups"),
    }[records]
    assert card_of(given_) is None


def test_the_latest_of_two_runs_wins(card_records):
    old, new = card_records(run="old"), card_records(run="new", faster=2)
    assert card_of(old + new).madds_per_s["dense conv"].value == 16e9
    assert card_of(new + old).madds_per_s["dense conv"].value == 8e9
    assert card_of(old + new).bandwidth.value == 4e9


def test_records_of_others_between_its_own_change_nothing(card_records, make_record, sweep_records):
    mixed = [make_record("x"), *sweep_records({"pointwise": 9.0}, run="x"), *card_records()]
    assert card_of(mixed).madds_per_s["pointwise conv"].value == 4e9


def test_a_point_without_costs_is_a_part_that_is_missing(card_records):
    """A record may have none: `Record.costs` is None where a network was not counted."""
    assert card_of(card_records(costs=False)) is None


@pytest.mark.parametrize("field", ["madds", "mem_bytes"])
def test_a_point_that_did_nothing_is_no_speed(field, card_records):
    """Nothing moved, or no multiply-adds, in a file that somebody edited: estimates stay numbers."""
    records = [_without_work(r, field) for r in card_records()]
    made = card_of(records)
    assert made is None or math.isfinite(
        made.ridge + made.estimate_s(op("dense conv", madds=1, mem_bytes=1))
    )


def _without_work(record, field):
    first, *rest = record.costs.ops
    none = {"madds": {"madds": 0}, "mem_bytes": {"read_bytes": 0}}[field]
    ops = (msgspec.structs.replace(first, **none), *rest)
    costs = msgspec.structs.replace(record.costs, ops=ops, **{field: 0})
    return msgspec.structs.replace(record, costs=costs)


# Where groups and ratios begin to hurt.


def test_groups_hurt_from_the_first_count_that_is_slower_per_madd(card_records):
    made = card_of(
        card_records(
            groups={"g=1": 1.0, "g=2": 1.0, "g=4": 1.25, "g=8": 2.0},
            ratios={"1:1": 1.0, "1:4": 0.9},
        )
    )
    assert made.groups_hurt.point.point == "g=4"
    assert made.ratio_hurts is None
    assert [p.point.point for p in made.groups] == ["g=1", "g=2", "g=4", "g=8"]


def test_a_card_without_those_sweeps_is_one(card):
    assert card.groups == card.ratios == []
    assert card.groups_hurt is card.ratio_hurts is None


# Estimates, by hand.


def op(kind, *, madds=0, mem_bytes=0):
    return Op(path="x", module="X", op="x", kind=kind, madds=int(madds), read_bytes=int(mem_bytes))


@pytest.mark.parametrize(
    ("kind", "madds", "mem_bytes", "seconds"),
    [
        ("dense conv", 16e9, 4e9, 2.0 + 0.010),  # 16 G at 8 G/s; 4 GB at 4 GB/s take 1 s
        ("dense conv", 16e9, 12e9, 3.0 + 0.010),  # now memory is the limit
        ("pointwise conv", 16e9, 0, 4.0 + 0.010),
        ("depthwise conv", 1e9, 0, 5.0 + 0.010),
        ("grouped conv", 1e9, 0, 0.5 + 0.010),
        ("linear", 1.6e9, 0, 2.0 + 0.010),
        ("activation", 0, 8e9, 1.0 + 0.0025),
        ("norm", 0, 8e9, 4.0 + 0.0025),
        ("element-wise", 0, 8e9, 2.0 + 0.0025),
        ("data movement", 0, 8e9, 8.0 + 0.0025),
        # kinds that no point of the card stands for move memory as an addition does
        ("pooling", 0, 8e9, 2.0 + 0.0025),
        ("other", 0, 8e9, 2.0 + 0.0025),
        ("attention", 1e15, 8e9, 2.0 + 0.0025),
        ("other", 0, 0, 0.0025),
    ],
)
def test_an_estimate_is_the_larger_of_arithmetic_and_memory_and_the_start(
    kind, madds, mem_bytes, seconds, card
):
    assert card.estimate_s(op(kind, madds=madds, mem_bytes=mem_bytes)) == pytest.approx(seconds)


@given(st.sampled_from([*RATE, *MOVED, "pooling"]), st.integers(0, 10**12), st.integers(0, 10**12))
def test_more_work_is_never_less_time(card_records, kind, madds, mem_bytes):
    made = card_of(card_records())
    less = made.estimate_s(op(kind, madds=madds, mem_bytes=mem_bytes))
    assert less > 0
    assert made.estimate_s(op(kind, madds=madds + 10**6, mem_bytes=mem_bytes)) >= less
    assert made.estimate_s(op(kind, madds=madds, mem_bytes=mem_bytes + 10**6)) >= less


# The page.


def rows(view):
    return {what: (value, interval) for what, value, interval, *_ in view.table.rows}


def test_the_page_shows_every_number_with_its_interval(card_records):
    made = card_of(card_records(groups={"g=1": 1.0, "g=4": 1.25}, ratios={"1:1": 1.0}))
    found = rows(card_view(made))
    assert found == {
        "dense conv": ("8.00 GMAdds/s", "4.00 GMAdds/s to 16.0 GMAdds/s"),
        "pointwise conv": ("4.00 GMAdds/s", "2.00 GMAdds/s to 8.00 GMAdds/s"),
        "depthwise conv": ("0.200 GMAdds/s", "0.100 GMAdds/s to 0.400 GMAdds/s"),
        "grouped conv": ("2.00 GMAdds/s", "1.00 GMAdds/s to 4.00 GMAdds/s"),
        "linear": ("0.800 GMAdds/s", "0.400 GMAdds/s to 1.60 GMAdds/s"),
        "memory bandwidth": ("2.00 GB/s", "1.00 GB/s to 4.00 GB/s"),
        "element-wise, in cache": ("4.00 GB/s", "2.00 GB/s to 8.00 GB/s"),
        "activation, in cache": ("8.00 GB/s", "4.00 GB/s to 16.0 GB/s"),
        "norm, in cache": ("2.00 GB/s", "1.00 GB/s to 4.00 GB/s"),
        "data movement, in cache": ("1.00 GB/s", "0.500 GB/s to 2.00 GB/s"),
        "start of an operator": ("2.50 ms", "1.25 ms to 5.00 ms"),
        "start of a convolution": ("10.0 ms", "5.00 ms to 20.0 ms"),
        "ridge point": ("4.00 MAdds/byte", ""),
        "groups hurt from": ("g=4", "1.25 (1.25 to 1.25)"),
        "channel ratio hurts from": ("never", ""),
    }


def test_what_was_not_measured_is_a_dash_not_never(card):
    found = rows(card_view(card))
    assert found["groups hurt from"] == found["channel ratio hurts from"] == ("-", "")


def test_the_title_says_which_device_and_not_which_input(card_records):
    title = card_view(card_of(card_records(dtype="bfloat16"))).table.title
    assert title == (
        "Device card: batch 1, cpu, eager, bfloat16, infer, contiguous, threads 2"
    )  # fmt: skip


def test_data_are_seconds_bytes_and_multiply_adds(card_records):
    made = card_of(card_records(groups={"g=1": 1.0, "g=4": 1.25}))
    data = json.loads(registry.load("format", "json").render(card_view(made)))
    assert data["dense_conv_madds_per_s"] == {"value": 8e9, "low": 4e9, "high": 16e9}
    assert data["bandwidth_bytes_per_s"] == {"value": 2e9, "low": 1e9, "high": 4e9}
    assert data["data_movement_bytes_per_s"]["value"] == 1e9
    assert data["launch_s"] == {"value": 0.0025, "low": 0.00125, "high": 0.005}
    assert data["ridge_madds_per_byte"] == 4.0
    assert data["groups_hurt"] == "g=4"
    assert data["ratio_hurts"] is None
    assert data["ratios"] == []
    assert data["groups"][1] == {
        "point": "g=4",
        "time_per_madd": pytest.approx(1.25),
        "low": pytest.approx(1.25),
        "high": pytest.approx(1.25),
    }
    assert data["case"]["device"] == "cpu"
    assert data["time"] == "2026-01-02T03:04:05Z"


UGLY = ["<b>|x|", "[x](https://example.com)", "\x1b[31m", "a\n::error::b", "`", "@user"]


@pytest.mark.parametrize("name", registry.names("format"))
def test_a_hostile_label_of_a_cards_file_is_only_text(name, card_records):
    for text in UGLY:
        made = card_of(card_records(groups={"g=1": 1.0, text: 2.0}, engine=text))
        view = card_view(made)
        shown = registry.load("format", name).render(view)
        assert all(c == "\n" or c.isprintable() for c in shown)
        if name == "markdown":
            tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(shown)
            assert [t.type for t in tokens].count("td_open") == 3 * len(view.table.rows)
            inline = [child for token in tokens for child in token.children or ()]
            plain = [t.content for t in inline if t.type == "text"]
            assert not any(re.search(r"[@<]|://|::", content) for content in plain), text
            assert {t.type for t in inline} <= {
                "text",
                "code_inline",
                "strong_open",
                "strong_close",
            }
        elif name == "csv":
            cells = {row["what"]: row["value"] for row in csv.DictReader(io.StringIO(shown))}
            assert cells["groups hurt from"].lstrip("'") == visible(text)
        elif name == "table":
            assert visible(text) in shown
        elif name == "html":
            assert "<b>" not in shown
        elif name == "github":
            assert all(line.startswith("::notice ") for line in shown.splitlines())


# What is measured.


def planned():
    return {sweep.experiment: sweep for sweep in plan_card()}


def test_a_card_is_three_sweeps_of_under_a_minute():
    assert list(planned()) == ["device_card", "groups", "ratio"]
    assert sum(SECONDS[name] for name in planned()) < 60
    assert all(sweep.per_madd for sweep in plan_card())


def test_every_point_that_a_card_needs_is_measured():
    labels = {point.label for point in planned()["device_card"].points}
    assert labels == {*RATES, *MOVES, STREAM, LAUNCH, CONV_LAUNCH} == set(MEASURED)


@pytest.mark.parametrize("point", planned()["device_card"].points, ids=lambda p: p.label)
def test_every_point_has_operators_of_the_kind_it_stands_for_and_no_others(point):
    """What `count` sees in the network, not what it is called. A shuffle is one copy a layer."""
    spec = input_of(point, point.size)
    ops = count(point.model, input=str(spec)).layers
    others = {STREAM: "activation", LAUNCH: "element-wise", CONV_LAUNCH: "pointwise conv"}
    assert {op.kind for op in ops} == {{**RATES, **MOVES, **others}[point.label]}
    layers = {LAUNCH: 100, CONV_LAUNCH: 50, STREAM: 2, "dense 3x3": 4, "linear": 4}
    assert len(ops) == layers.get(point.label, 10)


def test_the_stream_is_larger_than_caches_and_the_start_does_next_to_nothing():
    points = {point.label: point for point in planned()["device_card"].points}
    stream, launch = points[STREAM], points[LAUNCH]
    assert math.prod(input_of(stream, stream.size).shape) * 4 > 50e6
    assert math.prod(input_of(launch, launch.size).shape) == 1
    conv = points[CONV_LAUNCH]
    assert count(conv.model, input=str(input_of(conv, conv.size))).costs.madds == 50 * 16 * 16


# Where it is kept.


def test_cards_lie_below_the_users_data_folder(data_home, monkeypatch, tmp_path):
    assert card_path(device="null").parent == data_home / "lightbench" / "device-cards"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for unset in ("delete", "empty"):
        if unset == "delete":
            monkeypatch.delenv("XDG_DATA_HOME")
        else:
            monkeypatch.setenv("XDG_DATA_HOME", "")
        folder = tmp_path / "home" / ".local" / "share" / "lightbench" / "device-cards"
        assert card_path(device="null").parent == folder
    assert not (tmp_path / "home").exists()  # to ask where makes nothing


def test_each_setting_has_a_file_of_its_own():
    settings = [
        {"device": "null"},
        {"device": "cpu"},
        {"device": "null", "threads": 2},
        {"device": "null", "dtype": "bfloat16"},
        {"device": "null", "channels_last": True},
        {"device": "null", "engine": "compile"},
    ]
    paths = [card_path(**setting) for setting in settings]
    assert len(set(paths)) == len(paths)
    assert paths == [card_path(**setting) for setting in settings]


def test_naming_the_threads_there_are_changes_nothing():
    """The null device has one thread."""
    assert card_path(device="null", threads=1) == card_path(device="null")


@pytest.mark.parametrize("fact", ["cpu", "torch", "usable_cores", "settings"])
def test_another_machine_or_pytorch_has_another_file(fact, monkeypatch):
    here, real = card_path(device="null"), capture.capture

    def elsewhere(**settings):
        found = real(**settings)
        return msgspec.structs.replace(found, comparable={**found.comparable, fact: "another"})

    monkeypatch.setattr(capture, "capture", elsewhere)
    assert card_path(device="null") != here


def test_the_name_of_a_card_says_the_device_and_nothing_of_the_user_or_host(monkeypatch):
    for variable in ("USER", "LOGNAME", "HOSTNAME"):
        monkeypatch.setenv(variable, "secretname")
    path = card_path(device="null")
    assert re.fullmatch(r"null-[0-9a-f]{12}\.jsonl", path.name)
    monkeypatch.setenv("USER", "othername")
    assert card_path(device="null") == path


def test_there_is_no_card_until_one_is_kept(card_records):
    setup = Setup(device="null")
    assert cache.card(setup) is None
    cache.keep(cache.path_of(setup), card_records())
    assert cache.card(setup).madds_per_s["dense conv"].value == 8e9
    assert cache.card(Setup(device="null", threads=2)) is None


def test_a_new_card_replaces_the_old_one_as_a_whole(card_records, tmp_path):
    path = tmp_path / "deep" / "card.jsonl"
    cache.keep(path, card_records(groups={"g=1": 1.0}))
    cache.keep(path, card_records(faster=2))
    assert card_of(store.read(path)).bandwidth.value == 4e9
    assert len(store.read(path)) == len(MEASURED)
    assert card_of(store.read(path)).groups == []
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("failure", [StoreError("the disk is full."), KeyboardInterrupt()])
def test_a_card_that_cannot_be_written_leaves_the_old_one(
    failure, card_records, tmp_path, monkeypatch
):
    path = tmp_path / "card.jsonl"
    cache.keep(path, card_records())
    before, append = path.read_bytes(), store.append

    def half(file, records):
        append(file, list(records)[:3])
        raise failure

    monkeypatch.setattr(store, "append", half)
    with pytest.raises(type(failure)):
        cache.keep(path, card_records(faster=2))
    assert path.read_bytes() == before
    monkeypatch.undo()
    cache.keep(path, card_records(faster=2))  # what was left behind is in nobody's way
    assert card_of(store.read(path)).bandwidth.value == 4e9


def test_a_folder_that_cannot_be_is_a_store_error(card_records, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        cache.keep(tmp_path / "file" / "card.jsonl", card_records())


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ("records", UsageError, "holds no device card. Try `lightbench device-card`."),
        ("nothing", UsageError, "holds no device card."),
        ("part", UsageError, "holds no device card."),
        ("text", StoreError, "card.jsonl:1: not a record"),
        ("folder", StoreError, "directory"),
        ("missing", StoreError, "No such file"),
    ],
)
def test_a_file_that_is_no_card_says_so_and_what_to_do(
    content, error, words, card_records, make_record, tmp_path
):
    path = tmp_path / "card.jsonl"
    if content == "folder":
        path.mkdir()
    elif content in ("text", "nothing"):
        path.write_text("not a card\n" if content == "text" else "")
    elif content != "missing":
        held = {"records": [make_record("a")], "part": card_records(without=["linear"])}
        store.append(path, held[content])
    with pytest.raises(error) as caught:
        cache.card(Setup(device="null"), path)
    assert words in " ".join(str(caught.value).split())
    assert "card.jsonl" in str(caught.value)


def test_a_kept_file_that_was_spoiled_says_so(card_records):
    """Not the same as having none: somebody would measure nothing and get no estimates for ever."""
    path = cache.path_of(Setup(device="null"))
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(UsageError, match="Try `lightbench device-card`"):
        cache.card(Setup(device="null"))


# Measured on the device that takes 1 ms for everything.


@pytest.fixture
def quick(monkeypatch):
    for experiment in SECONDS:
        monkeypatch.setitem(SECONDS, experiment, 0.05)


def test_a_card_of_the_null_device_is_its_costs_per_millisecond(quick):
    made = make_device_card(device="null").card
    layers = 56 * 56 * 1000  # times multiply-adds of one position, per millisecond
    rates = {kind: figure.value for kind, figure in made.madds_per_s.items()}
    assert rates == {
        "pointwise conv": pytest.approx(10 * 128 * 128 * layers),
        "dense conv": pytest.approx(4 * 9 * 64 * 64 * layers),
        "depthwise conv": pytest.approx(10 * 9 * 128 * layers),
        "grouped conv": pytest.approx(10 * 128 * 128 / 4 * layers),
        "linear": pytest.approx(4 * 1024 * 1024 * 1000),
    }
    # ReLU in place on 1024 maps of 112 x 112, twice: reads and writes 4 bytes each
    assert made.bandwidth.value == pytest.approx(2 * 2 * 4 * 1024 * 112 * 112 * 1000)
    assert made.launch_s.value == pytest.approx(1e-5)
    assert made.conv_launch_s.value == pytest.approx(2e-5)
    assert made.bandwidth.low == made.bandwidth.value == made.bandwidth.high
    # at equal MAdds all take the same time: per MAdd they differ by rounded channels alone
    assert [p.time.ratio for p in (*made.groups, *made.ratios)] == [1.0] * 12


def test_a_card_is_kept_where_lint_looks_for_it(quick):
    made = make_device_card(device="null", threads=3)
    assert store.read(card_path(device="null", threads=3)) == list(made.records)
    assert not card_path(device="null").exists()


def test_a_card_can_be_kept_elsewhere(quick, tmp_path):
    make_device_card(device="null", path=tmp_path / "mine.jsonl")
    assert card_of(store.read(tmp_path / "mine.jsonl")) is not None
    assert not card_path(device="null").exists()


def test_a_card_with_a_part_that_failed_is_not_kept_and_says_so(card_records):
    broken = Card(tuple(card_records(without=["stream"])))
    with pytest.raises(ModelError, match="a network of the device card failed"):
        _ = broken.card


@pytest.mark.parametrize(
    "setting",
    [
        {"device": "nul"},
        {"engine": "eagre"},
        {"dtype": "float23"},
        {"threads": 10**9, "device": "cpu"},
        {"threads": 0},
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is(setting, monkeypatch):
    monkeypatch.setattr(
        "lightbench.runner.run.run", lambda *_, **__: pytest.fail("it was measured")
    )
    with pytest.raises(LightbenchError):
        make_device_card(**{"device": "null", **setting})


def test_what_was_noticed_while_a_card_was_measured_is_said_once(card_records):
    busy = "Other programs keep 3 of 4 CPUs busy."
    records = [msgspec.structs.replace(r, warnings=(busy,)) for r in card_records()]
    notes = card_view(card_of(records)).table.notes
    assert [note for note in notes if "busy" in note] == [f"warning: {busy}"]
