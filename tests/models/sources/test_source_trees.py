"""Two versions of a user's source in one process: each network is made of its own version, and goes on
with it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
import torch

import lightbench as lb
from lightbench.errors import ModelError, NotAvailable, UsageError
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

OLD, NEW = 2.0, 3.0  # what each version multiplies by: a forward pass says which one it is

SCALE = "def scale(x):\n    return x * {factor}\n"
NET = """
from torch import nn
{imports}
class Net(nn.Module):
    def forward(self, x):
        return {scale}(x)
"""


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def git(folder, *arguments):
    names = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def net(imports, scale="scale"):
    return NET.format(imports=imports, scale=scale)


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No settings of whoever runs the tests; what a test loads is gone after it."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    before, path = dict(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - before.keys():
        if str(tmp_path) in str(getattr(sys.modules[name], "__dict__", {}).get("__spec__")):
            del sys.modules[name]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """``project(files, helper)``: two commits of ``files``, in which only ``helper`` is another."""

    def make(files, helper, folder=tmp_path / "project"):
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
        for factor in (OLD, NEW):
            write(folder, {**files, helper: SCALE.format(factor=factor)})
            git(folder, "add", "-A"), git(folder, "commit", "-qm", f"times {factor}")
        monkeypatch.chdir(folder)
        return folder

    return make


def built(model, tree):
    """The network of that version, run once as it must be; and that it leaks nothing."""
    with loaded_from(tree):
        network = sources.find(model).build()
        network(torch.ones(1))
        assert leaks(tree) == []
    return network


def factors(model, beside, order):
    """What the networks of the versions do after they have all been loaded and left."""
    with checkout("HEAD~1", beside) as old:
        trees = {"old": old, "new": Tree(old.instead_of, old.instead_of), "own": None}
        networks = [built(model, trees[name]) for name in order]
    return [float(network(torch.ones(1))) for network in networks]


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
