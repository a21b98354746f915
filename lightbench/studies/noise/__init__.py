"""How noisy this machine is, and what a gate is worth on it."""
