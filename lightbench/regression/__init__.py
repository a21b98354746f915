"""Is it slower than before? Two sides in pairs, baselines, budgets, the check for CI, history."""
