"""How a network is run: which switches of the process are its own, with what inputs, on what numbers."""
