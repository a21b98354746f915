"""Every answer from Python shows itself and becomes a DataFrame whose columns carry their units."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from evaluations import evaluated
from matplotlib.figure import Figure
from PIL import Image
from rooflines import roofline_records

import lightbench as lb
from lightbench.datasets.support.preparation import Preparation
from lightbench.errors import StoreError, UnknownName, UsageError
from lightbench.records import store
from lightbench.studies.evaluate.api import Evaluated
from lightbench.studies.learned import About
from lightbench.studies.result import Shown
from lightbench.studies.roofline.api import Roofline
from lightbench.studies.train.checkpoint import Epoch

NET = "example_conv_g4"


def budgets(path):
    path.joinpath("budgets.toml").write_text('[budgets."*"]\nparams = 1_000_000\n')
    return path / "budgets.toml"


def _predictions(folder):
    Image.new("RGB", (8, 8)).save(folder / "a.png")
    return lb.predict("mobilenet_v1_cifar", folder / "a.png", top=3)


ABOUT = About(
    model=NET, data="digits", classes=("0", "1"), preparation=Preparation(side=8, mean=(0.5,), std=(0.5,))
)  # fmt: skip
EPOCH = Epoch(
    epoch=1, loss=2.0, accuracy=0.1, test_loss=1.5, test_accuracy=0.2, lr=0.1, images_s=50.0, time_s=3.0
)  # fmt: skip

# How to have one of each, in a second, on the device whose calls take exactly a millisecond.
MAKE = {
    "Card": lambda path: lb.device_card(device="null", path=path / "card.jsonl"),
    "Checked": lambda path: lb.check(NET, config=budgets(path), device="null", latency=False),
    "Compared": lambda _: lb.compare(NET, "example_dense", device="null", seconds=0.5),
    "Counts": lambda _: lb.count(NET),
    "Evaluated": None,  # that device answers nothing: see `made`
    "Fitted": lambda _: lb.fit("stack:grouped(c=?, groups=4)", madds=1e8),
    "Guidelines": lambda _: lb.guidelines("g1", device="null", seconds=0.1, widths=(1,)),
    "History": lambda _: lb.history(lb.profile(NET, device="null", seconds=0.05)),
    "Layers": lambda _: lb.count(NET).layers,
    "LayerTimes": lambda _: lb.layers(NET, device="null", seconds=0.1),
    "Lint": lambda _: lb.lint(NET),
    "NoiseResult": lambda _: lb.noise(NET, device="null", seconds=0.1),
    "Predictions": _predictions,
    "Profile": lambda _: lb.profile(NET, device="null", seconds=0.05),
    "Report": lambda _: lb.report(lb.profile(NET, device="null", seconds=0.05).records),
    "Roofline": None,  # that device has no peaks: see `made`
    "Scaling": lambda _: lb.scaling(NET, batch=[1, 2], device="null", seconds=0.05),
    "Tradeoff": None,
    "Trained": None,
    "SweepResult": lambda _: lb.sweep("groups", input="7x7", device="null", seconds=0.1),
}
UNITS = {"(ms)": "_s", "(s)": "_s", "(MB)": "_bytes", "(bytes)": "_bytes", "img/s": "_img_s"}


@pytest.fixture(scope="session")
def made(tmp_path_factory, make_record):
    """The results by name, each made when it is asked for first."""
    have = {
        "Roofline": Roofline(tuple(roofline_records(make_record, [NET]))),
        "Evaluated": Evaluated((evaluated(make_record, NET),), ()),
        "Tradeoff": lb.Tradeoff((make_record(NET), evaluated(make_record, NET))),
        "Trained": lb.Trained(Path("trained"), ABOUT, (EPOCH,)),
    }

    def result(name):
        if name not in have:
            have[name] = MAKE[name](tmp_path_factory.mktemp("made"))
        return have[name]

    return result


def results():
    """Every class of a result, found by its base."""
    found = {name: getattr(lb, name) for name in lb.__all__}  # which imports their modules
    classes = [Shown]
    for one in classes:
        classes += one.__subclasses__()
    ours = {one.__name__: one for one in classes[1:] if one.__module__.startswith("lightbench.")}
    return found, ours


def test_every_result_is_public_and_has_an_example_here():
    public, found = results()
    assert set(found) == set(MAKE)
    assert {name: public.get(name) for name in found} == found


@pytest.mark.parametrize("name", MAKE)
def test_a_result_becomes_a_frame_of_raw_values(name, made):
    result = made(name)
    assert type(result).__name__ == name
    frame, table = result.to_pandas(), result.view.table
    assert isinstance(frame, pd.DataFrame)
    assert [*frame.columns] == [column.key for column in table.columns]
    assert len(frame) == len(table.rows) > 0
    for row, (_, line) in zip(table.rows, frame.iterrows(), strict=True):
        for value, cell in zip(row, line, strict=True):
            unknown = value is None and (
                cell is None or (isinstance(cell, float) and math.isnan(cell))
            )
            assert unknown or cell == value  # fmt: skip


@pytest.mark.parametrize("name", MAKE)
def test_a_column_of_times_or_sizes_is_named_with_its_unit(name, made):
    keys = {column.heading: column.key for column in made(name).view.table.columns}
    for heading, key in keys.items():
        for sign, ending in UNITS.items():
            assert not heading.endswith(sign) or key.endswith(ending), (heading, key)
    assert not any(key.endswith(("_ms", "_us", "_mb")) for key in keys.values())


@pytest.mark.parametrize("name", MAKE)
def test_a_result_shows_itself_in_a_terminal_and_a_notebook(name, made):
    result = made(name)
    assert result.view.table.title.split(" ")[0] in repr(result)
    assert "<table>" in result._repr_html_()
    assert "|" in result._repr_markdown_()


UNDRAWN = {
    "Checked",  # budgets alone have no change to draw
    "NoiseResult",  # of a tenth of a second no gate is made
    "Fitted",  # what it says is one number
    "Layers",  # of a counted network, which draws itself
    "Report",  # it has many: they are in its page
    "Guidelines",  # of the shortest run no point has a time
}


@pytest.mark.parametrize("name", [name for name in MAKE if name not in UNDRAWN])
def test_a_result_draws_itself_and_saves_what_it_draws(name, made, tmp_path):
    result = made(name)
    assert isinstance(result.plot(), Figure)
    for suffix, beginning in (("svg", b"<?xml"), ("PDF", b"%PDF"), ("png", b"\x89PNG")):
        file = tmp_path / f"a.{suffix}"
        result.save(file)
        assert file.read_bytes().startswith(beginning)


@pytest.mark.parametrize("name", [name for name in MAKE if name != "Report"])
def test_a_result_saves_its_table_in_every_format(name, made, tmp_path):
    result = made(name)
    for suffix, text in ((".csv", '"'), (".md", "|"), (".tex", r"\toprule"), (".html", "<table>")):
        result.save(tmp_path / f"a{suffix}")
        assert text in (tmp_path / f"a{suffix}").read_text()


def test_jsonl_keeps_records_beside_those_that_it_has_and_none_twice(made, tmp_path):
    file = tmp_path / "runs.jsonl"
    made("Profile").save(file)
    made("Evaluated").save(file)
    made("Profile").save(file)
    assert [record.id for record in store.read(file)] == [
        made("Profile").records[0].id, made("Evaluated").records[0].id
    ]  # fmt: skip


def test_a_result_is_not_saved_into_what_nobody_knows(made, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text("a diary\n")
    with pytest.raises(UsageError, match=r"Known: .*\.csv .*Figures: \.svg, \.png, \.pdf"):
        made("Profile").save(tmp_path / "a.xyz")
    with pytest.raises(StoreError):
        made("Profile").save(other)
    assert [*tmp_path.iterdir()] == [other]
    assert other.read_text() == "a diary\n"


def test_a_report_has_no_figure_of_its_own(made):
    with pytest.raises(UsageError, match="Report has no figure"):
        made("Report").plot()


def test_of_several_guidelines_one_is_drawn(sweep_records):
    runs = [sweep_records({"1:1": 0.01, "1:2": 0.02}, experiment=name, run=name)
            for name in ("g1_channel_ratio", "g2_group_count")]  # fmt: skip
    both = lb.Guidelines(tuple(record for run in runs for record in run))
    with pytest.raises(UsageError, match=r"(?s)figure for each of g1_channel_ratio.*plot\('g1"):
        both.plot()
    with pytest.raises(UnknownName, match="'g7'"):
        both.plot("g7")
    assert isinstance(both.plot("g2"), Figure)
    assert isinstance(lb.Guidelines(tuple(runs[0])).plot(), Figure)


def test_the_times_of_a_profile_are_in_seconds(made):
    assert [*made("Profile").to_pandas()["latency_s"]] == [0.001]


def test_layers_and_groups_of_layers_become_frames_too(made):
    # 3x3, 16 -> 32 channels in 4 groups at 224x224
    layers = made("Counts").layers.to_pandas()
    assert layers["madds"][0] == 224**2 * 32 * 9 * 4
    kinds = made("LayerTimes").by("kind").to_pandas()
    assert kinds["madds"].iloc[-1] == 224**2 * 32 * 9 * 4
    assert {"time_s", "mem_bytes"} <= set(kinds.columns)
