"""Two sides in pairs, until a verdict is known."""
