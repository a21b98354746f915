"""What cannot be compared between two versions of a source is said."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import pytest
import torch
from two_versions import NET, NEW, OLD, SCALE, built, git, net, write

from lightbench.errors import NotAvailable, UsageError
from lightbench.models import sources
from lightbench.models.sources.source_trees import (
    Tree,
    installed_copies,
    late_imports,
    leaks,
    loaded_from,
    shared_operators,
)
from lightbench.studies.check.checkout import checkout

pytestmark = pytest.mark.usefixtures("no_git_settings")

# What cannot be compared is said.


def test_a_file_that_version_does_not_have_is_not_comparable(project):
    top = project({}, "scale.py")
    write(top, {"net.py": net("")})
    with checkout("HEAD~1", top) as tree, loaded_from(tree):
        with pytest.raises(
            NotAvailable, match=r"not comparable: there is no file 'net.py' at HEAD~1"
        ):
            sources.find("net.py:Net")
        with pytest.raises(UsageError, match="no file"):
            sources.find("net\0.py:Net")


def test_a_file_that_only_that_version_has_is_found(project):
    top = project({"net.py": net("from scale_1 import scale")}, "scale_1.py")
    git(top, "rm", "-q", "net.py"), git(top, "commit", "-qm", "gone")
    with checkout("HEAD~1", top) as tree:
        assert float(built("net.py:Net", tree)(torch.ones(1))) == NEW


def test_errors_name_the_file_as_the_user_wrote_it(project):
    top = project({"net.py": net("")}, "scale.py")
    with checkout("HEAD~1", top) as tree, loaded_from(tree), pytest.raises(UsageError) as caught:
        sources.find("net.py:Nett").build()
    assert str(caught.value) == "'net.py' has no 'Nett'.\n  Did you mean Net?"


def test_what_can_be_named_is_offered_from_the_file_of_that_version(project):
    top = project({"net.py": "from torch import nn\n\nclass Old(nn.Module): pass"}, "scale.py")
    write(top, {"net.py": "from torch import nn\n\nclass New(nn.Module): pass"})
    with checkout("HEAD", top) as tree, loaded_from(tree), pytest.raises(UsageError) as caught:
        sources.find("net.py")
    assert caught.value.hint.startswith("Write net.py:Old ")


def test_code_that_reaches_into_the_users_version_leaks(project):
    reaching = "import sys\nsys.path.insert(0, {!r})\nfrom reached_2 import scale"
    top = project({}, "deep/reached_2.py")
    write(top, {"net.py": net(reaching.format(str(top / "deep")))})
    git(top, "add", "-A"), git(top, "commit", "-qm", "a path in the code")
    with checkout("HEAD", top) as tree, loaded_from(tree):
        sources.find("net.py:Net").build()
        assert leaks(tree) == ["reached_2"]
    with loaded_from(None):
        sources.find("net.py:Net").build()
        assert leaks(None) == leaks(Tree(top, top)) == []


def test_a_link_that_leads_back_into_the_users_version_leaks(project):
    top = project({"net.py": net("from linked_3 import scale")}, "real_3.py")
    (top / "linked_3.py").symlink_to(top / "real_3.py")
    git(top, "add", "-A"), git(top, "commit", "-qm", "a whole path in a link")
    with checkout("HEAD", top) as tree, loaded_from(tree):
        sources.find("net.py:Net").build()
        assert leaks(tree) == ["linked_3"]


def test_a_package_that_comes_from_an_installed_copy_is_named(project, monkeypatch, tmp_path):
    files = {"src/pack_4/__init__.py": "", "bench/net.py": net("from pack_4.scale import scale")}
    top = project(files, "src/pack_4/scale.py")
    copy = {"pack_4/__init__.py": "", "pack_4/scale.py": SCALE.format(factor=1.0)}
    monkeypatch.syspath_prepend(str(write(tmp_path / "site-packages", copy)))
    with checkout("HEAD~1", top) as tree, loaded_from(tree):
        sources.find("bench/net.py:Net").build()
        assert installed_copies(tree) == ["pack_4"]
    monkeypatch.delitem(sys.modules, "pack_4")
    monkeypatch.delitem(sys.modules, "pack_4.scale")
    monkeypatch.syspath_prepend(str(top / "src"))
    with checkout("HEAD~1", top) as tree, loaded_from(tree):
        sources.find("bench/net.py:Net").build()
        assert installed_copies(tree) == []
        assert "pack_4" in sys.modules


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "installed", "using"),
    [
        ("src/single_7.py", "single_7.py", "from single_7 import scale"),
        ("src/space_7/scale.py", "space_7/scale.py", "from space_7.scale import scale"),
        ("libs/one/src/mono_7/scale.py", "mono_7/scale.py", "from mono_7.scale import scale"),
    ],
)
def test_a_module_a_namespace_and_a_project_in_the_repository_may_be_copies_too(
    project, monkeypatch, tmp_path, place, installed, using
):
    files = {"bench/deep/net.py": net(using), "libs/one/pyproject.toml": "", "onnx_7/tool.py": ""}
    top = project(files, place)
    copy = {installed: SCALE.format(factor=1.0), "onnx_7/__init__.py": ""}
    monkeypatch.syspath_prepend(str(write(tmp_path / "site-packages", copy)))
    with checkout("HEAD~1", top) as tree, loaded_from(tree):
        sources.find("bench/deep/net.py:Net").build()
        importlib.import_module("onnx_7")  # a folder of scripts is no package of that name
        assert installed_copies(tree) == [installed.split("/")[0].removesuffix(".py")]


def test_what_a_forward_pass_imports_only_when_it_runs_is_named(project, monkeypatch):
    late = NET.format(imports="", scale="__import__('scale_11').scale")
    top = project(
        {"late.py": late, "net.py": net("import scale_11", "scale_11.scale")}, "scale_11.py"
    )
    monkeypatch.syspath_prepend(str(top))
    for tree in (None, Tree(top, top)):
        assert late_imports(tree, lambda: None) == []
    with checkout("HEAD~1", top) as tree, loaded_from(tree):
        for file, names in (("net.py", []), ("late.py", ["scale_11"])):
            network = sources.find(f"{file}:Net").build()
            network(torch.ones(1))
            before = sys.modules["scale_11"]
            assert late_imports(tree, lambda n=network: n(torch.ones(1))) == names
            assert sys.modules["scale_11"] is before


OPERATOR = """
import torch
@torch.library.custom_op("lightbench_test::scale_12", mutates_args=())
def scale(x: torch.Tensor) -> torch.Tensor:
    return x * {factor}
"""


def test_an_operator_that_the_next_version_would_replace_is_named(tmp_path):
    trees = [Tree(tmp_path / name, tmp_path) for name in ("one", "two")]
    for tree, factor in zip(trees, (OLD, NEW), strict=True):
        write(
            tree.root,
            {"net.py": net("from op_12 import scale"), "op_12.py": OPERATOR.format(factor=factor)},
        )
    named = []
    for tree in trees:  # calling the first one now would call the second's, or worse
        with loaded_from(tree):
            sources.find(f"{tree.root}/net.py:Net").build()
            named.append(shared_operators(tree))
    assert named == [["lightbench_test::scale_12"]] * 2
    assert shared_operators(None) == shared_operators(Tree(tmp_path / "three", tmp_path)) == []
