"""Advice of lint, followed by a machine: one file is one way to rewrite a network. Each has ``ANSWERS``, what the
rewritten network answers: "same", "rounded", or what it will learn when it is "retrained"; and one of

- ``rewrite(network, looked_at: Linted, findings: Sequence[Finding]) -> int``: follow the advice of ``findings`` in a copy
  of the network, and say in how many places; what it does not understand it leaves. With ``COUNTED = True`` the rewritten
  network's operators tell what that saves by the device card; else it is what the findings take.
- ``settings(case: Case) -> Iterator[dict[str, str]]``: settings of the case to try in place of its own, for any network;
  ``KIND`` is what they change.
"""
