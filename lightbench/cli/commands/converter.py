"""Make what converts networks for an engine whose converter needs an environment of its own."""

from __future__ import annotations

import click

from lightbench import registry
from lightbench.cli import complete
from lightbench.cli.guarded import Guarded
from lightbench.cli.output import notice
from lightbench.errors import StoreError, UsageError

GROUP = "Set up and look up"
EXAMPLES = ("lightbench converter litert",)


@click.command("converter", cls=Guarded)
@click.argument("engine", shell_complete=complete.plugins("engine"))
@click.option("--remove", is_flag=True, help="Remove it.")
@click.option("-q", "--quiet", is_flag=True, help="Do not say how far it is.")
def command(engine: str, remove: bool, quiet: bool) -> None:  # noqa: FBT001
    """Make what converts networks for an engine whose converter needs an environment of its own.

    \b
    litert    litert-torch with a second PyTorch of this version: 2 GB

    It is made in ~/.cache/lightbench/converters (below XDG_CACHE_HOME, if that is set) by pip, which downloads what it
    does not have; what is there already is let be. pip looks for PyTorch where its own settings say
    (PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS), and takes exactly the build that runs here.
    """  # noqa: D301 - click wants the character
    from lightbench.engines.support import converters

    module = registry.load("engine", engine)
    converter = getattr(module, "CONVERTER", None)
    if converter is None:
        raise UsageError(
            f"{engine} needs no environment of its own for its converter.",
            "`lightbench converter --help` says which engines do.",
        )
    if not remove:
        converters.make(converter, lambda line: notice(line, quiet=quiet))
        return
    try:
        there = converters.remove(converter)
    except OSError as error:
        raise StoreError(f"cannot remove {str(converter.folder)!r}: {error.strerror}.") from error
    notice(f"{converter.folder} {'is removed' if there else 'was not there'}.", quiet=quiet)
