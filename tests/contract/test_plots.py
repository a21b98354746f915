"""What holds for every figure found in the folder, whatever it shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import msgspec
import pytest
from drawings import UGLY
from engine_records import EAGER, ORT, OV, table
from evaluations import evaluated, evaluation
from matplotlib.backends.backend_agg import FigureCanvasAgg
from rooflines import roofline_records

from lightbench import registry
from lightbench.errors import StoreError, UsageError
from lightbench.figures.save import save
from lightbench.figures.style import style
from lightbench.records import Op
from lightbench.records.findings import Check, CheckedMetric, Finding, Linted
from lightbench.studies.card.plan import plan_card
from lightbench.studies.profile.figure import draw

FIGURES = registry.names("figure")


# What a figure is drawn from: records in which these names are the ones that a reader sees. A figure
# that is not named here is drawn from one sweep.


@pytest.fixture(scope="session")
def examples(make_record, sweep_records):
    """``examples("guidelines", ["1:1", "1:9"], device="cuda")`` are records for that figure."""

    def cases(names, **case):
        slow = enumerate(names)
        return [make_record(n, latency_s=0.01 * (1 + i % 9), madds=10**8 * (1 + i // 2 % 7), **case)
                for i, n in slow]  # fmt: skip

    def sweep(names, width=1, **case):
        times = {name: 0.010 * (1 + i % 7 / 10) for i, name in enumerate(names)}
        sizes = {name: 330 + 100 * i for i, name in enumerate(names)}
        case = {"run": f"r{width}", "mem_access": sizes, **case}
        return sweep_records(times, width=width, **case)

    def guideline(names, **case):
        return [record for width in (1, 2, 4) for record in sweep(names, width, **case)]

    def device_card(names, **case):
        own, *others = plan_card()
        parts = dict.fromkeys((point.label for point in own.points), 0.010)
        card = sweep_records(parts, experiment=own.experiment, run="card", **case)
        axes = [other.experiment for other in others]
        return card + [r for axis in axes for r in sweep(names, experiment=axis, run=axis, **case)]

    def roofline(names, **case):
        return roofline_records(make_record, names, **case)

    def predictors(names, **case):
        enough = [*names, *(f"other{i}" for i in range(5 - len(names)))]
        nets = [make_record(n, latency_s=0.01 * (1 + i % 9), madds=10**8 * (1 + i // 2 % 7),
                            mem_bytes=10**7 * (1 + i % 5), params=10**6 * (1 + i % 6), **case)
                for i, n in enumerate(enough)]  # fmt: skip
        return nets + device_card(FOUR, **case)

    def pareto(names, **case):
        return cases([known for known, _ in zip(WITH_TOP1, names, strict=False)], **case)

    def scaling(names, **case):
        each = [(name, batch) for name in names for batch in (1, 2, 4)]
        return [make_record(n, batch=b, latency_s=0.01 * (1 + i % 9), **case)
                for i, (n, b) in enumerate(each)]  # fmt: skip

    def engines(names, **case):
        times = {n: {EAGER: 10 + i % 7, ORT: 4 + i % 5, OV: 3 + i % 4} for i, n in enumerate(names)}
        others = {key: value for key, value in case.items() if key != "engine"}
        return table(make_record, times, run="r1", **others)

    def fronts(names, **case):
        return engines([known for known, _ in zip(WITH_TOP1, names, strict=False)], **case)

    def evaluate(names, **case):
        found = evaluation(((8, 2), (1, 9)), classes=("W" * 300, "a"), data="W" * 300)
        return [evaluated(make_record, name, found=found, **case) for name in names]

    def checks(names, **case):
        metrics = (
            CheckedMetric(metric="latency_s", before=0.01, now=0.0104, verdict="slower", state="regression",
                          change=0.04, low=0.03, high=0.05, limit="+2.0 %"),
            CheckedMetric(metric="madds", before=100, now=90, verdict="less", state="ok", change=-0.1),
        )  # fmt: skip
        found = Check(against="W" * 300, metrics=metrics)
        cases = (make_record(name, **case) for name in names)
        return [msgspec.structs.replace(one, found=found) for one in cases]

    def layers(names, **case):
        ops = tuple(
            Op(path=name, module="Conv2d", op="conv2d", kind="dense conv", madds=10 + i, read_bytes=5)
            for i, name in enumerate(names)
        )  # fmt: skip
        found = make_record("W" * 300, **case)
        keys = ("madds", "mem_access", "mem_bytes", "fused_bytes")
        sums = {key: sum(getattr(one, key) for one in ops) for key in keys}
        costs = msgspec.structs.replace(found.costs, ops=ops, **sums)
        return [msgspec.structs.replace(found, costs=costs)]

    def lints(names, **case):
        findings = tuple(
            Finding(guideline="G4", layer=name, cause=name, advice=name, mem_bytes=10.0 + i, estimate_s=1e-3)
            for i, name in enumerate(names)
        )  # fmt: skip
        return [
            msgspec.structs.replace(make_record("W" * 300, **case), found=Linted(findings=findings))
        ]

    known = {
        "lint": lints, "count": cases, "check": checks, "layers": layers,
        "evaluate": evaluate, "engines": engines, "fronts": fronts, "scaling": scaling, "profile": cases, "history": cases, "guidelines": guideline, "card": device_card,
        "roofline": roofline,
        "predictors": predictors, "pareto": pareto,
    }  # fmt: skip
    return lambda figure, names, **case: known.get(figure, sweep)(names, **case)


FOUR = ["1:1", "1:2", "1:6", "1:12"]
# Only networks whose accuracy was published can stand in the figure of the Pareto front.
WITH_TOP1 = [
    name
    for family in registry.names("model family")
    for name in registry.literal("model family", family, "TOP1") or ()
]
NO_SWEEP = {
    "count",
    "engines",
    "fronts",
    "layers",
    "scaling",
    "history",
    "profile",
    "pareto",
    "predictors",
}
SWEEP_FIGURES = [name for name in FIGURES if name not in NO_SWEEP]


def drawn(figure, monkeypatch):
    """The texts that are really painted, without ticks beyond the end of an axis, and their boxes."""
    painted, paint = [], mpl.text.Text.draw

    def draw(self, renderer):
        if self.get_visible() and self.get_text():
            painted.append((self, self.get_window_extent(renderer)))
        paint(self, renderer)

    with style(), monkeypatch.context() as patch:
        patch.setattr(mpl.text.Text, "draw", draw)
        figure.draw(FigureCanvasAgg(figure).get_renderer())
    return painted


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_the_same_records_give_the_same_bytes_whatever_the_user_has_set(
    name, suffix, examples, tmp_path
):
    module, records = registry.load("figure", name), examples(name, FOUR)
    save(module.draw(records), tmp_path / f"a{suffix}")
    with mpl.rc_context({"font.size": 30, "text.usetex": True, "svg.hashsalt": None}):
        save(module.draw(records), tmp_path / f"b{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_bytes_do_not_depend_on_the_process(name, examples, tmp_path):
    """Python's hash seed differs between the two."""
    records = examples(name, FOUR)
    for suffix in (".svg", ".pdf"):
        save(registry.load("figure", name).draw(records), tmp_path / f"a{suffix}")
    code = (
        "import sys; from lightbench import registry; from lightbench.records import store; from lightbench.figures.save import save\n"
        f"for file in sys.argv[2:]: save(registry.load('figure', {name!r}).draw(store.read(sys.argv[1])), file)"
    )
    from lightbench.records import store

    store.append(tmp_path / "run.jsonl", records)
    root = Path(__file__).parents[2]
    others = [tmp_path / "b.svg", tmp_path / "b.pdf"]
    subprocess.run(
        [sys.executable, "-c", code, tmp_path / "run.jsonl", *others], cwd=root, check=True
    )
    for other in others:
        assert (tmp_path / f"a{other.suffix}").read_bytes() == other.read_bytes()


@pytest.mark.parametrize("name", FIGURES)
def test_an_svg_is_well_formed_and_holds_no_script_link_or_date(name, examples, tmp_path):
    figure = registry.load("figure", name).draw(examples(name, UGLY, engine=UGLY[1]))
    save(figure, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(text).iter()}
    assert tags.isdisjoint({"script", "a", "image", "foreignObject", "date"})
    assert "matplotlib.org" not in text


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("count", [1, 2, 5, 20])
@pytest.mark.parametrize("wide", ["", "W" * 300], ids=["short", "wide"])
def test_one_to_twenty_cases_fit_into_the_picture(name, count, wide, examples, monkeypatch):
    case = {"engine": wide, "device": wide} if wide else {}
    names = [f"{wide}net{i}" for i in range(count)]
    figure = registry.load("figure", name).draw(examples(name, names, **case))
    painted = drawn(figure, monkeypatch)
    assert painted
    for text, box in painted:
        assert box.x0 >= -1, text
        assert box.x1 <= figure.bbox.width + 1, text
        assert box.y0 >= -1, text
        assert box.y1 <= figure.bbox.height + 1, text


@pytest.mark.parametrize("name", FIGURES)
def test_pyplot_is_not_used(name, examples):
    code = (
        "import sys; from lightbench import registry\n"
        f"registry.load('figure', {name!r})\n"
        "sys.exit(' '.join({'torch', 'matplotlib', 'pandas'} & set(sys.modules)) or 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    registry.load("figure", name).draw(examples(name, FOUR))
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


@pytest.mark.parametrize("name", SWEEP_FIGURES)
def test_records_of_another_kind_are_nothing_to_draw(name, profile, sweep_records):
    draw = registry.load("figure", name).draw
    failed = sweep_records({"1:1": None, "1:9": 0.010})  # without its reference
    for records in ([], profile, failed):
        with pytest.raises(UsageError, match="nothing to draw"):
            draw(records)


def test_the_user_s_settings_are_as_before(profile, tmp_path):
    before = dict(mpl.rcParams)
    save(draw(profile), tmp_path / "a.svg")
    assert dict(mpl.rcParams) == before


def test_a_pdf_embeds_truetype_letters_and_holds_neither_a_date_nor_a_program(profile, tmp_path):
    """Publishers refuse Type 3, matplotlib's usual kind."""
    save(draw(profile), tmp_path / "a.pdf")
    written = (tmp_path / "a.pdf").read_bytes()
    assert written.startswith(b"%PDF-")
    assert b"/Subtype /Type3" not in written
    assert b"/CIDFontType2" in written
    assert not any(word in written for word in (b"/CreationDate", b"/Producer", b"/Creator"))


@pytest.mark.parametrize("path", ["a.eps", "a", ".svg"])
def test_another_kind_of_file_lists_the_known_ones(path, profile):
    with pytest.raises(UsageError, match=r"\.svg, \.png, \.pdf"):
        save(draw(profile), path)


def test_a_folder_that_is_not_there_is_named(profile, tmp_path):
    with pytest.raises(StoreError, match="none/a.svg': No such file"):
        save(draw(profile), tmp_path / "none" / "a.svg")
