"""Our own networks, one family a file: a table ``VARIANTS`` and a function ``build``."""
