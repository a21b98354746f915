"""What everything stored is made of."""

from __future__ import annotations

import msgspec


class Noun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of everything stored: immutable, and strict when decoded."""
