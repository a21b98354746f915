"""On the public index ``lightbench`` is another project's package: no text of ours installs by that name."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest

import lightbench
from lightbench.errors import ALONE, OPTIONAL, how_to_install

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]

# The name where a requirement would stand: not in a path or an address, with nothing that says from where.
NAME = r"(?<![\w./@:-])['\"]?lightbench(?:\[[\w, .-]*\])?(?:\s*(?:[=<>!~]=?=?|===)\s*[\w.*]+)?['\"]?(?![\w/:.-]*[\w/:-])(?!\s*(?:\[[\w, ]*\]\s*)?@)"
INSTALLS = (
    r"(?:pip[\d.]*|pipx|uv|uvx|poetry|pdm|rye|hatch|pixi|conda|mamba|micromamba|easy_install)"
    r"(?:\s+(?:pip|tool|global|--?[\w-]+(?:[ =][\w./:-]+)?))*?"
    r"\s+(?:install|add|download|wheel|run|sync|upgrade|update|inject|compile)"
)
FORBIDDEN = {
    "an installer with the bare name": re.compile(rf"\b{INSTALLS}\b(?:(?![\n;&|]).|\\\n)*?\s{NAME}", re.IGNORECASE),
    "uvx and easy_install take a name at once": re.compile(rf"\b(?:uvx|easy_install)\s+{NAME}", re.IGNORECASE),
    "an extra of the name": re.compile(r"(?<![\w.])lightbench\[[a-z][\w, -]*\](?!\s*@)", re.IGNORECASE),
    "a version of the name": re.compile(r"(?<![\w.-])lightbench\s?(?:[=~!<>]=|===)\s?[\d.]+", re.IGNORECASE),
    "a line of requirements": re.compile(r"^\s*-?\s*['\"]?lightbench['\"]?,?\s*(?:#.*)?$", re.IGNORECASE | re.MULTILINE),
    "a default": re.compile(r"^\s*default:\s*['\"]?lightbench\b", re.IGNORECASE | re.MULTILINE),
    "a key of dependencies": re.compile(r"^\s*lightbench\s*[=:]\s*['\"{][\d^~*<>=]", re.IGNORECASE | re.MULTILINE),
    "its metadata": re.compile(r"\b(?:version|requires|distribution|metadata)\(\s*['\"]lightbench['\"]", re.IGNORECASE),
}  # fmt: skip


def forbidden(text):
    return [
        f"{why}: {found[0]!r}" for why, rule in FORBIDDEN.items() for found in rule.finditer(text)
    ]


def shipped():
    """Every text of the repository; this file names what is forbidden."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not _made(name)]
        for file in (Path(folder, name) for name in sorted(names) if not _made(name)):
            if file != Path(__file__):
                with suppress(UnicodeDecodeError):  # a picture
                    yield file, file.read_text(encoding="utf-8")


def _made(name):
    """Not ours, or made from what is; records are measured."""
    return (
        name in {"__pycache__", "build", "dist", "node_modules", "report", ".git"}
        or name.startswith(".venv")
        or name.endswith((".egg-info", "_cache", ".jsonl"))
    )


def wrong(file, text):
    """What is forbidden in a text, and in Python in what its literals are together: a message in two
    halves is one. There a line of its own is no requirement."""
    if file.suffix != ".py":
        return forbidden(text)
    literals = [text]
    speaks = re.search(r"install|uvx|pipx|\badd\b", text)  # of how to have something
    for node in ast.walk(ast.parse(text)) if speaks else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            literals.append(node.value)
        elif isinstance(node, ast.JoinedStr):
            literals.append("".join(str(getattr(part, "value", "x")) for part in node.values))
    return [one for literal in literals for one in forbidden(literal) if "a line of" not in one]


@pytest.mark.slow
def test_no_text_that_is_shipped_installs_by_the_bare_name():
    texts = list(shipped())
    assert {"README.md", "CHANGELOG.md", "action.yml", "pyproject.toml", "Makefile"} < {
        str(file.relative_to(ROOT)) for file, _ in texts
    }
    assert [
        f"{file.relative_to(ROOT)}: {one}" for file, text in texts for one in wrong(file, text)
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        "pip install lightbench",
        "pip3 install lightbench",
        "pip3.12 install --quiet lightbench",
        "python -m pip install -- lightbench",
        "python -m pip install -U lightbench",
        "pip install --upgrade lightbench.",
        "pip install torch lightbench",
        "pip install -c constraints.txt 'lightbench[timm]'",
        'pip install "lightbench[timm,torchvision]>=0.1"',
        "pip install lightbench==0.1.0",
        "pip install Lightbench",
        "pip install \\\n  lightbench",
        "      - run: pip install lightbench\n        env:",
        "    - pip install lightbench\n",
        "uv add lightbench",
        "uv pip install lightbench",
        "uv tool install lightbench",
        "uvx lightbench count resnet18",
        "pipx install lightbench",
        "pipx run lightbench",
        "poetry add lightbench",
        "conda install -c conda-forge lightbench",
        "RUN pip install --no-cache-dir lightbench && true",
        "dependencies = [\n    'lightbench',\n]",
        "requirements:\n  - lightbench\n",
        "lightbench\ntorch\n",
        "lightbench>=0.1",
        "lightbench ~= 0.1",
        'lightbench = "^0.1"',
        "    default: lightbench",
        'dev = ["lightbench[timm]"]',
        'version("lightbench")',
        'importlib.metadata.requires("lightbench")',
    ],
)
def test_every_spelling_of_it_is_found(text):
    assert forbidden(text)


@pytest.mark.parametrize(
    "text",
    [
        'pip install "lightbench @ git+https://HOST/OWNER/lightbench@COMMIT"',
        "pip install 'lightbench[timm] @ git+https://HOST/OWNER/lightbench@COMMIT'",
        "pip install ./lightbench",
        "pip install /opt/lightbench",
        "pip install git+https://HOST/OWNER/lightbench",
        "pip install -e '.[dev]'",
        "pip install timm; lightbench count timm:resnet18",
        "pip install timm && lightbench devices",
        'pip install "timm>=1.0.3"',
        "# lightbench\n",
        "lightbench list models",
        "lightbench.toml, lightbench-baseline.jsonl",
        'lightbench = "lightbench.cli:main"',
        "name: lightbench check",
        "import lightbench as lb",
    ],
)
def test_what_is_no_such_spelling_is_let_be(text):
    assert forbidden(text) == []


OURS = (
    "torchvision",
    "timm",
    "crosscheck",
    "onnxruntime",
    "openvino",
    "openvino-int8",
    "litert",
    "ncnn",
    "mindspore",
    "train",
)
# Hints name the package that is missing, with the bound of pyproject.toml.


def test_hints_and_extras_ask_for_the_same_packages():
    asked = {line for name in OURS for line in EXTRAS[name]}
    beside = {"flatbuffers", "ruamel.yaml", "tabulate"}  # those of `ALONE`, in no extra
    of_extras = {name: bound for name, bound in OPTIONAL.items() if name not in beside}
    assert {f"{name}{bound}" for name, bound in of_extras.items()} == asked
    assert {f"{name}{OPTIONAL[name]}" for name in beside} <= {*EXTRAS["dev"]}
    for package in OPTIONAL:
        assert how_to_install(package) == f'pip install "{package}{OPTIONAL[package]}"'
    thop, timm = (f'"{name}{OPTIONAL[name]}"' for name in ("thop", "timm"))
    assert how_to_install("thop", "timm") == f"pip install {thop} {timm}"


def test_what_is_installed_without_its_dependencies_is_a_command_before_that_of_the_few_it_needs():
    assert how_to_install("executorch", "flatbuffers", "torchao", "tabulate") == (
        'pip install --no-deps "executorch>=1.5,<1.6" "torchao>=0.18,<0.19"'
        ' && pip install "flatbuffers>=25.2.10" "tabulate>=0.9"'
    )
    makefile = (ROOT / "Makefile").read_text()
    assert f'ALONE="{" ".join(ALONE)}"' in makefile
    pinned = (ROOT / "constraints.txt").read_text()
    assert all(f"\n{name}==" in pinned for name in ALONE)
    assert not [line for lines in EXTRAS.values() for line in lines if line.startswith((*ALONE,))]


def test_dev_holds_the_extras_that_tests_need_and_never_the_package_itself():
    for name in {*OURS} - {"mindspore"}:  # 800 MB, and its tests say that they need it
        assert {*EXTRAS[name]} <= {*EXTRAS["dev"]}
    every = [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]
    assert not [line for line in every if re.match(r"lightbench\b", line, re.IGNORECASE)]


def test_the_version_is_ours_and_not_that_of_a_package_with_this_name(monkeypatch):
    assert PROJECT["version"] == lightbench.__version__
    from lightbench.doctor.report import versions
    from lightbench.environment import capture
    from lightbench.environment.machine import Source
    from lightbench.pytest_benchmark.file import _machine_info

    def theirs(_name):
        return "99.9"

    monkeypatch.setattr(importlib.metadata, "version", theirs)
    assert versions()["lightbench"] == lightbench.__version__
    assert capture.capture(threads=1).noted["lightbench"] == lightbench.__version__
    assert _machine_info(Source())["lightbench"] == lightbench.__version__


# The action installs itself.


@pytest.mark.parametrize(
    ("given", "installed"), [("", "/its/own checkout"), ("./wheel.whl", "./wheel.whl")]
)
def test_the_action_installs_its_own_checkout(given, installed, tmp_path):
    yaml = pytest.importorskip("yaml")
    if not shutil.which("bash"):
        pytest.skip("needs bash")
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert action["inputs"]["lightbench"]["default"] == ""
    (step,) = [step for step in action["runs"]["steps"] if step.get("name") == "Install lightbench"]
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_ACTION_PATH": "/its/own checkout",
            "LIGHTBENCH": given,
        },
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.splitlines() == ["-m", "pip", "install", "--", installed]
