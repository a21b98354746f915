"""What a command does, with its options and an example; without one, all commands by purpose."""

from __future__ import annotations

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded

GROUP = "Set up and look up"
EXAMPLES = ("lightbench help", "lightbench help check", "lightbench help baseline save")


@click.command("help", cls=Guarded)
@click.argument("named", metavar="[COMMAND...]", nargs=-1, shell_complete=complete.commands)
@click.pass_context
def command(context: click.Context, /, named: tuple[str, ...]) -> None:
    """What a command does, with its options and an example; without one, all commands by what they are for.

    It says what `lightbench COMMAND --help` says.
    """
    found = context.find_root()
    for name in named:
        group = found.command
        one = group.get_command(found, name) if isinstance(group, click.Group) else None
        if one is None:
            raise click.UsageError(f"`{found.command_path}` has no command {name!r}.", found)
        found = click.Context(one, parent=found, info_name=name, **one.context_settings)
    click.echo(found.get_help())
