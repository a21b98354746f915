"""The device card: what one device attains, measured once and kept, so that lint can estimate."""
