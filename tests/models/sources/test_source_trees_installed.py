"""What is installed for a user's project, or on the path, is of the version that is asked for."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import pytest
import torch
from two_versions import NEW, OLD, SCALE, built, factors, git, net, write

from lightbench.errors import ModelError
from lightbench.models import sources
from lightbench.models.sources.source_trees import loaded_from
from lightbench.studies.check.checkout import checkout

pytestmark = pytest.mark.usefixtures("no_git_settings")


@pytest.mark.slow
def test_what_is_on_the_path_is_of_that_version(project, monkeypatch):
    top = project({"bench/net.py": net("from pack_n.scale import scale")}, "src/pack_n/scale.py")
    write(top, {"src/pack_n/__init__.py": ""})
    git(top, "add", "-A"), git(top, "commit", "-q", "--amend", "-m", "all")
    for entry in (f"{top}/src", "src"):
        with monkeypatch.context() as patched:
            patched.syspath_prepend(entry)
            assert factors("bench/net.py:Net", top, ("own", "old", "new")) == [NEW, OLD, NEW]


def test_the_working_directory_on_the_path_is_of_that_version(project, monkeypatch):
    top = project({"bench/net.py": net("from scale_o import scale")}, "scale_o.py")
    monkeypatch.syspath_prepend("")
    assert factors("bench/net.py:Net", top, ("old", "new")) == [OLD, NEW]


def editable(name, monkeypatch, tmp_path, **tables):
    """What setuptools installs for it: a finder of its own, made by setuptools."""
    from setuptools.command.editable_wheel import _finder_template

    finder = f"__editable___{name}_0_1_finder"
    text = _finder_template(finder, tables["mapping"], tables.get("namespaces", {}))
    site = tmp_path / "site-packages"
    write(site, {f"{finder}.py": text})
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    monkeypatch.syspath_prepend(str(site))
    importlib.import_module(finder).install()
    return sys.modules[finder]


@pytest.mark.slow
@pytest.mark.parametrize("order", [("old", "new"), ("new", "old"), ("own", "old", "own")])
def test_an_editable_install_is_of_that_version(order, project, monkeypatch, tmp_path):
    files = {"src/pack_p/__init__.py": "", "bench/net.py": net("from pack_p.scale import scale")}
    top = project(files, "src/pack_p/scale.py")
    mapping = {"pack_p": f"{top}/src/pack_p"}
    finder = editable("pack_p", monkeypatch, tmp_path, mapping=mapping)
    expected = {"old": OLD, "new": NEW, "own": NEW}
    assert factors("bench/net.py:Net", top, order) == [expected[name] for name in order]
    assert mapping == finder.MAPPING
    assert importlib.import_module("pack_p.scale").__file__ == f"{top}/src/pack_p/scale.py"


@pytest.mark.slow
def test_an_editable_namespace_is_of_that_version(project, monkeypatch, tmp_path):
    files = {"bench/net.py": net("from space_q.part import scale", "scale.scale")}
    top = project({**files, "src/space_q/part/__init__.py": ""}, "src/space_q/part/scale.py")
    finder = editable(
        "space_q", monkeypatch, tmp_path,
        mapping={"space_q.part": f"{top}/src/space_q/part"},
        namespaces={"space_q": [f"{top}/src/space_q"]},
    )  # fmt: skip
    assert factors("bench/net.py:Net", top, ("own", "old", "new")) == [NEW, OLD, NEW]
    assert {"space_q": [f"{top}/src/space_q"]} == finder.NAMESPACES


@pytest.mark.slow
def test_a_module_that_version_does_not_have_is_not_taken_from_the_users(
    project, monkeypatch, tmp_path
):
    top = project({"bench/net.py": net("from pack_r.scale import scale")}, "scale.py")
    write(top, {"src/pack_r/__init__.py": "", "src/pack_r/scale.py": SCALE.format(factor=9.0)})
    editable("pack_r", monkeypatch, tmp_path, mapping={"pack_r": f"{top}/src/pack_r"})
    assert float(built("bench/net.py:Net", None)(torch.ones(1))) == 9.0
    with (
        checkout("HEAD", top) as tree,
        loaded_from(tree),
        pytest.raises(ModelError, match="pack_r"),
    ):
        sources.find("bench/net.py:Net").build()


@pytest.mark.slow
def test_a_namespace_shared_with_what_is_installed_gives_each_version_its_part(
    project, monkeypatch, tmp_path
):
    top = project(
        {"bench/net.py": net("from space_s import scale", "scale.scale")}, "src/space_s/scale.py"
    )
    write(tmp_path / "site-packages", {"space_s/installed.py": ""})
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    monkeypatch.syspath_prepend(str(top / "src"))
    installed = importlib.import_module("space_s.installed")
    users = importlib.import_module("space_s.scale")
    assert factors("bench/net.py:Net", top, ("old", "new", "old")) == [OLD, NEW, OLD]
    assert sys.modules["space_s"].installed is installed
    assert sys.modules["space_s"].scale is users
