"""A user's own file is imported as plain Python would, once, and leaves the process as it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

import lightbench as lb
from lightbench.errors import LightbenchError, ModelError
from lightbench.models import sources

NET = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__(); self.a = nn.Conv2d(3, {width}, 3)
    def forward(self, x):
        return self.a(x)
"""
SMALL = "3x8x8"


def net(imports="", width="W"):
    return imports + NET.format(width=width)


def params(width):
    return width * 3 * 9 + width  # a convolution 3 -> width, 3x3, with a bias


@pytest.fixture
def write(tmp_path, monkeypatch):
    """``write({"net.py": text})`` in a new folder, which is the working directory; gives it."""

    def written(files, below=""):
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        monkeypatch.chdir(tmp_path / below)
        return tmp_path

    return written


def count(model):
    return lb.count(model, input=SMALL).costs.params


# Layouts of public repositories: their files, the file with the network, where the user stands, what he
# would write in Python, and the width that it must have.
LAYOUTS = {
    "a package with a file called like it": (
        {"ua/__init__.py": "from .ua import Net", "ua/parts.py": "W = 3",
         "ua/ua.py": net("from .parts import W")},
        "ua/ua.py", "", "ua.ua", 3,
    ),
    "a package with a file called like it, by its whole name": (
        {"ub/__init__.py": "", "ub/parts.py": "W = 4", "ub/ub.py": net("from ub.parts import W")},
        "ub/ub.py", "", "ub.ub", 4,
    ),
    "a folder without an init, relative": (
        {"uc/parts.py": "W = 5", "uc/net.py": net("from .parts import W")},
        "uc/net.py", "", "uc.net", 5,
    ),
    "folders without an init, two up": (
        {"ud/parts.py": "W = 6", "ud/nets/net.py": net("from ..parts import W")},
        "ud/nets/net.py", "", "ud.nets.net", 6,
    ),
    "a package in a folder without an init, two up": (
        {"ue/parts.py": "W = 7", "ue/nets/__init__.py": "", "ue/nets/net.py": net("from ..parts import W")},
        "ue/nets/net.py", "", "ue.nets.net", 7,
    ),
    "a folder without an init in a package": (
        {"uf/__init__.py": "", "uf/parts.py": "W = 8", "uf/nets/net.py": net("from ..parts import W")},
        "uf/nets/net.py", "", "uf.nets.net", 8,
    ),
    "a script for the root": (
        {"ug/core/parts.py": "W = 9", "ug/core/net.py": net("from ug.core.parts import W")},
        "ug/core/net.py", "", "ug.core.net", 9,
    ),
    "a script for the root that needs another folder of it": (
        {"uh_tools/parts.py": "W = 10", "uh/net.py": net("from uh_tools.parts import W")},
        "uh/net.py", "", "uh.net", 10,
    ),
    "a neighbour called like an installed package": (
        {"ui/msgspec.py": "1/0", "ui/net.py": net("import msgspec\nW = 11 * len([msgspec.Struct])")},
        "ui/net.py", "", "ui.net", 11,
    ),
    "a file called like an installed package": (
        {"uj/msgspec.py": net("import msgspec\nW = 12 * len([msgspec.Struct])")},
        "uj/msgspec.py", "", "uj.msgspec", 12,
    ),
    "a neighbour called like Python's own": (
        {"uk/random.py": "1/0", "uk/net.py": net("import random\nW = random.randint(13, 13)")},
        "uk/net.py", "", "uk.net", 13,
    ),
    "src": (
        {"src/ul/__init__.py": "", "src/ul/parts.py": "W = 14",
         "src/ul/net.py": net("from ul.parts import W")},
        "ul/net.py", "src", "ul.net", 14,
    ),
    "beside the file": (
        {"um/net_m.py": net("from parts_m import W"), "um/parts_m.py": "W = 15"},
        "net_m.py", "um", "net_m", 15,
    ),
    "a registry that looks into its folder by name": (
        {"un/__init__.py": "import importlib\nfor name in ['net', 'other']:\n"
         "    importlib.import_module(f'{__name__}.{name}')\n",
         "un/other.py": "from . import net\n", "un/net.py": net("", 16)},
        "un/net.py", "", "un.net", 16,
    ),
}  # fmt: skip

JUDGE = """
import importlib, json, os, sys
widths = {}
for name, where, module in json.load(sys.stdin):
    os.chdir(where)
    sys.path[0] = where
    widths[name] = importlib.import_module(module).Net().a.out_channels
print(json.dumps(widths))
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """What plain Python builds, standing where the user stands."""
    asked = []
    for name, (files, _, below, module, _) in LAYOUTS.items():
        folder = tmp_path_factory.mktemp("judged")
        for file, text in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        asked.append((name, str(folder / below), module))
    said = subprocess.run(
        [sys.executable, "-c", JUDGE], input=json.dumps(asked), capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_is_imported_as_plain_python_does(layout, write, judged):
    files, file, below, _, width = LAYOUTS[layout]
    top = write(files, below)
    assert judged[layout] == width
    for model in (f"{file}:Net", f"./{file}:Net", f"{top / below / file}:Net"):
        assert sources.find(model).build().a.out_channels == width


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if "the root that" not in name])
def test_where_the_user_stands_decides_nothing_that_the_file_says_itself(
    layout, write, tmp_path_factory, monkeypatch
):
    files, file, below, _, width = LAYOUTS[layout]
    path = write(files, below) / below / file
    for folder in (path.parent, tmp_path_factory.mktemp("elsewhere")):
        monkeypatch.chdir(folder)
        assert sources.find(f"{path}:Net").build().a.out_channels == width


def test_a_project_is_known_from_anywhere_by_its_top(write, monkeypatch, tmp_path_factory):
    files, file, *_, width = LAYOUTS["a script for the root that needs another folder of it"]
    top = write({**files, "pyproject.toml": ""})
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert sources.find(f"{top}/{file}:Net").build().a.out_channels == width


def test_a_file_called_like_another_module_finds_that_from_its_own_folder(write, monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    write({"colorsys.py": net("import colorsys\nW = round(24 * colorsys.ONE_THIRD)")})
    assert count("colorsys.py:Net") == params(8)


# A file is run once.

ONCE = """
import builtins
builtins.{mark} = [*getattr(builtins, "{mark}", []), __name__]
"""


@pytest.fixture
def runs(request):
    """``runs()``: under which names a file with ``runs.text`` was run."""
    import builtins

    mark = f"runs_{abs(hash(request.node.name))}"

    def named():
        return getattr(builtins, mark, [])

    named.text = ONCE.format(mark=mark)
    yield named
    vars(builtins).pop(mark, None)


def test_two_classes_two_sizes_and_all_commands_share_one_run(write, runs):
    write({"net.py": runs.text + net("", 8) + "class Big(Net): pass\n"})
    lb.count("net.py:Net", input=SMALL)
    lb.count("./net.py:Big", input=SMALL, batch=2)
    lb.profile("net.py:Net", input=SMALL, batch=[1, 2], seconds=0.01, rel=10)
    lb.compare("net.py:Net", "net.py:Big", input=SMALL, seconds=0.1)
    assert runs() == ["net"]


def test_a_file_that_no_import_could_name_is_run_once_too(write, runs):
    write({"net.v2.py": runs.text + net("", 8)})
    assert [count("net.v2.py:Net") for _ in range(2)] == [params(8)] * 2
    assert len(runs()) == 1


def test_what_two_files_share_is_run_once(write, runs):
    write({"reg.py": runs.text, "a.py": net("import reg", 8), "b.py": net("import reg, a", 8)})
    for model in ("b.py:Net", "a.py:Net", "b.py:Net"):
        assert count(model) == params(8)
    assert runs() == ["reg"]


def test_neighbours_of_one_name_are_each_run_once_in_turns(write, runs):
    nets = {
        f"{name}/{file}": text
        for name, width in {"one": 8, "two": 9}.items()
        for file, text in {"parts_o.py": f"{runs.text}W = {width}", "net_o.py": net("from parts_o import W")}.items()
    }  # fmt: skip
    top = write(nets)
    models = [f"{top}/one/net_o.py:Net", f"{top}/two/net_o.py:Net"] * 2
    assert [count(model) for model in models] == [params(8), params(9)] * 2
    assert len(runs()) == 2


def test_a_file_that_its_neighbour_imports_back_is_run_once(write, runs):
    write({"base.py": f"{runs.text}W = 8\nimport helper" + net(), "helper.py": "import base\n"})
    assert count("base.py:Net") == params(8)
    assert runs() == ["base"]


@pytest.mark.parametrize("changed", ["net.py", "parts.py"])
def test_a_file_that_changes_is_run_anew_with_its_neighbours(changed, write, runs):
    files = {"parts.py": "W = 8", "net.py": runs.text + net("from parts import W")}
    top = write(files)
    assert count("net.py:Net") == params(8)
    times = (top / changed).stat()
    text = (top / changed).read_text()
    (top / changed).write_text(text.replace("= 8", "= 9").replace("3, W", "4, W"))
    os.utime(top / changed, ns=(times.st_atime_ns, times.st_mtime_ns))  # clocks may be coarse
    if changed == "parts.py":
        assert count("net.py:Net") == params(9)
    else:
        assert sources.find("net.py:Net").build().a.in_channels == 4
    assert len(runs()) == 2


def test_what_fails_when_it_is_imported_is_told_as_it_failed_first(write):
    registry = "ALL = []\ndef add(cls):\n    assert cls.__name__ not in ALL, 'twice'\n    ALL.append(cls.__name__)\n"
    write(
        {
            "reg.py": registry,
            "net.py": "from reg import add\n" + net("", 8) + "add(Net)\nimport no_such_thing",
        }
    )
    for _ in range(2):
        with pytest.raises(ModelError, match="No module named 'no_such_thing'") as caught:
            count("net.py:Net")
        assert "Install" in caught.value.hint


def test_a_file_that_cannot_be_imported_is_not_run_a_second_time_by_a_count(write, runs):
    write({"net.py": runs.text + "1/0"})
    with pytest.raises(ModelError, match="ZeroDivisionError"):
        count("net.py:Net")
    assert len(runs()) == 1


def test_a_network_that_fails_twice_is_told_as_it_failed_first(write):
    once = "\nBUILT = []\nclass Once(Net):\n    def __init__(self):\n        assert not BUILT, 'twice'\n        super().__init__(); BUILT.append(1)\n"
    write({"net.py": net("", 8) + once})
    with pytest.raises(LightbenchError, match=r"1x3x2x2"):  # smaller than the kernel
        lb.count("net.py:Once", input="3x2x2")


# What the file makes is real, and what it imports is found.


@pytest.mark.parametrize("where", ["", "    "], ids=["at the top", "in the constructor"])
def test_tables_of_a_module_have_values_though_a_count_needs_none(where, write):
    text = NET.format(width="int(TABLE[2])").replace("        super()", "{}        super()")
    use = "        from tables import TABLE\n" if where else ""
    write({"tables.py": "import torch\nTABLE = torch.arange(8)\n",
           "net.py": ("" if where else "from tables import TABLE") + text.format(use)})  # fmt: skip
    assert count("net.py:Net") == params(2)
    assert not sys.modules["tables"].TABLE.is_meta


LATE = net("", 8).replace("return self.a", "from late_p import twice; return twice(self.a)")


def test_what_forward_imports_is_found_in_all_commands_and_sys_path_is_as_it_was(write):
    top = write({"nets/net.py": LATE, "nets/late_p.py": "import late_q\ntwice = late_q.twice",
                 "nets/late_q.py": "def twice(layer): return lambda x: layer(layer(x)[:, :3])"})  # fmt: skip
    path = list(sys.path)
    assert lb.count(f"{top}/nets/net.py:Net", input=SMALL).costs.madds == 27 * 8 * (36 + 16)
    network = lb.load_model("nets/net.py:Net")
    del sys.modules["late_p"], sys.modules["late_q"]
    assert network(torch.ones(1, 3, 8, 8)).shape == (1, 8, 4, 4)
    assert sys.path == path


def test_nobody_else_finds_what_only_the_users_file_may(write):
    write({"nets/net.py": LATE, "nets/late_p.py": "twice = lambda layer: layer"})
    assert count("nets/net.py:Net") == params(8)
    sys.modules.pop("late_p", None)
    with pytest.raises(ModuleNotFoundError):
        __import__("late_p")


# What a file changes is put back.


def test_a_file_reads_its_own_arguments_and_stands_where_the_user_does(write):
    top = write({"nets/net.py": net(textwrap.dedent("""
        import argparse, os, signal, sys
        arguments = argparse.ArgumentParser().parse_args()
        name = sys.argv[0]
        os.chdir(os.path.dirname(os.path.abspath(__file__)))
        sys.path.append("/put/there/by/the/file")
        sys.stdout, sys.excepthook = None, None
        signal.signal(signal.SIGTERM, lambda *_: None)
    """), 8)})  # fmt: skip
    were = sys.argv, Path.cwd(), list(sys.path), sys.stdout, sys.excepthook
    answer = signal.getsignal(signal.SIGTERM)
    assert count("nets/net.py:Net") == params(8)
    assert (sys.argv, Path.cwd(), sys.path, sys.stdout, sys.excepthook) == were
    assert signal.getsignal(signal.SIGTERM) is answer
    module = sys.modules[type(lb.load_model("nets/net.py:Net")).__module__]
    assert module.name == str(top / "nets/net.py")


def test_a_constructor_that_changes_the_folder_changes_it_for_itself(write):
    write({"nets/net.py": net("import os", 8).replace("super()", "os.chdir('nets'); super()")})
    here = Path.cwd()
    assert count("nets/net.py:Net") == params(8)
    assert Path.cwd() == here


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("import sys; sys.exit(3)", "__main__"),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('file')\np.parse_args()", "__main__"),
        ("import no_such_thing", "Install what the file needs"),
    ],
)  # fmt: skip
def test_what_stops_an_import_says_the_next_step(text, step, write):
    write({"net.py": text})
    with pytest.raises(ModelError, match=r"net\.py fails when it is imported") as caught:
        count("net.py:Net")
    assert step in caught.value.hint
