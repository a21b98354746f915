"""What an engine can do, and in words what it cannot."""

import msgspec
import pytest
from plain_engine import QUICK, case, profile

import lightbench as lb
from lightbench.errors import MissingPackage, UsageError
from lightbench.runner import abilities


@pytest.mark.parametrize(
    ("how", "why", "hint"),
    [
        ({"mode": "train"}, "plain trains no networks", "Try --engine eager."),
        (
            {"device": "cuda:1"},
            "plain runs on the CPU here",
            "Try --device cpu, or --engine eager.",
        ),
        (
            {"layout": "channels_last"},
            "no --channels-last for it",
            "Leave it out, or try --engine eager.",
        ),
        (
            {"dtype": "bfloat16"},
            "computes in float32 here, not in bfloat16",
            "Try --engine compile or eager or openvino.",
        ),
        (  # which is none of eager's
            {"dtype": "int8"},
            "computes in float32 here, not in int8",
            "Try --engine executorch or litert or onnxruntime or openvino.",
        ),
    ],
)
def test_what_it_cannot_do_is_refused_with_what_can(engine, how, why, hint):
    with pytest.raises(UsageError, match=why) as raised:
        abilities.refuse(case(**how))
    assert raised.value.hint == hint


def test_pytorch_quantizes_nothing_and_names_the_engines_that_do(engine):
    engine.DTYPES = ("float32", "int8")
    for name in ("eager", "compile"):
        with pytest.raises(UsageError, match=f"{name} computes in .*, not in int8") as raised:
            abilities.refuse(msgspec.structs.replace(case(dtype="int8"), engine=name))
        assert raised.value.hint.endswith(
            "onnxruntime or openvino or plain, which quantize a network."
        )


def test_int8_is_made_of_sixteen_inputs_like_the_timed_one_and_says_so(engine, net):
    engine.DTYPES = ("float32", "int8")
    record = profile(net, dtype="int8")
    assert record.failure is None, record.failure
    assert engine.asked == [(1, "int8", ())]
    inputs = [args[0] for args, _ in engine.samples]
    assert len(inputs) == 16
    values = [sorted(x.reshape(-1).tolist()) for x in inputs]
    assert all(each == values[0] for each in values)
    assert (
        len({tuple(x.reshape(-1).tolist()) for x in inputs}) == 4
    )  # all that 4 numbers can be rolled to
    assert record.conversion.calibrated_on == "16 inputs like the timed one"
    assert record.outputs.verdict == "approximate"
    assert any(said.startswith("in int8 its outputs are") for said in record.warnings)
    assert profile(net).conversion.kept is False  # float32 is another file
    assert profile(net, dtype="int8").conversion.kept
    assert profile(net).conversion.calibrated_on is None


def test_a_network_for_less_than_float32_is_built_and_counted_in_float32(engine, net):
    engine.DTYPES = ("float32", "bfloat16")
    wide, short = profile(net), profile(net, dtype="bfloat16")
    assert engine.asked == [(1, "float32", ()), (1, "bfloat16", ())]
    assert short.costs == wide.costs
    assert short.conversion.kept  # it is the same file
    assert short.case.dtype == "bfloat16"


def test_options_of_an_engine_are_rows_beside_it(engine, net):
    records = lb.profile(net, engine=["plain", "plain:defaults"], input="4", **QUICK).records
    assert [record.case.engine for record in records] == ["plain", "plain:defaults"]
    assert engine.asked == [(1, "float32", ()), (1, "float32", ("defaults",))]
    assert len(engine.made) == 1
    with pytest.raises(UsageError, match="plain has no option 'fast'") as raised:
        lb.profile(net, engine="plain:fast", **QUICK)
    assert raised.value.hint == "Known: plain:defaults."
    engine.DTYPES = ("float32", "bfloat16")
    failed = profile(net, engine="plain:defaults", dtype="bfloat16")
    assert "plain:defaults computes in what it likes" in failed.failure.message


def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(engine, monkeypatch):
    engine.PACKAGES = ("onnxruntime", "onnx")

    def nothing(name):
        raise abilities.PackageNotFoundError(name)

    monkeypatch.setattr(abilities, "version", nothing)
    with pytest.raises(MissingPackage, match="onnxruntime is not installed, .* engine plain") as e:
        abilities.packages_of(engine)
    assert e.value.hint.startswith('pip install "onnxruntime>=')
    assert '"onnx>=' in e.value.hint


def test_another_package_that_brings_the_same_will_do(engine, monkeypatch):
    """Of ONNX Runtime's wheels an environment holds one."""
    engine.PACKAGES, engine.INSTEAD = ("one",), {"one": ("one", "one-gpu")}

    def only_the_other(name):
        if name != "one-gpu":
            raise abilities.PackageNotFoundError(name)
        return "1.31"

    monkeypatch.setattr(abilities, "version", only_the_other)
    assert abilities.packages_of(engine) == ("one-gpu 1.31",)
