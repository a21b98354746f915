"""The stacks that the guideline experiments time do what they are named after."""

from __future__ import annotations

import pytest
import torch
from guideline_points import HW, SETS, costs, points

from lightbench.models import sources
from lightbench.models.stacks import STACKS

# The stacks do what they are named after.


def built(name, seed=0, **settings):
    torch.manual_seed(seed)
    return STACKS[name](**settings).network.eval()


def image(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("c", "groups"), [(8, 1), (8, 2), (12, 4), (8, 8)])
def test_a_loop_of_small_convolutions_computes_what_the_grouped_one_does(c, groups):
    grouped, looped = (
        built("grouped", c=c, groups=groups),
        built("looped", seed=2, c=c, groups=groups),
    )
    x = image(2, c, 5, 5)
    with torch.no_grad():
        assert not torch.allclose(grouped(x), looped(x))
        for one, loop in zip(grouped, looped, strict=True):
            for part, conv in zip(one.weight.chunk(groups), loop.convs, strict=True):
                conv.weight.copy_(part)
        torch.testing.assert_close(grouped(x), looped(x))
    same = [costs(f"stack:{name}(c={c}, groups={groups})").madds for name in ("grouped", "looped")]
    assert same == [10 * HW * c * c // groups] * 2


@pytest.mark.parametrize(("c", "groups"), [(8, 2), (12, 3), (12, 4)])
def test_channels_shuffled_by_index_and_by_reshape_end_in_the_same_place(c, groups):
    by = {by: built("shuffled", c=c, groups=groups, by=by) for by in ("reshape", "index", "none")}
    x = image(2, c, 5, 5)
    with torch.no_grad():
        outputs = {name: network(x) for name, network in by.items()}
    torch.testing.assert_close(outputs["index"], outputs["reshape"], rtol=0, atol=0)
    assert not torch.allclose(outputs["none"], outputs["reshape"])


def test_a_partial_convolution_leaves_the_other_channels_and_the_callers_input_untouched():
    network, x = built("partial", c=16, part=4), image(2, 16, 5, 5)
    before = x.clone()
    with torch.no_grad():
        y = network(x)
    assert torch.equal(x, before)
    assert torch.equal(y[:, 4:], x[:, 4:])
    assert not torch.isclose(y[:, :4], x[:, :4]).all(dim=(0, 2, 3)).any()
    assert costs("stack:partial(c=16)").madds == 10 * HW * 9 * 4 * 4


def test_squeeze_and_excite_is_two_linear_layers_on_one_pixel_each():
    plain, excited = (costs(f"stack:excited(c=32, excite={e})").madds for e in (False, True))
    assert plain == 10 * HW * 32 * 32
    assert excited - plain == 10 * 2 * 32 * 8


@pytest.mark.parametrize("parallel", [False, True])
def test_fragments_are_summed_in_parallel_and_chained_in_series(parallel):
    network, x = built("fragments", c=8, n=2, parallel=parallel, blocks=1), image(1, 8, 4, 4)
    with torch.no_grad():
        if parallel:
            first, second = network[0].convs
            expected = first(x) + second(x)
        else:
            first, second = network
            expected = second(first(x))
        torch.testing.assert_close(network(x), expected)


@pytest.mark.parametrize(("relu", "shortcut"), [(True, True), (True, False), (False, True), (False, False)])  # fmt: skip
def test_a_bottleneck_has_the_element_wise_operators_that_it_is_asked_for(relu, shortcut):
    network = built("bottleneck", c=16, relu=relu, shortcut=shortcut, blocks=1)
    (block,), x = network, image(1, 16, 4, 4)
    act = torch.relu if relu else lambda t: t
    with torch.no_grad():
        expected = block.conv3(act(block.conv2(act(block.conv1(x)))))
        expected = act(expected + x) if shortcut else act(expected)
        torch.testing.assert_close(network(x), expected)


@pytest.mark.parametrize(("name", "set_"), SETS)
def test_no_stack_makes_the_signal_vanish_or_explode(name, set_):
    """Zeros and infinities may be faster or slower than numbers."""
    for point in points(name, set_).values():
        c = sources.find(point.model).inputs[0].shape[0]
        torch.manual_seed(0)
        with torch.no_grad():
            output = sources.find(point.model).build().eval()(image(1, c, 8, 8))
        assert torch.isfinite(output).all()
        assert 1e-6 < output.abs().max() < 1e6
        assert (output.abs() > 1e-30).float().mean() > 0.2
