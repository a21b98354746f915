"""A version that uses code of elsewhere is not that version: both sides would share what may differ."""

from __future__ import annotations

from lightbench.errors import NotAvailable
from lightbench.models.sources.source_trees import Tree, installed_copies, leaks


def refuse_strangers(tree: Tree | None, name: str) -> None:
    """To be called inside `loaded_from`, after the network ``name`` has run once. Raises NotAvailable
    if modules of another version than the user's own were loaded from that, or from an installed copy."""
    if tree is None or tree.root == tree.instead_of:  # by itself it may be any copy
        return
    if strangers := [*leaks(tree), *installed_copies(tree)]:
        raise NotAvailable(
            f"{name} uses {', '.join(strangers[:3])} from somewhere else than that version, so it is"
            " not that version.",
            "Uninstall the repository's own package, or install it as editable (pip install -e).",
        )
