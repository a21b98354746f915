"""What devices share, beside the contract in ``base``: accelerators, their health, what is there."""
