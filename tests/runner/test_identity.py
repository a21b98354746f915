"""What a name stands for: another network, other code, another version is another identity."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from lightbench.runner import identity
from lightbench.runner.identity import code_of, current, identity_of, structure_of

NET = """
from torch import nn
class Net(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.a = nn.Conv2d(3, width, 3)
    def forward(self, x):
        return self.a(x)
"""


def test_two_networks_of_one_structure_have_one_hash_whatever_their_weights():
    a, b = nn.Conv2d(3, 8, 3), nn.Conv2d(3, 8, 3)
    assert structure_of(a) == structure_of(b)
    with torch.device("meta"):
        assert structure_of(nn.Conv2d(3, 8, 3)) == structure_of(a)


def test_every_setting_that_a_module_tells_is_structure():
    nets = [
        nn.Conv2d(4, 8, 3), nn.Conv2d(4, 8, 3, bias=False), nn.Conv2d(4, 8, 3, groups=4),
        nn.Conv2d(4, 8, 3, stride=2), nn.Conv2d(4, 8, 3, padding=1), nn.Sequential(nn.Conv2d(4, 8, 3)),
        nn.ReLU(), nn.ReLU6(), nn.Dropout(0.1), nn.Dropout(0.2), nn.BatchNorm2d(4), nn.BatchNorm2d(5),
    ]  # fmt: skip
    assert len({structure_of(net) for net in nets}) == len(nets)


def test_an_address_in_a_description_and_one_that_fails_do_not_matter():
    class Told(nn.Module):
        def extra_repr(self):
            return f"act={F.relu.__init__} at 0x{id(self):x}"

    class Fails(nn.Module):
        def extra_repr(self):
            raise RuntimeError

    assert structure_of(Told()) == structure_of(Told())
    assert structure_of(Fails()) == structure_of(Fails())


def test_values_of_tensors_in_a_description_do_not_matter():
    """As quantisers print them: on a device without memory they have none."""

    class Told(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter(torch.rand(2))

        def extra_repr(self):
            return f"bits=8, gain={self.gain.data}"

    with torch.device("meta"):
        bare = Told()
    assert structure_of(Told()) == structure_of(Told()) == structure_of(bare)


def test_a_lazy_network_has_a_structure():
    assert structure_of(nn.LazyLinear(3)) == structure_of(nn.LazyLinear(3))


def test_a_file_is_its_text_and_that_of_what_it_imports(tmp_path):
    (tmp_path / "net.py").write_text(NET + "import helper\n")
    (tmp_path / "helper.py").write_text("A = 1\n")
    name = f"{tmp_path}/net.py:Net"
    first = code_of(name)
    assert code_of(name) == first
    (tmp_path / "helper.py").write_text("A = 2\n")
    second = code_of(name)
    assert second != first
    (tmp_path / "unrelated.py").write_text("")
    assert code_of(name) == second


def test_a_project_that_moves_is_the_same(tmp_path):
    hashes = set()
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "net.py").write_text(NET)
        hashes.add(code_of(f"{tmp_path / place}/net.py:Net")[0])
    assert len(hashes) == 1


def test_what_the_code_cannot_show_the_structure_does(tmp_path, monkeypatch):
    """A width from outside: the same text, another network."""
    (tmp_path / "net.py").write_text(
        NET.replace("width=16", "width=None")
        .replace("super().__init__()", "super().__init__(); width = int(os.environ['WIDTH'])")
        .replace("from torch", "import os\nfrom torch")
    )
    name = f"{tmp_path}/net.py:Net"
    monkeypatch.setenv("WIDTH", "16")
    before = current(name, trusted=True)[0]
    monkeypatch.setenv("WIDTH", "32")
    after = current(name, trusted=True)[0]
    assert before.code == after.code
    assert before.structure != after.structure


def test_a_network_of_a_package_is_told_by_its_version(monkeypatch):
    assert [package.split()[0] for package in code_of("timm:resnet18")[1]] == ["timm"]
    assert [p.split()[0] for p in code_of("torchvision:resnet18")[1]] == ["torchvision"]
    monkeypatch.setattr(identity, "version", lambda _name: "0.0.1")
    assert code_of("timm:resnet18") == ("", ("timm 0.0.1",))


def test_a_file_that_imports_such_a_package_depends_on_its_version(tmp_path):
    (tmp_path / "net.py").write_text("import timm, torch\n")
    (package,) = code_of(f"{tmp_path}/net.py:Net")[1]
    assert package.split()[0] == "timm"


def test_ours_are_told_by_the_code_of_their_family():
    assert code_of("mobilenet_v2")[0] != code_of("shufflenet_v2_x1_0")[0] != ""
    assert code_of("stack:grouped(c=8)")[0] == code_of("stack:linear(c=8)")[0] != ""


def test_what_cannot_be_built_has_no_identity(tmp_path):
    assert current("no_such_net", trusted=True) is None
    (tmp_path / "net.py").write_text(NET)
    assert current(f"{tmp_path}/net.py:Net", trusted=False) is None
    assert current(f"{tmp_path}/net.py:Nett", trusted=True) is None


def test_a_network_that_was_handed_over_has_its_structure_alone():
    found = identity_of(None, nn.Conv2d(3, 8, 3))
    assert (found.code, found.packages) == ("", ())
    assert found.structure == structure_of(nn.Conv2d(3, 8, 3))


def test_the_rules_of_counting_are_part_of_it(monkeypatch):
    before = identity_of(None, nn.ReLU())
    monkeypatch.setattr(identity, "counting", lambda: "0" * 16)
    assert identity_of(None, nn.ReLU()) != before
