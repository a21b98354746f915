"""Pure numbers: they know nothing of networks, devices or records."""
