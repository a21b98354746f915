"""Our own version, for all parts: a package index's ``lightbench`` has another, and metadata of its own."""

from __future__ import annotations

VERSION = "0.1.0"
