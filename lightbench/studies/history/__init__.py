"""Records over commits, and where they changed."""
