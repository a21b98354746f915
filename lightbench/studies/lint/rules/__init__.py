"""Where a network strains the guidelines: one file is one rule. Each has

``GUIDELINE``, "G1" to "G4" or one of its own;
``ENGINES``, for which it holds, of "eager" and "fused", those that fold norms and merge activations (without it: eager
alone); and ``find(network: Linted) -> Iterator[Finding]``, which looks at the counted operators and, where there is
one, at the device's card.
"""
