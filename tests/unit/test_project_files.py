"""Which files a network's file is made of: found in the syntax, nothing is run."""

from __future__ import annotations

import pytest

from lightbench.models._project_files import external_names, project_files


@pytest.fixture
def project(tmp_path):
    """``project({"net.py": "import a"}, "net.py")`` writes files; gives the names of those found."""

    def made(files, first, within=None):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        found = project_files(tmp_path / first, within and tmp_path / within)
        return [file.relative_to(tmp_path.resolve()).as_posix() for file in found]

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
    files = {"net.py": "import torch, timm, json, lightbench.api, site_packages_thing"}
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


def test_a_file_that_is_not_there_is_itself(tmp_path):
    assert project_files(tmp_path / "none.py") == (tmp_path.resolve() / "none.py",)


def test_only_files_below_a_folder_count_where_one_is_given(project):
    files = {"m/net.py": "import m.a, b", "m/__init__.py": "", "m/a.py": "", "b.py": ""}
    assert project(files, "m/net.py", within="m") == ["m/net.py", "m/__init__.py", "m/a.py"]


def test_the_packages_that_are_imported_are_told(tmp_path):
    (tmp_path / "net.py").write_text("import timm.layers\nfrom torch import nn\nfrom .a import b")
    assert external_names([tmp_path / "net.py"]) == {"timm", "torch"}
