"""What help says beside options: commands by what they are for, an example of each, what marks in tables mean.

A command's file says it in literals, which are read without importing it: ``GROUP``, one of `GROUPS`; ``EXAMPLES``,
command lines as they are typed; ``MARKED = True`` where its tables mark rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from lightbench import registry

MORE = "More"  # what other packages add without a group
GROUPS = (
    "Measure",
    "Understand",
    "Compare and gate",
    "Accuracy",
    "Share",
    "Set up and look up",
    MORE,
)
AS_IT_IS = "\b\n"  # click leaves the lines of such a paragraph alone


def plugin(name: str) -> str:
    """The file (or entry point) of a command: ``device-card`` is device_card.py."""
    return name if name in registry.names("command") else name.replace("-", "_")


def grouped(names: Sequence[str]) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    """The commands of each group that has any, with their first lines."""
    found: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    for name in names:
        group = registry.literal("command", plugin(name), "GROUP")
        row = name, registry.summary("command", plugin(name))
        found[group if group in GROUPS else MORE].append(row)
    return ((group, rows) for group, rows in found.items() if rows)


def examples(name: str) -> tuple[str, ...]:
    """The command lines that a command shows."""
    return tuple(registry.literal("command", plugin(name), "EXAMPLES") or ())


def explain(command: click.Command, name: str) -> None:
    """Give a command, and those below it, what stands at the end of their help. One that has an end already keeps it."""
    shown = examples(name)
    marked = bool(registry.literal("command", plugin(name), "MARKED"))
    command.epilog = command.epilog or _epilog(shown, marked=marked)
    for below, one in command.commands.items() if isinstance(command, click.Group) else ():
        own = [line for line in shown if line.startswith(f"lightbench {name} {below}")]
        one.epilog = one.epilog or _epilog(own, marked=marked)


def _epilog(shown: Sequence[str], *, marked: bool) -> str | None:
    parts = []
    if shown:
        parts.append(_part("Examples", "\n".join(f"  {line}" for line in shown)))
    if marked:
        from lightbench.views.remarks import MARKS

        formatter = click.HelpFormatter(max_width=80)
        formatter.indent()
        formatter.write_dl([(sign, f"{word}: {meaning}") for word, sign, meaning in MARKS])
        parts.append(_part("Marks beside a row", formatter.getvalue().rstrip()))
    return "\n\n".join(parts) or None


def _part(title: str, text: str) -> str:
    return f"{AS_IT_IS}{title}:\n{text}"
