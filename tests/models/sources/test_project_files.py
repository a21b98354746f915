"""Which files a network's file is made of: found in the syntax, nothing is run."""

from __future__ import annotations

import sys

import pytest

from lightbench.models.sources import project_files as reading
from lightbench.models.sources.project_files import external_names, project_files


@pytest.fixture
def project(tmp_path):
    """``project({"net.py": "import a"}, "net.py")`` writes files; gives the names of those found."""

    def made(files, first, within=None):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        found = project_files(tmp_path / first, within and (tmp_path / within).resolve())
        names = [file.relative_to(tmp_path.resolve()).as_posix() for file in found]
        return [*names[:1], *sorted(names[1:])]

    return made


def test_the_file_itself_comes_first_then_what_it_imports_and_what_that_imports(project):
    files = {"net.py": "import b", "b.py": "from a import x", "a.py": "", "not_imported.py": ""}
    assert project(files, "net.py") == ["net.py", "a.py", "b.py"]


@pytest.mark.parametrize(
    "text",
    ["import lib.parts", "from lib import parts", "from lib.parts import Block",
     "import lib.parts as p, os", "def late():\n    import lib.parts",
     "try:\n    from lib import parts\nexcept ImportError:\n    pass"],
)  # fmt: skip
def test_every_way_of_importing_is_seen_wherever_it_stands(project, text):
    files = {"net.py": text, "lib/__init__.py": "", "lib/parts.py": "", "lib/other.py": ""}
    assert project(files, "net.py") == ["net.py", "lib/__init__.py", "lib/parts.py"]


@pytest.mark.parametrize(
    "text", ["from . import parts", "from .parts import Block", "from ..lib import parts"]
)
def test_a_file_in_a_package_imports_relatively_and_what_runs_before_it_counts(project, text):
    files = {
        "lib/net.py": text, "lib/parts.py": "", "lib/__init__.py": "from . import setup",
        "lib/setup.py": "", "lib/other.py": "",
    }  # fmt: skip
    if ".." in text:
        files |= {f"top/{name}": text for name, text in files.items()} | {"top/__init__.py": ""}
        found = project(files, "top/lib/net.py")
        assert {"top/lib/net.py", "top/lib/parts.py", "top/__init__.py"} <= {*found}
    else:
        assert project(files, "lib/net.py") == [
            "lib/net.py", "lib/__init__.py", "lib/parts.py", "lib/setup.py",
        ]  # fmt: skip


def test_folders_without_an_init_are_packages_too(project):
    assert project({"net.py": "from nets.a import x", "nets/a.py": ""}, "net.py") == [
        "net.py", "nets/a.py",
    ]  # fmt: skip


def test_what_is_installed_is_no_part_of_a_project(project):
    files = {
        "net.py": "import torch, timm, json, lightbench.studies.profile.api, site_packages_thing"
    }
    assert project(files, "net.py") == ["net.py"]


def test_an_environment_inside_the_project_is_no_part_of_it(project):
    files = {"net.py": "import lib", "lib/__init__.py": "import timm"}
    files |= {"lib/site-packages/timm/__init__.py": "", "site-packages/timm.py": ""}
    assert project(files, "net.py") == ["net.py", "lib/__init__.py"]


@pytest.mark.parametrize("text", ["import net", "from . import net", "import a"])
def test_circles_end(project, text):
    assert "net.py" in project({"net.py": text, "a.py": "import net"}, "net.py")


@pytest.mark.parametrize("text", ["def", b"\xff\xfe", b"a\0b", "(" * 2000, ""])
def test_a_file_that_cannot_be_read_imports_nothing(project, text):
    assert project({"net.py": "import a", "a.py": text}, "net.py") == ["net.py", "a.py"]


def test_without_a_file_there_is_none(tmp_path):
    assert project_files(tmp_path / "none.py") == ()


def test_only_files_below_a_folder_count_where_one_is_given(project):
    files = {"m/net.py": "import m.a, b", "m/__init__.py": "", "m/a.py": "", "b.py": ""}
    assert project(files, "m/net.py", within="m") == ["m/net.py", "m/__init__.py", "m/a.py"]


def test_the_packages_that_are_imported_are_told(tmp_path):
    (tmp_path / "net.py").write_text("import timm.layers\nfrom torch import nn\nfrom .a import b")
    assert external_names([tmp_path / "net.py"]) == {"timm", "torch"}


@pytest.fixture
def laid_out(tmp_path):
    """A project as people have them: a package with parts, a script beside it, what is installed."""

    def write(name, text=""):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    write("pyproject.toml")
    write("nets/__init__.py", "from . import registry\n")
    write("nets/registry.py", "raise RuntimeError('never run')\n")
    write("nets/net.py", "import torch\nfrom .parts import conv\nfrom ..tools import x\n")
    write("nets/parts/__init__.py")
    write("nets/parts/conv.py", "from ..parts import norm\nimport json\n")
    write("nets/parts/norm.py", "from .. import net\n")  # a circle
    write("nets/parts/unused.py")
    write("tools.py", "def f():\n    import helpers.deep\n")
    write("src/helpers/__init__.py")
    write("src/helpers/deep.py")
    write(
        "script.py",
        "from nets.net import Net\nimport importlib\nimportlib.import_module('extra')\n",
    )
    write("extra.py", "import third_party\n")
    write("venv/lib/python3/site-packages/third_party.py")
    return tmp_path


def names(files, laid_out):
    return [str(file.relative_to(laid_out)) for file in files]


def test_the_file_comes_first_and_then_all_that_it_leads_to(laid_out):
    found = names(project_files(laid_out / "script.py"), laid_out)
    assert found[0] == "script.py"
    assert sorted(found[1:]) == [
        "extra.py", "nets/__init__.py", "nets/net.py", "nets/parts/__init__.py", "nets/parts/conv.py",
        "nets/parts/norm.py", "nets/registry.py", "src/helpers/__init__.py", "src/helpers/deep.py", "tools.py",
    ]  # fmt: skip


def test_the_package_of_a_file_runs_before_it(laid_out):
    found = names(project_files(laid_out / "nets/parts/conv.py"), laid_out)
    assert {"nets/__init__.py", "nets/registry.py", "nets/parts/__init__.py"} < {*found}
    assert "nets/parts/unused.py" not in found


def test_a_neighbour_goes_before_what_python_finds(laid_out):
    (laid_out / "json.py").touch()
    (laid_out / "main.py").write_text("import json\n")
    assert names(project_files(laid_out / "main.py"), laid_out) == ["main.py", "json.py"]


def test_another_project_on_the_path_is_the_users_too(laid_out, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    (other / "layers_of_mine.py").touch()
    (other / "space").mkdir()
    (other / "space" / "deep.py").touch()
    monkeypatch.setattr(reading, "SEARCHED", [str(other)])
    text = "from layers_of_mine import Layer\nfrom space.deep import Net\n"
    (laid_out / "main.py").write_text(text)
    found = {file.relative_to(other).as_posix() for file in project_files(laid_out / "main.py")[1:]}
    assert found == {"layers_of_mine.py", "space/deep.py"}
    assert "layers_of_mine" not in sys.modules


def test_links_lead_to_what_they_mean(laid_out):
    (laid_out / "link.py").symlink_to("script.py")
    assert project_files(laid_out / "link.py") == project_files(laid_out / "script.py")


@pytest.mark.parametrize(
    "text", ["def (\n", "x = '\0'\n", "(" * 500, "\xff", "from . import *\n", "import a..b\n"]
)
def test_what_is_no_python_imports_nothing(text, tmp_path):
    file = tmp_path / "net.py"
    file.write_bytes(text.encode("latin-1"))
    assert project_files(file) == (file.resolve(),)


def test_dots_above_the_root_lead_nowhere(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(f"from {'.' * 100} import a\n")
    assert project_files(file) == (file.resolve(),)


def test_links_in_a_circle_and_a_null_byte_are_no_file(tmp_path):
    (tmp_path / "circle.py").symlink_to("circle.py")
    for name in ("circle.py", "a\0.py"):
        assert project_files(tmp_path / name) == ()
