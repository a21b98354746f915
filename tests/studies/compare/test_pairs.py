"""Two sides in one process: what is compared, what is refused, what is left as it was."""

import json
import math
import random

import pytest
import torch
from torch import nn

import lightbench
from lightbench.cli import run
from lightbench.errors import UnknownName, UsageError
from lightbench.records import Case, InputSpec
from lightbench.stats.median import by_round
from lightbench.stats.ratio import paired_ratio
from lightbench.stats.verdict import VERDICTS
from lightbench.studies.compare import pairs as pairing
from lightbench.studies.compare.one_side import parse_settings, side_names
from lightbench.studies.compare.pairs import Gate, Side, compare_sides
from lightbench.timing.clock import Reading
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Rule

SMALL = "stack:ratio(c1=16, c2=16)"
LARGE = "stack:ratio(c1=64, c2=64)"


class Tiny(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)

    def forward(self, x):
        return self.conv(x)


@pytest.mark.slow
def test_a_network_is_as_fast_as_its_copy():
    found = lightbench.compare(
        Tiny(), Tiny(), input="3x64x64", threads=1, seconds=2, tolerance=0.5, seed=1
    )
    assert found.verdict == "same"
    assert found.comparison.names == ("Tiny", "Tiny#2")
    assert "takes as long as" in repr(found)


@pytest.mark.slow
def test_swapping_the_sides_mirrors_what_is_measured():
    settings = {"input": "16x14x14", "threads": 1, "seconds": 1, "seed": 1}
    one = lightbench.compare(
        SMALL, LARGE, input="16x14x14", b_settings={"input": "64x14x14"}, threads=1, seconds=1
    )
    assert one.verdict == "slower"
    other = lightbench.compare(LARGE, SMALL, a_settings={"input": "64x14x14"}, **settings)
    assert other.verdict == "faster"


def test_one_model_under_two_settings():
    found = lightbench.compare(SMALL, b_settings={"batch": 8}, threads=1, seconds=1)
    assert found.comparison.names == (f"{SMALL}, batch 1", f"{SMALL}, batch 8")
    assert found.comparison.b.case.batch == 8
    assert found.verdict == "slower"


def test_threads_of_each_side_are_set_for_its_calls_and_given_back():
    seen = {"a": set(), "b": set()}

    class Watched(nn.Module):
        def __init__(self, side):
            super().__init__()
            self.side, self.weight = side, nn.Parameter(torch.ones(1))

        def __deepcopy__(self, _memo):
            return Watched(self.side)

        def forward(self, x):
            seen[self.side].add(torch.get_num_threads())
            return x * self.weight

    before = torch.get_num_threads()
    lightbench.compare(
        Watched("a"),
        Watched("b"),
        a_settings={"threads": 1},
        b_settings={"threads": 2},
        seconds=0.3,
    )
    assert torch.get_num_threads() == before
    assert (seen["a"], seen["b"]) == ({1}, {2})


def test_nothing_to_compare_is_said():
    with pytest.raises(UsageError, match="nothing to compare"):
        lightbench.compare(SMALL)


def test_a_side_that_fails_makes_it_not_comparable():
    class Broken(nn.Module):
        def forward(self, _x):
            raise RuntimeError("no")

    found = lightbench.compare(Tiny(), Broken(), seconds=1)
    assert found.verdict == "not comparable"
    assert found.comparison.ratio is None
    assert found.comparison.a.costs is not None
    assert "Broken" in repr(found)


def test_a_side_whose_time_cannot_be_makes_it_not_comparable_and_says_why():
    class Yields(nn.Module):
        def forward(self, x):
            yield x + 1

    found = lightbench.compare(Tiny(), Yields(), seconds=0.2, threads=1)
    assert (found.verdict, found.comparison.ratio) == ("not comparable", None)
    (why,) = found.comparison.reasons
    assert why == "Yields: it answers with a generator, whose work is done when that is read."
    assert why in repr(found).replace("\n  ", " ")


@pytest.mark.slow
def test_a_side_that_fails_later_ends_the_rounds():
    class Tires(nn.Module):
        calls = 0

        def forward(self, x):
            Tires.calls += 1
            if Tires.calls > 30:
                raise RuntimeError("tired")
            return x + 1

    found = lightbench.compare(Tiny(), Tires(), seconds=30, threads=1)
    assert found.verdict == "not comparable"
    assert found.comparison.seconds < 30
    assert "tired" in found.comparison.b.failure.message


@pytest.mark.parametrize("tolerance", [-1, 2, math.nan])
def test_an_impossible_tolerance_is_refused(tolerance):
    with pytest.raises(UsageError):
        lightbench.compare(SMALL, SMALL, tolerance=tolerance)


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
def test_an_impossible_budget_is_refused(seconds):
    with pytest.raises(UsageError):
        lightbench.compare(SMALL, SMALL, seconds=seconds)


def case(**settings):
    return Case(model="m", inputs=(InputSpec.parse("3x8x8"),), **settings)


@pytest.mark.parametrize(
    ("texts", "settings"),
    [
        ([], {}),
        (["channels-last"], {"layout": "channels_last"}),
        (["threads=2,dtype=bfloat16"], {"threads": 2, "dtype": "bfloat16"}),
        (["threads=2", "engine=compile"], {"threads": 2, "engine": "compile"}),
        (["graph", "cold-cache"], {"options": ["graph", "cold-cache"]}),
        ([" input = 3x32x32 "], {"input": ["3x32x32"]}),
    ],
)
def test_settings_of_a_side_are_read(texts, settings):
    assert parse_settings(texts) == settings


@pytest.mark.parametrize("text", ["threads", "threads=many", "batch="])
def test_settings_without_a_value_are_refused(text):
    with pytest.raises(UsageError):
        parse_settings([text])


def test_an_unknown_setting_names_its_neighbour():
    with pytest.raises(UnknownName, match="threads"):
        parse_settings(["thread=2"])


def test_sides_are_called_by_what_tells_them_apart():
    assert side_names(case(), case()) == ("m", "m (again)")
    assert side_names(case(), case(layout="channels_last"))[1] == "m, layout channels_last"
    assert side_names(case(threads=1), case()) == ("m, threads 1", "m, threads as many as are free")
    assert side_names(case(), case(calibration="photos")) == ("m", "m, calibration photos")


# --- the looks, with a clock and times of our own


class Machine:
    """A clock that advances by what its calls take."""

    def __init__(self, seed, **effects):
        self.now, self.rng, self.effects = 0.0, random.Random(seed), effects

    def step(self, side):
        def timed(n):
            time = 1e-3 * (1 + self.effects[side]) * math.exp(self.rng.gauss(0, 0.02))
            self.now += n * time
            return Reading(time, time)

        return timed

    def run(self, gate):
        looks = pairing._Looks(gate)
        samples = collect(
            {side: self.step(side) for side in self.effects},
            Rule(max_s=gate.seconds / 2, warmup_s=0.2),
            clock=lambda: self.now,
            rng=random.Random(1),
            enough=looks,
        )
        a, b = (by_round(samples[s].times_s, samples[s].samples_per_round) for s in "ab")
        return looks, samples, paired_ratio(a, b, gate.confidence)


@pytest.mark.parametrize(("effect", "low", "high"), [(0.0, -0.01, 0.01), (0.06, 0.05, 0.07)])
def test_a_clear_verdict_ends_at_the_first_look(effect, low, high):
    machine = Machine(1, a=0.0, b=effect)
    looks, samples, ratio = machine.run(Gate(seconds=60))
    assert samples["a"].stop == "converged"
    assert (looks.done, looks.taken) == (1, 1)
    assert 5 <= machine.now <= 6
    assert low <= ratio.ratio - 1 <= high


def test_an_unclear_one_goes_on_to_the_end():
    machine = Machine(2, a=0.0, b=0.02)  # exactly what is tolerated: never clear, but by luck
    looks, samples, _ = machine.run(Gate(seconds=20))
    assert samples["a"].stop == "max_seconds"
    assert looks.taken == 3
    assert machine.now <= 21


def test_alike_sides_go_without_untimed_calls_and_unlike_ones_do_not():
    calls = {"a": 0, "b": 0}

    def counting(side, time):
        def timed(n):
            calls[side] += n
            return Reading(time)

        return timed

    def pairs(b):
        calls.update(a=0, b=0)
        clock = iter(range(10**6))
        samples = collect(
            {"a": counting("a", 1.0e-3), "b": counting("b", b)},
            Rule(max_s=50, warmup_s=1),
            clock=lambda: float(next(clock)),
            rng=random.Random(0),
            enough=lambda _spent, times: len(times()["a"]) >= 20,
        )
        return calls["a"] - samples["a"].warmup_calls - 1

    assert pairs(1.2e-3) == 20
    assert pairs(2.0e-3) == 40


def test_ctrl_c_passes_through(monkeypatch):
    def interrupted(*_args, **_settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(pairing, "collect", interrupted)
    side = Side(Case(model=SMALL, inputs=(InputSpec.parse("16x8x8"),)))
    with pytest.raises(KeyboardInterrupt):
        compare_sides(side, side, Gate(seconds=1))


# --- the command


def test_the_command_says_the_verdict_first(capsys):
    command = ["compare", SMALL, "--b", "batch=8", "--seconds", "1", "--threads", "1", "--notes"]
    assert run(command) == 0
    said = capsys.readouterr().out
    assert "is slower than" in said.partition("\n\n")[0].replace("\n  ", " ")
    assert "The smallest slowdown" in said


@pytest.mark.slow
def test_the_command_gives_everything_as_json(capsys):
    code = run(["compare", SMALL, "--b", "batch=8", "--seconds", "1", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["verdict"] in VERDICTS
    assert found["comparison"]["a"]["samples"]["wall_s"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["compare"], 2),
        (["compare", SMALL], 2),
        (["compare", "nosuch", SMALL], 2),
        (["compare", SMALL, SMALL, "--tolerance", "lots"], 2),
        (["compare", SMALL, SMALL, "--seconds", "0"], 2),
        (["compare", SMALL, "--b", "threads=0"], 2),
        (["compare", SMALL, "--b", "device=cuda"], 4),
        (["compare", SMALL, "--b", "engine=nosuch"], 2),
        (["compare", SMALL, SMALL, "--input", "7x8x8", "--seconds", "1"], 4),
    ],
)
def test_bad_input_has_its_exit_code(arguments, code, capsys):
    assert run(arguments) == code
    capsys.readouterr()


def test_what_one_side_alone_sets_is_said_with_its_name(tmp_path):
    body = (
        "from torch import nn\nimport torch\n{}\nclass Net(nn.Linear):\n"
        "    def __init__(self):\n        super().__init__(4, 4)\n"
    )
    for name, line in (("plain", ""), ("slow", "torch.backends.mkldnn.enabled = False")):
        (tmp_path / f"{name}.py").write_text(body.format(line))
    models = [f"{tmp_path}/{name}.py:Net" for name in ("plain", "slow")]
    found = lightbench.compare(*models, input="4", threads=1, seconds=0.05)
    (said,) = [note for note in found.view.table.sentences if "oneDNN" in note]
    assert said.startswith(f"{models[1]}: its code sets oneDNN off")
