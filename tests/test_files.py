"""Files: what is read is never written over, and what is written is there as a whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from lightbench import files
from lightbench.errors import StoreError, UsageError
from lightbench.figures.save import save
from lightbench.records import store
from lightbench.reports import report
from lightbench.reports.html import render as html
from lightbench.reports.markdown import render as markdown
from lightbench.views.section import Document, Drawing, Section


@pytest.fixture
def here(make_record, tmp_path, monkeypatch):
    """A folder with a store, the reader's accuracies and a suite."""
    monkeypatch.chdir(tmp_path)
    store.append("q.jsonl", [make_record("resnet18"), make_record("a", latency_s=0.02)])
    (tmp_path / "acc.csv").write_text("model,top1\nresnet18,71.5\n")
    (tmp_path / "s.toml").write_text('models = ["example_dense"]\n')
    return tmp_path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# What is read is not written over.


@pytest.mark.parametrize(
    "words",
    [
        "report q.jsonl -o q.jsonl",
        "report q.jsonl -o ./deep/../q.jsonl",
        "report q.jsonl --accuracy acc.csv -o acc.csv",
        "report --suite s.toml --format markdown -o s.toml",
        "report --suite s.toml --store {here}/st.jsonl -o st.jsonl",
        "report --suite s.toml --store s.toml -o r.md",
        "report --suite s.toml --accuracy acc.csv --store acc.csv -o r.md",
        "report q.jsonl -o r.md -o r.md",
        "report q.jsonl -o r.md -o {here}/r.md",
        "report q.jsonl --format markdown -o r.md -o r-pareto.svg",
        "report --suite s.toml --store r-latency.svg -o r.md",
        "profile example_dense --store q.jsonl -o q.jsonl",
        "baseline show q.jsonl -o q.jsonl",
        "history q.jsonl -o q.jsonl",
        "layers example_dense --device null --trace t.json -o t.json",
        "layers example_dense --device null --trace t.json --store t.json",
        "layers example_dense --device null --figure t.svg --store t.svg",
    ],
)
def test_two_meanings_of_one_file_are_refused_before_anything_is_written(words, here, lightbench):
    before = contents(here)
    answer = lightbench(*words.format(here=here).split())
    assert (answer.code, answer.out) == (2, "")
    assert "Give each a file of its own." in answer.err
    assert contents(here) == before


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
@pytest.mark.parametrize(
    ("name", "output"), [("r.md", "r.md"), ("r-latency.svg", "r.md"), ("r-new.svg", "r.md")]
)
def test_a_link_to_an_input_is_that_input(link, name, output, here, lightbench):
    getattr(here / name, link)(here / "q.jsonl")
    before = contents(here)
    assert lightbench("report", "q.jsonl", "-o", output).code == 2
    assert contents(here) == before


def test_standard_input_is_an_input(here):
    command = [sys.executable, "-m", "lightbench", "report", "-", "-o", "q.jsonl"]
    before = contents(here)
    with (here / "q.jsonl").open("rb") as stdin:
        ran = subprocess.run(command, stdin=stdin, capture_output=True, check=False)
    assert ran.returncode == 2
    assert contents(here) == before


def test_a_title_may_be_the_name_of_the_file_and_pipes_are_no_files(here, lightbench):
    assert lightbench("report", "q.jsonl", "--title", "r.html", "-o", "r.html").code == 0
    null = ("--accuracy", "acc.csv", "--format", "csv", "-o", "/dev/null", "-o", "/dev/null")
    assert lightbench("report", "q.jsonl", *null).code == 0
    assert files.same("a", "./a")
    assert files.same("new/a", "NEW/A")  # one file where case is not told apart, once it is there
    assert not files.same("q.jsonl", "Q.jsonl")  # here it is, since only one of them is there
    assert not files.same("a\0", "a\0")
    assert not files.same("/dev/null", "/dev/null")


def test_records_may_be_those_of_the_store_of_the_suite(here, lightbench):
    """They are only added to."""
    words = ("report", "q.jsonl", "--suite", "s.toml", "--store", "q.jsonl", "-o", "r.csv", "-q")
    assert lightbench(*words, "--device", "null").code == 0
    assert len([r for r in store.read("q.jsonl") if not (r.run and r.run.anchor)]) == 3


# What is written.


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    """As on a full disk: a process may write no file above 1,000 bytes."""
    (tmp_path / "r.md").write_text("old")
    code = (
        "import resource, sys; from lightbench import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "files.write(sys.argv[1], 'new' * 1000)"
    )
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    command = [sys.executable, "-c", code, str(tmp_path / "r.md")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"StoreError: cannot write '{tmp_path}/r.md': File too large." in ran.stderr
    assert contents(tmp_path) == {"r.md": b"old"}


def test_reports_figures_and_tables_are_all_written_that_way(here, monkeypatch, lightbench):
    """A hard link keeps the old file, so the new one is another file."""
    outputs = ["r.md", "r.html", "r.csv", "r-latency.svg"]
    for name in outputs:
        (here / name).write_text("old")
        (here / f"old-{name}").hardlink_to(here / name)
    words = [word for name in outputs[:3] for word in ("-o", name)]
    assert lightbench("report", "q.jsonl", *words).code == 0
    for name in outputs:
        assert (here / f"old-{name}").read_text() == "old"
        assert len((here / name).read_bytes()) > 100
    assert not list(here.glob(".*"))


def test_a_link_stays_and_the_mode_too(tmp_path):
    real, link = tmp_path / "real.md", tmp_path / "link.md"
    link.symlink_to(real)
    files.write(link, "new, where the link led nowhere")
    real.chmod(0o640)
    files.write(link, "ä")
    assert link.is_symlink()
    assert real.read_bytes() == "ä".encode()
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_replaced_is_written_to(tmp_path, monkeypatch):
    """One that is mounted by itself, as into a container."""
    (tmp_path / "r.md").write_text("old")

    def busy(*_):
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr("pathlib.Path.replace", busy)
    files.write(tmp_path / "r.md", "new")
    assert contents(tmp_path) == {"r.md": b"new"}


def test_a_pipe_is_written_to_once(here, lightbench):
    os.mkfifo("f.md")
    read = []
    reader = threading.Thread(target=lambda: read.append((here / "f.md").read_text()), daemon=True)
    reader.start()
    assert lightbench("report", "q.jsonl", "-o", "f.md").code == 0
    reader.join(10)
    assert read[0].startswith("# lightbench report")
    assert (here / "f.md").is_fifo()


def test_what_the_shell_has_open_is_written_to(here):
    """/dev/stdout may lead to a file."""
    with (here / "out.md").open("wb") as out:
        command = [sys.executable, "-m", "lightbench", "report", "q.jsonl", "--format", "csv"]
        subprocess.run([*command, "-o", "/dev/stdout"], stdout=out, check=True)
        assert os.path.samestat(os.fstat(out.fileno()), (here / "out.md").stat())
    assert (here / "out.md").read_text().startswith('"model",')


def test_halves_of_characters_become_escapes(tmp_path):
    files.write(tmp_path / "r.md", "x\udcff")
    assert contents(tmp_path) == {"r.md": rb"x\udcff"}


def test_a_folder_is_no_file(tmp_path):
    for write in (lambda: files.write(tmp_path, "x"), lambda: files.write(tmp_path / "a/b", "x")):
        with pytest.raises(StoreError, match=f"cannot write '{tmp_path}"):
            write()


# Names, bytes and titles.


@pytest.mark.parametrize(
    "name", [b"my report (1)#?%.md", b"x\xff.md", "ä ]( <b>.md".encode(), b"a:b.md"]
)
def test_images_are_found_whatever_the_report_is_called(name, here, lightbench):
    assert lightbench("report", "q.jsonl", "-o", os.fsdecode(name)).code == 0
    lines = (here / os.fsdecode(name)).read_text().splitlines()
    links = [line.rpartition("](")[2].removesuffix(")") for line in lines if line[:2] == "!["]
    assert links
    for link in links:
        assert not set(link) & set(" ()<>#?:")
        assert (here / os.fsdecode(unquote_to_bytes(link))).is_file()


def test_a_title_that_is_no_text_is_escaped(here, lightbench):
    title = os.fsdecode(b"x\xff")
    words = ("report", "q.jsonl", "--title", title)
    assert lightbench(*words, "-o", "t.json", "-o", "t.html", "-o", "t.md").code == 0
    assert json.loads((here / "t.json").read_text())["title"] == r"x\udcff"
    assert r"<title>x\udcff</title>" in (here / "t.html").read_text()
    assert lightbench(*words, "--format", "json").code == 0


@pytest.mark.parametrize("title", ["", "  "])
def test_an_empty_title_is_the_usual_one(title, here, lightbench):
    assert lightbench("report", "q.jsonl", "--title", title).out.startswith("# lightbench report\n")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["markdown", "html", "json", "csv"])
def test_a_full_stdout_is_an_error_with_a_sentence(form, here):
    command = [sys.executable, "-m", "lightbench", "report", "q.jsonl", "--format", form]
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 2
    said = "lightbench: cannot write the answer: No space left on device.\n  Name a file with -o.\n"
    assert ran.stderr == said


def test_a_letter_that_stdout_lacks_is_escaped(here, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    command = [sys.executable, "-m", "lightbench", "report", "q.jsonl", "--title", "ä"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert r"\xe4" in ran.stdout.splitlines()[0]


@pytest.mark.parametrize("name", ["t.txt", "t", "t.jsonl"])
def test_a_trace_is_json(name, here, lightbench):
    answer = lightbench("layers", "example_dense", "--device", "null", "--trace", name)
    assert (answer.code, answer.out) == (2, "")
    assert "Try --trace trace.json." in answer.err


# A figure that cannot be drawn.


def nothing():
    raise UsageError("there is nothing to draw.")


def test_a_figure_that_cannot_be_drawn_is_left_out_and_the_rest_is_there(profile, tmp_path):
    from lightbench.studies.profile.figure import draw

    drawings = (Drawing("none", "No.", nothing), Drawing("one", "Yes.", lambda: draw(profile)))
    made = report(profile)
    vars(made)["document"] = Document("t", (Section("Drawn", drawings=drawings),))
    made.save(tmp_path / "r.md")
    made.save(tmp_path / "r.html")
    assert sorted(contents(tmp_path)) == ["r-one.svg", "r.html", "r.md"]
    assert "none" not in (tmp_path / "r.md").read_text()
    assert "![Yes.](r-one.svg)" in (tmp_path / "r.md").read_text()
    assert (tmp_path / "r.html").read_text().count("<svg") == 1
    save(draw(profile), tmp_path / "alone.svg")
    assert (tmp_path / "alone.svg").read_bytes() == (tmp_path / "r-one.svg").read_bytes()


def test_a_fault_while_drawing_is_no_reason_to_go_on():
    def fault():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        html(Document("t", (Section("s", drawings=(Drawing("d", "c", fault),)),)))
    assert "![" not in markdown(
        Document("t", (Section("s", drawings=(Drawing("d", "c", fault),)),)), {}
    )


# Beside a pipe.


def read_pipe(path, run):
    """What ``run`` writes into the pipe at ``path``."""
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as pool:
        text = pool.submit(path.read_bytes)
        answer = run()
        return answer, text.result(timeout=60)


def test_into_a_pipe_goes_the_report_without_figures(here, lightbench):
    pipe = here / "pipe.md"
    answer, text = read_pipe(pipe, lambda: lightbench("report", "q.jsonl", "-o", pipe))
    assert answer.code == 0
    assert text.startswith(b"# lightbench report")
    assert b"![" not in text
    assert not list(here.glob("*.svg"))


@pytest.mark.slow
def test_a_baseline_is_saved_through_a_link_and_a_pipe_is_not_replaced_by_one(here, lightbench):
    quick = ("--device", "null", "--sessions", "1", "--seconds", "0.2")
    pipe, link = here / "pipe", here / "link.jsonl"
    link.symlink_to(here / "target.jsonl")
    assert lightbench("baseline", "save", "example_dense", *quick, "-o", link).code == 0
    assert link.is_symlink()
    assert (here / "target.jsonl").read_bytes().startswith(b'{"id":"')
    os.mkfifo(pipe)
    assert lightbench("baseline", "save", "example_dense", *quick, "-o", pipe).code == 2
    assert pipe.is_fifo()


def test_a_folder_that_is_not_there_is_said_of_the_report_itself(here):
    with pytest.raises(StoreError, match=r"z\.md"):
        report("q.jsonl").save("x/y/z.md")
