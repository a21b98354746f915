"""The machine that a measurement is made on: what it is, who else uses it, how it manages memory."""
