"""Evaluating networks whose answer to each image is written down."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from evaluations import LABELS, Lookup, about, answering, data_of, evaluate
from rendering import told
from torch import nn

import lightbench as lb
from lightbench.datasets.support.arrays import Arrays
from lightbench.errors import MissingPackage, ModelError, UsageError
from lightbench.models.weights import Weights
from lightbench.studies.evaluate import api
from lightbench.studies.learned import about_of

SEVEN = [0, 1, 2, 0, 1, 2, 1, 2, 0, 0]  # right for all but three of `LABELS`


def only(found):
    (record,) = found.records
    return record.evaluation


# Every image once.


@pytest.mark.parametrize("batch", [1, 3, 4, 10, 100])
def test_every_image_counts_once_also_those_of_a_batch_that_is_not_full(ten, batch):
    """A tutorial divided by 10,000 what it had measured on 9,984: the last batch was dropped."""
    found = only(evaluate(Lookup(answering(SEVEN)), batch=batch))
    assert (found.images, found.right, found.right5) == (10, 7, None)
    assert found.confusion == ((3, 1, 0), (0, 2, 1), (1, 0, 2))
    assert (found.data, found.classes, found.of_class) == ("made", ("a", "b", "c"), (4, 3, 3))


def test_what_fills_up_a_batch_is_not_counted(ten):
    """It is the first image of the batch again, which is answered wrongly."""
    wrong = answering([1, *LABELS[1:]])
    assert only(evaluate(Lookup(wrong), batch=7)).right == 9
    assert only(evaluate(Lookup(wrong), batch=64)).right == 9


def test_the_record_says_what_the_network_costs_and_what_it_is(ten):
    (record,) = evaluate(Lookup(answering(LABELS)), batch=4).records
    assert record.study == "evaluate"
    assert record.identity.structure
    assert record.costs.ops
    assert (record.case.model, record.case.batch, record.case.engine) == ("Lookup", 4, "eager")
    assert str(record.case.inputs[0]) == "1x4x4"
    assert (record.latency, record.samples) == (None, None)
    assert record.evaluation.weights is None


def test_a_network_that_overwrites_its_input_is_asked_about_each_image(ten):
    class Scaling(Lookup):
        def forward(self, x):
            return super().forward(x.mul_(2).div_(2))

    found = evaluate(Scaling(answering(LABELS)), batch=3)
    assert only(found).right == 10
    assert any("it overwrites its input" in warning for warning in found.records[0].warnings)


def test_what_concerns_only_times_is_not_said(ten, monkeypatch):
    monkeypatch.setattr("lightbench.devices.cpu.Cpu.concerns", lambda _self: ("it is slow.",))
    (record,) = evaluate(Lookup(answering(LABELS))).records
    assert record.warnings == ()


def test_the_network_that_is_handed_over_stays_as_it_was(ten, saved):
    network = Lookup(answering([0] * 10)).train()
    weights = saved(answering(LABELS))
    assert only(evaluate(network, weights=weights)).right == 10
    assert network.training
    assert torch.equal(network.table, answering([0] * 10))


def test_a_network_that_drops_out_in_training_does_not_here(ten):
    class Dropping(Lookup):
        def forward(self, x):
            return nn.functional.dropout(super().forward(x), 0.99, self.training)

    assert only(evaluate(Dropping(answering(LABELS)).train())).right == 10


# Hostile answers.


def test_answers_that_are_no_numbers_are_said_and_wrong(ten):
    table = answering(LABELS)
    table[3] = table[4] = float("nan")
    found = evaluate(Lookup(table))
    assert (only(found).right, only(found).unanswered, only(found).loss) == (8, (1, 1, 0), None)
    assert any(
        "its answers to 2 of 10 images are no numbers" in w for w in found.records[0].warnings
    )
    assert "no number" in repr(found)


def test_ties_are_said(ten):
    found = evaluate(Lookup(torch.zeros(40, 3)))
    assert only(found).right == 4  # the first class
    assert any(
        "to 10 of 10 images two classes are the most probable" in w
        for w in found.records[0].warnings
    )


def test_a_network_that_ends_in_softmax_has_the_same_calibration(ten):
    class Ending(Lookup):
        def forward(self, x):
            return super().forward(x).softmax(1)

    one, other = (only(evaluate(kind(answering(SEVEN)))) for kind in (Lookup, Ending))
    assert other.ece == pytest.approx(one.ece)
    assert other.loss == pytest.approx(one.loss)
    assert one.loss == pytest.approx(
        (7 * 4 + 0) / 10 * -1 + torch.tensor([4.0, 0, 0]).logsumexp(0).item(), rel=1e-6
    )


def test_a_network_that_answers_otherwise_to_another_batch_is_named(ten):
    class Two(Lookup):
        def forward(self, x):
            return super().forward(x)[:2]

    with pytest.raises(
        ModelError, match="Two does not classify: it answers with 2x3 for 8 images of 3 classes"
    ):
        evaluate(Two(answering(LABELS)))


def test_a_network_that_fails_meanwhile_is_explained(ten):
    class Failing(Lookup):
        def forward(self, x):
            if x.device.type != "meta" and float(x.max()) * 255 > 8.5:
                raise ValueError("too bright")
            return super().forward(x)

    with pytest.raises(ModelError, match="the forward pass failed in Failing .*too bright"):
        evaluate(Failing(answering(LABELS)), batch=8)


# Several weights.


def test_several_weights_are_a_row_each_and_their_mean(ten, saved):
    """10, 7 and 4 of 10: mean 0.7, deviation 0.3."""
    four = [LABELS[i] if i < 4 else (LABELS[i] + 1) % 3 for i in range(10)]
    files = [saved(answering(a), f"seed{i}.pt") for i, a in enumerate((LABELS, SEVEN, four))]
    found = evaluate(Lookup(), weights=files)
    assert [r.evaluation.right for r in found.records] == [10, 7, 4]
    assert [r.evaluation.weights for r in found.records] == ["seed0.pt", "seed1.pt", "seed2.pt"]
    assert len({r.evaluation.digest for r in found.records}) == 3
    assert len({r.evaluation.run for r in found.records}) == 1
    (means,) = found.view.above
    row = means.named(means.rows[0])
    assert (row["weights"], row["top1"]) == (3, pytest.approx(0.7))
    assert row["top1_deviation"] == pytest.approx(0.3)
    assert found.view.data["over_weights"][0]["top1"]["high"] == pytest.approx(
        0.7 + 4.302653 * 0.3 / 3**0.5
    )
    assert row["top1_interval"] == "0.0 % to 100.0 %"  # no share is beyond


def test_of_one_there_is_no_mean(ten):
    assert evaluate(Lookup(answering(LABELS))).view.above == ()


def test_the_seed_and_the_preparation_are_those_noted_beside_the_weights(ten, saved):
    weights = saved(answering(LABELS), about=about())
    found = only(evaluate(Lookup(), weights=weights, input=None))
    assert (found.seed, found.right) == (5, 10)
    darker = about(preparation={"side": 4, "mean": [1 / 255], "std": [1.0]})
    shifted = answering(LABELS[1:])  # right for who sees image i as i - 1
    assert only(evaluate(Lookup(), weights=saved(shifted, about=darker), input=None)).right == 10
    assert only(evaluate(Lookup(), weights=saved(shifted, about=about()), input=None)).right == 1


def test_published_weights_have_a_name_and_no_seed(ten, monkeypatch):
    from lightbench.studies.evaluate import known

    plain, noted = known.network_of, about_of(Weights({}, about(seed=0), "0"), None, None, "net")
    monkeypatch.setattr(
        known, "network_of", lambda model, _, **how: plain(model, None, **how)._replace(about=noted)
    )
    found = only(evaluate(Lookup(answering(LABELS)), weights="torchvision:DEFAULT"))
    assert (found.weights, found.seed, found.right) == ("torchvision:DEFAULT", None, 10)


# Engines.


def on(engine):
    pytest.importorskip("onnxscript")
    pytest.importorskip(engine)
    return engine


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_what_ships_is_as_accurate_as_eager_on_the_same_weights(engine, ten, saved):
    on(engine)
    files = [saved(answering(a), f"{i}.pt") for i, a in enumerate((LABELS, SEVEN))]
    found = evaluate(Lookup(), weights=files, engine=["eager", engine], batch=4)
    eager, other = found.records[:2], found.records[2:]
    for a, b in zip(eager, other, strict=True):
        assert b.case.engine == engine
        assert b.evaluation.confusion == a.evaluation.confusion
        assert b.evaluation.loss == pytest.approx(a.evaluation.loss, rel=1e-5)
        assert (a.evaluation.disagreed, b.evaluation.disagreed) == (None, 0)
        assert b.evaluation.against == "eager"
        assert b.conversion.packages


def test_images_that_another_case_answers_otherwise_are_counted(ten, monkeypatch):
    """Held against the first with the same weights."""
    from lightbench.runner import abilities

    plain = api.ask

    def shifted(ready, split, say):
        first, second = plain(ready, split, say)
        return [first, second._replace(predicted=torch.tensor([*second.predicted[:8], 0, 1]))]

    monkeypatch.setattr(api, "ask", shifted)
    monkeypatch.setattr(abilities, "refuse", lambda _case: None)
    first, second = evaluate(Lookup(answering(LABELS)), dtype=["float32", "float64"]).records
    assert (first.evaluation.disagreed, second.evaluation.disagreed) == (None, 2)
    assert (first.evaluation.against, second.evaluation.against) == ("", "float32")


class Small(nn.Module):
    """Brighter or darker than half."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))

    def forward(self, x):
        return self.body(x)


@pytest.mark.slow
def test_int8_is_calibrated_on_images_for_learning(use):
    on("onnxruntime")
    learning = Arrays(np.full((6, 4, 4), 200, np.uint8), [0, 1] * 3)
    use(data_of([0, 1] * 5, 2, learning=learning))
    torch.manual_seed(0)
    found = evaluate(Small(), engine="onnxruntime", dtype=["float32", "int8"])
    plain, small = found.records
    assert plain.conversion.calibrated_on is None
    assert small.conversion.calibrated_on.startswith("6 images for learning of made (")
    assert small.case.calibration is None
    assert small.evaluation.images == 10
    assert not any("only an evaluation says" in warning for warning in small.warnings)
    assert "onnxruntime in int8 is calibrated on 6 images for learning of made" in " ".join(
        told(found.view.table)
    )


@pytest.mark.slow
def test_int8_is_calibrated_on_what_is_named_for_it(ten, tmp_path):
    on("onnxruntime")
    np.save(tmp_path / "some.npy", np.zeros((2, 1, 4, 4), np.float32))
    network = nn.Sequential(nn.Conv2d(1, 3, 4), nn.Flatten())
    (record,) = evaluate(
        network, engine="onnxruntime", dtype="int8", calibration=str(tmp_path / "some.npy")
    ).records
    assert record.conversion.calibrated_on.startswith("2 inputs of some.npy (")


def test_engines_and_precisions_that_go_together_are_taken():
    from lightbench.records import Case, InputSpec
    from lightbench.studies.evaluate.ready import able

    inputs = (InputSpec(shape=(1, 4, 4)),)
    cases = [
        Case(model="net", inputs=inputs, engine=engine, dtype=dtype)
        for engine in ("eager", "onnxruntime")
        for dtype in ("float32", "int8")
    ]
    assert able([cases[0]]) == [cases[0]]
    with pytest.raises(UsageError, match="eager computes in float32"):
        able([cases[1]])
    try:
        assert able(cases) == [cases[0], cases[2], cases[3]]
    except MissingPackage:
        pytest.skip("onnxruntime is not installed")


# What it is called.


def test_a_data_set_is_called_without_where_it_is(tmp_path):
    from lightbench import datasets
    from lightbench.studies.evaluate.pictures import called

    assert called(datasets.find("digits")) == "digits"
    assert called(datasets.find(f"cifar10:{tmp_path}")) == "cifar10"
    assert called(datasets.find(f"imagefolder:{tmp_path / 'flowers'}/")) == "imagefolder:flowers"


def test_records_of_a_name_have_the_identity_of_its_profile(ten, tmp_path, monkeypatch, saved):
    """So that a report finds what was measured."""
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.body = nn.Conv2d(1, 3, 4)\n\n"
        "    def forward(self, x):\n        return self.body(x).flatten(1)\n"
    )
    monkeypatch.chdir(tmp_path)
    weights = saved({"body.weight": torch.ones(3, 1, 4, 4), "body.bias": torch.zeros(3)})
    (record,) = evaluate("net.py:Net", weights=weights).records
    timed = lb.profile("net.py:Net", input="1x4x4", device="null", seconds=0.05).record
    assert record.identity == timed.identity
    assert record.identity.code
    assert (record.case.model, record.case.inputs) == (timed.case.model, timed.case.inputs)
