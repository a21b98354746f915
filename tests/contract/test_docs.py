"""README and docs/ say what is so: options, command lines, links, names, and the counts that are shown.

``python tests/contract/test_docs.py`` writes the tables of docs/commands.md anew.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from collections import Counter
from pathlib import Path

import click
import pytest

import lightbench as lb
from lightbench import cli, registry
from lightbench.cli import help as helping
from lightbench.errors import EXIT_CODES, UnknownName
from lightbench.records.axes import AXES
from lightbench.records.input_grammar import parse_inputs
from lightbench.stats.verdict import TOLERANCE
from lightbench.studies.check.budgets import limits_of
from lightbench.studies.check.project import AXES as CONFIG_AXES
from lightbench.studies.check.project import Config, parse_config
from lightbench.studies.compare.settings import SECONDS
from lightbench.views.metrics import METRICS

ROOT = Path(__file__).parents[2]
COMMANDS = ROOT / "docs" / "commands.md"
PAGES = {
    str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
    for page in (
        ROOT / "README.md",
        ROOT / "README.zh-CN.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "examples").rglob("*.md")),
    )
}
MARK = "<!-- From here on as --help says it: python tests/contract/test_docs.py writes it. -->\n"
SHARED = 3  # so many commands have an option before it stands in the table of all

each_page = pytest.mark.parametrize("page", PAGES)


# What a page is made of.

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def written(page):
    """The page without what is made from --help, which is no command line."""
    return PAGES[page].partition(MARK)[0]


def fences(page, *languages):
    return [body for language, body in FENCE.findall(written(page)) if language in languages]


def spans(page):
    """Code within a sentence; a line may end in it."""
    return [
        " ".join(span.split()) for span in re.findall(r"`([^`]+)`", FENCE.sub("", written(page)))
    ]


def command_lines(page):
    """``lightbench ...`` without its first word, as somebody would type it."""
    blocks = "\n".join(fences(page, "", "yaml")).replace("\\\n", " ")
    lines = re.findall(r"^\s*(?:\$ |- run: |- )?lightbench (.+)$", blocks, re.MULTILINE)
    inline = (re.match(r"(?:eval \"\$\()?lightbench ([^)]+)", span) for span in spans(page))
    return [*lines, *(found[1] for found in inline if found)]


def lines_of_all():
    return [(page, line) for page in PAGES for line in command_lines(page)]


# Commands and options.


def walk(command=cli.lightbench, parent=None, name="lightbench"):
    """Every command that has options of its own to tell, with its context."""
    context = click.Context(command, parent=parent, info_name=name)
    if not isinstance(command, click.Group):
        yield context
        return
    for child in command.list_commands(context):
        yield from walk(command.get_command(context, child), context, child)


def option_row(option, context):
    """How an option is written, and what it says of itself, for a table's cells."""
    metavar = "" if option.is_flag else f" {option.make_metavar(context)}"
    names = ", ".join(f"`{name}`" for name in option.opts[:-1])
    said = " ".join((option.help or "").split())
    if option.show_default:
        said += f" Default {option.default}."
    off = "".join(f", `{name}`" for name in option.secondary_opts)
    row = f"{names + ', ' if names else ''}`{option.opts[-1]}{metavar}`{off} | {said}"
    return re.sub(r"\|(?! )", r"\\|", row)


def told(command):
    return [one for one in command.params if isinstance(one, click.Option) and one.name != "help"]


def reference():
    """All commands and options: first those that several commands share, then each with its own."""
    rows = {
        context.command_path: {
            option.opts[-1]: option_row(option, context) for option in told(context.command)
        }
        for context in walk()
    }
    counts = Counter(row for options in rows.values() for row in options.values())
    shared = {}
    for row, commands in counts.most_common():
        if commands >= SHARED:
            shared.setdefault(re.findall(r"--([\w-]+)", row)[0], row)
    shared = [shared[name] for name in sorted(shared)]
    lines = ["", "## Options that several commands have", "", "| option | |", "|---|---|"]
    lines += [f"| {row} |" for row in shared]
    for context in walk():
        command, options = context.command, rows[context.command_path]
        usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
        about = " ".join((command.help or "").partition("\n\n")[0].split())
        lines += ["", f"## {context.command_path}", "", f"`{usage}`: {about}", ""]
        own = [row for row in options.values() if row not in shared]
        if own:
            lines += ["| option | |", "|---|---|", *(f"| {row} |" for row in own), ""]
        if others := [name for name, row in options.items() if row in shared]:
            lines += [f"Also {', '.join(f'`{name}`' for name in others)}.", ""]
        lines.pop()
    return "\n".join(lines) + "\n"


def test_every_command_and_option_stands_in_docs_as_help_says_it():
    head, _, made = PAGES["docs/commands.md"].partition(MARK)
    assert "`lightbench --help`" in head
    assert made == reference(), "python tests/contract/test_docs.py writes it anew"


def test_the_reference_knows_every_command_with_every_option():
    made = reference()
    for context in walk():
        *_, section = made.split(f"## {context.command_path}\n")
        section = section.partition("\n## ")[0]
        for option in told(context.command):
            assert re.search(rf"`{option.opts[-1]}[` ]", section), (context.command_path, option)


@pytest.mark.parametrize(("page", "line"), lines_of_all())
def test_a_command_line_that_is_shown_can_be_typed(page, line):
    parse(line)


def examples():
    """The command lines in the help of each command, without their first word."""
    found = []
    for name in cli.lightbench.list_commands(None):
        for line in helping.examples(name):
            said, _, rest = line.replace("\\\n", " ").partition(" ")
            assert said == "lightbench", line
            found.append((name, rest))
    return found


@pytest.mark.parametrize(("name", "line"), examples())
def test_an_example_in_help_can_be_typed_and_is_one_of_that_command(name, line):
    parse(line)
    assert line.split()[0] == name


def test_the_help_of_every_command_has_an_example_that_is_no_wider_than_it():
    shown = [line for _, line in examples()]
    for context in walk():
        path = context.command_path.removeprefix("lightbench ")
        assert [line for line in shown if line.startswith(path)], path
        helped = context.get_help()
        assert f"Examples:\n    lightbench {path}" in helped
        _, _, end = helped.partition("Examples:")
        assert max(map(len, end.splitlines())) <= 80


@pytest.mark.parametrize(
    "line", ["cuont resnet18", "count --devise cpu resnet18", "list moduls", "layers a b", "store"]
)
def test_one_that_cannot_be_typed_is_found(line):
    with pytest.raises((click.ClickException, UnknownName, AssertionError)):
        parse(line)


def parse(line):
    """As click reads it, without running anything. Words of capitals stand for a value."""
    line = re.split(r" (?:[|>;]|&&) ", line)[0]
    words = shlex.split(line, comments=True)
    command, context = cli.lightbench, click.Context(cli.lightbench, info_name="lightbench")
    while isinstance(command, click.Group) and words[:1] not in (["--help"], ["--version"]):
        assert words, "a group alone does nothing"
        name = words.pop(0)
        command = command.get_command(context, name)
        if command is None:
            raise click.NoSuchOption(name)
        context = click.Context(command, parent=context, info_name=name)
    values, extra, _ = command.make_parser(context).parse_args(words)
    assert not extra, f"{extra} is too much"
    for parameter in command.params:
        given = values.get(parameter.name)
        if isinstance(parameter.type, click.Choice) and isinstance(given, str):
            assert given.isupper() or given in parameter.type.choices


@each_page
def test_no_option_is_named_that_no_command_has(page):
    options = [one for context in walk() for one in told(context.command)]
    known = {name for one in options for name in (*one.opts, *one.secondary_opts)}
    known |= {"--help", "--version"}
    known |= {"--find-renames", "--lightbench-json"}  # git's, and pytest's with our plugin
    named = {name for span in spans(page) for name in re.findall(r"(?<![\w-])--[a-z][\w-]*", span)}
    assert named - known == set()


@each_page
def test_no_format_is_named_that_is_not_there(page):
    text = " ".join([*spans(page), *fences(page, "", "yaml")])
    named = {name for some in re.findall(r"--format ([a-z|]+)", text) for name in some.split("|")}
    assert named <= set(registry.names("format"))


# Names of files, targets and Python.


@each_page
def test_links_lead_to_a_file_and_to_a_heading_that_it_has(page):
    text = FENCE.sub("", PAGES[page])
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("https://", "http://")):
            name, _, anchor = target.partition("#")
            file = (ROOT / page).parent / name if name else ROOT / page
            assert file.resolve().is_relative_to(ROOT), target
            assert file.exists(), target
            assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), target


def anchors(text):
    """What GitHub calls the headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_files_of_the_repository_that_are_named_are_there(page):
    folders = r"(?:lightbench|tests|bench|results|docs|examples|\.ci)"
    named = re.findall(rf"(?<![\w./-]){folders}/[\w./-]*\w", PAGES[page])
    assert [name for name in named if not (ROOT / name).exists()] == []


@each_page
def test_targets_of_make_that_are_named_are_there(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    there = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split()
    code = [*spans(page), *"".join(fences(page, "")).splitlines()]
    named = {found[1] for one in code if (found := re.match(r"make ([a-z][\w-]*)", one))}
    assert named <= set(there)


@each_page
def test_python_that_is_shown_is_python_and_asks_for_public_names(page):
    for source in fences(page, "python"):
        compile(source, page, "exec")
    code = [*spans(page), *fences(page, "python")]
    named = {name for one in code for name in re.findall(r"\blb\.(\w+)", one)}
    assert named <= {*lb.__all__}


def test_a_configuration_that_is_shown_is_one():
    shown = [source for page in PAGES for source in fences(page, "toml")]
    assert shown
    for source in shown:
        config = parse_config(source, ROOT / "pyproject.toml")
        assert {*config.budgets, *config.settings} <= {*config.models, "*"}


def keys_told(heading):
    """The first column of the table below a heading of the page about the configuration."""
    _, _, below = PAGES["docs/configuration.md"].partition(f"\n## {heading}\n")
    return re.findall(r"^\| `(\w+)` \|", below.partition("\n## ")[0], re.MULTILINE)


def test_every_key_of_a_configuration_is_told_and_no_other():
    assert set(keys_told("Keys")) == {*Config.__struct_fields__} - {"axes"}
    assert set(keys_told("How networks are run")) == {*CONFIG_AXES.__struct_fields__}
    assert keys_told("Budgets") == [*METRICS]


def test_what_is_told_to_be_so_without_a_key_is_so():
    """Of each key that has a default of its own."""
    text = PAGES["docs/configuration.md"]
    for name, axis in AXES.items():
        if name in CONFIG_AXES.__struct_fields__ and axis.default is not None:
            value = axis.default if axis.kind is int else f'`"{axis.default}"`'
            assert re.search(rf"^\| `{name}` \|.*\| {value} \|$", text, re.MULTILINE), name
    assert f"| {100 * TOLERANCE:g} % |" in text
    assert re.search(rf"^\| `seconds` \|.*\| {SECONDS:g} \|$", text, re.MULTILINE)


def test_every_budget_that_is_shown_is_one_of_its_metric():
    rows = re.findall(
        r"^\| `(\w+)` \|[^|]*\| (`.*`) \|$", PAGES["docs/configuration.md"], re.MULTILINE
    )
    shown = {metric: examples for metric, examples in rows if metric in METRICS}
    assert set(shown) == set(METRICS)
    for metric, examples in shown.items():
        values = [tomllib.loads(f"v = {one}")["v"] for one in re.findall("`([^`]+)`", examples)]
        limits = [limits_of({"a": {metric: value}}, "a")[metric].absolute for value in values]
        assert all(limits), metric
        if len(limits) > 1 and metric != "peak_memory_bytes":
            assert len(set(limits)) == 1, metric


def test_every_form_of_an_input_that_is_told_is_read():
    _, _, table = PAGES["docs/counting.md"].partition("| `--input` |")
    rows = table.partition("\n\n")[0].splitlines()[2:]
    forms = [form for row in rows for form in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert len(forms) > 5
    for form in forms:
        parse_inputs(shlex.split(form) if form.startswith("'") else [form])


def test_the_exit_codes_that_are_told_are_all():
    codes = re.findall(r"^\| (\d+) \|", written("docs/commands.md"), re.MULTILINE)
    assert [*map(int, codes)] == list(EXIT_CODES)


def test_every_page_is_found_from_readme():
    """A page in Chinese from the one in Chinese, and from the page that it is of, if there is one."""
    english, chinese = (
        set(re.findall(r"\]\((docs/[\w.]+\.md)\)", PAGES[page]))
        for page in ("README.md", "README.zh-CN.md")
    )
    pages = {page for page in PAGES if page.startswith("docs/")}
    translated = {page for page in pages if page.endswith(".zh.md")}
    assert english - translated == pages - translated
    assert chinese >= translated
    assert "](README.zh-CN.md)" in PAGES["README.md"]
    for page in translated:
        original = page.replace(".zh.md", ".md")
        assert original not in pages or f"]({Path(page).name})" in PAGES[original]


CHINESE = [page for page in PAGES if ".zh" in page]


@pytest.mark.parametrize("page", CHINESE)
def test_a_page_in_chinese_is_in_chinese_and_leads_to_the_english_one(page):
    prose = "".join(re.findall(r"[^\W\d_]", FENCE.sub("", re.sub("`[^`]*`", "", PAGES[page]))))
    characters = re.findall("[\u4e00-\u9fff]", prose)
    assert len(characters) > 300
    assert "[English](" in PAGES[page]
    # An English comma between two Chinese characters is a slip of the input method.
    assert re.findall("[\u4e00-\u9fff][,;:?!][\u4e00-\u9fff]", FENCE.sub("", PAGES[page])) == []
    assert "](CONTRIBUTING.md)" in PAGES["README.md"]


# Counts are the same on every machine: what is shown is what the command says.


def counted():
    """``$ lightbench count ...`` and the answer below it; ``...`` is what is left out."""
    blocks = [(page, block) for page in PAGES for block in fences(page, "")]
    starts = (
        "$ lightbench count ",
        "$ lightbench layers ",
        "$ lightbench guidelines --from results/",
    )
    return [
        pytest.param(*block.partition("\n")[::2], id=f"{page}: {block.partition(chr(10))[0]}")
        for page, block in blocks
        if block.startswith(starts) and "--measure" not in block
    ]


@pytest.mark.parametrize(("line", "answer"), counted())
def test_a_count_that_is_shown_is_what_the_command_says(line, answer, capsys, monkeypatch):
    if "torchvision:" in line and importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not here")  # that it loads by itself is not asked
    monkeypatch.delenv("COLUMNS", raising=False)
    assert cli.run(shlex.split(line.removeprefix("$ lightbench "))) == 0
    kept = [re.escape(part) for part in re.split(r"^\.\.\.\n", answer, flags=re.MULTILINE)]
    said = capsys.readouterr().out
    assert re.fullmatch("(?s:.*)".join(kept), said), said


if __name__ == "__main__":
    head = COMMANDS.read_text(encoding="utf-8").partition(MARK)[0]
    COMMANDS.write_text(head + MARK + reference(), encoding="utf-8")
