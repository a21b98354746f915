"""Two versions of a user's source in one process: each network is made of its own version, and goes on
with it."""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path

import pytest
import torch
from two_versions import NEW, OLD, SCALE, built, factors, git, net, write

from lightbench.errors import ModelError
from lightbench.models import sources
from lightbench.models.sources.source_trees import Tree, loaded_from
from lightbench.studies.check.checkout import checkout

pytestmark = pytest.mark.usefixtures("no_git_settings")

LAYOUTS = {
    "neighbour": ({"net.py": net("from scale_a import scale")}, "scale_a.py", "net.py"),
    "module": ({"net.py": net("import scale_b", "scale_b.scale")}, "scale_b.py", "net.py"),
    "package": (
        {"pack_c/__init__.py": "", "pack_c/net.py": net("from pack_c.scale import scale")},
        "pack_c/scale.py",
        "pack_c/net.py",
    ),
    "relative": (
        {
            "pack_d/__init__.py": "",
            "pack_d/nets/__init__.py": "",
            "pack_d/nets/net.py": net("from ..scale import scale"),
        },
        "pack_d/scale.py",
        "pack_d/nets/net.py",
    ),
    "relative, imported by its package": (
        {
            "pack_e/__init__.py": "from .net import Net",
            "pack_e/net.py": net("from .scale import *"),
        },
        "pack_e/scale.py",
        "pack_e/net.py",
    ),
    "the package's own file": (
        {"pack_f/__init__.py": net("from .scale import scale")},
        "pack_f/scale.py",
        "pack_f/__init__.py",
    ),
    "src": (
        {"src/pack_g/__init__.py": "", "src/pack_g/net.py": net("from pack_g.scale import scale")},
        "src/pack_g/scale.py",
        "src/pack_g/net.py",
    ),
    "folder without __init__": (
        {"net.py": net("from space_h.scale import scale")},
        "space_h/scale.py",
        "net.py",
    ),
    "a project that is a package": (
        {"__init__.py": "", "net.py": net("from .scale import scale")},
        "scale.py",
        "net.py",
    ),
    "several names": (
        {
            "pack_i/__init__.py": "",
            "pack_i/base.py": "from pack_i.scale import scale",
            "pack_i/net.py": net("import base\nfrom . import base as b", "base.scale"),
        },
        "pack_i/scale.py",
        "pack_i/net.py",
    ),
    "a circle": (
        {
            "pack_j/__init__.py": "",
            "pack_j/net.py": "class Base: pass\n" + net("from .blocks import B", "B"),
            "pack_j/blocks.py": "from .net import Base\nimport pack_j.net\n"
            "from .scale import scale as B0\nclass B(Base):\n  def __new__(cls, x):"
            "\n    assert pack_j.net.Net\n    return B0(x)\n",
        },
        "pack_j/scale.py",
        "pack_j/net.py",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("order", [("old", "new", "own"), ("own", "new", "old"), ("new", "old")])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_version_uses_its_own_helper_in_any_order_also_after_it_was_left(
    layout, order, project
):
    files, helper, file = LAYOUTS[layout]
    top = project(files, helper)
    expected = {"old": OLD, "new": NEW, "own": NEW}
    assert factors(f"{file}:Net", top, order) == [expected[name] for name in order]


@pytest.mark.slow
def test_a_file_is_found_from_a_folder_below_and_by_its_whole_path(project, monkeypatch):
    top = project({"models/net.py": net("from scale_k import scale")}, "models/scale_k.py")
    monkeypatch.chdir(top / "models")
    for model in ("net.py:Net", f"{top}/models/net.py:Net", "../models/net.py:Net"):
        assert factors(model, top / "models", ("old", "new")) == [OLD, NEW]


@pytest.mark.slow
def test_a_project_below_a_link_is_the_same_project(project, tmp_path, monkeypatch):
    top = project({"net.py": net("from scale_l import scale")}, "lib/scale_l.py")
    (tmp_path / "link").symlink_to(top)
    monkeypatch.chdir(tmp_path / "link")
    monkeypatch.syspath_prepend(f"{tmp_path}/link/lib")
    for model in ("net.py:Net", f"{tmp_path}/link/net.py:Net"):
        assert factors(model, Path(), ("own", "old", "new")) == [NEW, OLD, NEW]


def test_a_link_in_the_project_is_followed_as_that_version_has_it(project):
    top = project({"net.py": net("from scale_m import scale")}, "v1/scale_m.py")
    write(top, {"v2/scale_m.py": SCALE.format(factor=5.0)})
    (top / "scale_m.py").symlink_to("v1/scale_m.py")
    git(top, "add", "-A"), git(top, "commit", "-qm", "a link")
    (top / "scale_m.py").unlink()
    (top / "scale_m.py").symlink_to("v2/scale_m.py")
    assert factors("net.py:Net", top, ("own", "new")) == [5.0, 5.0]
    with checkout("HEAD", top) as tree:
        assert float(built("net.py:Net", tree)(torch.ones(1))) == NEW


def test_a_folder_that_is_a_link_is_followed_as_that_version_has_it(project):
    top = project({"v1/net.py": net("from scale_5 import scale")}, "v1/scale_5.py")
    (top / "current").symlink_to("v1")
    git(top, "add", "-A"), git(top, "commit", "-qm", "a link")
    write(
        top,
        {"v2/net.py": net("from scale_5 import scale"), "v2/scale_5.py": SCALE.format(factor=5.0)},
    )
    git(top, "add", "-A"), git(top, "commit", "-qm", "both")
    (top / "current").unlink()
    (top / "current").symlink_to("v2")
    with checkout("HEAD", top) as tree:
        networks = [built("current/net.py:Net", version) for version in (None, tree)]
    assert [float(network(torch.ones(1))) for network in networks] == [5.0, NEW]


def test_a_link_from_elsewhere_into_the_project_is_the_project(project, tmp_path):
    top = project({"models/net.py": net("from scale_6 import scale")}, "models/scale_6.py")
    (tmp_path / "nets").symlink_to(top / "models")
    assert factors(f"{tmp_path}/nets/net.py:Net", top, ("old", "new")) == [OLD, NEW]


def test_the_users_own_version_is_loaded_as_its_files_are_now(project, monkeypatch):
    top = project({"net.py": net("from scale_7 import scale")}, "scale_7.py")
    monkeypatch.syspath_prepend(str(top))
    importlib.import_module("scale_7")
    write(top, {"scale_7.py": SCALE.format(factor=50.0)})
    assert float(built("net.py:Net", None)(torch.ones(1))) == 50.0


@pytest.mark.slow
def test_a_file_that_has_just_been_written_is_seen(tmp_path):
    top = write(tmp_path, {"net.py": net("from scale_8 import scale")})
    os.utime(top, (1, 1))
    with loaded_from(Tree(top, top)), pytest.raises(ModelError):
        sources.find(f"{top}/net.py:Net").build()
    write(top, {"scale_8.py": SCALE.format(factor=NEW)})
    os.utime(top, (1, 1))  # clocks of file systems are coarse: the folder looks as it was
    assert float(built(f"{top}/net.py:Net", Tree(top, top))(torch.ones(1))) == NEW
