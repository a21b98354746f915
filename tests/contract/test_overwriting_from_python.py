"""Nothing of the user's is overwritten from Python either."""

from __future__ import annotations

import sys

import pytest
from overwritten import PARTS, contents

from lightbench.errors import LightbenchError, UsageError
from lightbench.records import store

# The same from Python.


def test_a_report_does_not_replace_what_it_was_made_from(here):
    import lightbench as lb

    (here / "r.md").symlink_to("r.jsonl")
    (here / "a-environment.svg").symlink_to("acc.csv")
    made = lb.report(["r.jsonl"], accuracy="acc.csv")
    before = contents(here)
    for path in ("r.jsonl", "./r.md", here / "acc.csv"):
        with pytest.raises(UsageError, match="which it is made from"):
            made.save(path, "html")
    assert contents(here) == before
    names = [drawing.name for drawing in made._drawings()]
    assert names
    (here / f"b-{names[-1]}.svg").hardlink_to(here / "r.jsonl")
    before = contents(here)
    with pytest.raises(UsageError, match="which it is made from"):
        made.save("b.md")
    assert contents(here) == before
    made.save("c.html")


@pytest.mark.parametrize("name", ["net.py", "notes", "r.jsonl", "other.jsonl"])
def test_a_device_card_replaces_nothing_but_a_card(name, here):
    import lightbench as lb

    (here / "other.jsonl.part").write_bytes((here / "r.jsonl").read_bytes())
    before = contents(here)
    with pytest.raises(LightbenchError, match=r"Name another file\."):
        lb.device_card(device="null", path=name)
    assert contents(here) == before


def test_source_that_runs_is_not_written_to_however_it_was_imported(here):
    """What a network imports by a name that it works out is not known before it runs."""
    import lightbench as lb
    from lightbench import files

    (here / "odd.py").write_text("import importlib\nn = 'pa' + 'rts'\nNet = importlib.import_module(n).Layer\n")  # fmt: skip
    lb.count("odd.py:Net")
    try:
        for name in ("odd.py", "parts.py"):
            with pytest.raises(LightbenchError, match="which is in use"):
                files.write(name, "x")
    finally:
        for name in [name for name in sys.modules if name == "parts" or "_odd_" in name]:
            del sys.modules[name]
    assert (here / "parts.py").read_text() == PARTS


@pytest.mark.parametrize(
    ("held", "allowed"),
    [
        ("", True),
        ("\n\n", True),
        ('{"id":"0123', True),  # by a writer that was killed
        ('{"id":"0123\n{"id":"0123456789abcdef","schema":4,"case":{}}\n', True),
        ('{"case": {}, "schema": 4}\n', True),  # by another tool
        ('{"case": {}}\n', False),
        ('{\n  "schema": 4\n}\n', False),
        ("import torch\n", False),
        ("model,top1\n", False),
        ("[1]\n", False),
        ("\x00\x01", False),
    ],
)
def test_records_are_added_only_to_records(held, allowed, here, make_record):
    file = here / "file"
    file.write_text(held)
    if allowed:
        store.append(file, [make_record()])
        assert file.read_text().startswith(held)
    else:
        with pytest.raises(LightbenchError, match="holds something else"):
            store.append(file, [make_record()])
        assert file.read_text() == held
