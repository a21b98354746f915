"""``python -m lightbench``."""

from __future__ import annotations

from lightbench.cli import main

if __name__ == "__main__":
    main()
