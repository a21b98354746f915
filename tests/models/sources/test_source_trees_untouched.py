"""What loading a version touches is put back; what is not the user's is not touched."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import types
from pathlib import Path

import pytest
import torch
from two_versions import NEW, OLD, SCALE, built, factors, net, write

import lightbench as lb
from lightbench.errors import ModelError
from lightbench.models import sources
from lightbench.models.sources.source_trees import Tree, leaks, loaded_from
from lightbench.studies.check.checkout import checkout

pytestmark = pytest.mark.usefixtures("no_git_settings")

# What is touched is put back; what is not the user's is not touched.


def test_the_users_own_modules_and_path_are_as_before_also_after_an_error(project, monkeypatch):
    top = project({"net.py": net("from scale_t import scale")}, "scale_t.py")
    monkeypatch.syspath_prepend(str(top))
    users = importlib.import_module("scale_t")
    path, entries, names = sys.path, list(sys.path), set(sys.modules)
    with checkout("HEAD~1", top) as tree:
        built("net.py:Net", tree)
        with pytest.raises(KeyboardInterrupt), loaded_from(tree):
            sources.find("net.py:Net").build()
            sys.path = ["elsewhere"]
            raise KeyboardInterrupt
    assert sys.modules["scale_t"] is users
    assert sys.path is path
    assert sys.path == entries
    assert {n for n in set(sys.modules) - names if "scale_t" in n or "net" in n.split("_")} == set()


def test_every_build_is_of_the_text_that_is_there_now(project):
    top = project(
        {"pack_u/__init__.py": "", "pack_u/net.py": net("from .scale import scale")},
        "pack_u/scale.py",
    )
    source = sources.find("pack_u/net.py:Net")
    first = source.build()
    write(top, {"pack_u/net.py": net("from .scale import scale").replace("(x)\n", "(x) * 10\n")})
    importlib.invalidate_caches()
    os.utime(top / "pack_u/net.py", (1, 1))
    second = source.build()
    assert [float(network(torch.ones(1))) for network in (first, second)] == [NEW, NEW * 10]


def test_the_users_module_keeps_its_name_when_its_file_is_built_from(project, monkeypatch):
    top = project(
        {"pack_v/__init__.py": "", "pack_v/net.py": net("from .scale import scale")},
        "pack_v/scale.py",
    )
    monkeypatch.syspath_prepend(str(top))
    users = importlib.import_module("pack_v.net")
    network = sources.find("pack_v/net.py:Net").build()
    assert sys.modules["pack_v.net"] is users is sys.modules["pack_v"].net
    assert type(network) is not users.Net


def test_a_network_is_of_the_class_that_its_package_knows(project):
    own = net("import pack_9").replace("scale(x)", "x * isinstance(self, pack_9.Net)")
    project({"pack_9/__init__.py": "from .net import Net", "pack_9/net.py": own}, "pack_9/scale.py")
    assert float(built("pack_9/net.py:Net", None)(torch.ones(1))) == 1.0


def test_a_package_never_takes_the_modules_of_another_that_is_called_alike(
    project, tmp_path, monkeypatch
):
    files = {"pack_10/__init__.py": "", "pack_10/net.py": net("from .scale import scale")}
    project(files, "pack_10/scale.py")
    other = {"pack_10/__init__.py": "", "pack_10/scale.py": SCALE.format(factor=9.0)}
    monkeypatch.syspath_prepend(str(write(tmp_path / "site-packages", other)))
    importlib.import_module("pack_10.scale")
    with pytest.raises(ModelError, match="relative import"):
        sources.find("pack_10/net.py:Net").build()


def test_two_checkouts_of_a_package_side_by_side_without_git(tmp_path):
    for name, factor in (("one", OLD), ("two", NEW)):
        write(tmp_path / name, {
            "pack_w/__init__.py": "", "pack_w/net.py": net("from .scale import scale"),
            "pack_w/scale.py": SCALE.format(factor=factor),
        })  # fmt: skip
    models = [f"{tmp_path}/{name}/pack_w/net.py:Net" for name in ("one", "two", "one")]
    networks = [sources.find(model).build() for model in models]
    assert [float(network(torch.ones(1))) for network in networks] == [OLD, NEW, OLD]


def module(name, file):
    made = types.ModuleType(name)
    made.__file__ = str(file)
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    "file",
    [
        ".venv/lib/python3.12/site-packages/dep_x.py",
        "env/dep_x.py",
        "py/lib/dep_x.py",
        "vendor/dist-packages/dep_x.py",
    ],
)
def test_what_is_installed_below_the_project_stays(file, project, monkeypatch):
    top = project({}, "scale.py")
    write(top, {file: "", "env/pyvenv.cfg": ""})
    monkeypatch.setattr(sys, "base_prefix", str(top / "py"))
    monkeypatch.setitem(sys.modules, "dep_x", module("dep_x", top / file))
    monkeypatch.syspath_prepend(str((top / file).parent))
    with loaded_from(Tree(top, top)):
        assert "dep_x" in sys.modules
    with checkout("HEAD", top) as tree, loaded_from(tree):
        assert "dep_x" in sys.modules
        assert sys.path[0] == str((top / file).parent)
        assert leaks(tree) == []


def test_a_project_below_pythons_own_folder_is_a_project(project, monkeypatch, tmp_path):
    top = project({"net.py": net("from scale_y import scale")}, "scale_y.py")
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.syspath_prepend(str(top))
    importlib.import_module("scale_y")
    assert factors("net.py:Net", top, ("old", "new")) == [OLD, NEW]


def test_lightbench_itself_and_main_are_never_set_aside(monkeypatch):
    own = Path(lb.__file__).parent
    names = {name for name in sys.modules if name.partition(".")[0] == "lightbench"}
    monkeypatch.setattr(
        sys.modules["__main__"], "__file__", str(own.parent / "x.py"), raising=False
    )
    with loaded_from(Tree(own.parent, own.parent)):
        assert names <= sys.modules.keys()
        assert "__main__" in sys.modules
        assert "torch" in sys.modules


@pytest.mark.slow
def test_odd_things_among_the_modules_and_on_the_path_do_no_harm(project, monkeypatch):
    class Lazy(types.ModuleType):
        def __getattr__(self, name):
            raise AssertionError(name)

    class Orphan:
        def __iter__(self):
            raise KeyError("parent")

    orphan = types.ModuleType("orphan")
    orphan.__path__ = Orphan()
    top = project({"net.py": net("from scale_z import scale")}, "scale_z.py")
    for name, odd in {"lazy": Lazy("lazy"), "orphan": orphan, "none": None, "a_number": 3}.items():
        monkeypatch.setitem(sys.modules, name, odd)
    (top / "loop").symlink_to("loop")
    for entry in (7, "a mark that is no folder", f"{top}/loop/x", Path("net.py")):
        monkeypatch.setattr(sys, "path", [*sys.path, entry])
    assert factors("net.py:Net", top, ("old", "new")) == [OLD, NEW]
    assert 7 in sys.path
