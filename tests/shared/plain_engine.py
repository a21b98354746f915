"""An engine of the tests' own, whose files are the weights of a linear layer, and a network for it."""

import lightbench as lb
from lightbench.records import Case, InputSpec

QUICK = {"seconds": 0.05, "rel": 1.0, "threads": 1}
NETWORK = """
from torch import nn


class Net(nn.Linear):
    def __init__(self, width=4):
        super().__init__(4, width)
"""


def case(**how):
    return Case(model="net", inputs=(InputSpec(shape=(4,)),), engine="plain", **how)


def profile(model, **how):
    (record,) = lb.profile(model, **{"engine": "plain", "input": "4", **QUICK, **how}).records
    return record
