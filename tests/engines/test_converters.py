"""A converter in an environment of its own: how it is made, when it is none, and what becomes of what goes wrong there.

Nothing is installed here: pip is a script of the test's, and so is the converter.
"""

from importlib import metadata

import msgspec
import pytest

from lightbench.engines.support import converters
from lightbench.engines.support.converters import Converter
from lightbench.errors import MissingPackage, ModelError, NotAvailable
from lightbench.workers import journal

COPIES = "import sys; open(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read()[::-1])"
PIP = """
import pathlib, sys
print("Looking in indexes: https://user:word@index.invalid/simple")
print("Collecting plain>=1")
print("  Downloading https://files.invalid/packages/plain-1.5-py3-none-any.whl.metadata (3 kB)")
print("  Downloading https://files.invalid/packages/plain-1.5-py3-none-any.whl (12.5 MB)")
print("  Downloading small-1.0-py3-none-any.whl (8 kB)")
print("Installing collected packages: a, b, plain")
here = next(pathlib.Path(sys.prefix).glob("lib/python*/site-packages"))
(here / "plain-1.5.dist-info").mkdir()
(here / "plain-1.5.dist-info" / "METADATA").write_text("Name: plain\\nVersion: 1.5\\n")
(pathlib.Path(sys.prefix) / "asked").write_text(" ".join(sys.argv[1:]))
"""


@pytest.fixture
def converter(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    script = tmp_path / "script.py"
    script.write_text(COPIES)
    return Converter("quick", ("plain>=1",), "3 MB", script)


@pytest.fixture
def pip(converter, monkeypatch, tmp_path):
    """The file that runs instead of pip."""
    file = tmp_path / "pip.py"
    file.write_text(PIP)
    real = converters.programs.run

    def run(command, **how):
        words = list(map(str, command))
        if "-m" in words and words[words.index("-m") + 1] == "pip":
            words = [words[0], "-I", str(file), *words[words.index("pip") + 1 :]]
        if "venv" in words:
            words.insert(words.index("venv") + 1, "--without-pip")
        return real(words, **how)

    monkeypatch.setattr(converters.programs, "run", run)
    return file


def make(converter):
    said = []
    converters.make(converter, said.append)
    return said


def test_it_is_made_once_of_exactly_this_pytorch_and_says_before_what_it_needs(converter, pip):
    torch = f"torch=={metadata.version('torch')}"
    first, again = make(converter), make(converter)
    assert first == [
        f"makes {converter.folder}: 3 MB on disk, of which pip downloads what it does not have.",
        f"  {torch}, plain>=1 and what these need",
        "  downloading plain-1.5-py3-none-any.whl (12.5 MB)",
        "  installing 3 packages",
        "  trying it",
        "made: plain 1.5.",
    ]
    assert again == [f"{converter.folder} is there: plain 1.5."]
    asked = (converter.folder / "asked").read_text()
    assert asked.endswith(f"{torch} plain>=1")
    assert asked.startswith("install --no-input")
    assert converters.versions(converter) == ("plain 1.5",)
    assert converters.convert(converter, b"abc", "Net") == b"cba"


def test_the_script_gets_what_it_needs_more_as_files(converter, pip):
    make(converter)
    converter.script.write_text(
        "import sys; _, _, made, *more = sys.argv; open(made, 'wb').write(b'+'.join(open(f, 'rb').read() for f in more))"
    )
    assert converters.convert(converter, b"abc", "Net", b"one", b"two") == b"one+two"


def test_what_has_come_with_its_packages_is_known_by_its_version(converter, pip):
    make(converter)
    assert converters.version_of(converter, "plain") == "plain 1.5"
    with pytest.raises(MissingPackage, match="more is not in quick's converter") as raised:
        converters.version_of(converter, "more")
    assert raised.value.hint == (
        "Make it anew: `lightbench converter quick --remove`, then `lightbench converter quick`."
    )


def test_without_it_the_command_that_makes_it_is_named(converter):
    with pytest.raises(
        MissingPackage, match="quick needs a converter, plain, which goes into"
    ) as e:
        converters.versions(converter)
    assert e.value.hint == "Make it: `lightbench converter quick` (3 MB on disk)."


def test_that_of_another_pytorch_is_none_and_is_made_anew(converter, pip):
    make(converter)
    ready = converter.folder / converters.READY
    ready.write_bytes(msgspec.json.encode({"torch": "1.0", "packages": ["plain 1.5"]}))
    with pytest.raises(MissingPackage, match=r"was made for PyTorch 1\.0, and this is"):
        converters.versions(converter)
    assert make(converter)[-1] == "made: plain 1.5."


@pytest.mark.parametrize("lost", [converters.READY, "bin/python", "bin"])
def test_one_that_is_incomplete_is_none(converter, pip, lost):
    make(converter)
    (converter.folder / lost).rename(converter.folder / "elsewhere")
    with pytest.raises(MissingPackage):
        converters.versions(converter)


def test_what_pip_says_last_is_the_reason_and_nothing_passes_for_made(converter, pip):
    pip.write_text("raise SystemExit('ERROR: No matching distribution found for torch')")
    with pytest.raises(NotAvailable, match="cannot be made: exit code 1.\nERROR: No match") as e:
        make(converter)
    assert "PIP_EXTRA_INDEX_URL" in e.value.hint
    with pytest.raises(MissingPackage):
        converters.versions(converter)


def test_one_that_does_not_convert_is_not_made(converter, pip):
    converter.script.write_text("raise SystemExit('ImportError: no jax')")
    with pytest.raises(ModelError, match="ImportError: no jax"):
        make(converter)
    with pytest.raises(MissingPackage):
        converters.versions(converter)


def test_it_is_removed_as_a_whole(converter, pip):
    make(converter)
    assert [converters.remove(converter) for _ in range(2)] == [True, False]
    assert not converter.folder.exists()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("raise SystemExit('KeyError: no such operator')", "exit code 1.\nKeyError: no such operator\n  Try"),
        ("import os; os.kill(os.getpid(), 11)", "killed by SIGSEGV.\n  Try"),
        ("print('so far', flush=True); import time; time.sleep(60)", "took longer than 3 s.\nso far\n  Try"),
        ("pass", "it made nothing"),
    ],
)  # fmt: skip
def test_a_converter_that_fails_dies_or_hangs_is_an_error_with_its_last_words(
    converter, pip, script, why, monkeypatch, capfd
):
    make(converter)
    capfd.readouterr()
    converter.script.write_text(script)
    monkeypatch.setattr(journal, "patience_s", lambda: 3.0)
    with pytest.raises(ModelError, match=rf"Net cannot be converted: plain: .*{why}"):
        converters.convert(converter, b"abc", "Net")
    assert capfd.readouterr() == ("", "")


def test_secrets_stay_here(converter, pip, monkeypatch):
    make(converter)
    monkeypatch.setenv("MY_TOKEN", "abc")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    converter.script.write_text(
        "import os, sys; open(sys.argv[2], 'w').write(str(['MY_TOKEN' in os.environ, 'elsewhere' in sys.path]))"
    )
    assert converters.convert(converter, b"", "Net") == b"[False, False]"
