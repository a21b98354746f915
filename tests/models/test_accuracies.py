"""What was measured goes before what was published, and figures on several data sets are never mixed."""

from __future__ import annotations

import msgspec
import pytest
from evaluations import evaluated, of

from lightbench.models.accuracies import accuracies
from lightbench.models.accuracy import Accuracy
from lightbench.stats.wilson import wilson


def measured(make_record, model, right, images=100, *, shape=(3, 224, 224), **how):
    """An evaluation of the network that ``make_record(model)`` is of."""
    case = {key: how.pop(key) for key in ("engine", "dtype", "batch", "identity") if key in how}
    return evaluated(make_record, model, found=of(right, images, **how), shape=shape, **case)


def test_what_was_measured_goes_before_what_was_published(make_record):
    record = make_record("resnet18")
    assert accuracies([record]).of(record).top1 == 69.758
    rated = accuracies([record, measured(make_record, "resnet18", 90)])
    found = rated.of(record)
    interval = wilson(90, 100)
    assert (found.top1, found.images, found.data, found.kind) == (90, 100, "digits", "measured")
    assert (found.low, found.high) == pytest.approx((100 * interval.low, 100 * interval.high))
    assert found.source == "best.pt, eager, float32"
    assert rated.data == "digits"


def test_what_the_reader_says_goes_before_what_was_measured(make_record):
    record = make_record("net")
    own = {"net": Accuracy(91.5, "our log", measured=True, data="digits")}
    found = accuracies([record, measured(make_record, "net", 90)], own).of(record)
    assert (found.top1, found.kind) == (91.5, "own")


def test_a_network_that_nobody_has_evaluated_keeps_its_published_figure(make_record):
    """Three of ImageNet, one of digits: it is ImageNet, and the one is left out."""
    names = ["resnet18", "mobilenet_v1", "mobilenet_v2", "net"]
    records = [make_record(name) for name in names]
    rated = accuracies([*records, measured(make_record, "net", 90)])
    assert rated.data == "ImageNet"
    assert [a.top1 if (a := rated.of(r)) else None for r in records] == [69.758, 70.6, 72.0, None]
    assert rated.left == {"digits": ("net",)}


def test_the_data_set_of_most_networks_is_taken(make_record):
    names = ["resnet18", "a", "b"]
    records = [make_record(name) for name in names]
    rated = accuracies([*records, *(measured(make_record, name, 90) for name in ("a", "b"))])
    assert rated.data == "digits"
    assert [bool(rated.of(record)) for record in records] == [False, True, True]
    assert rated.left == {"ImageNet": ("resnet18",)}


def test_of_as_many_what_was_measured_is_taken(make_record):
    records = [make_record("resnet18"), make_record("net")]
    rated = accuracies([*records, measured(make_record, "net", 90)])
    assert rated.data == "digits"


def test_two_data_sets_of_one_name_are_two(make_record):
    """Folders that are both called val, of other images."""
    records = [make_record(name) for name in "abc"]
    found = [
        measured(make_record, "a", 90, 100, data="imagefolder:val"),
        measured(make_record, "b", 45, 50, data="imagefolder:val"),
        measured(make_record, "c", 44, 50, data="imagefolder:val"),
    ]
    rated = accuracies([*records, *found])
    assert [bool(rated.of(record)) for record in records] == [False, True, True]
    assert rated.left == {"imagefolder:val": ("a",)}


def test_the_latest_pass_counts(make_record):
    record = make_record("net")
    found = [
        measured(make_record, "net", right, run=run, digest=run)
        for run, right in (("1", 80), ("2", 90))
    ]
    assert accuracies([record, *found]).of(record).top1 == 90
    assert accuracies([record, *reversed(found)]).of(record).top1 == 80


def test_of_several_trainings_in_a_pass_it_is_their_mean(make_record):
    """80, 90 and 100: mean 90, deviation 10, and t(2) is 4.30: no share is beyond 100 %."""
    record = make_record("net")
    found = [
        measured(make_record, "net", n, digest=str(n), weights=f"{n}.pt") for n in (80, 90, 100)
    ]
    one = accuracies([record, *found]).of(record)
    assert (one.top1, one.images, one.source) == (
        pytest.approx(90),
        100,
        "mean of 3 weights, eager, float32",
    )
    assert (one.low, one.high) == (pytest.approx(90 - 4.302653 * 10 / 3**0.5), 100)


def test_no_mean_is_known_to_be_below_nothing(make_record):
    record = make_record("net")
    found = [measured(make_record, "net", n, digest=str(n)) for n in (0, 5, 10)]
    one = accuracies([record, *found]).of(record)
    assert (one.top1, one.low, one.measured) == (pytest.approx(5), 0, True)


def test_the_same_weights_twice_are_no_spread(make_record):
    record = make_record("net")
    twice = [measured(make_record, "net", 90), measured(make_record, "net", 90)]
    assert accuracies([record, *twice]).of(record).low == pytest.approx(100 * wilson(90, 100).low)


# Of which network.


@pytest.mark.parametrize(
    "changes",
    [{"identity": "other"}, {"identity": None}, {"shape": (3, 32, 32)}],
    ids=["another structure", "not known", "another input"],
)
def test_of_another_network_nothing_is_said(make_record, changes):
    record = make_record("net")
    assert accuracies([record, measured(make_record, "net", 90, **changes)]).of(record) is None
    assert accuracies([record, measured(make_record, "other", 90)]).of(record) is None


def test_a_file_that_has_changed_since_is_another_network(make_record):
    record = make_record("net")
    found = measured(make_record, "net", 90)
    changed = msgspec.structs.replace(found.identity, code="0123456789abcdef")
    assert accuracies([record, msgspec.structs.replace(found, identity=changed)]).of(record) is None


def test_by_which_rules_it_was_counted_does_not_matter(make_record):
    record = make_record("net")
    found = measured(make_record, "net", 90)
    counted = msgspec.structs.replace(found.identity, counting="later rules")
    assert (
        accuracies([record, msgspec.structs.replace(found, identity=counted)]).of(record).top1 == 90
    )


# In which precision.


def test_what_is_measured_in_float32_holds_for_other_engines_in_it(make_record):
    record = make_record("net", engine="onnxruntime")
    assert accuracies([record, measured(make_record, "net", 90)]).of(record).top1 == 90


def test_an_engines_own_evaluation_goes_first(make_record):
    record = make_record("net", engine="onnxruntime")
    own = measured(make_record, "net", 80, engine="onnxruntime")
    found = accuracies([record, own, measured(make_record, "net", 90)]).of(record)
    assert (found.top1, found.source) == (80, "best.pt, onnxruntime, float32")


def test_int8_has_only_what_was_measured_in_int8(make_record):
    plain, small = (make_record("net", engine="onnxruntime", dtype=d) for d in ("float32", "int8"))
    float32 = measured(make_record, "net", 90)
    assert accuracies([plain, small, float32]).of(small) is None
    int8 = measured(make_record, "net", 85, engine="onnxruntime", dtype="int8", run="two")
    rated = accuracies([plain, small, float32, int8])
    assert (rated.of(plain).top1, rated.of(small).top1) == (90, 85)


def test_a_figure_for_a_name_is_for_the_usual_one_of_its_inputs(make_record):
    usual, small = make_record("net"), make_record("net", shape=(3, 64, 64))
    own = {"net": Accuracy(70.0, "our log", measured=True)}
    assert accuracies([small], own).of(small).top1 == 70
    rated = accuracies([usual, small], own)
    assert (rated.of(usual).top1, rated.of(small)) == (70, None)


def test_without_any_it_is_imagenet(make_record):
    rated = accuracies([make_record("net")])
    assert (rated.of(make_record("net")), rated.data, rated.left) == (None, "ImageNet", {})
