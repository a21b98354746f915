"""Is it slower or larger than it was? Against a commit, a baseline, budgets: the check for CI."""
