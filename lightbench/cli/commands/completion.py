"""The script with which a shell completes commands, options, models and other names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from lightbench.cli.complete import VARIABLE
from lightbench.cli.guarded import Guarded

GROUP = "Set up and look up"
EXAMPLES = ("lightbench completion bash",)


@click.command("completion", cls=Guarded)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """The script with which a shell completes commands, options, models and other names.

    \b
    bash: add this line to ~/.bashrc    eval "$(lightbench completion bash)"
    zsh:  add this line to ~/.zshrc     eval "$(lightbench completion zsh)"
    fish: run this once                 lightbench completion fish > ~/.config/fish/completions/lightbench.fish
    """  # noqa: D301 - click wants the character
    completer = get_completion_class(shell)
    assert completer is not None
    program = context.find_root().command
    click.echo(completer(program, {}, "lightbench", VARIABLE).source(), nl=False)
