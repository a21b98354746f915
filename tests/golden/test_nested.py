"""A nested tensor counts as its parts do together: 2 and 5 rows of 16 here."""

from __future__ import annotations

import pytest
import torch
from call import Call, image
from torch import nn
from torch.nn import functional as F

from lightbench.costs.count import count_costs

pytestmark = pytest.mark.filterwarnings("ignore")

# What is done with a nested tensor -> MAdds.
DONE = {
    "made": (lambda m, n: n, 0),
    "padded": (lambda m, n: n.to_padded_tensor(0.0), 0),
    "norm and activation": (lambda m, n: F.gelu(m.norm(n)) + n, 0),
    "linear": (lambda m, n: m.linear(n).to_padded_tensor(0.0), (2 + 5) * 16 * 8),
    "product": (lambda m, n: torch.bmm(n, n.transpose(1, 2)), (2 * 2 + 5 * 5) * 16),
    "attention": (lambda m, n: F.scaled_dot_product_attention(n, n, n), (2 * 2 + 5 * 5) * 32),
}


@pytest.mark.parametrize("name", DONE)
def test_a_nested_tensor_counts_as_its_parts(name):
    function, madds = DONE[name]

    def nest(m, *parts):
        return function(m, torch.nested.nested_tensor(list(parts)))

    network = Call(nest, linear=nn.Linear(16, 8), norm=nn.LayerNorm(16))
    costs = count_costs(network, lambda device: ((image(2, 16), image(5, 16)), {}))
    assert (costs.madds, costs.uncounted) == (madds, {})
