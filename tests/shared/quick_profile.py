"""A network and options with which `lightbench profile` takes no time, and the records that it keeps."""

from __future__ import annotations

from lightbench.records import store

QUICK = ("--device", "null", "--seconds", "0.05")
NET = "example_conv_g4"


def asked(path):
    """The records of a store, without the networks by which runs are compared."""
    return [record for record in store.read(path) if not (record.run and record.run.anchor)]
