"""pytest-benchmark's own file: written, read, and two of them compared."""
