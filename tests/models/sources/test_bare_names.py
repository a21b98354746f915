"""Names without a colon: ours, then torchvision's, then timm's; and what is proposed where there is none."""

from __future__ import annotations

import subprocess
import sys

import pytest

import lightbench as lb
from lightbench.errors import UnknownName, UsageError
from lightbench.models import sources
from lightbench.models.sources import bare_names
from lightbench.models.sources.registered_names import names_in


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_names_read_from_source_are_those_that_the_library_lists(library):
    assert sorted(names_in(library)) == sorted(sources.library_names(library))


def test_a_library_that_is_not_there_has_no_names():
    assert names_in("torchvision_that_is_not_there") == frozenset()


@pytest.mark.parametrize(
    ("typed", "full"),
    [
        ("resnet101", "torchvision:resnet101"),  # timm has one, too
        ("efficientnet_b0", "torchvision:efficientnet_b0"),
        ("fasterrcnn_resnet50_fpn", "torchvision:fasterrcnn_resnet50_fpn"),
        ("mobilenetv3_small_100", "timm:mobilenetv3_small_100"),
        ("mobilenet_v2", "mobilenet_v2"),  # torchvision has one, too
        ("mobilenet_v2(width=0.5)", "mobilenet_v2(width=0.5)"),
        ("timm:resnet101", "timm:resnet101"),
        ("resnet101.py", "resnet101.py"),
        ("net.py:resnet101", "net.py:resnet101"),
        ("resnet101.onnx", "resnet101.onnx"),
        ("nosuchnet", "nosuchnet"),
        ("", ""),
    ],
)
def test_a_bare_name_gets_the_library_that_has_it_in_front(typed, full):
    assert sources.full_name(typed) == full


def test_looking_a_bare_name_up_imports_neither_torch_nor_the_library():
    code = (
        "import sys; from lightbench.models.sources import full_name\n"
        "assert full_name('mobilenetv3_small_100') == 'timm:mobilenetv3_small_100'\n"
        "assert not {'torch', 'torchvision', 'timm'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "result", [lb.count, lambda name: lb.profile(name, device="null", seconds=0.01).records[0].case]
)
def test_an_answer_says_which_library_it_is_of(result):
    assert result("squeezenet1_1").model == "squeezenet1_1"
    assert result("mnasnet0_5").model == "torchvision:mnasnet0_5"


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("resnet1o1", "torchvision:resnet101"),
        ("mobilenetv3_smal_100", "timm:mobilenetv3_small_100"),
        ("resnet5", "resnet50"),
        ("microsoft/resnet101", "torchvision:resnet101"),
    ],
)
def test_the_nearest_names_of_all_libraries_are_proposed_as_they_are_typed(typed, instead):
    with pytest.raises(UnknownName, match=f"no model is called '{typed}'") as raised:
        sources.find(typed)
    assert instead in raised.value.hint.partition("?")[0].removeprefix("Did you mean ").split(
        " or "
    )


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("torchvision.resnet101", "torchvision:resnet101"),
        ("torchvision.models.resnet101", "torchvision:resnet101"),
        ("timm/mobilenetv3_small_100", "timm:mobilenetv3_small_100"),
        ("mynets.small.Net", "mynets.small:Net"),
    ],
)
def test_a_dot_where_a_colon_belongs_is_answered_with_the_name_to_type(
    typed, instead, tmp_path, monkeypatch
):
    (tmp_path / "mynets").mkdir()
    (tmp_path / "mynets" / "__init__.py").touch()
    (tmp_path / "mynets" / "small.py").write_text("Net = None")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as raised:
        sources.find(typed)
    assert raised.value.hint == f"Write {instead}."


def test_a_name_that_nothing_is_like_says_where_names_are_shown(monkeypatch):
    monkeypatch.setattr(bare_names, "names_in", lambda _library: frozenset())
    with pytest.raises(UnknownName) as raised:
        sources.find("xyzzy_plugh")
    assert raised.value.hint.startswith("`lightbench list models` shows ours")
