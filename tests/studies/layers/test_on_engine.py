"""Layers on an engine: which of them tell times, and what a tiny network's are."""

from importlib.util import find_spec

import pytest
from torch import nn

from lightbench import registry
from lightbench.errors import UsageError
from lightbench.studies.layers.api import layers as measure_layers
from lightbench.studies.layers.kernels import COPIES


class Net(nn.Module):
    """Its norm is folded and its activation merged; a shuffle and a split are of its own forward."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.branch = nn.Conv2d(8, 8, 1)
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        n, c, h, w = (x := self.stem(x)).shape
        left, right = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w).chunk(2, 1)
        return self.fc((left + self.branch(right)).mean((2, 3)))


def test_an_engine_that_tells_no_times_of_its_layers_says_so_and_which_do(monkeypatch):
    names = registry.names
    more = lambda kind: (*names(kind), "compile") if kind == "engine" else names(kind)  # noqa: E731
    monkeypatch.setattr(registry, "names", more)
    with pytest.raises(
        UsageError, match="compile tells no times of its layers; .*onnxruntime.* do"
    ) as raised:
        measure_layers(Net(), engine="compile", input="3x8x8")
    assert raised.value.hint == "Try --engine onnxruntime."


def test_on_the_null_device_no_engine_runs():
    with pytest.raises(UsageError, match="on the CPU"):
        measure_layers(Net(), engine="onnxruntime", input="3x8x8", device="null")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_networks_layers_are_told_by_the_engine_itself(engine):
    for package in (engine, "onnx", "onnxscript"):
        if not find_spec(package):  # OpenVINO is imported by us, for once without its telemetry
            pytest.skip(f"needs {package}")
    found = measure_layers(Net(), input="3x16x16", engine=engine, threads=1, seconds=0.5)
    rows = {part.name: part for part in found.parts(None)}
    assert (
        {"stem.0", "branch", "fc"} <= rows.keys() <= {"stem.0", "branch", "(network)", "fc", COPIES}
    )
    assert [op.path for op in rows["stem.0"].ops] == ["stem.0", "stem.1", "stem.2"]
    assert rows["stem.0"].madds == 16 * 16 * 16 * 3 * 9  # positions, channels out and in, filter
    assert rows["fc"].madds == 8 * 5
    assert sum(part.share.median for part in rows.values()) == pytest.approx(1)
    assert found.record.kernels.calls >= 6
    assert found.record.case.engine == engine
    assert found.record.outputs.verdict == "same"
    assert f"{engine}'s own profile" in " ".join(repr(found).split())
