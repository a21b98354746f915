"""lightbench in Python: networks in files."""

from __future__ import annotations

import json
import sys

import pytest

import lightbench as lb
from lightbench.models import sources


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def params(model):
    return lb.count(str(model), input="3x8x8").costs.params


NET = (
    "from torch import nn\n"
    "class Net(nn.Conv2d):\n"
    "    def __init__(self, width=4, *, bias=True):\n"
    "        super().__init__(3, width, 1, bias=bias)\n"
    "def factory(**settings): return Net(**settings)\n"
    "ready = Net(2)\n"
)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("Net", 4 * 3 + 4),
        ("Net()", 4 * 3 + 4),
        ("Net(8)", 8 * 3 + 8),
        ("Net(8, bias=False)", 8 * 3),
        ("factory(width=16)", 16 * 3 + 16),
        ("ready", 2 * 3 + 2),
    ],
)
def test_a_file_gives_a_class_a_factory_with_literal_arguments_or_a_network(
    call, expected, tmp_path
):
    assert params(f"{write(tmp_path / 'a b', net=NET)}/net.py:{call}") == expected


def test_a_file_may_import_its_neighbours_also_late(tmp_path):
    late = (
        "def build():\n"
        "    from late_neighbour import width\n"
        "    from torch import nn\n"
        "    return nn.Conv2d(3, width, 1, bias=False)\n"
    )
    folder = write(tmp_path, net=late, late_neighbour="width = 5")
    path = list(sys.path)
    assert params(f"{folder}/net.py:build") == 5 * 3
    assert sys.path == path


def test_two_checkouts_each_use_their_own_neighbours(tmp_path):
    net = "from blocks_of_a_checkout import Net\n"
    block = "from torch import nn\nclass Net(nn.Conv2d):\n    def __init__(self): super().__init__(3, {}, 1)\n"
    old = write(tmp_path / "old", net=net, blocks_of_a_checkout=block.format(4))
    new = write(tmp_path / "new", net=net, blocks_of_a_checkout=block.format(6))
    assert [params(f"{folder}/net.py:Net") for folder in (old, new, old)] == [16, 24, 16]


def test_a_neighbour_never_hides_a_module_of_python(tmp_path):
    before = json
    write(tmp_path / "a", net=NET), write(tmp_path / "b", net=NET, json="broken = 1")
    params(f"{tmp_path}/a/net.py:Net"), params(f"{tmp_path}/b/net.py:Net")
    assert sys.modules["json"] is before


def test_every_file_runs_under_a_name_of_its_own(tmp_path):
    for folder, width in (("a", 4), ("b", 8)):
        write(tmp_path / folder, net=NET.replace("width=4", f"width={width}"))
    assert [params(f"{tmp_path}/{folder}/net.py:Net") for folder in "ab"] == [16, 32]


def test_torchvision_and_timm_networks_bring_their_input_size():
    assert list(map(str, sources.find("torchvision:inception_v3").inputs)) == ["3x299x299"]
    # 11,689,512: facts/models.md, the params of ResNet-18
    assert lb.count("torchvision:resnet18").costs.params == 11_689_512
    assert lb.count("timm:resnet18").costs.params == 11_689_512
