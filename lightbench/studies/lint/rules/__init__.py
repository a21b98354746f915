"""Where a network strains the four guidelines: one file is one rule. Each has

``GUIDELINE``, "G1" to "G4"; and ``find(network: Linted) -> Iterator[Finding]``, which looks at the
counted operators and, where there is one, at the device's card.
"""
